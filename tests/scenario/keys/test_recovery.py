"""The store went back: what is left goes on in a new super-log, and what is lost is told."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit import house as kit
from kit.command import Command
from kit.events import reference_event
from kit.rooted import ROOT, SUPER, Rooted, signed
from tallystick.errors import VerificationError
from tallystick.ledger.ports import SUPER_SLOT
from tallystick.verify.fsck import Verdict
from tallystick.verify.pins import Pins
from tallystick.verify.refreshing import refresh
from tallystick.verify.statement import Reason, Statement
from tallystick.verify.verification import verify_receipt


class Lost:
    """A deployment whose database went back by an epoch, and what was issued before that."""

    def __init__(self, data: Path) -> None:
        self.rooted = Rooted.new(data)
        self.old_key = self.rooted.vkey()
        self.kept = self.rooted.receipt(0)
        self.held = len(self.rooted.records(SUPER_SLOT))
        self.rooted.house.close()
        saved = data.with_name("saved.db")
        shutil.copy(data / "ledger.db", saved)
        self.rooted.reopen()
        self.rooted.record(1)
        self.lost = self.rooted.receipt(1)
        self.signed = len(self.rooted.records(SUPER_SLOT))
        self.rooted.house.close()
        for path in data.glob("ledger.db*"):
            path.unlink()
        shutil.copy(saved, data / "ledger.db")
        self.rooted.reopen()


@pytest.fixture
def lost(tmp_path: Path) -> Iterator[Lost]:
    lost = Lost(tmp_path / "data")
    yield lost
    lost.rooted.house.close()


def verdict(receipt: bytes, pins: bytes) -> Verdict:
    return verify_receipt(receipt, Pins.parse(pins)).verdict


def test_a_new_super_log_begins_from_what_is_left(lost: Lost) -> None:
    rooted = lost.rooted
    assert "rolled back" in str(rooted.house.ledger.read_only)
    pins = json.dumps({"super": [lost.old_key], "root": ROOT.vkey}).encode()
    body = rooted.request(Reason.RECOVERY)
    statement = Statement.parse(body)
    assert statement.frozen is not None
    assert statement.frozen[0] == lost.signed
    assert statement.lost == (lost.held, lost.signed)

    rooted.house.publisher.succeed(signed(body))
    rooted.reopen()

    assert rooted.house.ledger.read_only is None
    assert rooted.record(2).note.startswith(f"{SUPER}/2\n")
    assert kit.fsck(rooted.house) == []
    both, _ = refresh(pins, [signed(body)])
    receipts = [lost.kept, lost.lost, rooted.receipt(0), rooted.receipt(1)]
    assert [verdict(it, both) for it in receipts] == [Verdict.INTACT] * 4


def test_the_old_super_log_is_never_continued(lost: Lost) -> None:
    old = lost.rooted.records(SUPER_SLOT)

    lost.rooted.house.publisher.succeed(lost.rooted.statement(Reason.RECOVERY))

    assert lost.rooted.records(SUPER_SLOT) == old


def test_a_rotation_does_not_hide_a_rollback(lost: Lost) -> None:
    with pytest.raises(VerificationError, match="rolled back"):
        lost.rooted.house.publisher.succeed(lost.rooted.statement())


def test_a_statement_of_another_loss_is_refused(lost: Lost) -> None:
    lines = lost.rooted.request(Reason.RECOVERY).split("\n")
    lines[7] = f"{lost.held - 1} {lost.signed}"

    with pytest.raises(VerificationError, match="another loss"):
        lost.rooted.house.publisher.succeed(signed("\n".join(lines)))


def test_where_nothing_is_lost_nothing_is_recovered(tmp_path: Path) -> None:
    rooted = Rooted.new(tmp_path / "whole")
    try:
        with pytest.raises(VerificationError, match="nothing is lost"):
            rooted.request(Reason.RECOVERY)
    finally:
        rooted.house.close()


def test_a_store_from_before_a_rotation_is_found_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    rooted = Rooted.new(data)
    rooted.house.close()
    shutil.copy(data / "ledger.db", tmp_path / "saved.db")
    rooted.reopen()
    rooted.house.publisher.succeed(rooted.statement())
    rooted.house.close()
    for path in data.glob("ledger.db*"):
        path.unlink()
    shutil.copy(tmp_path / "saved.db", data / "ledger.db")

    rooted.reopen()

    problem = rooted.house.ledger.read_only
    rooted.house.close()
    assert "rolled back" in str(problem)


def test_a_lock_file_from_before_a_rotation_is_found_out(tmp_path: Path) -> None:
    data = tmp_path / "data"
    rooted = Rooted.new(data)
    saved = (data / "lock.note").read_bytes()
    rooted.house.publisher.succeed(rooted.statement())
    (data / "lock.note").write_bytes(saved)

    rooted.reopen()

    problem = rooted.house.ledger.read_only
    rooted.house.close()
    assert "the lock file went back" in str(problem)


def test_whoever_was_erased_since_is_erased_again_before_the_recovery_goes_on(
    tmp_path: Path,
) -> None:
    tally = Command(tmp_path)
    data = tally.data
    rooted = Rooted.new(data)
    rooted.house.close()
    shutil.copy(data / "ledger.db", tmp_path / "saved.db")
    person = str(reference_event(0)["actor"]["id"])  # type: ignore[index]
    tally("erase", person, "--tenant", "acme", "--reason", "asked for it", "--yes")
    rooted.reopen()
    rooted.record(1)
    rooted.house.close()
    for path in data.glob("ledger.db*"):
        path.unlink()
    shutil.copy(tmp_path / "saved.db", data / "ledger.db")
    rooted.reopen()
    (tmp_path / "statement").write_text(rooted.statement(Reason.RECOVERY))
    rooted.house.close()

    told = tally("keys", "rotate", "--statement", "statement", "--json").json

    assert told["erased_again"] > 0
    assert person not in tally("show", str(reference_event(0)["id"])).out
    assert tally("fsck", "--disclosures").lines[-1] == "intact"
