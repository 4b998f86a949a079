"""Stores under test: where they live, how they are opened, and what is put into them.

A driver joins the contract suite by one line in ``OPENERS`` and one factory in
``ports/conftest.py``.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from tallystick.drivers.sqlite import SqliteStore
from tallystick.ledger.ports import Entry, FullTile, Head, Log, Store, Transaction

LOG = Log(slot=1, hex="01" * 16, tenant=1, stream="audit")
NEIGHBOUR = Log(slot=2, hex="02" * 16, tenant=2, stream="audit")

OPENERS: dict[str, Callable[[str, bool], Store]] = {
    "sqlite": lambda address, read_only: SqliteStore(Path(address), read_only=read_only),
}


@dataclass(frozen=True)
class Site:
    """Where a store lives; it can be sent to another process.

    Attributes:
        driver: Key of ``OPENERS``.
        address: What the driver opens.
        folder: Where the driver keeps its files.
    """

    driver: str
    address: str
    folder: Path

    def open(self, *, read_only: bool = False) -> Store:
        """Open one more store on the same data."""
        return OPENERS[self.driver](self.address, read_only)

    @contextmanager
    def opened(self, *, read_only: bool = False) -> Iterator[Store]:
        """Open one more store, and close it at the end."""
        store = self.open(read_only=read_only)
        try:
            yield store
        finally:
            store.close()

    def stored_bytes(self) -> bytes:
        """Everything that lies on disk."""
        return b"".join(path.read_bytes() for path in self.folder.rglob("*") if path.is_file())


def event_id(log: Log, index: int) -> bytes:
    """16 bytes that no other entry of these tests has."""
    return log.slot.to_bytes(8) + index.to_bytes(8)


def an_entry(log: Log, index: int, *, leaf: bytes = b"", disclosure: bytes = b"d") -> Entry:
    """An entry whose every field says which one it is."""
    name = f"{log.slot}/{index}".encode()
    hashed = name.ljust(32, b".")
    return Entry(index, event_id(log, index), leaf or b"leaf " + name, hashed, disclosure)


def entries(log: Log, start: int, end: int) -> list[Entry]:
    """The entries ``[start, end)`` of a log."""
    return [an_entry(log, index) for index in range(start, end)]


def a_head(size: int) -> Head:
    """A head that differs from every other size's."""
    return Head(size, f"root {size}".encode().ljust(32), b"frontier", 1_000_000 + size)


def a_tile(level: int, index: int) -> FullTile:
    """A tile that differs from every other."""
    return FullTile(level, index, bytes([level, index % 256]) * 512, bytes([index % 256]) * 32)


def grow(tx: Transaction, log: Log, count: int) -> None:
    """Append ``count`` entries to the log."""
    size = tx.head(log.slot).size
    tx.append(log, entries(log, size, size + count), a_head(size + count), [])


def grow_in_turn(site: Site, commits: int, each: int, mark: bytes) -> None:
    """In a process of its own: append ``commits`` times ``each`` entries that bear a mark."""
    with site.opened() as store:
        for _ in range(commits):
            with store.write() as tx:
                size = tx.head(LOG.slot).size
                new = [an_entry(LOG, size + i, leaf=mark) for i in range(each)]
                tx.append(LOG, new, a_head(size + each), [])


def stay_inside_a_write(site: Site, inside: Connection) -> None:
    """In a process of its own: append, say so, and never reach the end of the block."""
    with site.opened() as store, store.write() as tx:
        grow(tx, LOG, 300)
        inside.send("appended")
        time.sleep(600)
