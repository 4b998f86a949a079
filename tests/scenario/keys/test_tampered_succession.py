"""Somebody with root, or the publisher itself, changes how super-logs follow: fsck names it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit import house as kit
from kit.plain_receipt import Signer
from kit.root import editing
from kit.rooted import ROOT, SUPER, Rooted, signed
from tallystick.ledger.ports import SUPER_SLOT
from tallystick.verify.statement import Reason


@pytest.fixture
def rooted(tmp_path: Path) -> Iterator[Rooted]:
    rooted = Rooted.new(tmp_path / "data")
    yield rooted
    rooted.house.close()


def found(rooted: Rooted) -> str:
    """Everything that fsck finds, as one text."""
    return "; ".join(f"{finding.origin}: {finding.what}" for finding in kit.fsck(rooted.house))


def begin(rooted: Rooted, statement: str) -> None:
    """Begin the next super-log without asking whether that is right."""
    publisher, lock = rooted.house.publisher, rooted.house.lock
    publisher._make(publisher._draft(), lock.fetch(), statement, begins=True)  # noqa: SLF001


def test_a_rotation_without_its_key_record_is_found(rooted: Rooted) -> None:
    begin(rooted, rooted.statement())

    assert found(rooted) == (
        f"{SUPER}/2: super-log record 0: rotation: no key record in audit.example/super"
    )


def test_a_super_log_that_starts_from_another_size_is_found(rooted: Rooted) -> None:
    lines = rooted.request(Reason.COMPROMISE).split("\n")
    size, root = lines[6].split(" ")
    lines[6] = f"{int(size) - 1} {root}"
    begin(rooted, signed("\n".join(lines)))

    assert f"{SUPER}: at {int(size) - 1} records not what is frozen" in found(rooted)


def test_a_super_log_by_another_root_is_found(rooted: Rooted) -> None:
    begin(rooted, signed(rooted.request(), Signer(ROOT.name, word="thief")))

    assert "signature" in found(rooted) or "signed by" in found(rooted)


def test_a_loss_that_was_none_is_found(rooted: Rooted) -> None:
    lines = rooted.request(Reason.COMPROMISE).split("\n")
    size, root = lines[6].split(" ")
    lines[5:8] = ["recovery", f"{int(size) + 5} {root}", f"{int(size) - 1} {int(size) + 5}"]
    begin(rooted, signed("\n".join(lines)))

    assert f"{int(size)} records, lost from {int(size) - 1} on" in found(rooted)


def test_a_statement_that_is_exchanged_in_its_table_is_found(rooted: Rooted) -> None:
    rooted.house.publisher.succeed(rooted.statement())
    with editing(rooted.house.settings.data) as db:
        db.execute("UPDATE statement SET note = replace(note, 'rotation', 'rotatiom')")

    assert "reason 'rotatiom', want one of" in found(rooted)


def test_a_statement_too_much_is_found(rooted: Rooted) -> None:
    rooted.house.publisher.succeed(rooted.statement())
    note = rooted.records(SUPER_SLOT + 1)[0].split("\n", 2)[2]
    with editing(rooted.house.settings.data) as db:
        db.execute("INSERT INTO statement (serial, note) VALUES (7, ?)", (note,))

    assert "table statement: 7 is of serial 2" in found(rooted)


def test_an_old_checkpoint_that_is_gone_is_found(rooted: Rooted) -> None:
    rooted.house.publisher.succeed(rooted.statement())
    with editing(rooted.house.settings.data) as db:
        sizes = "SELECT max(size) FROM checkpoint WHERE slot = 4194304"
        db.execute(f"DELETE FROM checkpoint WHERE slot = 4194304 AND size = ({sizes})")

    assert "names another checkpoint than audit.example/super ended with" in found(rooted)


def test_a_root_that_is_exchanged_in_its_table_is_found(rooted: Rooted) -> None:
    with editing(rooted.house.settings.data) as db:
        db.execute("UPDATE deployment SET value = ? WHERE name = 'root'", ("ab" * 32,))

    assert "table deployment: no entry says" in found(rooted)
