"""Writing: the one open transaction."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from itertools import chain

import apsw

from tallystick.drivers.sqlite.reading import SLOT_BITS, SqliteSnapshot, tile_id
from tallystick.drivers.sqlite.trouble import explain
from tallystick.errors import ConflictError
from tallystick.ledger.ports import Entry, FullTile, Head, Log, Query, Value

_CHUNK = 256
_SIZES = (64, 16, 4)
"""Rows that a statement inserts at once: few sizes, so that all of them stay prepared."""

_VALUES = re.compile(r"VALUES \(:([a-z_]+(?:, :[a-z_]+)*)\)\Z").search

_SIZE = "SELECT size FROM head WHERE slot = ?"
_HEAD = """
INSERT INTO head (slot, size, root, frontier, received_at) VALUES (?, ?, ?, ?, ?)
ON CONFLICT (slot) DO UPDATE SET size = excluded.size, root = excluded.root,
  frontier = excluded.frontier, received_at = excluded.received_at
"""
_TILE = "INSERT INTO tile (id, checksums, root) VALUES (?, ?, ?)"
_EXTENT = "INSERT INTO journal (slot, start, stop) VALUES (?, ?, ?)"
_SCRUB = "UPDATE entry SET disclosure = ? WHERE id = ?"


class SqliteTransaction(SqliteSnapshot):
    """A :class:`~tallystick.ledger.ports.Transaction` on the writer's connection.

    Args:
        db: The connection, inside ``BEGIN IMMEDIATE``.
        name: The database's file name, for messages.
    """

    def __init__(self, db: apsw.Connection, name: str) -> None:
        super().__init__(db)
        self._name = name
        self._spoilt: Exception | None = None

    def append(
        self, log: Log, entries: Sequence[Entry], head: Head, tiles: Sequence[FullTile]
    ) -> None:
        """See :class:`~tallystick.ledger.ports.Transaction`."""
        self.refuse_if_spoilt()
        try:
            self._append(log, entries, head, tiles)
        except (apsw.Error, ConflictError) as error:
            raise self._spoil(error) from None

    def scrub(self, slot: int, index: int, disclosure: bytes | None) -> None:
        """See :class:`~tallystick.ledger.ports.Transaction`."""
        self.refuse_if_spoilt()
        try:
            self._db.execute(_SCRUB, (disclosure, (slot << SLOT_BITS) + index))
        except apsw.Error as error:
            raise self._spoil(error) from None

    def execute(self, query: Query, rows: Sequence[Mapping[str, Value]]) -> None:
        """See :class:`~tallystick.ledger.ports.Transaction`."""
        self.refuse_if_spoilt()
        try:
            self._run(query, rows)
        except apsw.Error as error:
            raise self._spoil(error) from None

    def _run(self, query: Query, rows: Sequence[Mapping[str, Value]]) -> None:
        done = 0
        for size in _SIZES:
            statement, names = _repeated(query, size)
            while names and len(rows) - done >= size:
                some = rows[done : done + size]
                self._db.execute(statement, [row[name] for row in some for name in names])
                done += size
        self._db.executemany(query, rows[done:])

    def refuse_if_spoilt(self) -> None:
        """Refuse to go on after an error.

        A full disk makes SQLite end the transaction by itself; whatever followed would be
        committed statement by statement.
        """
        if self._spoilt is not None:
            raise ConflictError(f"database {self._name}: transaction is spoilt by {self._spoilt}")

    def _append(
        self, log: Log, entries: Sequence[Entry], head: Head, tiles: Sequence[FullTile]
    ) -> None:
        start, end = entries[0].index, entries[-1].index + 1
        row = self._db.execute(_SIZE, (log.slot,)).fetchone()
        size = 0 if row is None else row[0]
        if (size, head.size, len(entries)) != (start, end, end - start):
            raise ConflictError(
                f"log {log.hex}: size {size}, want {start} before and {head.size} after "
                f"{len(entries)} entries"
            )
        self._insert(log, entries)
        self._db.execute(_HEAD, (log.slot, *head))
        self._db.execute(_EXTENT, (log.slot, start, end))
        for level, index, checksums, root in tiles:
            self._db.execute(_TILE, (tile_id(log.slot, level, index), checksums, root))

    def _insert(self, log: Log, entries: Sequence[Entry]) -> None:
        shared = (log.slot << SLOT_BITS, log.tenant)
        for at in range(0, len(entries), _CHUNK):
            chunk = entries[at : at + _CHUNK]
            self._db.execute(_insertion(len(chunk)), (*shared, *chain.from_iterable(chunk)))

    def _spoil(self, error: Exception) -> Exception:
        self._spoilt = error
        if isinstance(error, apsw.Error):
            return explain(error, self._name) or error
        return error


@cache
def _repeated(query: Query, count: int) -> tuple[str, list[str]]:
    """Write a statement that inserts one row so that it inserts ``count``, for the same reason.

    Returns:
        The statement and the names of a row's values, or no names for another kind of statement.
    """
    found = _VALUES(query)
    if found is None:
        return "", []
    names = found[1].split(", :")
    row = f"({', '.join('?' * len(names))})"
    return query[: found.start()] + "VALUES " + ", ".join([row] * count), names


@cache
def _insertion(count: int) -> str:
    """Write the statement that inserts ``count`` entries at once.

    apsw hands the GIL over at each step; one step a row would let any busy thread of the door
    delay each single row by the interpreter's switch interval.
    """
    width = len(Entry._fields)
    values = []
    for first in range(3, 3 + count * width, width):
        index, *rest = (f"?{number}" for number in range(first, first + width))
        values.append(f"(?1 + {index}, ?2, {', '.join(rest)})")
    columns = "id, tenant, event_id, leaf, leaf_hash, disclosure"
    return f"INSERT INTO entry ({columns}) VALUES {', '.join(values)}"  # noqa: S608 (only numbers)
