"""What the stolen folder can be made to say on another machine, and to whom."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kit import house as kit
from kit.attacker_target import PLAIN, Target, attacked
from kit.backup import back_up, put_back
from kit.fake_log import serving
from tallystick.access.erasing import erase
from tallystick.errors import VerificationError
from tallystick.settings import Settings
from tallystick.verify.fsck import Verdict
from tallystick.verify.pins import Pins
from tallystick.verify.verification import verify_receipt
from tallystick.wiring import House, open_house

PERSON, NAME = "user_000000", "Ada Lovelace 0"


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    """A witnessed deployment with one epoch, which a monitor has seen."""
    with attacked(tmp_path) as made:
        made.record(4)
        made.publish()
        assert made.monitor(made.pins()) == set()
        yield made


@contextmanager
def forked(target: Target, *, shown: bool = False) -> Iterator[Target]:
    """Run the stolen folder elsewhere, where it records other events.

    Args:
        target: The deployment that it was stolen from.
        shown: Whether the witnesses are shown what it signs.
    """
    target.close()
    data = target.attacker.copy("stolen")
    target.open()
    policy = target.policy if shown else None
    other = Target(target.folder, data, policy=policy, tenant=target.tenant, number=1_000)
    other.keys = target.keys
    with serving(other.answer) as other.url:
        try:
            other.open()
            yield other
        finally:
            other.close()


def verdict(target: Target, event_id: str, pins: Pins) -> tuple[Verdict, str]:
    receipt = target.receipt(event_id)
    assert receipt is not None
    report = verify_receipt(receipt.format(), pins)
    return report.verdict, report.reason or ""


def test_a_second_view_is_believed_by_the_key_alone_and_by_nobody_who_pins_witnesses(
    target: Target,
) -> None:
    target.record()
    target.publish()
    with forked(target) as other:
        (lie,) = other.record(message="what did not happen")
        other.publish()

        assert verdict(other, lie, target.pins()) == (Verdict.INTACT, "")
        found, reason = verdict(other, lie, target.pins(witnessed=PLAIN))
        assert found is Verdict.UNVERIFIABLE
        assert re.search("witnessed by 0 of 2", reason)
        (alarm,) = target.monitor(target.pins(witnessed=PLAIN), "careful", other.url)
        assert alarm.startswith("no-quorum: ")


def test_a_second_view_is_found_by_who_meets_both(target: Target) -> None:
    with forked(target) as other:
        other.record(2, message="what did not happen")
        other.publish()
        target.record(2)
        target.publish()

        # Shown the second view alone, a monitor that pins the key alone finds nothing.
        assert target.monitor(target.pins(), "monitor", other.url) == set()
        (alarm, *_) = sorted(target.monitor(target.pins(), "monitor", target.url))
    assert alarm.startswith("fork: audit.example/super: ")
    assert kit.fsck(target.house) == []  # at home everything is in order


def test_a_second_view_that_witnesses_are_shown_is_not_published(target: Target) -> None:
    with forked(target, shown=True) as other:
        target.record()
        target.publish()
        (lie,) = other.record(message="what did not happen")

        with pytest.raises(VerificationError, match=r"witness (plain|auditor): the super-log was"):
            other.publish()

        assert other.receipt(lie) is None
    assert kit.fsck(target.house) == []


def test_who_is_first_at_the_witnesses_is_believed_and_the_other_finds_out(
    target: Target,
) -> None:
    with forked(target, shown=True) as other:
        (lie,) = other.record(message="what did not happen")
        other.publish()
        assert verdict(other, lie, target.pins(witnessed=PLAIN))[0] is Verdict.INTACT

        target.record()
        with pytest.raises(VerificationError, match=r"witness (plain|auditor): the super-log was"):
            target.publish()


def values(house: House, tenant: int) -> str:
    """All that can be read of a tenant's events."""
    with house.ledger.drivers.store.read() as snapshot:
        log = house.ledger.logs.stream(snapshot, tenant, "audit")
        size = snapshot.head(log.slot).size
        opened = [
            house.ledger.reader.open(snapshot, log, entry)
            for entry in snapshot.entries(log.slot, 0, size)
        ]
    return json.dumps([it.event for it in opened])


def erase_somebody(target: Target) -> None:
    assert NAME in values(target.house, target.tenant.number)
    erase(target.house.ledger, target.tenant.number, PERSON, "asked for it", "cli")
    target.publish()
    assert NAME not in values(target.house, target.tenant.number)


def test_a_backup_brings_nobody_back(target: Target) -> None:
    backup, into = target.folder / "one.backup", target.folder / "restored"
    back_up(target.house, backup)
    erase_somebody(target)
    target.close()

    with pytest.raises(VerificationError, match="has 5 records, but 6 were signed"):
        put_back(backup, into, target.data / "lock.note")
    erasures = target.data / "lock.note.erasures"
    assert put_back(backup, into, None, erasures=erasures).erased_again == 1

    house = open_house(Settings(data=into))
    try:
        assert NAME not in values(house, target.tenant.number)
        assert kit.fsck(house) == []
    finally:
        house.close()


def test_a_copy_of_everything_brings_somebody_back_and_only_a_witness_can_say_so(
    target: Target,
) -> None:
    target.close()
    copy = target.attacker.copy("yesterday")
    target.open()
    erase_somebody(target)
    target.close()
    target.attacker.put_back(copy)

    target.open()
    assert kit.fsck(target.house) == []
    assert NAME in values(target.house, target.tenant.number)
    target.record()  # it takes events again: nothing at home knows better
    target.house.ask_witnesses()
    assert re.match(
        "witness (plain|auditor): the store was rolled back", target.house.ledger.read_only or ""
    )


def test_who_reads_a_stolen_copy_at_home_is_found_by_nobody(target: Target) -> None:
    target.close()
    copy = target.attacker.copy("stolen")
    target.open()
    erase_somebody(target)

    house = open_house(Settings(data=copy))
    try:
        assert NAME in values(house, target.tenant.number)
    finally:
        house.close()
    assert target.monitor(target.pins()) == set()
    assert kit.fsck(target.house) == []
    assert not any(target.refused.values())
