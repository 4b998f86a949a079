"""Followers: readers of what is integrated, each with a cursor of its own in every log.

A cursor holds the next index and the log's root there. Where the log no longer leads to that
root, history was changed under the follower, and it starts that log again from entry 0.
"""

from collections.abc import Sequence
from typing import Protocol

from tallystick.errors import VerificationError
from tallystick.ledger.logs import Logs
from tallystick.ledger.ports import SUPER_SLOT, Entry, Log, Snapshot, Store, Transaction, Value
from tallystick.ledger.queries import as_bytes, as_int, load
from tallystick.tlog.tree import Frontier

CURSORS = load("tallystick.ledger", "cursors.sql")
PAGE = 1_000


class Follower(Protocol):
    """Something that is made of the entries, one after the other.

    Attributes:
        name: Names its cursors; never changes.
    """

    name: str

    def follow(self, tx: Transaction, log: Log, entries: Sequence[Entry]) -> None:
        """Take the next entries of a log.

        What is written through ``tx`` is committed together with the cursor, so it happens
        exactly once; what is done elsewhere may happen again after a crash.
        """
        ...

    def start_over(self, tx: Transaction, log: Log) -> None:
        """Drop everything made of a log; its entries come again from index 0."""
        ...


class Runner:
    """Moves a follower forward.

    Args:
        store: The ledger's store, which also holds the cursors.
        logs: The directory of logs.
        follower: Who follows.
    """

    def __init__(self, store: Store, logs: Logs, follower: Follower) -> None:
        self._store = store
        self._logs = logs
        self._follower = follower
        self._frontiers: dict[int, Frontier] = {}
        self._seq = 0
        self._due: set[int] = set()

    def catch_up(self) -> int:
        """Follow until nothing new is there; return how many entries were followed.

        Each page is one transaction: the follower's rows and its cursor, or neither.
        """
        followed = 0
        with self._store.read() as snapshot:
            self._due |= self._grown(snapshot)
        for slot in sorted(self._due):
            while moved := self._step(slot):
                followed += moved
            self._due.remove(slot)
        return followed

    def lag(self) -> int:
        """Count the integrated entries that are not yet followed."""
        with self._store.read() as snapshot:
            cursors = self._cursors(snapshot)
            sizes = {log.slot: snapshot.head(log.slot).size for log in self._logs.every(snapshot)}
        return sum(size - cursors.get(slot, (0, b""))[0] for slot, size in sizes.items())

    def _grown(self, snapshot: Snapshot) -> set[int]:
        """Ask the journal which logs have grown since the last time."""
        if self._seq == 0:
            last = snapshot.rows(CURSORS["journal_end"])[0][0]
            self._seq = as_int(last)
            return {log.slot for log in self._logs.every(snapshot)}
        slots: set[int] = set()
        while extents := snapshot.journal(self._seq, PAGE):
            slots |= {extent.slot for extent in extents if extent.slot < SUPER_SLOT}
            self._seq = extents[-1].seq
        return slots

    def _step(self, slot: int) -> int:
        with self._store.write() as tx:
            log = self._logs.at(tx, slot)
            start, root = self._cursors(tx).get(slot, (0, Frontier().root()))
            frontier = self._frontier(tx, slot, start)
            if frontier is None or frontier.root() != root:
                self._follower.start_over(tx, log)
                tx.execute(CURSORS["forget"], [{"follower": self._follower.name, "slot": slot}])
                start, frontier = 0, Frontier()
            end = min(tx.head(slot).size, start + PAGE)
            if start == end:
                return 0
            entries = list(tx.entries(slot, start, end))
            if [entry.index for entry in entries] != list(range(start, end)):
                raise VerificationError(f"log {log.hex}: entries of [{start:,}, {end:,}) are gone")
            self._follower.follow(tx, log, entries)
            frontier = frontier.extend([entry.leaf_hash for entry in entries])
            row: dict[str, Value] = {"next": end, "root": frontier.root()}
            tx.execute(CURSORS["move"], [{"follower": self._follower.name, "slot": slot, **row}])
        self._frontiers[slot] = frontier
        return end - start

    def _frontier(self, snapshot: Snapshot, slot: int, size: int) -> Frontier | None:
        known = self._frontiers.get(slot)
        if known is not None and known.size == size:
            return known
        hashes = snapshot.leaf_hashes(slot, 0, size)
        return Frontier().extend(hashes) if len(hashes) == size else None

    def _cursors(self, snapshot: Snapshot) -> dict[int, tuple[int, bytes]]:
        rows = snapshot.rows(CURSORS["of_follower"], follower=self._follower.name)
        return {as_int(slot): (as_int(next_), as_bytes(root)) for slot, next_, root in rows}
