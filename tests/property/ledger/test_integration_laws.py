"""Integration, as laws: however entries come in, the tree is the one that RFC 6962 defines."""

import struct
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import cast
from zlib import crc32

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kit.clocks import SteppingClock
from kit.rfc6962 import mth, subtrees_of
from tallystick.errors import ConflictError
from tallystick.ledger.integration import MAX_EDGES, Integrator, Placed
from tallystick.ledger.ports import Entry, FullTile, Head, Log, Transaction
from tallystick.ledger.sealing import Sealed
from tallystick.tlog.tree import subtree_root

LOG = Log(1, "01" * 16, 1, "audit")


class Tables:
    """A store in lists: as much of a transaction as integration uses."""

    def __init__(self) -> None:
        self.heads: dict[int, Head] = {}
        self.stored: dict[int, list[Entry]] = {}
        self.made: dict[tuple[int, int], FullTile] = {}
        self.read_back = 0

    def head(self, slot: int) -> Head:
        """Return a log's head."""
        return self.heads.get(slot, Head(0, sha256().digest(), b"", 0))

    def leaf_hashes(self, slot: int, start: int, end: int) -> list[bytes]:
        """Return leaf hashes, and count that they were asked for."""
        self.read_back += end > start
        return [entry.leaf_hash for entry in self.stored.get(slot, [])[start:end]]

    def tile_roots(self, slot: int, level: int, start: int, end: int) -> list[bytes]:
        """Return roots; every log of these tests but the first stays below one tile."""
        assert slot == LOG.slot
        places = [(level, index) for index in range(start, end)]
        return [self.made[place].root for place in places if place in self.made]

    def append(
        self, log: Log, entries: Sequence[Entry], head: Head, tiles: Sequence[FullTile]
    ) -> None:
        """Take entries that follow, with a head that is theirs, and tiles once each."""
        stored = self.stored.setdefault(log.slot, [])
        if entries[0].index != len(stored):
            raise ConflictError("log: another size")
        stored.extend(entries)
        assert head.size == len(stored)
        self.heads[log.slot] = head
        for tile in tiles:
            assert (tile.level, tile.index) not in self.made
            self.made[tile.level, tile.index] = tile


def as_transaction(tables: Tables) -> Transaction:
    return cast("Transaction", tables)


def sealed(start: int, count: int) -> list[Sealed]:
    return [
        Sealed(n.to_bytes(16), b'{"n":%d,' % n, b"}", b"d%d" % n)
        for n in range(start, start + count)
    ]


def leaves(tables: Tables) -> list[bytes]:
    return [entry.leaf or b"" for entry in tables.stored[LOG.slot]]


def frontier_of(entries: Sequence[bytes]) -> bytes:
    """The roots of the complete subtrees, largest first, by the RFC's own split."""
    roots, start = b"", 0
    for bit in reversed(range(len(entries).bit_length())):
        if len(entries) >> bit & 1:
            roots += mth(entries[start : start + (1 << bit)])
            start += 1 << bit
    return roots


@given(st.lists(st.integers(1, 300), min_size=1, max_size=6))
@example([255, 1, 1])
@example([256])
@example([1, 255, 256, 255, 1])
@example([700])
def test_any_partition_gives_the_head_and_the_tiles_of_the_whole(parts: list[int]) -> None:
    tables, integrator = Tables(), Integrator(SteppingClock())
    placed: list[Placed] = []
    for part in parts:
        placed += integrator.append(as_transaction(tables), LOG, sealed(len(placed), part))

    entries, total = leaves(tables), sum(parts)
    head = tables.heads[LOG.slot]
    subtree = subtrees_of(entries)
    assert [place.index for place in placed] == list(range(total))
    assert [place.leaf_hash for place in placed] == [mth([leaf]) for leaf in entries]
    assert (head.size, head.root, head.frontier) == (total, mth(entries), frontier_of(entries))
    assert sorted(tables.made) == [(0, index) for index in range(total // 256)]
    for (_, index), tile in tables.made.items():
        start = 256 * index
        checksums = [crc32(mth([leaf])) for leaf in entries[start : start + 256]]
        assert tile.checksums == struct.pack(">256I", *checksums)
        assert [tile.root] == subtree([(8, index)])


def test_entries_are_what_was_sealed_with_the_time_of_receipt_inside() -> None:
    tables, clock = Tables(), SteppingClock(1_795_484_700_123_456)
    Integrator(clock).append(as_transaction(tables), LOG, sealed(0, 2))

    (first, second) = tables.stored[LOG.slot]
    assert first.leaf == b'{"n":0,"received_at":"2026-11-24T01:45:00.123456Z"}'
    assert (second.index, second.event_id, second.disclosure) == (1, (1).to_bytes(16), b"d1")


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 200)), min_size=2, max_size=12))
def test_two_integrators_that_take_turns_build_one_tree(turns: list[tuple[bool, int]]) -> None:
    tables = Tables()
    doors = Integrator(SteppingClock()), Integrator(SteppingClock())
    size = 0
    for second, count in turns:
        doors[second].append(as_transaction(tables), LOG, sealed(size, count))
        size += count

    entries = leaves(tables)
    assert tables.heads[LOG.slot].root == mth(entries)
    assert sorted(tables.made) == [(0, index) for index in range(size // 256)]
    for (_, index), tile in tables.made.items():
        assert [tile.root] == subtrees_of(entries)([(8, index)])


def test_a_door_that_writes_alone_reads_nothing_back() -> None:
    tables, integrator = Tables(), Integrator(SteppingClock())
    for count in (3, 250, 10, 600):
        integrator.append(as_transaction(tables), LOG, sealed(tables.head(LOG.slot).size, count))

    assert tables.read_back == 0


@pytest.mark.parametrize("size", [1, 200, 256, 300])
def test_what_an_undone_transaction_left_behind_is_not_used(size: int) -> None:
    tables, integrator = Tables(), Integrator(SteppingClock())
    integrator.append(as_transaction(tables), LOG, sealed(0, size))
    before = tables.heads[LOG.slot], list(tables.stored[LOG.slot]), dict(tables.made)
    integrator.append(as_transaction(tables), LOG, sealed(1_000, 100))
    tables.heads[LOG.slot], tables.stored[LOG.slot], tables.made = before
    integrator.append(as_transaction(tables), LOG, sealed(2_000, 300))

    entries = leaves(tables)
    assert tables.heads[LOG.slot].root == mth(entries)
    for (_, index), tile in tables.made.items():
        assert [tile.root] == subtrees_of(entries)([(8, index)])


def test_edges_of_very_many_logs_do_not_pile_up() -> None:
    tables, integrator = Tables(), Integrator(SteppingClock())
    for slot in range(2, MAX_EDGES + 10):
        log = Log(slot, f"{slot:032x}", slot, "audit")
        integrator.append(as_transaction(tables), log, sealed(0, 1))
        integrator.append(as_transaction(tables), log, sealed(1, 1))

    assert len(integrator._edges) <= MAX_EDGES + 1  # noqa: SLF001 (memory is seen nowhere else)
    last = tables.stored[MAX_EDGES + 9]
    assert tables.heads[MAX_EDGES + 9].root == mth([entry.leaf or b"" for entry in last])


@given(st.lists(st.integers(-(10**9), 10**9), min_size=1, max_size=20))
def test_a_log_never_receives_before_what_it_holds_whatever_the_clock_does(
    jumps: list[int],
) -> None:
    tables, clock = Tables(), SteppingClock()
    integrator = Integrator(clock)
    told: list[int] = []
    for number, jump in enumerate(jumps):
        clock.time += jump
        (placed,) = integrator.append(as_transaction(tables), LOG, sealed(number, 1))
        told.append(placed.received_at)
        assert placed.received_at >= clock.time

    assert all(earlier <= later for earlier, later in pairwise(told))
    assert max(told) == tables.heads[LOG.slot].received_at


def test_a_log_that_was_written_in_between_is_a_conflict() -> None:
    tables, integrator = Tables(), Integrator(SteppingClock())
    integrator.append(as_transaction(tables), LOG, sealed(0, 3))
    tables.stored[LOG.slot].append(tables.stored[LOG.slot][0])

    with pytest.raises(ConflictError):
        integrator.append(as_transaction(tables), LOG, sealed(3, 1))


def synthetic(start: int, end: int) -> Iterator[Entry]:
    for index in range(start, end):
        yield Entry(index, index.to_bytes(16), b"", sha256(b"%d" % index).digest(), None)


@pytest.mark.parametrize("parts", [[65_536, 300], [65_000, 500, 65_600, 1]])
def test_tiles_of_the_second_level_are_full_and_right(parts: list[int]) -> None:
    tables, integrator = Tables(), Integrator(SteppingClock())
    size = 0
    for part in parts:
        head = tables.head(LOG.slot)
        new = list(synthetic(size, size + part))
        integrator.append_entries(as_transaction(tables), LOG, head, new, 1)
        size += part

    hashes = [entry.leaf_hash for entry in tables.stored[LOG.slot]]
    assert {level for level, _ in tables.made} == {0, 1}
    assert [i for level, i in sorted(tables.made) if level == 1] == list(range(size // 65_536))
    assert [i for level, i in sorted(tables.made) if level == 0] == list(range(size // 256))
    for index in range(size // 65_536):
        below = [tables.made[0, 256 * index + n] for n in range(256)]
        tile = tables.made[1, index]
        inner = level_up(hashes, 8)[256 * index : 256 * (index + 1)]
        assert [part.root for part in below] == inner
        assert tile.checksums == struct.pack(">256I", *map(crc32, inner))
        assert tile.root == level_up(hashes, 16)[index]
    assert tables.heads[LOG.slot].root == subtree_root(hashes)


def level_up(hashes: Sequence[bytes], levels: int) -> list[bytes]:
    """Pair hashes ``levels`` times; a last one without a partner is dropped."""
    row = list(hashes)
    for _ in range(levels):
        row = [sha256(b"\x01" + row[at] + row[at + 1]).digest() for at in range(0, len(row) - 1, 2)]
    return row
