"""Sequence and integrate: entries get their index and enter the tree in one transaction."""

from collections.abc import Sequence
from typing import NamedTuple

from tallystick.ledger.leaf import stamp_of
from tallystick.ledger.ports import Clock, Entry, FullTile, Head, Log, Transaction
from tallystick.ledger.sealing import Sealed
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.tile import TILE_WIDTH, tile_checksums
from tallystick.tlog.tree import Frontier, subtree_root

MAX_EDGES = 4_096


class Placed(NamedTuple):
    """Where an entry came to stand: its index, leaf hash (32 bytes) and time of receipt (µs)."""

    index: int  # type: ignore[assignment]  # hides tuple.index()
    leaf_hash: bytes
    received_at: int


class Integrator:
    """Appends sealed entries to logs.

    It keeps the leaf hashes of each log's unfinished tile, so that a commit reads nothing back;
    what it keeps is used only while the head it belongs to still stands, so other doors may write
    to the same log at any time.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._edges: dict[int, tuple[bytes, list[bytes]]] = {}

    def append(self, tx: Transaction, log: Log, sealed: Sequence[Sealed]) -> list[Placed]:
        """Give entries the next indexes of a log, and integrate them.

        The log's time of receipt never runs backwards, whatever the machine's clock does.

        Raises:
            ConflictError: An event id exists in the tenant already; see ``Transaction.append``.
        """
        head = tx.head(log.slot)
        received_at = max(self._clock.now(), head.received_at)
        stamp = stamp_of(received_at)
        entries: list[Entry] = []
        hashes: list[bytes] = []
        for index, item in enumerate(sealed, head.size):
            leaf = item.before + stamp + item.after
            hashed = leaf_hash(leaf)
            hashes.append(hashed)
            entries.append(Entry(index, item.event_id, leaf, hashed, item.disclosure))
        return self.append_entries(tx, log, head, entries, received_at)

    def append_entries(
        self,
        tx: Transaction,
        log: Log,
        head: Head,
        entries: Sequence[Entry],
        received_at: int,
    ) -> list[Placed]:
        """Integrate finished entries that continue ``head``."""
        hashes = [entry.leaf_hash for entry in entries]
        pending = self._edge(tx, log.slot, head) + hashes
        tiles = _full_tiles(tx, log.slot, head.size // TILE_WIDTH, pending)
        frontier = Frontier.decode(head.size, head.frontier).extend(hashes)
        grown = Head(frontier.size, frontier.root(), frontier.encode(), received_at)
        tx.append(log, entries, grown, tiles)
        if len(self._edges) > MAX_EDGES:
            self._edges.clear()
        edge = pending[len(pending) - grown.size % TILE_WIDTH :]
        self._edges[log.slot] = (grown.root, edge)
        return [Placed(entry.index, entry.leaf_hash, received_at) for entry in entries]

    def _edge(self, tx: Transaction, slot: int, head: Head) -> list[bytes]:
        root, edge = self._edges.get(slot, (b"", []))
        if root == head.root and len(edge) == head.size % TILE_WIDTH:
            return edge
        return tx.leaf_hashes(slot, head.size - head.size % TILE_WIDTH, head.size)


def _full_tiles(tx: Transaction, slot: int, first: int, pending: Sequence[bytes]) -> list[FullTile]:
    """Build the tiles that ``pending`` leaf hashes, from tile ``first`` on, make full."""
    finished: list[FullTile] = []
    level = 0
    while len(pending) >= TILE_WIDTH:
        full = len(pending) // TILE_WIDTH
        made = [
            _full_tile(level, first + n, pending[n * TILE_WIDTH : (n + 1) * TILE_WIDTH])
            for n in range(full)
        ]
        finished += made
        start = first - first % TILE_WIDTH
        earlier = tx.tile_roots(slot, level, start, first)
        pending = earlier + [tile.root for tile in made]
        first //= TILE_WIDTH
        level += 1
    return finished


def _full_tile(level: int, index: int, hashes: Sequence[bytes]) -> FullTile:
    return FullTile(level, index, tile_checksums(hashes), subtree_root(hashes))
