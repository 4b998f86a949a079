"""Reading: one consistent view of the database."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import starmap
from typing import cast

import apsw

from tallystick.ledger.ports import (
    Entry,
    Extent,
    FullTile,
    Head,
    Place,
    Query,
    Row,
    Value,
)
from tallystick.tlog.hashing import EMPTY_ROOT

SLOT_BITS, LEVEL_BITS = 40, 36
_INDEX = (1 << SLOT_BITS) - 1

_HEAD = "SELECT size, root, frontier, received_at FROM head WHERE slot = ?"
# The casts cost nothing, and give bytes even where somebody has put text into a column.
_ENTRIES = """
SELECT id & ?, CAST(event_id AS BLOB), CAST(leaf AS BLOB), CAST(leaf_hash AS BLOB),
  CAST(disclosure AS BLOB)
FROM entry WHERE id >= ? AND id < ? ORDER BY id
"""
_LEAF_HASHES = "SELECT CAST(leaf_hash AS BLOB) FROM entry WHERE id >= ? AND id < ? ORDER BY id"
_TILES = """
SELECT id - ?1, checksums, root FROM tile WHERE id >= ?1 + ?2 AND id < ?1 + ?3 ORDER BY id
"""
_TILE_ROOTS = "SELECT CAST(root AS BLOB) FROM tile WHERE id >= ? AND id < ? ORDER BY id"
_JOURNAL = "SELECT seq, slot, start, stop FROM journal WHERE seq > ? ORDER BY seq LIMIT ?"
_FIND = """
SELECT entry.event_id, entry.id FROM carray(?) AS wanted
CROSS JOIN entry ON entry.tenant = ? AND entry.event_id = wanted.value
"""

_ARRAY = re.compile(r"\bunnest\((?=:)")


class SqliteSnapshot:
    """A :class:`~tallystick.ledger.ports.Snapshot` on a connection inside a transaction."""

    def __init__(self, db: apsw.Connection) -> None:
        self._db = db
        self._streams: set[apsw.Cursor] = set()

    def head(self, slot: int) -> Head:
        """See :class:`~tallystick.ledger.ports.Snapshot`."""
        row = self._db.execute(_HEAD, (slot,)).fetchone()
        return Head(0, EMPTY_ROOT, b"", 0) if row is None else Head(*row)

    def entries(self, slot: int, start: int, end: int) -> Iterator[Entry]:
        """See :class:`~tallystick.ledger.ports.Snapshot`."""
        first = slot << SLOT_BITS
        cursor = self._db.cursor()
        self._streams.add(cursor)
        try:
            cursor.execute(_ENTRIES, (_INDEX, first + start, first + end))
            yield from starmap(Entry, cursor)
        finally:
            cursor.close(True)
            self._streams.discard(cursor)

    def leaf_hashes(self, slot: int, start: int, end: int) -> list[bytes]:
        """See :class:`~tallystick.ledger.ports.Snapshot`."""
        first = slot << SLOT_BITS
        rows = self._db.execute(_LEAF_HASHES, (first + start, first + end))
        return [leaf_hash for (leaf_hash,) in rows]

    def tiles(self, slot: int, level: int, start: int, end: int) -> list[FullTile]:
        """See :class:`~tallystick.ledger.ports.Snapshot`."""
        first = tile_id(slot, level, 0)
        rows = self._db.execute(_TILES, (first, start, end))
        return [FullTile(level, *row) for row in rows]

    def tile_roots(self, slot: int, level: int, start: int, end: int) -> list[bytes]:
        """See :class:`~tallystick.ledger.ports.Snapshot`."""
        first = tile_id(slot, level, 0)
        return [root for (root,) in self._db.execute(_TILE_ROOTS, (first + start, first + end))]

    def find(self, tenant: int, event_ids: Sequence[bytes]) -> dict[bytes, Place]:
        """See :class:`~tallystick.ledger.ports.Snapshot`."""
        if not event_ids:
            return {}
        rows = self._db.execute(_FIND, (apsw.carray(tuple(event_ids)), tenant))
        return {event_id: Place(number >> SLOT_BITS, number & _INDEX) for event_id, number in rows}

    def journal(self, after: int, limit: int) -> list[Extent]:
        """See :class:`~tallystick.ledger.ports.Snapshot`."""
        return [Extent(*row) for row in self._db.execute(_JOURNAL, (after, limit))]

    def rows(self, query: Query, **parameters: Value | tuple[bytes, ...]) -> list[Row]:
        """See :class:`~tallystick.ledger.ports.Snapshot`."""
        bound = {
            name: _array(value) if isinstance(value, tuple) else value
            for name, value in parameters.items()
        }
        return cast("list[Row]", self._db.execute(_in_sqlite(query), bound).fetchall())

    def end_streams(self) -> None:
        """Stop what is still being read: an open cursor would keep the view alive for ever."""
        for cursor in tuple(self._streams):
            cursor.close(True)
        self._streams.clear()


def _array(values: tuple[bytes, ...]) -> object:
    # An array of nothing can't be bound, and NULL is read as one.
    return apsw.carray(values) if values else None


@cache
def _in_sqlite(query: Query) -> str:
    """Name the function that makes a table of an array as SQLite does.

    A table, not a comparison with ``IN``: for that SQLite would read all rows of the tenant.
    """
    return _ARRAY.sub("carray(", query)


def tile_id(slot: int, level: int, index: int) -> int:
    """Number a tile's row: the tiles of a log lie together, level by level."""
    return (slot << SLOT_BITS) + (level << LEVEL_BITS) + index
