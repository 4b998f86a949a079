"""What a snapshot promises."""

from itertools import islice

import pytest

from kit.stores import (
    LOG,
    NEIGHBOUR,
    Site,
    a_head,
    a_tile,
    an_entry,
    entries,
    event_id,
    grow,
)
from tallystick.ledger.ports import SUPER_SLOT, Extent, Head, Log, Place, Query, Store

# SHA-256 of nothing: the root of the empty tree by RFC 6962 §2.1.
EMPTY = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
SUPER = Log(SUPER_SLOT, "ff" * 16, 0, "super")


def test_a_log_without_entries_has_size_0_and_the_empty_root(store: Store) -> None:
    with store.read() as snapshot:
        assert snapshot.head(7) == Head(0, EMPTY, b"", 0)


def test_the_head_is_the_last_one_appended(store: Store) -> None:
    for size in (3, 5):
        with store.write() as tx:
            grow(tx, LOG, size - tx.head(LOG.slot).size)

    with store.read() as snapshot:
        assert snapshot.head(LOG.slot) == a_head(5)


@pytest.mark.parametrize("log", [LOG, SUPER], ids=["tenant", "super-log"])
def test_entries_come_back_as_they_were_appended(store: Store, log: Log) -> None:
    given = entries(log, 0, 700)
    given[3] = an_entry(log, 3, leaf=b"\x00" * 65_535, disclosure=b"\xff" * 1_200_000)
    given[4] = given[4]._replace(disclosure=None)
    with store.write() as tx:
        tx.append(log, given, a_head(700), [])

    with store.read() as snapshot:
        assert list(snapshot.entries(log.slot, 0, 700)) == given


@pytest.mark.parametrize(
    ("start", "end", "indexes"),
    [
        pytest.param(0, 10, range(10), id="all"),
        pytest.param(4, 7, range(4, 7), id="inner"),
        pytest.param(8, 99, range(8, 10), id="beyond the end"),
        pytest.param(10, 12, range(0), id="after the end"),
        pytest.param(5, 5, range(0), id="empty range"),
    ],
)
def test_a_range_yields_the_entries_that_exist_in_order(
    store: Store, start: int, end: int, indexes: range
) -> None:
    with store.write() as tx:
        grow(tx, LOG, 10)
        grow(tx, NEIGHBOUR, 10)

    with store.read() as snapshot:
        found = [entry.index for entry in snapshot.entries(LOG.slot, start, end)]
        hashes = snapshot.leaf_hashes(LOG.slot, start, end)

    assert found == list(indexes)
    assert hashes == [an_entry(LOG, index).leaf_hash for index in indexes]


def test_entries_stream_while_other_questions_are_asked(store: Store) -> None:
    with store.write() as tx:
        grow(tx, LOG, 1_000)

    with store.read() as snapshot:
        stream = snapshot.entries(LOG.slot, 0, 1_000)
        first = [entry.index for entry in islice(stream, 10)]
        assert snapshot.head(LOG.slot).size == 1_000
        again = [entry.index for entry in islice(snapshot.entries(LOG.slot, 0, 1_000), 10)]
        rest = [entry.index for entry in stream]

    assert first == again == list(range(10))
    assert rest == list(range(10, 1_000))


def test_a_stream_left_unfinished_does_not_hold_the_old_view(store: Store) -> None:
    with store.write() as tx:
        grow(tx, LOG, 1_000)
    with store.read() as snapshot:
        stream = snapshot.entries(LOG.slot, 0, 1_000)
        next(stream)
    with store.write() as tx:
        grow(tx, LOG, 1)

    with store.read() as snapshot:
        assert snapshot.head(LOG.slot).size == 1_001


def test_tiles_of_a_level_come_back_in_order(store: Store) -> None:
    given = [a_tile(0, 0), a_tile(0, 1), a_tile(0, 2), a_tile(1, 0)]
    with store.write() as tx:
        tx.append(LOG, entries(LOG, 0, 2), a_head(2), given)
        tx.append(NEIGHBOUR, entries(NEIGHBOUR, 0, 2), a_head(2), [a_tile(0, 9)])

    with store.read() as snapshot:
        assert snapshot.tiles(LOG.slot, 0, 0, 99) == given[:3]
        assert snapshot.tiles(LOG.slot, 0, 1, 2) == given[1:2]
        assert snapshot.tiles(LOG.slot, 1, 0, 99) == given[3:]
        assert snapshot.tiles(LOG.slot, 2, 0, 99) == []
        assert snapshot.tile_roots(LOG.slot, 0, 1, 99) == [given[1].root, given[2].root]
        assert snapshot.tile_roots(LOG.slot, 1, 0, 99) == [given[3].root]
        assert snapshot.tile_roots(LOG.slot, 2, 0, 99) == []


def test_events_are_found_by_id_and_unknown_ids_are_left_out(store: Store) -> None:
    with store.write() as tx:
        grow(tx, LOG, 2_000)
    ids = [event_id(LOG, index) for index in range(2_000)]
    unknown = [event_id(NEIGHBOUR, index) for index in range(500)]

    with store.read() as snapshot:
        found = snapshot.find(LOG.tenant, [*unknown, *ids])

    assert found == {event_id(LOG, index): Place(LOG.slot, index) for index in range(2_000)}


def test_no_ids_find_nothing(store: Store) -> None:
    with store.read() as snapshot:
        assert snapshot.find(LOG.tenant, []) == {}


def test_another_tenants_events_are_not_found(store: Store) -> None:
    with store.write() as tx:
        grow(tx, LOG, 3)

    with store.read() as snapshot:
        assert snapshot.find(NEIGHBOUR.tenant, [event_id(LOG, 0)]) == {}


def test_the_journal_tells_each_append_in_order_of_seq(store: Store) -> None:
    for log, count in ((LOG, 2), (NEIGHBOUR, 5), (LOG, 3)):
        with store.write() as tx:
            grow(tx, log, count)

    with store.read() as snapshot:
        journal = snapshot.journal(0, 99)
        seqs = [extent.seq for extent in journal]
        assert [extent[1:] for extent in journal] == [(1, 0, 2), (2, 0, 5), (1, 2, 5)]
        assert seqs == sorted(set(seqs))
        assert snapshot.journal(seqs[0], 1) == [Extent(seqs[1], 2, 0, 5)]
        assert snapshot.journal(seqs[-1], 99) == []


def test_rows_answers_a_query_with_named_parameters(store: Store) -> None:
    with store.write() as tx:
        grow(tx, LOG, 3)
        grow(tx, NEIGHBOUR, 4)

    with store.read() as snapshot:
        query = Query("SELECT slot, size FROM head WHERE size > :size ORDER BY slot")
        assert snapshot.rows(query, size=2) == [(1, 3), (2, 4)]
        assert snapshot.rows(query, size=3) == [(2, 4)]


def test_a_snapshot_opened_before_a_commit_does_not_see_it(store: Store, site: Site) -> None:
    with store.read() as snapshot:
        with site.opened() as other, other.write() as tx:
            grow(tx, LOG, 5)

        assert snapshot.head(LOG.slot).size == 0
        assert list(snapshot.entries(LOG.slot, 0, 5)) == []
        assert snapshot.journal(0, 99) == []


def test_a_snapshot_opened_after_a_commit_sees_all_of_it(store: Store) -> None:
    with store.write() as tx:
        grow(tx, LOG, 5)

    with store.read() as snapshot:
        assert snapshot.head(LOG.slot).size == len(snapshot.leaf_hashes(LOG.slot, 0, 99)) == 5
