"""Making a backup: one moment, whole or not at all, while others write."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kit import house as kit
from kit.backup import KEY, Site, back_up, event, opened_by_hand, put_back, silent
from kit.checkout import ROOT
from kit.command import Command
from tallystick.cli import backup_file
from tallystick.cli.backup_file import make_backup
from tallystick.cli.examination import examine
from tallystick.drivers.sealed import create_key_file
from tallystick.drivers.sqlite import copying
from tallystick.drivers.system import SystemClock, SystemEntropy
from tallystick.errors import ConflictError, NotFoundError, PushbackError
from tallystick.ledger import tenant_keys
from tallystick.settings import Settings
from tallystick.wiring import open_house

Progress = Callable[[int, int], None]


def standing(folder: Path) -> dict[str, str]:
    """Leaf hashes of the tenant's events in a restored deployment, by event id."""
    house = open_house(Settings(data=folder))
    try:
        assert kit.fsck(house) == []
        with house.ledger.drivers.store.read() as snapshot:
            log = house.ledger.logs.stream(snapshot, 1, "audit")
            return {
                entry.event_id.hex(): entry.leaf_hash.hex()
                for entry in snapshot.entries(log.slot, 0, 1 << 32)
            }
    finally:
        house.close()


def test_what_is_recorded_while_it_runs_waits_for_nobody_and_is_not_in_it(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    acknowledged = {
        outcome.event_id.replace("-", ""): outcome.leaf_hash.hex()
        for outcome in kit.record(site.house, site.tenant, *(event(n) for n in range(100, 400)))
    }
    before = {f"0199e0aa000070008def{n:012x}" for n in range(12)}
    meanwhile: list[int] = []
    copy = copying.copy_database

    def with_writers(source: Path, target: Path, progress: Progress) -> None:
        def told(done: int, total: int) -> None:
            progress(done, total)
            if done < total and len(meanwhile) < 20:
                number = 1_000 + len(meanwhile)
                (outcome,) = kit.record(site.house, site.tenant, event(number))
                assert outcome.status == "recorded"
                meanwhile.append(number)

        copy(source, target, told)

    monkeypatch.setattr(copying, "_STEP_PAGES", 1)
    monkeypatch.setattr(backup_file, "copy_database", with_writers)
    site.back_up()

    assert len(meanwhile) >= 10
    put_back(site.backup, site.into, site.lock)
    found = standing(site.into)
    assert {*found} == before | {*acknowledged}
    assert {name: found[name] for name in acknowledged} == acknowledged


def test_it_says_what_is_in_it(site: Site) -> None:
    told = back_up(site.house, site.backup)

    plain = opened_by_hand(site.backup.read_bytes(), secret=KEY.secret)
    manifest = json.loads(plain[plain.rindex(b'{"version"') :])
    assert manifest["state"]["deployment"] == "audit.example"
    assert manifest["state"]["checkpoint"] == site.lock.read_text()
    assert manifest["state"]["super_size"] == int(site.lock.read_text().split("\n")[1])
    # Twelve events and the tenant's own entry; five records of the super-log: four logs, an epoch.
    assert (manifest["state"]["entries"], manifest["state"]["logs"]) == (12 + 1 + 5, 4)
    assert told.state.checkpoint == site.lock.read_text()
    assert [part["name"] for part in manifest["parts"]] == ["ledger.db", "keys.json"]


def test_the_key_file_is_in_it_only_on_demand(site: Site) -> None:
    secrets = json.loads((site.data / "keys.json").read_text())
    site.back_up(with_keys=False)
    without = opened_by_hand(site.backup.read_bytes(), secret=KEY.secret)
    back_up(site.house, site.folder / "two.backup")
    with_keys = opened_by_hand((site.folder / "two.backup").read_bytes(), secret=KEY.secret)

    for secret in (secrets["keys"][0]["key"], secrets["signing_seed"]):
        assert secret.encode() not in without
        assert secret.encode() in with_keys
        assert secret.encode() not in (site.folder / "two.backup").read_bytes()


def test_the_lock_file_is_never_in_it(site: Site) -> None:
    site.back_up()
    put_back(site.backup, site.into, site.lock)

    assert [*site.into.glob("lock.note*")] == []


def test_only_its_owner_can_read_it_and_nothing_is_left_beside(site: Site) -> None:
    before = {path.name for path in site.data.iterdir()}

    site.back_up()

    assert site.backup.stat().st_mode & 0o777 == 0o600
    assert {path.name for path in site.data.iterdir()} == before
    assert {path.name for path in site.folder.iterdir()} == {"data", "one.backup"}


def test_a_file_that_exists_is_kept(site: Site) -> None:
    site.backup.write_text("the only backup")

    with pytest.raises(ConflictError, match="exists, want a new name"):
        site.back_up()

    assert site.backup.read_text() == "the only backup"


def test_a_backup_before_the_first_epoch_names_no_checkpoint(tmp_path: Path) -> None:
    house = kit.new_house(tmp_path / "data")

    told = back_up(house, tmp_path / "one.backup")

    house.close()
    assert told.state.checkpoint is None


def test_keys_that_are_rotated_meanwhile_are_noticed(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = copying.copy_database

    def with_rotation(source: Path, target: Path, progress: Progress) -> None:
        copy(source, target, progress)
        drivers = site.house.ledger.drivers
        with drivers.store.write() as tx:
            drivers.keeper.rotate(SystemEntropy(), SystemClock())  # type: ignore[attr-defined]
            tenant_keys.rewrap(tx, drivers.keeper)
        drivers.keeper.destroy_old()  # type: ignore[attr-defined]

    monkeypatch.setattr(backup_file, "copy_database", with_rotation)
    with pytest.raises(ConflictError, match=r"destroyed; if the epoch key was rotated"):
        site.back_up()
    with pytest.raises(ConflictError, match=r"destroyed; if the epoch key was rotated"):
        site.back_up(with_keys=False)

    assert not site.backup.exists()
    monkeypatch.undo()
    site.back_up()


def test_a_folder_for_the_copy_may_be_named(site: Site) -> None:
    scratch = site.folder / "scratch"
    scratch.mkdir()
    make_backup(site.house, site.backup, KEY.recipient, silent, scratch, with_keys=False)

    assert [*scratch.iterdir()] == []
    with pytest.raises(NotFoundError, match="no folder"):
        make_backup(
            site.house, site.folder / "2", KEY.recipient, silent, scratch / "no", with_keys=False
        )


def test_without_room_for_the_copy_it_does_not_begin(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = type("usage", (), {"free": 1_000_000})
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)

    with pytest.raises(PushbackError, match=r"1,000,000 bytes free .* --scratch names another"):
        site.back_up()


@pytest.mark.parametrize("missing", ["for the copy", "for the sealed file"])
def test_a_disk_that_is_full_leaves_nothing_behind(site: Site, missing: str) -> None:
    site.record(*range(500, 700))
    site.house.ledger.drivers.store.compact()
    create_key_file(site.folder / "backup.key", SystemEntropy())
    size = (site.data / "ledger.db").stat().st_size
    limit = size - 8_192 if missing == "for the copy" else size
    before = {path.name for path in site.data.iterdir()}
    tally = Command(site.folder)
    line = tally.program(
        "backup", "--out", site.backup, "--key-file", "backup.key", "--data", "data", "--json"
    )

    ended = subprocess.run(
        ["prlimit", f"--fsize={limit}", *line], cwd=site.folder, capture_output=True, check=False
    )

    assert ended.returncode == 5, ended
    assert ended.stdout == b""
    assert b"want" in ended.stderr
    assert {path.name for path in site.data.iterdir()} == before
    assert {path.name for path in site.folder.iterdir()} == {"data", "backup.key"}
    subprocess.run(line, cwd=site.folder, capture_output=True, check=True)


@pytest.mark.parametrize("step", ["copy", "seal"])
def test_what_a_killed_backup_left_is_told_by_the_doctor_and_removed_by_the_next(
    site: Site, step: str
) -> None:
    killed = f"""
import os, signal
from contextlib import contextmanager
from pathlib import Path
from kit.backup import KEY
from tallystick.cli.backup_file import make_backup
from tallystick.settings import Settings
from tallystick.wiring import open_house

@contextmanager
def steps(title):
    def told(done, total):
        if title == {step!r}:
            os.kill(os.getpid(), signal.SIGKILL)
    yield told

house = open_house(Settings(data=Path("data")))
make_backup(house, Path("one.backup"), KEY.recipient, steps, None, with_keys=True)
"""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests")}
    ended = subprocess.run(
        [sys.executable, "-c", killed], cwd=site.folder, env=environment, check=False
    )

    assert ended.returncode == -signal.SIGKILL
    assert not site.backup.exists()
    (left,) = site.data.glob(".backup.*.partial")
    assert [it.text for it in examine(site.house) if it.name == "backup"] == [
        f"{left.name} is left of one that was killed: the next `backup` removes it"
    ]
    site.back_up()
    assert not left.exists()
    assert [it for it in examine(site.house) if it.name == "backup"] == []


def test_two_backups_at_once_leave_each_other_alone(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = copying.copy_database

    def with_another(source: Path, target: Path, progress: Progress) -> None:
        monkeypatch.setattr(backup_file, "copy_database", copy)
        back_up(site.house, site.folder / "two.backup")
        copy(source, target, progress)

    monkeypatch.setattr(backup_file, "copy_database", with_another)
    site.back_up()

    for number, name in enumerate(("one.backup", "two.backup")):
        put_back(site.folder / name, site.folder / f"restored-{number}", site.lock)
