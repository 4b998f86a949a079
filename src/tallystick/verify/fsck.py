"""Recompute a whole log from its entries, and compare with everything that is said about it.

Nothing is believed: leaf hashes come from leaf bytes, tiles and roots from leaf hashes. Where an
entry is pruned, its stored leaf hash takes the place of its bytes; the root then tells whether
it is the right one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from tallystick.errors import MalformedError
from tallystick.tlog.hashing import HASH_SIZE, leaf_hash
from tallystick.tlog.tile import CHECKSUM_SIZE, TILE_WIDTH, tile_checksums
from tallystick.tlog.tree import Frontier, subtree_root


class Verdict(StrEnum):
    """What can be said of something that was checked."""

    INTACT = "intact"
    TAMPERED = "tampered"
    INCOMPLETE = "incomplete"
    STALE = "stale"
    UNVERIFIABLE = "unverifiable"


class Finding(NamedTuple):
    """One thing that is not as it must be.

    Attributes:
        verdict: Tampered or incomplete.
        origin: The log concerned.
        index: The first entry concerned, or None where it is no entry.
        what: What was observed, and what was expected.
    """

    verdict: Verdict
    origin: str
    index: int | None  # type: ignore[assignment]  # hides tuple.index()
    what: str


class StoredEntry(NamedTuple):
    """An entry as the store gives it; ``leaf`` is None when it is pruned."""

    index: int  # type: ignore[assignment]  # hides tuple.index()
    leaf: bytes | None
    leaf_hash: bytes


class StoredTile(NamedTuple):
    """A full tile as the store gives it: checksums of its 256 hashes, and the root over them."""

    level: int
    index: int  # type: ignore[assignment]  # hides tuple.index()
    checksums: bytes
    root: bytes


class Standing(NamedTuple):
    """How far the check of one log came: enough to go on from there.

    Attributes:
        size: Entries that were fed.
        frontier: Of these, encoded.
        pending: By level, the hashes that are in no full tile yet.
        made: By level, the number of full tiles.
        roots: Those at the claimed sizes so far.
    """

    size: int
    frontier: bytes
    pending: list[list[bytes]]
    made: list[int]
    roots: dict[int, bytes]


@dataclass(slots=True)
class LogCheck:
    """Recomputes one log; feed it all entries in order of index, then ask :meth:`finish`.

    Attributes:
        origin: The log.
        size: What its head says.
        root: What its head says, 32 bytes.
        tiles: Returns the stored full tiles ``[start, end)`` of a level.
        claims: Roots claimed for some sizes (published heads, cursors): size → (root, by whom).
        roots: The roots at the sizes of ``claims``, as the entries give them.
    """

    origin: str
    size: int
    root: bytes
    tiles: Callable[[int, int, int], Sequence[StoredTile]]
    claims: Mapping[int, Sequence[tuple[bytes, str]]] = field(default_factory=dict)
    roots: dict[int, bytes] = field(default_factory=dict)
    _frontier: Frontier = field(default_factory=Frontier)
    _pending: list[list[bytes]] = field(default_factory=lambda: [[]])
    _made: list[int] = field(default_factory=lambda: [0])
    _stops: list[int] = field(default_factory=list)
    _taken_up: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._stops = sorted(size for size in self.claims if size)[::-1]

    def standing(self) -> Standing:
        """Return how far the check came."""
        frontier = self._frontier
        pending = [[*row] for row in self._pending]
        return Standing(frontier.size, frontier.encode(), pending, [*self._made], {**self.roots})

    def take_up(self, standing: Standing) -> bool:
        """Go on where an earlier check of the log stopped; feed the entries from there on.

        Returns:
            False, with nothing taken up, where a root is claimed that was not kept.

        Raises:
            MalformedError: Its parts are not those of a log of that size.
        """
        counts = [standing.size >> 8 * level for level in range(len(standing.pending))]
        if [len(row) for row in standing.pending] != [count % TILE_WIDTH for count in counts] or (
            standing.made != [count // TILE_WIDTH for count in counts]
        ):
            raise MalformedError(
                f"{self.origin}: standing, other tiles than {standing.size:,} give"
            )
        passed = [size for size in self._stops if size <= standing.size]
        if not standing.roots.keys() >= set(passed):
            return False
        self._frontier = Frontier.decode(standing.size, standing.frontier)
        self._pending = [[*row] for row in standing.pending]
        self._made = [*standing.made]
        self.roots = {**standing.roots}
        self._stops = [size for size in self._stops if size > standing.size]
        self._taken_up = passed
        return True

    def feed(self, entries: Sequence[StoredEntry]) -> Iterator[Finding]:
        """Take the next entries; yields what is wrong with them themselves."""
        want = self._frontier.size
        hashes: list[bytes] = []
        for entry in entries:
            if entry.index != want:
                yield Finding(
                    Verdict.INCOMPLETE, self.origin, want, f"entry {want:,}: its row is gone"
                )
                # What follows is checked as if the gap were closed, so that a second loss shows.
                want = entry.index
            want += 1
            if len(entry.leaf_hash) != HASH_SIZE:
                what = f"entry {entry.index:,}: leaf hash of {len(entry.leaf_hash)} bytes"
                yield Finding(Verdict.TAMPERED, self.origin, entry.index, what)
                entry = entry._replace(leaf_hash=leaf_hash(entry.leaf or b""))  # noqa: PLW2901
            hashes.append(entry.leaf_hash)
            if entry.leaf is not None and leaf_hash(entry.leaf) != entry.leaf_hash:
                yield Finding(
                    Verdict.TAMPERED,
                    self.origin,
                    entry.index,
                    f"entry {entry.index:,}: leaf hash {leaf_hash(entry.leaf).hex()},"
                    f" row has {entry.leaf_hash.hex()}",
                )
        yield from self._grow(hashes)

    def finish(self) -> Iterator[Finding]:
        """Compare the whole tree with its head, once all entries were fed."""
        for size in self._taken_up:
            yield from self._compare_claims(size)
        if self._frontier.size < self.size:
            size = self._frontier.size
            yield Finding(
                Verdict.INCOMPLETE,
                self.origin,
                size,
                f"log: {size:,} entries, head says {self.size:,}",
            )
        elif self._frontier.size > self.size:
            yield Finding(
                Verdict.TAMPERED,
                self.origin,
                self.size,
                f"log: {self._frontier.size:,} entries, head says {self.size:,}",
            )
        elif self.size and self._frontier.root() != self.root:
            yield Finding(
                Verdict.TAMPERED,
                self.origin,
                None,
                f"log: entries lead to root {self._frontier.root().hex()},"
                f" head has {self.root.hex()}",
            )
        yield from self._extra_tiles()
        for size in self._stops:
            for _, who in self.claims[size]:
                yield Finding(
                    Verdict.INCOMPLETE,
                    self.origin,
                    self._frontier.size,
                    f"{who}: {size:,} entries, the log has {self._frontier.size:,}",
                )

    def _grow(self, hashes: Sequence[bytes]) -> Iterator[Finding]:
        start = 0
        base = self._frontier.size
        while self._stops and self._stops[-1] <= base + len(hashes):
            stop = self._stops.pop()
            self._frontier = self._frontier.extend(hashes[start : stop - base])
            start = stop - base
            self.roots[stop] = self._frontier.root()
            yield from self._compare_claims(stop)
        self._frontier = self._frontier.extend(hashes[start:])
        self._pending[0].extend(hashes)
        yield from self._check_tiles()

    def _compare_claims(self, size: int) -> Iterator[Finding]:
        root = self.roots[size]
        for claimed, who in self.claims[size]:
            if claimed != root:
                yield Finding(
                    Verdict.TAMPERED,
                    self.origin,
                    None,
                    f"{who}: root {claimed.hex()} at size {size:,}, entries give {root.hex()}",
                )

    def _check_tiles(self) -> Iterator[Finding]:
        """Make the tiles that the entries give, and compare each with the stored one."""
        level = 0
        while level < len(self._pending) and len(self._pending[level]) >= TILE_WIDTH:
            pending, start = self._pending[level], self._made[level]
            full = len(pending) // TILE_WIDTH
            stored = {tile.index: tile for tile in self.tiles(level, start, start + full)}
            if level + 1 == len(self._pending):
                self._pending.append([])
                self._made.append(0)
            for index in range(start, start + full):
                hashes, pending[:TILE_WIDTH] = pending[:TILE_WIDTH], []
                tile = StoredTile(level, index, tile_checksums(hashes), subtree_root(hashes))
                self._pending[level + 1].append(tile.root)
                yield from self._compare_tile(tile, stored.get(index))
            self._made[level] += full
            level += 1

    def _compare_tile(self, tile: StoredTile, other: StoredTile | None) -> Iterator[Finding]:
        name = f"tile {tile.level}/{tile.index}"
        first = tile.index * TILE_WIDTH ** (tile.level + 1)
        if other is None:
            what = f"{name}: its row is gone"
            yield Finding(Verdict.INCOMPLETE, self.origin, first, what)
        elif other != tile:
            width = TILE_WIDTH**tile.level
            at = first + _first_difference(tile.checksums, other.checksums) * width
            what = f"{name}: not what the entries give"
            yield Finding(Verdict.TAMPERED, self.origin, at, what)

    def _extra_tiles(self) -> Iterator[Finding]:
        for level, made in enumerate(self._made):
            for tile in self.tiles(level, made, made + 1):
                what = f"tile {level}/{tile.index}: beyond the entries"
                yield Finding(Verdict.TAMPERED, self.origin, None, what)


def _first_difference(ours: bytes, theirs: bytes) -> int:
    for position in range(0, len(ours), CHECKSUM_SIZE):
        if ours[position : position + CHECKSUM_SIZE] != theirs[position : position + CHECKSUM_SIZE]:
            return position // CHECKSUM_SIZE
    return 0
