"""The signing key changes by a statement of the root: what verifies then, and with which pins."""

import json
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from kit import house as kit
from kit.plain_receipt import Signer
from kit.rooted import ROOT, SUPER, Rooted, signed
from tallystick.errors import ConflictError, MalformedError, NotFoundError, VerificationError
from tallystick.ledger.ports import SUPER_SLOT
from tallystick.ledger.published import PUBLISHING
from tallystick.verify.fsck import Verdict
from tallystick.verify.pins import Pins
from tallystick.verify.refreshing import refresh
from tallystick.verify.statement import Reason
from tallystick.verify.verification import verify_receipt
from tallystick.wiring import open_house


@pytest.fixture
def rooted(tmp_path: Path) -> Iterator[Rooted]:
    rooted = Rooted.new(tmp_path / "data")
    yield rooted
    rooted.house.close()


def verdict(receipt: bytes, pins: bytes) -> Verdict:
    return verify_receipt(receipt, Pins.parse(pins)).verdict


def pins_of(*vkeys: str) -> bytes:
    return json.dumps({"super": list(vkeys), "root": ROOT.vkey}).encode()


def note_of(rooted: Rooted, slot: int) -> str:
    with rooted.house.ledger.drivers.store.read() as snapshot:
        rows = [row for row in snapshot.rows(PUBLISHING["checkpoints"]) if row[4] == slot]
    return str(rows[-1][3])


def test_receipts_from_before_and_after_verify_with_the_right_pins_and_no_others(
    rooted: Rooted,
) -> None:
    before, old = rooted.receipt(0), rooted.vkey()
    statement = rooted.statement()

    rooted.house.publisher.succeed(statement)
    rooted.record(1)

    new = rooted.vkey(f"{SUPER}/2")
    after = rooted.receipt(1)
    assert b"audit.example/super/2\\n" in after
    both, _ = refresh(pins_of(old), [statement])
    assert [verdict(it, both) for it in (before, after)] == [Verdict.INTACT] * 2
    assert verdict(before, pins_of(new)) is Verdict.UNVERIFIABLE
    assert verdict(after, pins_of(old)) is Verdict.UNVERIFIABLE
    thief = Signer(f"{SUPER}/2", word="thief").vkey
    assert verdict(after, pins_of(old, thief)) is Verdict.TAMPERED
    assert kit.fsck(rooted.house) == []


def test_the_old_super_log_ends_with_the_statement_and_the_new_one_begins_with_it(
    rooted: Rooted,
) -> None:
    statement = rooted.statement()
    size = len(rooted.records(SUPER_SLOT))

    rooted.house.publisher.succeed(statement)

    old, new = rooted.records(SUPER_SLOT), rooted.records(SUPER_SLOT + 1)
    assert old[size] == statement
    last = sha256(note_of(rooted, SUPER_SLOT).encode()).digest()
    named = b64encode(last).decode()
    assert new[0] == f"tallystick/transfer/v1\n{named}\n{statement}"
    epochs = [int(text.split("\n")[1]) for text in (*old, *new) if "/epoch/" in text]
    assert epochs == list(range(len(epochs)))
    assert new[-1].split("\n")[5] == named


def test_the_next_start_goes_on_with_the_new_super_log(rooted: Rooted) -> None:
    rooted.house.publisher.succeed(rooted.statement())

    rooted.reopen()

    assert rooted.house.ledger.read_only is None
    assert rooted.record(1).note.startswith(f"{SUPER}/2\n")
    assert kit.fsck(rooted.house) == []


def test_a_key_can_change_again_and_again(rooted: Rooted) -> None:
    pins, notes = pins_of(rooted.vkey()), []
    receipts = [rooted.receipt(0)]
    for number in range(1, 4):
        notes.append(rooted.statement())
        rooted.house.publisher.succeed(notes[-1])
        rooted.record(number)
        receipts.append(rooted.receipt(number))

    refreshed, followed = refresh(pins, notes)

    assert [it.serial for it in followed] == [2, 3, 4]
    assert [verdict(it, refreshed) for it in receipts] == [Verdict.INTACT] * 4
    assert kit.fsck(rooted.house) == []


def test_the_old_seed_is_destroyed(rooted: Rooted) -> None:
    keys = rooted.house.settings.data / "keys.json"
    old = json.loads(keys.read_text())["signing_seed"]
    statement = rooted.statement()
    waiting = json.loads(keys.read_text())["next_seed"]
    assert json.loads(keys.read_text())["signing_seed"] == old

    rooted.house.publisher.succeed(statement)

    contents = json.loads(keys.read_text())
    assert contents["signing_seed"] == waiting
    assert "next_seed" not in contents
    assert old not in keys.read_text()


def test_a_request_that_is_made_twice_draws_one_key(rooted: Rooted) -> None:
    assert rooted.request() == rooted.request()


def test_another_publisher_of_the_same_deployment_follows(rooted: Rooted) -> None:
    other = Rooted(open_house(rooted.house.settings), rooted.tenant)
    try:
        other.house.publisher.publish()
        rooted.house.publisher.succeed(rooted.statement())

        published = other.record(1)
    finally:
        other.house.close()

    assert published.note.startswith(f"{SUPER}/2\n")
    assert kit.fsck(rooted.house) == []


def changed_serial(body: str) -> str:
    lines = body.split("\n")
    lines[2] = "3"
    return "\n".join(lines)


def test_a_changed_serial_is_refused(rooted: Rooted) -> None:
    with pytest.raises(MalformedError, match="not in canonical form"):
        rooted.house.publisher.succeed(signed(changed_serial(rooted.request())))


def test_another_root_is_refused(rooted: Rooted) -> None:
    body = rooted.request()

    with pytest.raises(VerificationError, match=r"^signature of|note: signed by"):
        rooted.house.publisher.succeed(signed(body, Signer(ROOT.name, word="thief")))
    assert rooted.records(SUPER_SLOT + 1) == []


def test_a_changed_byte_is_refused(rooted: Rooted) -> None:
    note = rooted.statement()
    at = note.rindex(" ") + 12
    changed = note[:at] + ("A" if note[at] != "A" else "B") + note[at + 1 :]

    with pytest.raises(VerificationError, match="signature"):
        rooted.house.publisher.succeed(changed)


def test_an_old_statement_that_is_replayed_is_refused(rooted: Rooted) -> None:
    first = rooted.statement()
    rooted.house.publisher.succeed(first)
    rooted.request()

    with pytest.raises(ConflictError, match="serial 2, want 3"):
        rooted.house.publisher.succeed(first)


def test_a_key_that_was_not_drawn_here_is_refused(rooted: Rooted) -> None:
    body = rooted.request()
    other = Signer(f"{SUPER}/2", word="other").vkey
    lines = body.split("\n")
    lines[3] = other

    with pytest.raises(NotFoundError, match="no next key"):
        rooted.house.publisher.succeed(signed("\n".join(lines)))


def test_without_a_pinned_root_no_statement_is_believed(tmp_path: Path) -> None:
    house = kit.new_house(tmp_path / "bare")
    rooted = Rooted(house, kit.new_tenant(house))
    try:
        rooted.record(0)
        with pytest.raises(NotFoundError, match="none is pinned"):
            house.publisher.succeed(rooted.statement())
    finally:
        house.close()


def test_a_rotation_needs_a_request_first(rooted: Rooted) -> None:
    note = rooted.statement()
    keys = rooted.house.settings.data / "keys.json"
    contents = json.loads(keys.read_text())
    del contents["next_seed"]
    keys.write_text(json.dumps(contents))

    with pytest.raises(NotFoundError, match="no next key"):
        rooted.house.publisher.succeed(note)


def test_a_compromise_freezes_the_old_super_log_and_signs_nothing_more_with_its_key(
    rooted: Rooted,
) -> None:
    old, before = rooted.vkey(), rooted.receipt(0)
    records = rooted.records(SUPER_SLOT)
    statement = rooted.statement(Reason.COMPROMISE)

    rooted.house.publisher.succeed(statement)
    rooted.record(1)

    assert rooted.records(SUPER_SLOT) == records
    pins, _ = refresh(pins_of(old), [statement])
    assert json.loads(pins)["super"] == [
        {"max_size": len(records), "vkey": old},
        rooted.vkey(f"{SUPER}/2"),
    ]
    assert verdict(before, pins) is Verdict.INTACT
    assert verdict(rooted.receipt(1), pins) is Verdict.INTACT
    assert kit.fsck(rooted.house) == []


def test_what_was_signed_beyond_the_frozen_size_is_not_believed(rooted: Rooted) -> None:
    old = rooted.vkey()
    statement = rooted.statement(Reason.COMPROMISE)
    rooted.record(1)  # stands for what a thief would sign
    stolen = rooted.receipt(1)
    assert verdict(stolen, pins_of(old)) is Verdict.INTACT

    rooted.house.publisher.succeed(statement)

    pins, _ = refresh(pins_of(old), [statement])
    report = verify_receipt(stolen, Pins.parse(pins))
    assert report.verdict is Verdict.UNVERIFIABLE
    assert "beyond" in str(report.reason)
    assert verdict(rooted.receipt(1), pins) is Verdict.INTACT
    assert kit.fsck(rooted.house) == []


def test_a_compromise_of_a_super_log_that_never_was_so_is_refused(rooted: Rooted) -> None:
    lines = rooted.request(Reason.COMPROMISE).split("\n")
    size = lines[6].split(" ")[0]
    lines[6] = f"{size} {b64encode(bytes(32)).decode()}"

    with pytest.raises(VerificationError, match="which the super-log"):
        rooted.house.publisher.succeed(signed("\n".join(lines)))
