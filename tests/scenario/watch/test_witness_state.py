"""The state file belongs to one witness of one kind, and tells when it can't be used."""

import sqlite3
from pathlib import Path

import pytest

from kit.fake_log import FakeLog, serving_log
from kit.witness import made_witness, running_witness, vkey
from tallystick.errors import ConflictError, MalformedError, NotFoundError, PushbackError
from tallystick.tlog.tree import Frontier
from tallystick.watch.witness_evidence import EvidenceFolder
from tallystick.watch.witness_key import WitnessKey
from tallystick.watch.witness_state import AuditStep, Progress, WitnessState, read_status

NAME = "witness.db"


def test_another_witness_may_not_use_it(tmp_path: Path) -> None:
    WitnessState(tmp_path / NAME, vkey(), audits=False)

    with pytest.raises(ConflictError, match=r"of witness witness\.example/w1"):
        WitnessState(tmp_path / NAME, vkey(seed=b"o" * 32), audits=False)


@pytest.mark.parametrize("audits", [False, True])
def test_a_witness_can_become_neither_an_auditing_one_nor_a_plain_one(
    tmp_path: Path, *, audits: bool
) -> None:
    WitnessState(tmp_path / NAME, vkey(), audits=audits)

    with pytest.raises(ConflictError, match="make a new key"):
        WitnessState(tmp_path / NAME, vkey(), audits=not audits)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / NAME).write_bytes(b"something else, and long enough to be looked at" * 100)

    with pytest.raises(MalformedError, match="want a witness's state"):
        WitnessState(tmp_path / NAME, vkey(), audits=False)
    with pytest.raises(MalformedError, match="want a witness's state"):
        read_status(tmp_path / NAME)


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / NAME) as db:
        db.execute("CREATE TABLE cosigned (name)")
    db.close()

    with pytest.raises(MalformedError, match="want a witness's state"):
        read_status(tmp_path / NAME)


def test_a_status_without_a_file_makes_none(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"state witness\.db: missing"):
        read_status(tmp_path / NAME)

    assert not (tmp_path / NAME).exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(PushbackError, match="unable to open"):
        WitnessState(tmp_path / "none" / NAME, vkey(), audits=False)


def test_a_status_tells_each_log_and_how_far_it_was_audited(tmp_path: Path) -> None:
    log = FakeLog()
    log.new_log(b"a")
    log.publish()
    log.new_log(b"b")
    log.publish()
    with serving_log(log) as url, running_witness(tmp_path, log, audited=url) as witness:
        assert witness.add(log.submission(0)).status == 200

    found, audits, ((cosigned, progress),) = read_status(tmp_path / NAME)

    assert (found, audits) == (vkey(), True)
    assert (cosigned.checkpoint.origin, cosigned.checkpoint.size) == (log.origin, 4)
    assert (progress.epoch, progress.slots, progress.frontier.size) == (1, 2, 4)


def test_a_state_that_can_not_be_written_cosigns_nothing(tmp_path: Path) -> None:
    log = FakeLog(records=[b"a", b"b"])
    witness = made_witness(tmp_path, log, now=lambda: 1)
    (tmp_path / NAME).unlink()
    (tmp_path / NAME).mkdir()

    answer = witness.add_checkpoint(log.submission(0))

    assert (answer.status, "unable to open" in answer.body) == (503, True)


def test_a_key_file_is_for_its_owner_and_never_written_over(tmp_path: Path) -> None:
    path = tmp_path / "witness.key"
    key = WitnessKey("w.example", b"s" * 32)

    key.write(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert WitnessKey.read(path) == key
    with pytest.raises(ConflictError, match="exists, want none"):
        WitnessKey("w.example", b"t" * 32).write(path)
    assert WitnessKey.read(path) == key
    path.chmod(0o640)
    with pytest.raises(MalformedError, match="mode 640, want 600"):
        WitnessKey.read(path)
    with pytest.raises(NotFoundError, match="missing"):
        WitnessKey.read(tmp_path / "none")


def test_a_folder_of_evidence_does_not_grow_without_end(tmp_path: Path) -> None:
    folder = EvidenceFolder(tmp_path)
    kept = [folder.keep("audit", {"number": number}) for number in range(1_002)]

    assert [it is None for it in kept] == [False] * 1_000 + [True] * 2
    assert folder.keep("audit", {"number": 7}) == kept[7]


def test_of_two_audits_that_began_at_one_place_one_is_stored(tmp_path: Path) -> None:
    state = WitnessState(tmp_path / NAME, vkey(), audits=True)
    progress = Progress(Frontier().extend([bytes(32)]), 0, 0)
    step = AuditStep("log.example/super", 0, progress, {}, {})
    state.store_audit(step)

    with pytest.raises(ConflictError, match="1 records are audited, want 0"):
        state.store_audit(step)

    assert state.audited_size("log.example/super") == 1
