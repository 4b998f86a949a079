"""A copy from before the signing key changed: refused, and told why; or for reading alone."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from kit import house as kit
from kit.backup import Site, back_up, put_back
from kit.events import reference_event
from kit.rooted import Rooted
from tallystick.errors import PushbackError, VerificationError
from tallystick.settings import Settings
from tallystick.verify.statement import Reason
from tallystick.wiring import open_house

BEHIND = (
    r"rolled back to before a change of keys: it ends with \S+/super, but a checkpoint of"
    r" \S+/super/2 was signed"
)


@dataclass
class Rotated(Site):
    """A deployment that was backed up, and whose signing key was rotated then."""

    rooted: Rooted

    def put_database_back(self) -> None:
        """As a snapshot of the disk would: the database alone."""
        self.rooted.house.close()
        for path in self.data.glob("ledger.db*"):
            path.unlink()
        shutil.copy(self.folder / "saved.db", self.data / "ledger.db")
        self.rooted.reopen()


@pytest.fixture
def rotated(tmp_path: Path) -> Iterator[Rotated]:
    rooted = Rooted.new(tmp_path / "data")
    site = Rotated(tmp_path, rooted.house, rooted.tenant, rooted)
    site.back_up()
    rooted.house.close()
    shutil.copy(site.data / "ledger.db", tmp_path / "saved.db")
    rooted.reopen()
    rooted.house.publisher.succeed(rooted.statement())
    rooted.record(1)
    yield site
    rooted.house.close()


@pytest.mark.parametrize("keys_of_today", [False, True])
def test_with_the_lock_file_of_today_it_is_refused(rotated: Rotated, keys_of_today: bool) -> None:
    signed = rotated.lock.read_text()
    keys = rotated.data / "keys.json" if keys_of_today else None

    with pytest.raises(VerificationError, match=BEHIND):
        put_back(rotated.backup, rotated.into, rotated.lock, keys=keys)

    assert not rotated.into.exists()
    assert rotated.lock.read_text() == signed


def test_without_a_lock_file_it_is_a_copy_to_read_under_the_key_of_then(rotated: Rotated) -> None:
    restored = put_back(rotated.backup, rotated.into, None)

    assert any("opens for reading only" in warning for warning in restored.warnings)
    house = open_house(Settings(data=rotated.into))
    try:
        with pytest.raises(PushbackError, match="read-only"):
            kit.record(house, kit.tenant_of(house, "acme"), reference_event(9))
        assert kit.fsck(house) == []
    finally:
        house.close()


def test_without_a_lock_file_but_with_the_keys_of_today_it_is_refused(rotated: Rotated) -> None:
    with pytest.raises(VerificationError, match=r"signing key: another than .*change of keys"):
        put_back(rotated.backup, rotated.into, None, keys=rotated.data / "keys.json")

    assert not rotated.into.exists()


def test_a_database_that_went_back_opens_for_reading_only_and_says_why(rotated: Rotated) -> None:
    rotated.put_database_back()

    assert "rolled back to before a change of keys" in str(rotated.rooted.house.ledger.read_only)


@pytest.mark.parametrize("reason", Reason)
def test_no_second_statement_is_proposed_where_one_was_signed(
    rotated: Rotated, reason: Reason
) -> None:
    rotated.put_database_back()

    with pytest.raises(VerificationError, match=r"knows nothing after \S+/super: restore"):
        rotated.rooted.request(reason)


def test_a_backup_from_after_the_rotation_goes_on(rotated: Rotated) -> None:
    rotated.backup.unlink()
    back_up(rotated.rooted.house, rotated.backup)
    rotated.rooted.house.close()

    put_back(rotated.backup, rotated.into, rotated.lock)

    house = open_house(Settings(data=rotated.into, lock=str(rotated.lock)))
    try:
        kit.record(house, kit.tenant_of(house, "acme"), reference_event(2))
        published = house.publisher.publish()
        assert published is not None
        assert published.note.startswith("audit.example/super/2\n")
    finally:
        house.close()
