"""Followers: readers of what is integrated, each with a cursor of its own in every log.

A cursor holds the next index and the log's root there. Where the log no longer leads to that
root, history was changed under the follower, and it starts that log again from entry 0.
"""

from collections.abc import Mapping
from typing import Final

from tallystick.ledger.logs import Logs
from tallystick.ledger.ports import SUPER_SLOT, Snapshot
from tallystick.ledger.queries import as_bytes, as_int, load
from tallystick.ledger.reader import tile_hashes
from tallystick.tlog.hashing import EMPTY_ROOT
from tallystick.tlog.proof import tree_root

CURSORS = load("tallystick.ledger", "cursors.sql")
_PAGE: Final = 1_000

Cursors = Mapping[int, tuple[int, bytes]]
"""By slot: the next entry, and the root of the log there."""


class Following:
    """Where a follower stands, and what has come since.

    Args:
        logs: The directory of logs.
        name: Names the cursors; never changes.
    """

    def __init__(self, logs: Logs, name: str) -> None:
        self._logs = logs
        self._name = name
        self._seq = 0

    def cursors(self, snapshot: Snapshot) -> dict[int, tuple[int, bytes]]:
        """Return where the follower stands in each log."""
        rows = snapshot.rows(CURSORS["of_follower"], follower=self._name)
        return {as_int(slot): (as_int(next_), as_bytes(root)) for slot, next_, root in rows}

    def grown(self, snapshot: Snapshot) -> set[int]:
        """Ask the journal which logs have grown since the last time; at first, name them all."""
        if self._seq == 0:
            self._seq = as_int(snapshot.rows(CURSORS["journal_end"])[0][0])
            return set(self._sizes(snapshot)) | set(self.cursors(snapshot))
        slots: set[int] = set()
        while extents := snapshot.journal(self._seq, _PAGE):
            slots |= {extent.slot for extent in extents if extent.slot < SUPER_SLOT}
            self._seq = extents[-1].seq
        return slots

    def lag(self, snapshot: Snapshot) -> int:
        """Count the integrated entries that are not yet followed."""
        cursors = self.cursors(snapshot)
        sizes = self._sizes(snapshot)
        return sum(size - cursors.get(slot, (0, b""))[0] for slot, size in sizes.items())

    def _sizes(self, snapshot: Snapshot) -> dict[int, int]:
        return {log.slot: snapshot.head(log.slot).size for log in self._logs.every(snapshot)}


def leads_here(snapshot: Snapshot, slot: int, cursors: Cursors) -> bool:
    """Whether a log still begins with what its cursor has passed."""
    next_, root = cursors.get(slot, (0, EMPTY_ROOT))
    return snapshot.head(slot).size >= next_ and root_at(snapshot, slot, next_) == root


def root_at(snapshot: Snapshot, slot: int, size: int) -> bytes:
    """Return the root of a log's first entries, from its tiles; fsck says if these are true."""
    return tree_root(size, tile_hashes(snapshot, slot, size)) if size else EMPTY_ROOT
