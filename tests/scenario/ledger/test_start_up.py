"""What a house looks at before it opens: the store against the last checkpoint that was signed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit import house as kit
from kit.events import reference_event
from kit.root import editing
from tallystick.access.tenants import Tenant
from tallystick.drivers.lockfile import LockFile
from tallystick.errors import PushbackError
from tallystick.ledger.ports import SUPER_SLOT, Place
from tallystick.ledger.receipts import Receipts
from tallystick.ledger.start_up import start_up_problem
from tallystick.settings import Settings
from tallystick.wiring import House, open_house


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def house(data: Path) -> Iterator[House]:
    house = kit.new_house(data)
    kit.new_tenant(house)
    yield house
    house.close()


@pytest.fixture
def tenant(house: House) -> Tenant:
    return kit.tenant_of(house, "acme")


def problem(house: House) -> str | None:
    lock = LockFile(house.settings.data / "lock.note")
    drivers = house.ledger.drivers
    return start_up_problem(drivers.store, house.ledger.logs, lock, drivers.keeper)


def test_a_house_that_never_published_starts_without_a_lock_file(house: House) -> None:
    assert problem(house) is None


def test_a_house_whose_lock_file_is_gone_says_so(data: Path, house: House) -> None:
    house.publisher.publish()
    (data / "lock.note").unlink()

    assert "the lock file is gone, but epoch 0 was signed" in (problem(house) or "")


def test_a_store_behind_the_lock_file_was_rolled_back(
    data: Path, house: House, tenant: Tenant
) -> None:
    house.publisher.publish()
    with house.ledger.drivers.store.read() as snapshot:
        size = snapshot.head(SUPER_SLOT).size
    kit.record(house, tenant, reference_event(0))
    house.publisher.publish()
    with editing(data) as db:
        db.execute(f"UPDATE head SET size = {size} WHERE slot = {SUPER_SLOT}")

    assert f"rolled back: its super-log has {size:,} records, but {size + 1:,} were signed" in (
        problem(house) or ""
    )


def test_a_super_log_that_was_changed_is_named(data: Path, house: House) -> None:
    house.publisher.publish()
    with editing(data) as db:
        where = f"id = ({SUPER_SLOT} << 40) + 1"
        db.execute(f"UPDATE entry SET leaf_hash = zeroblob(32) WHERE {where}")

    assert "the super-log was changed" in (problem(house) or "")


@pytest.mark.parametrize("column", ["root", "frontier"])
def test_a_head_that_the_next_checkpoint_would_be_made_of_is_compared(
    data: Path, house: House, column: str
) -> None:
    house.publisher.publish()
    with editing(data) as db:
        changed = f"CAST(zeroblob(32) || substr({column}, 33) AS BLOB)"
        db.execute(f"UPDATE head SET {column} = {changed} WHERE slot = {SUPER_SLOT}")

    assert "the super-log's head was changed" in (problem(house) or "")


def test_the_lock_file_of_another_deployment_is_refused(
    data: Path, house: House, tmp_path: Path
) -> None:
    house.publisher.publish()
    other = kit.new_house(tmp_path / "other")
    other.publisher.publish()
    other.close()
    (data / "lock.note").write_bytes((tmp_path / "other" / "lock.note").read_bytes())

    assert problem(house) is not None


def test_a_lock_file_that_is_no_note_is_a_problem_and_no_crash(data: Path, house: House) -> None:
    house.publisher.publish()
    (data / "lock.note").write_text("hello")

    assert problem(house) is not None


def test_a_house_with_a_problem_opens_for_reading_only(
    data: Path, house: House, tenant: Tenant
) -> None:
    kit.record(house, tenant, reference_event(0))
    house.publisher.publish()
    (data / "lock.note").unlink()

    again = open_house(Settings(data=data))

    with again.ledger.drivers.store.read() as snapshot:
        assert Receipts(again.ledger).issue(snapshot, Place(1, 0)) is not None
    with pytest.raises(PushbackError, match="read-only: the lock file is gone") as refused:
        kit.record(again, tenant, reference_event(1))
    assert refused.value.retry_after_s == 60
    with pytest.raises(PushbackError, match="read-only"):
        kit.new_tenant(again, "globex")
    again.close()
