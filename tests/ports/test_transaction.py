"""What a write transaction promises."""

from collections.abc import Callable

import pytest

from kit.stores import (
    LOG,
    NEIGHBOUR,
    a_head,
    a_tile,
    an_entry,
    entries,
    event_id,
    grow,
)
from tallystick.errors import ConflictError
from tallystick.ledger.ports import Log, Place, Query, Snapshot, Store, Transaction, Value

ACCESS = Log(slot=3, hex="03" * 16, tenant=LOG.tenant, stream="access")
TABLES = ("entry", "tile", "head", "journal", "deployment")
ADD_FACT = Query("INSERT INTO deployment (name, value) VALUES (:name, :value)")


def counts(snapshot: Snapshot) -> dict[str, object]:
    """Count the rows of every table that these tests write."""
    return {table: snapshot.rows(Query(f"SELECT COUNT(*) FROM {table}"))[0][0] for table in TABLES}


def contents(store: Store) -> tuple[dict[str, object], object, object]:
    """What the store holds, for comparison."""
    with store.read() as snapshot:
        stored = list(snapshot.entries(LOG.slot, 0, 1_000))
        return counts(snapshot), snapshot.head(LOG.slot), stored


def test_it_sees_its_own_writes(store: Store) -> None:
    with store.write() as tx:
        tx.append(LOG, entries(LOG, 0, 3), a_head(3), [a_tile(0, 0)])
        tx.execute(ADD_FACT, [{"name": "a", "value": "b"}])

        assert tx.head(LOG.slot) == a_head(3)
        assert list(tx.entries(LOG.slot, 0, 3)) == entries(LOG, 0, 3)
        assert tx.tiles(LOG.slot, 0, 0, 1) == [a_tile(0, 0)]
        assert tx.find(LOG.tenant, [event_id(LOG, 2)]) == {event_id(LOG, 2): Place(1, 2)}
        assert len(tx.journal(0, 99)) == 1
        assert tx.rows(Query("SELECT name, value FROM deployment")) == [("a", "b")]


def test_an_append_adds_entries_tiles_head_and_journal_row_together(store: Store) -> None:
    with store.write() as tx:
        tx.append(LOG, entries(LOG, 0, 300), a_head(300), [a_tile(0, 0)])

    with store.read() as snapshot:
        expected = {"entry": 300, "tile": 1, "head": 1, "journal": 1, "deployment": 0}
        assert counts(snapshot) == expected
        assert snapshot.head(LOG.slot) == a_head(300)


def test_several_logs_grow_in_one_transaction(store: Store) -> None:
    with store.write() as tx:
        for log in (LOG, NEIGHBOUR, LOG):
            grow(tx, log, 2)

    with store.read() as snapshot:
        assert [snapshot.head(log.slot).size for log in (LOG, NEIGHBOUR)] == [4, 2]


def _known_id(tx: Transaction) -> None:
    tx.append(LOG, [an_entry(LOG, 5)._replace(event_id=event_id(LOG, 2))], a_head(6), [])


def _known_id_in_another_log(tx: Transaction) -> None:
    tx.append(ACCESS, [an_entry(ACCESS, 0)._replace(event_id=event_id(LOG, 2))], a_head(1), [])


def _twice_in_one_batch(tx: Transaction) -> None:
    tx.append(LOG, [an_entry(LOG, 5), an_entry(LOG, 5)._replace(index=6)], a_head(7), [])


def _too_early(tx: Transaction) -> None:
    tx.append(LOG, [an_entry(LOG, 4)], a_head(5), [])


def _too_late(tx: Transaction) -> None:
    tx.append(LOG, [an_entry(LOG, 6)], a_head(7), [])


def _head_of_another_size(tx: Transaction) -> None:
    tx.append(LOG, entries(LOG, 5, 7), a_head(8), [])


def grow_another_log_and(append: Callable[[Transaction], None], store: Store) -> None:
    """Append twice in one transaction, first something that fits."""
    with store.write() as tx:
        grow(tx, NEIGHBOUR, 1)
        append(tx)


def swallow_a_conflict(store: Store, *afterwards: Callable[[Transaction], None]) -> None:
    """Append what fits, then what does not, and go on as if nothing had happened."""
    with store.write() as tx:
        grow(tx, LOG, 5)
        with pytest.raises(ConflictError):
            _too_late(tx)
        for write in afterwards:
            with pytest.raises(ConflictError, match="spoilt"):
                write(tx)


@pytest.mark.parametrize(
    "append",
    [
        _known_id,
        _known_id_in_another_log,
        _twice_in_one_batch,
        _too_early,
        _too_late,
        _head_of_another_size,
    ],
)
def test_an_append_that_does_not_fit_is_a_conflict_and_changes_nothing(
    store: Store, append: Callable[[Transaction], None]
) -> None:
    with store.write() as tx:
        grow(tx, LOG, 5)
    before = contents(store)

    with pytest.raises(ConflictError):
        grow_another_log_and(append, store)

    assert contents(store) == before


def test_the_same_id_in_another_tenant_is_no_conflict(store: Store) -> None:
    with store.write() as tx:
        grow(tx, LOG, 1)
        same = an_entry(NEIGHBOUR, 0)._replace(event_id=event_id(LOG, 0))
        tx.append(NEIGHBOUR, [same], a_head(1), [])

    with store.read() as snapshot:
        found = snapshot.find(NEIGHBOUR.tenant, [event_id(LOG, 0)])
        assert found == {event_id(LOG, 0): Place(NEIGHBOUR.slot, 0)}


def test_a_spoilt_transaction_is_not_committed_even_when_its_error_is_swallowed(
    store: Store,
) -> None:
    before = contents(store)

    with pytest.raises(ConflictError, match="spoilt"):
        swallow_a_conflict(store)

    assert contents(store) == before


def test_a_spoilt_transaction_takes_no_more_writes(store: Store) -> None:
    with pytest.raises(ConflictError, match="spoilt"):
        swallow_a_conflict(
            store,
            lambda tx: tx.execute(ADD_FACT, [{"name": "a", "value": "b"}]),
            lambda tx: tx.scrub(LOG.slot, 0, None),
            lambda tx: grow(tx, LOG, 1),
        )


@pytest.mark.parametrize("disclosure", [None, b"shorter", b"longer " * 9_000])
def test_a_scrub_replaces_one_disclosure_and_nothing_else(
    store: Store, disclosure: bytes | None
) -> None:
    with store.write() as tx:
        grow(tx, LOG, 5)
        grow(tx, NEIGHBOUR, 5)

    with store.write() as tx:
        tx.scrub(LOG.slot, 3, disclosure)

    expected = entries(LOG, 0, 5)
    expected[3] = expected[3]._replace(disclosure=disclosure)
    with store.read() as snapshot:
        assert list(snapshot.entries(LOG.slot, 0, 5)) == expected
        assert list(snapshot.entries(NEIGHBOUR.slot, 0, 5)) == entries(NEIGHBOUR, 0, 5)


def test_execute_runs_once_for_each_row(store: Store) -> None:
    with store.write() as tx:
        tx.execute(ADD_FACT, [{"name": str(n), "value": "v"} for n in range(3)])
        tx.execute(ADD_FACT, [])

    with store.read() as snapshot:
        rows = snapshot.rows(Query("SELECT name FROM deployment ORDER BY name"))
        assert rows == [("0",), ("1",), ("2",)]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 21, 64, 150])
def test_each_row_is_written_once_and_found_by_a_set_of_names(store: Store, count: int) -> None:
    rows: list[dict[str, Value]] = [
        {"name": f"n{n:03d}".encode(), "value": f"v{n}"} for n in range(count)
    ]
    wanted = tuple(f"n{n:03d}".encode() for n in (*range(0, count, 7), 999))

    with store.write() as tx:
        tx.execute(ADD_FACT, rows)

    query = Query(
        "SELECT name, deployment.value FROM unnest(:names) AS value"
        " CROSS JOIN deployment ON name = value.value ORDER BY name"
    )
    with store.read() as snapshot:
        found = snapshot.rows(query, names=wanted)
        none = snapshot.rows(query, names=())
    assert found == [(f"n{n:03d}".encode(), f"v{n}") for n in range(0, count, 7)]
    assert none == []


def test_a_value_that_must_be_unique_is_a_conflict(store: Store) -> None:
    with store.write() as tx:
        tx.execute(ADD_FACT, [{"name": "a", "value": "b"}])

    with pytest.raises(ConflictError), store.write() as tx:
        tx.execute(ADD_FACT, [{"name": "a", "value": "secret"}])


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM entry WHERE event_id = :id",
        "UPDATE entry SET leaf = :other WHERE event_id = :id",
        "UPDATE entry SET leaf_hash = :other WHERE event_id = :id",
        "UPDATE entry SET event_id = :other WHERE event_id = :id",
        "UPDATE entry SET tenant = 9 WHERE event_id = :id",
        "UPDATE entry SET id = id + 1000 WHERE event_id = :id",
    ],
)
def test_entries_are_never_changed_or_deleted(store: Store, statement: str) -> None:
    with store.write() as tx:
        grow(tx, LOG, 5)
    before = contents(store)

    with pytest.raises(ConflictError, match="entries are never"), store.write() as tx:
        tx.execute(Query(statement), [{"id": event_id(LOG, 2), "other": b"forged"}])

    assert contents(store) == before


def test_a_pruned_leaf_does_not_come_back(store: Store) -> None:
    prune = Query("UPDATE entry SET leaf = NULL WHERE event_id = :id")
    restore = Query("UPDATE entry SET leaf = :leaf WHERE event_id = :id")
    row = {"id": event_id(LOG, 0), "leaf": b"forged"}
    with store.write() as tx:
        grow(tx, LOG, 1)
        tx.execute(prune, [row])

    with pytest.raises(ConflictError, match="entries are never"), store.write() as tx:
        tx.execute(restore, [row])

    with store.read() as snapshot:
        assert next(snapshot.entries(LOG.slot, 0, 1)).leaf is None
