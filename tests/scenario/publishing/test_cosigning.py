"""Witnesses cosign each epoch; epochs go on without them, and events never wait."""

import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from threading import Event, Thread

import pytest

from kit import house as kit
from kit.clocks import SteppingClock
from kit.cosigned import DEADLINE_S, ONE, SUPER, TWO, epoch, opened, published_notes, stand, verdict
from kit.events import reference_event
from kit.fake_witness import (
    FakeWitness,
    answer,
    cosigners,
    policy_text,
)
from tallystick.access.tenants import Tenant
from tallystick.errors import MalformedError, NotFoundError
from tallystick.ledger.cosigning import Standing
from tallystick.ledger.publisher import Publisher
from tallystick.tlog.policy import Policy
from tallystick.verify.fsck import Verdict
from tallystick.wiring import House


def test_an_epoch_is_published_with_the_cosignatures_of_all_witnesses(
    house: House, tenant: Tenant, policy: Path, one: FakeWitness, two: FakeWitness
) -> None:
    for number in range(3):
        published = epoch(house, tenant, number)

        assert cosigners(published.note) == [SUPER, ONE, TWO]
        assert published.quorum
        assert verdict(house, tenant, number, policy) is Verdict.INTACT
    assert [len(it.asked) for it in (one, two)] == [3, 3]
    assert stand(house).problems == {"witness-one": "", "witness-two": ""}
    assert kit.fsck(house) == []


def test_a_quorum_that_is_missed_stops_nothing_and_is_told_once(
    house: House, tenant: Tenant, policy: Path, two: FakeWitness, said: list[str]
) -> None:
    epoch(house, tenant, 0)
    two.lie = refuse

    for number in (1, 2):
        published = epoch(house, tenant, number)
        assert cosigners(published.note) == [SUPER, ONE]
        assert not published.quorum
        assert verdict(house, tenant, number, None) is Verdict.INTACT
        assert verdict(house, tenant, number, policy) is Verdict.UNVERIFIABLE
    assert stand(house).quorum is False
    assert stand(house).answering == 1
    assert stand(house).problems["witness-two"] == "answered 500: closed on Mondays"

    two.lie = None
    published = epoch(house, tenant, 3)

    assert cosigners(published.note) == [SUPER, ONE, TWO]
    assert stand(house) == Standing(
        True, published.signed_at, {"witness-one": "", "witness-two": ""}
    )
    assert [verdict(house, tenant, index, policy) for index in range(4)] == [Verdict.INTACT] * 4
    assert [line.split(",")[0] for line in said] == [
        "witnesses: no quorum",
        "witnesses: quorum again",
    ]
    assert "witness-two: answered 500" in said[0]


def refuse(handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
    answer(handler, 500, "text/plain", "closed on Mondays\n")
    return True


def sleep(_handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
    time.sleep(3 * DEADLINE_S)
    return True


def test_proxies_of_the_environment_are_not_used(
    house: House, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:1")

    assert epoch(house, tenant, 0).quorum


def test_a_witness_that_is_late_or_behind_catches_up_with_the_next_epoch(
    data: Path, house: House, tenant: Tenant, policy: Path, two: FakeWitness
) -> None:
    epoch(house, tenant, 0)
    two.lie = sleep
    for number in range(1, 4):
        epoch(house, tenant, number)
    two.lie = None
    # A process that knows nothing of what the witnesses have seen.
    again = opened(data, policy)
    try:
        assert cosigners(epoch(again, tenant, 4).note) == [SUPER, ONE, TWO]
    finally:
        again.close()
    olds = [body.split(b"\n")[0] for body in two.asked]
    assert olds[-2] == b"old 0"
    assert olds[-1] != b"old 0"
    assert b"\n\n" in two.asked[-1]


def test_a_witness_that_forgot_everything_is_begun_with_anew(
    house: House, tenant: Tenant, two: FakeWitness
) -> None:
    epoch(house, tenant, 0)
    two.seen.clear()

    assert cosigners(epoch(house, tenant, 1).note) == [SUPER, ONE, TWO]


def test_a_witness_that_keeps_what_it_was_asked_is_left_alone_until_it_is_done(
    house: House, tenant: Tenant, two: FakeWitness
) -> None:
    """At most one question is open at a time: no threads pile up."""
    two.lie = sleep
    for number in range(3):
        epoch(house, tenant, number)

    assert len(two.asked) <= 3


def test_events_are_recorded_while_a_witness_lets_the_publisher_wait(
    house: House, tenant: Tenant, two: FakeWitness
) -> None:
    asked, done = Event(), Event()

    def hold(_handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
        asked.set()
        done.wait(DEADLINE_S)
        return True

    two.lie = hold
    kit.record(house, tenant, reference_event(0))
    publishing = Thread(target=house.publisher.publish)
    publishing.start()
    assert asked.wait(5)

    (outcome,) = kit.record(house, tenant, reference_event(1))
    assert publishing.is_alive()
    done.set()
    publishing.join()

    assert outcome.status == "recorded"


def test_entries_of_earlier_epochs_have_receipts_while_the_next_epoch_is_cosigned(
    house: House, tenant: Tenant, policy: Path, two: FakeWitness
) -> None:
    epoch(house, tenant, 0)
    seen: list[Verdict] = []

    def look(_handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
        seen.append(verdict(house, tenant, 0, policy))
        return False

    two.lie = look
    epoch(house, tenant, 1)

    assert seen == [Verdict.INTACT]


def test_what_was_published_does_not_change_when_two_publishers_ask_at_once(
    data: Path, house: House, tenant: Tenant, policy: Path, two: FakeWitness
) -> None:
    """The second one finds a lock that is ahead, and finishes what the first is still at."""
    other = opened(data, policy)
    notes: list[str] = []

    def overtake(_handler: BaseHTTPRequestHandler, _body: bytes) -> bool:
        two.lie = None
        published = other.publisher.publish()
        assert published is not None
        notes.append(published.note)
        two.skew_s = 5  # what the first one gets is another line than the second one's
        return False

    two.lie = overtake
    try:
        mine = epoch(house, tenant, 0)
    finally:
        other.close()

    assert mine.note == notes[0]
    assert published_notes(house) == notes


def test_the_policy_itself_is_read_strictly(data: Path, tmp_path: Path, one: FakeWitness) -> None:
    path = tmp_path / "other-policy"
    for text, why in (
        ("witness w x\n", "line 1"),
        (f"witness w {one.vkey}\nquorum w\n", "with a URL do not make quorum"),
        (f"witness w {one.vkey} ftp://w.example/\nquorum w\n", "want https"),
        (f"witness w {one.vkey} https://me:secret@w.example/\nquorum w\n", "without credential"),
    ):
        path.write_text(text)
        with pytest.raises(MalformedError, match=why) as refused:
            kit.new_house(data, witness_policy=str(path))
        assert "secret" not in str(refused.value)
    with pytest.raises(NotFoundError, match="want a witness policy"):
        kit.new_house(data, witness_policy=str(tmp_path / "none"))


def test_groups_decide_what_a_quorum_is(
    data: Path, tenant: Tenant, tmp_path: Path, one: FakeWitness, two: FakeWitness
) -> None:
    either = tmp_path / "either"
    either.write_text(policy_text(one, two, quorum="any"))
    two.lie = refuse
    house = opened(data, either)
    try:
        published = epoch(house, tenant, 0)
        assert published.quorum
        assert verdict(house, tenant, 0, either) is Verdict.INTACT
        assert Policy.parse(either.read_text()).quorum == "all-of-them"
    finally:
        house.close()


def test_where_nothing_changes_a_missed_quorum_is_tried_again_within_a_minute(
    house: House, two: FakeWitness
) -> None:
    clock = SteppingClock(house.ledger.drivers.clock.now())
    two.lie = refuse
    ledger = house.ledger
    publishing = Publisher(
        ledger.drivers.store,
        ledger.logs,
        ledger.drivers.keeper,
        house.lock,
        clock,
        ledger.integrator,
        house.cosigning,
    )
    publishing.publish()
    two.lie = None

    clock.time += 59_999_999
    assert publishing.publish() is None
    clock.time += 1
    again = publishing.publish()

    assert again is not None
    assert cosigners(again.note) == [SUPER, ONE, TWO]
    clock.time += 599_999_999
    assert publishing.publish() is None
