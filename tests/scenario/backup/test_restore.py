"""Restoring: a new place, all checks before it is there, and no way back in time."""

import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path

import pytest

from kit import house as kit
from kit.backup import KEY, Site, event, left, note_of, put_back
from kit.command import Command
from kit.rfc6962 import mth
from tallystick.drivers.sealed import RecipientKey
from tallystick.drivers.sqlite.tampering import rewrite_row
from tallystick.drivers.system import SystemClock, SystemEntropy
from tallystick.errors import (
    ConflictError,
    NotFoundError,
    PushbackError,
    TallystickError,
    VerificationError,
)
from tallystick.ledger import tenant_keys
from tallystick.ledger.ports import SUPER_SLOT
from tallystick.settings import Settings, read_settings
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.note import sign_note
from tallystick.wiring import House, open_house

SUPER = "audit.example/super"


def super_leaves(house: House) -> list[bytes]:
    with house.ledger.drivers.store.read() as snapshot:
        return [entry.leaf or b"" for entry in snapshot.entries(SUPER_SLOT, 0, 1 << 32)]


@contextmanager
def started(folder: Path) -> Iterator[House]:
    """Open a restored deployment as `serve` would: by the settings beside it."""
    house = open_house(read_settings({"data": folder}, {}))
    try:
        yield house
    finally:
        house.close()


def test_a_restored_deployment_records_on_and_its_next_epoch_extends_the_old_super_log(
    site: Site,
) -> None:
    site.back_up()
    old_size, old_root = note_of(site.lock.read_text())
    site.house.close()

    put_back(site.backup, site.into, site.lock)

    with started(site.into) as house:
        tenant = kit.tenant_of(house, "acme")
        (outcome,) = kit.record(house, tenant, event(99))
        assert (outcome.status, outcome.index) == ("recorded", 12)
        assert kit.record(house, tenant, event(3))[0].status == "duplicate"
        published = house.publisher.publish()
        assert published is not None
        leaves = super_leaves(house)
        assert kit.fsck(house) == []
    new_size, new_root = note_of(site.lock.read_text())
    assert published.note == site.lock.read_text()
    assert new_size == old_size + 1
    assert mth(leaves[:old_size]) == old_root
    assert mth(leaves) == new_root


def test_what_stands_in_the_new_place_is_for_its_owner_alone(site: Site) -> None:
    site.back_up()

    put_back(site.backup, site.into, site.lock)

    assert site.into.stat().st_mode & 0o777 == 0o700
    assert {path.name: path.stat().st_mode & 0o777 for path in site.into.iterdir()} == {
        "ledger.db": 0o600,
        "keys.json": 0o600,
        "tallystick.toml": 0o600,
    }
    assert left(site) == {"restored"}


def test_yesterdays_backup_is_refused_against_todays_lock(site: Site) -> None:
    site.back_up()
    then, _ = note_of(site.lock.read_text())
    site.record(50)
    site.house.publisher.publish()
    today = site.lock.read_text()

    with pytest.raises(
        VerificationError,
        match=rf"super-log has {then} records, but {then + 1} were signed.*restore a newer backup",
    ):
        put_back(site.backup, site.into, site.lock)

    assert left(site) == set()
    assert site.lock.read_text() == today


def test_a_lock_file_of_another_history_is_refused(site: Site) -> None:
    site.back_up()
    size, root = note_of(site.lock.read_text())
    keeper = site.house.ledger.drivers.keeper
    body = Checkpoint(SUPER, size, sha256(root).digest()).format()
    other = site.folder / "other.note"
    other.write_text(sign_note(body, SUPER, keeper.public_key, keeper.sign).format())

    with pytest.raises(VerificationError, match="the super-log was changed"):
        put_back(site.backup, site.into, other)

    assert left(site) == {"other.note"}


def test_a_lock_file_that_is_older_than_the_backup_is_fine(site: Site) -> None:
    shutil.copy(site.lock, site.folder / "older.note")
    site.record(50)
    site.house.publisher.publish()
    site.back_up()

    put_back(site.backup, site.into, site.folder / "older.note")

    assert site.into.is_dir()


@pytest.mark.parametrize(
    ("text", "said"),
    [("hello", "holds no super-checkpoint"), ("", "holds no super-checkpoint")],
)
def test_a_lock_file_that_is_none_is_refused(site: Site, text: str, said: str) -> None:
    site.back_up()
    (site.folder / "bad").write_text(text)

    with pytest.raises(VerificationError, match=said):
        put_back(site.backup, site.into, site.folder / "bad")


def test_a_lock_file_that_is_missing_is_refused(site: Site) -> None:
    site.back_up()

    with pytest.raises(NotFoundError, match=r"lock file .*missing, want it"):
        put_back(site.backup, site.into, site.folder / "gone.note")

    assert left(site) == set()


def test_without_a_lock_file_it_opens_for_reading_only_and_says_so(site: Site) -> None:
    site.back_up()

    restored = put_back(site.backup, site.into, None)

    assert any("nobody can tell whether more was signed" in it for it in restored.warnings)
    assert any("no list of erasures" in it for it in restored.warnings)
    with started(site.into) as house:
        assert "the lock file is gone" in (house.ledger.read_only or "")
        with pytest.raises(PushbackError, match="read-only"):
            kit.record(house, kit.tenant_of(house, "acme"), event(99))
        assert kit.fsck(house) == []


def test_an_entry_that_was_changed_before_the_backup_is_found_and_named(site: Site) -> None:
    event_id = bytes.fromhex("0199e0aa000070008def000000000000")
    old, new = b'"type":"user"', b'"type":"usar"'
    assert rewrite_row(site.data / "ledger.db", 1, event_id, old, new)
    site.back_up()

    with pytest.raises(VerificationError, match=r"findings, want none: TAMPERED .*entry 0"):
        put_back(site.backup, site.into, site.lock)

    assert left(site) == set()


def test_a_backup_that_was_changed_leaves_nothing_behind(site: Site) -> None:
    site.back_up()
    data = bytearray(site.backup.read_bytes())
    data[len(data) // 2] ^= 1
    site.backup.write_bytes(bytes(data))

    with pytest.raises(VerificationError, match=r"piece \d+ of it was changed"):
        put_back(site.backup, site.into, site.lock)

    assert left(site) == set()


def test_a_backup_from_before_a_rotation_of_the_epoch_key_is_refused_with_the_cure(
    site: Site,
) -> None:
    site.back_up(with_keys=False)
    drivers = site.house.ledger.drivers
    with drivers.store.write() as tx:
        drivers.keeper.rotate(SystemEntropy(), SystemClock())  # type: ignore[attr-defined]
        tenant_keys.rewrap(tx, drivers.keeper)
    drivers.keeper.destroy_old()  # type: ignore[attr-defined]

    with pytest.raises(VerificationError, match="was rotated since, want a backup from after"):
        put_back(site.backup, site.into, site.lock, keys=site.data / "keys.json")

    assert left(site) == set()


def test_without_a_key_file_it_is_refused(site: Site) -> None:
    site.back_up(with_keys=False)

    with pytest.raises(NotFoundError, match="no key file, want --keys"):
        put_back(site.backup, site.into, site.lock)

    put_back(site.backup, site.into, site.lock, keys=site.data / "keys.json")
    assert (site.into / "keys.json").read_bytes() == (site.data / "keys.json").read_bytes()


def test_the_key_file_of_another_deployment_is_refused(site: Site, tmp_path: Path) -> None:
    site.back_up()
    other = kit.new_house(tmp_path / "other")
    other.close()

    with pytest.raises(VerificationError):
        put_back(site.backup, site.into, site.lock, keys=tmp_path / "other" / "keys.json")

    assert left(site) == {"other"}


@pytest.mark.parametrize("kind", ["folder", "empty folder", "file", "dangling link"])
def test_a_place_that_is_taken_is_left_as_it_is(site: Site, kind: str) -> None:
    site.back_up()
    match kind:
        case "folder":
            site.into.mkdir()
            (site.into / "mine").write_text("mine")
        case "empty folder":
            site.into.mkdir()
        case "file":
            site.into.write_text("mine")
        case _:
            site.into.symlink_to("nowhere")

    with pytest.raises(ConflictError, match="exists, want a new place"):
        put_back(site.backup, site.into, site.lock)

    assert left(site) == {"restored"}
    if kind == "folder":
        assert (site.into / "mine").read_text() == "mine"


def test_of_two_restores_into_one_place_one_wins_and_the_other_leaves_nothing(site: Site) -> None:
    site.back_up()
    barrier, ended = threading.Barrier(2), list[TallystickError | None]()

    def run() -> None:
        barrier.wait()
        try:
            put_back(site.backup, site.into, site.lock)
        except TallystickError as error:
            ended.append(error)
        else:
            ended.append(None)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [*map(type, sorted(ended, key=repr))] == [ConflictError, type(None)]
    assert left(site) == {"restored"}
    with started(site.into) as house:
        assert kit.fsck(house) == []


def test_a_backup_that_is_missing_or_no_backup_is_said_so(site: Site) -> None:
    with pytest.raises(NotFoundError, match="missing, want it"):
        put_back(site.backup, site.into, site.lock)
    site.back_up()
    with pytest.raises(NotFoundError, match="no folder, want one"):
        put_back(site.backup, site.folder / "no" / "where", site.lock)
    assert left(site) == set()


def test_a_disk_that_is_full_leaves_nothing_behind(site: Site) -> None:
    site.back_up()
    (site.folder / "key").touch(0o600)
    (site.folder / "key").write_text(
        "tallystick-backup-secret-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n"
    )
    assert RecipientKey(bytes(range(32))) == KEY
    size = (site.data / "ledger.db").stat().st_size
    line = Command(site.folder).program(
        "restore", "one.backup", "--into", "restored", "--lock", site.lock, "--key-file", "key"
    )

    for limit in (size - 20_000, size // 2, 0):
        ended = subprocess.run(
            ["prlimit", f"--fsize={limit}", *line],
            cwd=site.folder,
            capture_output=True,
            check=False,
        )

        assert ended.returncode == 5, ended
        assert left(site) == {"key"}
    site.house.close()
    subprocess.run(line, cwd=site.folder, capture_output=True, check=True)


def test_the_restored_database_is_whole_for_sqlite_itself(site: Site) -> None:
    site.back_up()
    put_back(site.backup, site.into, site.lock)

    with closing(sqlite3.connect(site.into / "ledger.db")) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert Settings(data=site.into).lock == ""
    assert read_settings({"data": site.into}, {}).lock == str(site.lock)
