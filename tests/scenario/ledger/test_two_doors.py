"""Two doors on one ledger: each seals by what it knows, and the other has meanwhile moved on."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from kit import house as kit
from tallystick.access.declarations import declare, set_policy
from tallystick.access.erasing import erase
from tallystick.access.tenants import Tenant
from tallystick.errors import NotFoundError
from tallystick.events.catalogue import parse_entry
from tallystick.events.parsing import parse_event, to_builtins
from tallystick.ledger.batch import Batch, Outcome
from tallystick.ledger.integration import Placed
from tallystick.ledger.opening import Opened
from tallystick.ledger.ports import Place, Query, Transaction
from tallystick.ledger.sequencer import Sequencer
from tallystick.settings import Settings
from tallystick.wiring import House, open_house

PEOPLE = Query("SELECT ref FROM subject WHERE tenant = :tenant AND lookup IS NOT NULL")
ID = "0199e0aa-0000-7000-8def-{:012x}"


def event(number: int, person: str = "ada", **members: object) -> dict[str, object]:
    return {
        "id": ID.format(number),
        "action": "document.deleted",
        "occurred_at": "2026-11-24T10:00:00Z",
        "actor": {"type": "user", "id": person, "name": f"{person} the {number}th"},
        **members,
    }


@pytest.fixture
def doors(tmp_path: Path) -> Iterator[tuple[House, House]]:
    first = kit.new_house(tmp_path / "data")
    second = open_house(Settings(data=tmp_path / "data"))
    kit.new_tenant(first)
    yield first, second
    first.close()
    second.close()


@pytest.fixture
def tenant(doors: tuple[House, House]) -> Tenant:
    return kit.tenant_of(doors[0], "acme")


def admitted(house: House, tenant: Tenant, *events: dict[str, object]) -> Batch:
    """Admit a batch, as a door does before it queues it."""
    ledger = house.ledger
    builtins = [to_builtins(parse_event(raw)) for raw in events]
    with ledger.drivers.store.read() as snapshot:
        log = ledger.logs.stream(snapshot, tenant.number, "audit")
        batch = ledger.batch(log, builtins, kit.DOOR)
        batch.admit(snapshot)
    return batch


def commit(house: House, *batches: Batch) -> list[list[Outcome]]:
    """Sequence admitted batches and settle them."""
    queue = Sequencer(house.ledger.drivers.store, house.ledger.integrator)
    futures = [queue.submit(batch) for batch in batches]
    placed = [future.result(30) for future in futures]
    queue.close()
    assert queue.waiting == 0
    return [batch.settle(places) for batch, places in zip(batches, placed, strict=True)]


def audit_log(house: House, tenant: Tenant) -> list[Opened]:
    """Open every entry of a tenant's audit log."""
    with house.ledger.drivers.store.read() as snapshot:
        slot = house.ledger.logs.stream(snapshot, tenant.number, "audit").slot
        places = [Place(slot, index) for index in range(snapshot.head(slot).size)]
        return [house.ledger.reader.open_at(snapshot, place)[2] for place in places]


def people(house: House, tenant: Tenant) -> int:
    with house.ledger.drivers.store.read() as snapshot:
        return len(snapshot.rows(PEOPLE, tenant=tenant.number))


def test_a_person_met_by_two_doors_at_once_is_one_subject(
    doors: tuple[House, House], tenant: Tenant
) -> None:
    first, second = doors
    one = admitted(first, tenant, event(1), event(2, "bob"))
    two = admitted(second, tenant, event(3), event(4, "cyd"))

    commit(first, one)
    commit(second, two)
    kit.record(second, tenant, event(5))

    assert people(first, tenant) == 3
    assert [opened.missing for opened in audit_log(first, tenant)] == [{}] * 5
    assert kit.fsck(first) == []


def test_an_event_sent_to_two_doors_at_once_is_recorded_once(
    doors: tuple[House, House], tenant: Tenant
) -> None:
    first, second = doors
    one = admitted(first, tenant, event(1), event(2))
    two = admitted(second, tenant, event(2), event(3))

    ((_, once),) = commit(first, one)
    ((again, third),) = commit(second, two)

    assert (once.status, again.status, third.status) == ("recorded", "duplicate", "recorded")
    assert (again.index, again.leaf_hash) == (once.index, once.leaf_hash)
    assert len(audit_log(first, tenant)) == 3
    assert kit.fsck(first) == []


def test_an_id_sent_to_two_doors_with_two_contents_is_a_conflict(
    doors: tuple[House, House], tenant: Tenant
) -> None:
    first, second = doors
    one = admitted(first, tenant, event(1))
    two = admitted(second, tenant, event(1, "bob"))

    commit(first, one)
    ((other,),) = commit(second, two)

    assert (other.status, other.index) == ("conflict", -1)
    assert len(audit_log(first, tenant)) == 1


def test_two_equal_batches_in_one_group_are_recorded_once(
    doors: tuple[House, House], tenant: Tenant
) -> None:
    first, _ = doors
    batches = [admitted(first, tenant, event(1), event(2)) for _ in range(3)]
    commit_together(first, batches)

    assert len(audit_log(first, tenant)) == 2


def commit_together(house: House, batches: list[Batch]) -> list[list[Outcome]]:
    """Commit batches in one group: all wait while the store is written by somebody else."""
    queue = Sequencer(house.ledger.drivers.store, house.ledger.integrator)
    with house.ledger.drivers.store.write():
        first = queue.submit(batches[0])
        futures = [first, *(queue.submit(batch) for batch in batches[1:])]
    placed = [future.result(30) for future in futures]
    queue.close()
    assert queue.waiting == 0
    return [batch.settle(places) for batch, places in zip(batches, placed, strict=True)]


def test_a_duplicate_is_never_told_of_a_transaction_that_was_undone(
    doors: tuple[House, House], tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A group is looked at again, and one of it turns out to be a duplicate; then all is undone."""
    first, _ = doors
    taken, again = admitted(first, tenant, event(1)), admitted(first, tenant, event(2))
    equal, broken = admitted(first, tenant, event(2)), admitted(first, tenant, event(3))
    kit.record(first, tenant, event(1))
    real, seen, undone = Batch.reconcile, list[Batch](), list[Batch]()

    def reconcile(batch: Batch, tx: Transaction) -> None:
        seen.append(batch)
        if (batch is broken and seen.count(broken) > 1) or (batch is again and undone):
            undone.append(batch)
            raise OSError("disk")
        real(batch, tx)

    monkeypatch.setattr(Batch, "reconcile", reconcile)
    queue = Sequencer(first.ledger.drivers.store, first.ledger.integrator)
    with first.ledger.drivers.store.write():
        queue.submit(admitted(first, tenant, event(9)))
        futures = [queue.submit(batch) for batch in (taken, again, equal, broken)]
    placed = [future.exception(30) or future.result() for future in futures]
    queue.close()

    (outcome,) = equal.settle(cast("list[Placed]", placed[2]))
    assert undone == [broken, again, broken]
    assert [isinstance(places, OSError) for places in placed] == [False, True, False, True]
    assert outcome.status == "recorded"
    assert kit.record(first, tenant, event(2))[0].status == "duplicate"


def test_nothing_waits_once_a_batch_has_shrunk_on_its_way(
    doors: tuple[House, House], tenant: Tenant
) -> None:
    first, second = doors
    batch = admitted(second, tenant, event(1), event(2))
    kit.record(first, tenant, event(1))

    ((duplicate, recorded),) = commit(second, batch)

    assert (duplicate.status, recorded.status) == ("duplicate", "recorded")


def test_what_was_sealed_before_an_erasure_is_sealed_anew_after_it(
    doors: tuple[House, House], tenant: Tenant
) -> None:
    first, second = doors
    kit.record(first, tenant, event(1))
    stale = admitted(second, tenant, event(2), event(3, "bob"))
    erased = erase(first.ledger, tenant.number, "ada", "asked", "cli")

    ((outcome, _),) = commit(second, stale)

    opened = {entry.event["id"]: entry for entry in audit_log(first, tenant)}
    late = opened[outcome.event_id]
    assert late.missing == {}
    assert erased.ref not in str(late.event)
    assert sorted(opened[ID.format(1)].missing) == ["/actor/id", "/actor/name"]
    assert kit.fsck(first) == []


def test_what_was_admitted_before_a_policy_is_judged_by_it(
    doors: tuple[House, House], tenant: Tenant
) -> None:
    first, second = doors
    events = event(1, action="thing.done"), event(2, action="thing.counted")
    stale = admitted(second, tenant, *events)
    declare(first.ledger, tenant.number, parse_entry(declared("thing.counted")), "cli")
    set_policy(first.ledger, tenant.number, refuse_unknown=True, key_id="cli")

    ((unknown, known),) = commit(second, stale)

    assert (unknown.status, unknown.path) == ("refused", "/action")
    assert "'thing.done': not in the catalogue" in unknown.reason
    assert known.status == "recorded"
    (entry,) = (e for e in audit_log(first, tenant) if e.event["id"] == known.event_id)
    assert entry.event["class"] == "financial"
    assert kit.fsck(first) == []


def declared(action: str) -> dict[str, object]:
    return {"action": action, "title": "Something", "class": "financial"}


def test_a_reader_of_an_old_snapshot_does_not_make_a_writer_use_destroyed_keys(
    doors: tuple[House, House], tenant: Tenant
) -> None:
    first, second = doors
    kit.record(first, tenant, event(1), event(2, "bob"))
    with first.ledger.drivers.store.read() as old:
        slot = first.ledger.logs.stream(old, tenant.number, "audit").slot
        old_place = Place(slot, 1)
        erase_without_compacting(second, tenant, "ada")
        batch = admitted(first, tenant, event(3, "cyd"))
        first.ledger.reader.open_at(old, old_place)

        commit(first, batch)

    assert audit_log(second, tenant)[-1].event["actor"]["name"] == "cyd the 3th"  # type: ignore[index]
    assert kit.fsck(second) == []


def erase_without_compacting(house: House, tenant: Tenant, person: str) -> None:
    """Erase a person while another snapshot is open, which compacting would wait for."""
    store = house.ledger.drivers.store
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(store), "compact", lambda _: None)
        erase(house.ledger, tenant.number, person, "asked", "cli")


def test_a_door_that_only_drew_a_key_for_somebody_knows_nobody(
    doors: tuple[House, House], tenant: Tenant
) -> None:
    first, _ = doors
    admitted(first, tenant, event(1))

    with pytest.raises(NotFoundError, match="not in this tenant's logs"):
        erase(first.ledger, tenant.number, "ada", "asked", "cli", dry_run=True)


def test_a_door_that_drew_a_key_in_vain_erases_the_one_that_counts(
    doors: tuple[House, House], tenant: Tenant
) -> None:
    first, second = doors
    admitted(first, tenant, event(1))
    kit.record(second, tenant, event(2))

    done = erase(first.ledger, tenant.number, "ada", "asked", "cli")

    assert done.entries == 1
    assert sorted(audit_log(second, tenant)[0].missing) == ["/actor/id", "/actor/name"]
    assert kit.fsck(second) == []


def test_an_erasure_covers_what_another_door_records_and_erases_meanwhile(
    doors: tuple[House, House], tenant: Tenant
) -> None:
    first, second = doors
    kit.record(first, tenant, event(1), event(2, "bob"), event(3, message="ada@old.example wrote"))
    moved_on = list[str]()

    def progress(step: str, done: int, total: int) -> None:
        if step == "survey" and done == total and not moved_on:
            moved_on.append(step)
            erase_without_compacting(second, tenant, "bob")
            kit.record(second, tenant, event(4), event(5, "cyd", message="I wrote to ada 4711"))

    kit.record(first, tenant, event(6, "ada 4711"))
    done = erase(first.ledger, tenant.number, "ada 4711", "asked", "cli", progress=progress)

    assert moved_on
    assert (done.entries, done.mentions) == (1, 1)
    opened = {str(entry.event["id"]): entry for entry in audit_log(second, tenant)}
    assert sorted(opened[ID.format(5)].missing) == ["/message"]
    assert opened[ID.format(4)].missing == {}
    assert kit.fsck(second) == []


def test_a_name_that_is_learned_late_is_searched_for_in_what_was_seen_before(
    doors: tuple[House, House], tenant: Tenant
) -> None:
    first, second = doors
    kit.record(first, tenant, event(1), event(2, "bob", message="Countess Lovelace called"))
    learned = list[str]()

    def progress(step: str, done: int, total: int) -> None:
        if step == "survey" and done == total and not learned:
            learned.append(step)
            late = {"type": "user", "id": "ada", "name": "Countess Lovelace"}
            kit.record(second, tenant, event(3, actor=late))

    done = erase(first.ledger, tenant.number, "ada", "asked", "cli", progress=progress)

    assert learned
    assert (done.entries, done.mentions) == (2, 1)
    opened = audit_log(second, tenant)
    assert sorted(opened[1].missing) == ["/message"]
    assert kit.fsck(second) == []
