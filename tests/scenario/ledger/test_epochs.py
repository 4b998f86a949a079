"""Epochs: one signed checkpoint at a time, through crashes at every step and other publishers."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

import pytest

from kit import house as kit
from kit.clocks import SteppingClock
from kit.events import reference_event
from kit.root import editing
from tallystick.access.tenants import Tenant
from tallystick.drivers.lockfile import LockFile
from tallystick.errors import ConflictError, VerificationError
from tallystick.ledger.integration import Integrator
from tallystick.ledger.ports import SUPER_SLOT, Head, Lock, Place, Store, Transaction
from tallystick.ledger.published import latest
from tallystick.ledger.publisher import HEARTBEAT_S, Publisher
from tallystick.ledger.receipts import Receipts
from tallystick.ledger.super_logs import SuperLog
from tallystick.settings import Settings
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.note import Note, vkey
from tallystick.verify.fsck import Verdict
from tallystick.verify.pins import Pins
from tallystick.verify.receipt import Receipt
from tallystick.verify.records import EpochRecord
from tallystick.verify.verification import verify_receipt
from tallystick.wiring import House, open_house


class Power(Exception):  # noqa: N818 (not an error: the plug is pulled)
    """The power goes."""


class CuttingLock:
    """A lock whose power goes before it swaps, or right after."""

    def __init__(self, lock: Lock, *, before: bool) -> None:
        self._lock = lock
        self._before = before

    def fetch(self) -> str | None:
        """Return the note."""
        return self._lock.fetch()

    def replace(self, old: str | None, new: str) -> None:
        """Swap, or not."""
        if not self._before:
            self._lock.replace(old, new)
        raise Power


class CuttingStore:
    """A store whose power goes when the n-th write would begin."""

    def __init__(self, store: Store, writes: int) -> None:
        self._store = store
        self._writes = writes
        self.read = store.read

    def write(self) -> AbstractContextManager[Transaction]:
        """Begin a write, or lose power."""
        if self._writes == 0:
            raise Power
        self._writes -= 1
        return self._store.write()


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


def publisher(
    house: House,
    *,
    store: Store | CuttingStore | None = None,
    lock: Lock | None = None,
    clock: SteppingClock | None = None,
) -> Publisher:
    """Make a publisher as wiring does, with some drivers exchanged."""
    drivers = house.ledger.drivers
    clock = clock or SteppingClock(drivers.clock.now())
    return Publisher(
        cast("Store", store or drivers.store),
        house.ledger.logs,
        drivers.keeper,
        lock or LockFile(house.settings.data / "lock.note"),
        clock,
        Integrator(clock),
    )


def records(house: House) -> list[EpochRecord]:
    """Read the epoch records of the super-log."""
    with house.ledger.drivers.store.read() as snapshot:
        size = snapshot.head(SUPER_SLOT).size
        texts = [(entry.leaf or b"").decode() for entry in snapshot.entries(SUPER_SLOT, 0, size)]
    return [EpochRecord.parse(text) for text in texts if "/epoch/" in text]


def receipt(house: House, tenant: Tenant, index: int) -> Receipt | None:
    with house.ledger.drivers.store.read() as snapshot:
        slot = house.ledger.logs.stream(snapshot, tenant.number, "audit").slot
        return Receipts(house.ledger).issue(snapshot, Place(slot, index))


def verdict(house: House, issued: Receipt) -> Verdict:
    """Verify a receipt as a stranger does who knows the deployment's key."""
    key = vkey("audit.example/super", 1, house.ledger.drivers.keeper.public_key)
    return verify_receipt(issued.format(), Pins.of_key(key)).verdict


def lock_size(data: Path) -> int:
    return Checkpoint.parse(Note.parse((data / "lock.note").read_text()).text).size


def test_nothing_is_said_where_nothing_has_changed(house: House) -> None:
    clock = SteppingClock(house.ledger.drivers.clock.now())
    publishing = publisher(house, clock=clock)

    assert publishing.publish() is not None
    clock.time += 1_000_000
    assert publishing.publish() is None
    assert len(records(house)) == 1


def test_after_ten_quiet_minutes_an_epoch_says_that_all_is_well(house: House) -> None:
    clock = SteppingClock(house.ledger.drivers.clock.now())
    publishing = publisher(house, clock=clock)
    publishing.publish()

    clock.time += HEARTBEAT_S * 1_000_000 - 1
    assert publishing.publish() is None
    clock.time += 1
    beat = publishing.publish()

    assert beat is not None
    first, second = records(house)
    assert (first.epoch, second.epoch, second.time_s - first.time_s) == (0, 1, 600)
    assert first.root == second.root
    assert kit.fsck(house) == []


def test_each_epoch_names_the_checkpoint_before_it(house: House, tenant: Tenant) -> None:
    notes = []
    for number in range(3):
        kit.record(house, tenant, reference_event(number))
        published = publisher(house).publish()
        assert published is not None
        notes.append(published.note)

    hashes = [sha256(note.encode()).digest() for note in notes]
    assert [record.previous for record in records(house)] == [bytes(32), *hashes[:2]]
    assert (house.settings.data / "lock.note").read_text() == notes[-1]


def test_a_receipt_is_pending_before_its_epoch_and_proves_after_it(
    house: House, tenant: Tenant
) -> None:
    kit.record(house, tenant, reference_event(0))
    assert receipt(house, tenant, 0) is None
    house.publisher.publish()
    kit.record(house, tenant, reference_event(1))

    issued = receipt(house, tenant, 0)

    assert issued is not None
    assert verdict(house, issued) is Verdict.INTACT
    assert (issued.index, issued.size) == (0, 1)
    assert receipt(house, tenant, 1) is None


def test_receipts_of_a_log_that_stands_still_prove_in_later_epochs(
    house: House, tenant: Tenant
) -> None:
    other = kit.new_tenant(house, "globex")
    kit.record(house, tenant, reference_event(0))
    house.publisher.publish()
    kit.record(house, other, reference_event(0))
    house.publisher.publish()

    for where in (tenant, other):
        issued = receipt(house, where, 0)
        assert issued is not None
        assert issued.epoch_record.epoch == 1
        assert verdict(house, issued) is Verdict.INTACT


CUTS: dict[str, Callable[[House], dict[str, Any]]] = {
    "before the record": lambda house: {"store": CuttingStore(house.ledger.drivers.store, 0)},
    "between store and lock": lambda house: {
        "lock": CuttingLock(LockFile(house.settings.data / "lock.note"), before=True)
    },
    "right after the lock": lambda house: {
        "lock": CuttingLock(LockFile(house.settings.data / "lock.note"), before=False)
    },
    "between lock and store": lambda house: {"store": CuttingStore(house.ledger.drivers.store, 1)},
}


@pytest.mark.parametrize("cut", CUTS)
def test_a_publisher_that_dies_anywhere_leaves_receipts_pending_and_never_wrong(
    data: Path, house: House, tenant: Tenant, cut: str
) -> None:
    kit.record(house, tenant, reference_event(0))
    house.publisher.publish()
    kit.record(house, tenant, reference_event(1))
    with pytest.raises(Power):
        publisher(house, **CUTS[cut](house)).publish()

    assert receipt(house, tenant, 1) is None
    early = receipt(house, tenant, 0)
    assert early is None or verdict(house, early) is Verdict.INTACT
    assert kit.fsck(house) == []

    again = open_house(Settings(data=data))
    assert again.ledger.read_only is None
    again.publisher.publish()
    for index in (0, 1):
        issued = receipt(again, tenant, index)
        assert issued is not None
        assert verdict(again, issued) is Verdict.INTACT
    with again.ledger.drivers.store.read() as snapshot:
        last = latest(snapshot)
    assert last is not None
    assert last.size == lock_size(data)
    assert [record.epoch for record in records(again)] == list(range(len(records(again))))
    assert kit.fsck(again) == []
    again.close()


@pytest.mark.parametrize("cut", CUTS)
def test_a_publisher_that_lives_on_after_a_failure_makes_good_at_its_next_epoch(
    house: House, tenant: Tenant, cut: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    publishing = publisher(house)
    publishing.publish()
    kit.record(house, tenant, reference_event(0))
    drivers = CUTS[cut](house)
    with monkeypatch.context() as failing:
        for name, driver in drivers.items():
            for part in (publishing, publishing._announcer):  # noqa: SLF001 (its other half)
                failing.setattr(part, f"_{name}", driver)
        with pytest.raises(Power):
            publishing.publish()

    assert publishing.publish() is not None
    issued = receipt(house, tenant, 0)
    assert issued is not None
    assert verdict(house, issued) is Verdict.INTACT
    assert kit.fsck(house) == []


def test_a_second_publisher_at_work_is_a_conflict_and_no_second_epoch_of_one_number(
    house: House, tenant: Tenant
) -> None:
    one, two = publisher(house), publisher(house)
    one.publish()
    kit.record(house, tenant, reference_event(0))
    two.publish()
    kit.record(house, tenant, reference_event(1))

    with pytest.raises(ConflictError, match="another publisher is at work"):
        one.publish()
    assert kit.fsck(house) == []

    assert one.publish() is not None
    assert [record.epoch for record in records(house)] == [0, 1, 2]
    assert kit.fsck(house) == []


def test_a_publisher_that_is_overtaken_does_not_turn_the_lock_back(
    data: Path, house: House, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another one signs between the record of an epoch and its note."""
    publisher(house).publish()
    kit.record(house, tenant, reference_event(0))
    overtaken, other = publisher(house), publisher(house)
    write_note = overtaken._note  # noqa: SLF001 (the moment between store and lock)

    def overtake(super_log: SuperLog, head: Head) -> Note:
        other.publish()
        return write_note(super_log, head)

    monkeypatch.setattr(overtaken, "_note", overtake)

    with pytest.raises(ConflictError, match=r"lock\.note"):
        overtaken.publish()

    with house.ledger.drivers.store.read() as snapshot:
        assert lock_size(data) == snapshot.head(SUPER_SLOT).size
    assert kit.fsck(house) == []


def test_a_log_whose_entries_do_not_lead_to_its_head_is_not_signed_for(
    data: Path, house: House, tenant: Tenant
) -> None:
    kit.record(house, tenant, *map(reference_event, range(3)))
    publishing = publisher(house)
    publishing.publish()
    kit.record(house, tenant, *map(reference_event, range(3, 6)))
    with editing(data) as db:
        db.execute("UPDATE entry SET leaf = CAST(leaf || ' ' AS BLOB) WHERE id = (1 << 40) + 4")

    with pytest.raises(VerificationError, match=r"t/1/.*: entries lead to root"):
        publishing.publish()

    assert len(records(house)) == 1


def test_a_log_that_has_shrunk_is_not_signed_for(data: Path, house: House, tenant: Tenant) -> None:
    kit.record(house, tenant, *map(reference_event, range(3)))
    with house.ledger.drivers.store.read() as snapshot:
        earlier = snapshot.head(1)
    kit.record(house, tenant, *map(reference_event, range(3, 6)))
    publishing = publisher(house)
    publishing.publish()
    with editing(data) as db:
        db.execute("DELETE FROM entry WHERE id >= (1 << 40) + 3 AND id < 2 << 40")
        db.execute(
            "UPDATE head SET size = 3, root = ?, frontier = ? WHERE slot = 1",
            (earlier.root, earlier.frontier),
        )

    for each in (publishing, publisher(house)):
        with pytest.raises(VerificationError, match=r"3 entries, but 6 are published"):
            each.publish()


@pytest.mark.parametrize(
    "edit",
    [
        "UPDATE published SET size = 2 , frontier = substr(frontier, 1, 32) WHERE slot = 1",
        "UPDATE published SET frontier = zeroblob(64) WHERE slot = 1",
        "DELETE FROM published WHERE slot = 1",
    ],
)
def test_published_heads_that_were_edited_by_hand_are_not_built_upon(
    data: Path, house: House, tenant: Tenant, edit: str
) -> None:
    kit.record(house, tenant, *map(reference_event, range(3)))
    publisher(house).publish()
    kit.record(house, tenant, reference_event(3))
    with editing(data) as db:
        assert db.execute(edit).rowcount == 1

    with pytest.raises(VerificationError, match="published heads: lead to epoch root"):
        publisher(house).publish()

    assert len(records(house)) == 1
