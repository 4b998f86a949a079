"""Epochs, also past ones: what each changed, and what proves a log's head in it.

The tree of an epoch is not stored. The one of the last published epoch is kept, and a second one
is moved to the epoch that is asked for: from an epoch to its neighbour costs what changed between
them, so that who follows epoch by epoch is served fast, in memory for two trees.
"""

from collections.abc import Iterator
from threading import Lock as ThreadLock
from typing import NamedTuple

from tallystick.errors import NotFoundError, VerificationError
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import SUPER_SLOT, Log, Snapshot
from tallystick.ledger.published import (
    PUBLISHING,
    Published,
    epoch_record,
    latest,
    published_head,
    up_to_epoch,
)
from tallystick.ledger.queries import as_int
from tallystick.ledger.reader import tile_hashes
from tallystick.tlog.epoch_tree import EpochTree
from tallystick.tlog.hashing import EMPTY_ROOT
from tallystick.tlog.proof import consistency_proof, tree_root
from tallystick.verify.records import EPOCH, EpochRecord

PAGE = 256
"""Slots whose changes are read in one go."""


class Epoch(NamedTuple):
    """One epoch.

    Attributes:
        index: Where its record stands in the super-log.
        record: The record.
        slot: Where that super-log is kept.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index()
    record: EpochRecord
    slot: int


class Change(NamedTuple):
    """A head that differs from the epoch before.

    Attributes:
        slot: Of the log.
        origin: Of the log.
        size: Of the log in this epoch.
        root: At that size, 32 bytes.
        old_size: Of the log in the epoch before; 0 for a new slot.
        proof: That the new head extends the old one; empty where the log shrank, for nothing
            proves that: whoever audits is to see it, not to be sent away.
    """

    slot: int
    origin: str
    size: int
    root: bytes
    old_size: int
    proof: list[bytes]


class Head(NamedTuple):
    """A log in one epoch: its size, its root, and the proof that the epoch says so."""

    size: int
    root: bytes
    slots_proof: list[bytes]


class Epochs:
    """Answers what is asked about epochs.

    Args:
        ledger: The ledger.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._logs = ledger.logs
        self._mutex = ThreadLock()
        self._last = _Moving(ledger)
        self._past = _Moving(ledger)

    def find(self, snapshot: Snapshot, epoch: int) -> Epoch:
        """Find an epoch, also one whose checkpoint is not published yet, or never was.

        Raises:
            NotFoundError: There is no such epoch.
        """
        before = up_to_epoch(snapshot, epoch)
        first, start = SUPER_SLOT, 0
        if before is not None:
            if before.epoch == epoch:
                return _of(snapshot, before)
            first, start = before.slot, before.size
        # Without a checkpoint of its own: it was interrupted, or is being signed.
        for log in self._logs.every_super(snapshot):
            if log.slot < first:
                continue
            skipped = start if log.slot == first else 0
            for entry in snapshot.entries(log.slot, skipped, snapshot.head(log.slot).size):
                text = (entry.leaf or b"").decode()
                record = EpochRecord.parse(text) if text.startswith(EPOCH) else None
                if record is not None and record.epoch == epoch:
                    return Epoch(entry.index, record, log.slot)
                if record is not None and record.epoch > epoch:
                    break
        raise NotFoundError(f"epoch {epoch:,}: unknown")

    def last(self, snapshot: Snapshot) -> Epoch:
        """Find the newest published epoch.

        Raises:
            NotFoundError: There is none yet.
        """
        published = latest(snapshot)
        if published is None:
            raise NotFoundError("epoch: there is none yet")
        return _of(snapshot, published)

    def size(self, snapshot: Snapshot, slot: int, epoch: int) -> int | None:
        """Return the size of a log in an epoch; None where nothing of it was in one by then."""
        rows = snapshot.rows(PUBLISHING["size_at"], slot=slot, epoch=epoch)
        return as_int(rows[0][0]) if rows else None

    def head(self, snapshot: Snapshot, epoch: Epoch, log: Log) -> Head:
        """Prove the head of a log in an epoch.

        Raises:
            NotFoundError: The log is newer than the epoch.
            VerificationError: What is stored does not lead to the epoch's root.
        """
        if log.slot >= epoch.record.slots:
            raise NotFoundError(f"epoch {epoch.record.epoch:,}: has no log {log.hex}")
        size = self.size(snapshot, log.slot, epoch.record.epoch) or 0
        root = tree_root(size, tile_hashes(snapshot, log.slot, size))
        return Head(size, root, self.path(snapshot, epoch, log.slot))

    def path(self, snapshot: Snapshot, epoch: Epoch, slot: int) -> list[bytes]:
        """Prove the head at a slot in an epoch.

        Raises:
            VerificationError: What is stored does not lead to the epoch's root.
        """
        published = latest(snapshot)
        with self._mutex:
            if published is not None and published.epoch == epoch.record.epoch:
                return self._last.moved(snapshot, epoch.record).path(slot)
            if self._past.epoch is None and self._last.epoch is not None:
                self._past.follow(self._last)
            return self._past.moved(snapshot, epoch.record).path(slot)

    def changes(self, snapshot: Snapshot, epoch: Epoch, start: int) -> list[Change]:
        """Return what an epoch changed at the slots from ``start`` up to the next page's start.

        What an epoch says never changes: pages may be read from different snapshots.
        """
        number, slots = epoch.record.epoch, epoch.record.slots
        stop = min(start + PAGE, slots)
        old_slots = self.find(snapshot, number - 1).record.slots if number else 0
        sizes = dict.fromkeys(range(max(start, old_slots), stop), (0, 0))
        rows = snapshot.rows(PUBLISHING["changes_in"], epoch=number, start=start, stop=stop)
        sizes.update({as_int(slot): (as_int(size), as_int(old)) for slot, size, old in rows})
        return [self._change(snapshot, slot, *sizes[slot]) for slot in sorted(sizes)]

    def every_change(self, snapshot: Snapshot, epoch: Epoch) -> Iterator[Change]:
        """Yield everything that an epoch changed, in order of slot."""
        for start in range(0, epoch.record.slots, PAGE):
            yield from self.changes(snapshot, epoch, start)

    def _change(self, snapshot: Snapshot, slot: int, size: int, old_size: int) -> Change:
        read = tile_hashes(snapshot, slot, size)
        return Change(
            slot=slot,
            origin=self._logs.origin(self._logs.at(snapshot, slot)),
            size=size,
            root=tree_root(size, read),
            old_size=old_size,
            proof=consistency_proof(old_size, size, read) if old_size <= size else [],
        )


class _Moving:
    """The tree of one epoch, which can be moved to another."""

    def __init__(self, ledger: Ledger) -> None:
        self._logs = ledger.logs
        self._tree = EpochTree()
        self.epoch: int | None = None

    def follow(self, other: "_Moving") -> None:
        """Take over another one's place."""
        self._tree, self.epoch = other._tree.copy(), other.epoch  # noqa: SLF001 (of this class)

    def moved(self, snapshot: Snapshot, record: EpochRecord) -> EpochTree:
        """Return the tree of an epoch.

        Raises:
            VerificationError: What is stored does not lead to the epoch's root.
        """
        at, self.epoch = self.epoch, None  # nowhere, until it has arrived
        if at is None:
            self._tree = EpochTree()
            self._update(snapshot, record, "grown_between", -1, record.epoch)
        elif at < record.epoch:
            self._update(snapshot, record, "grown_between", at, record.epoch)
        elif at > record.epoch:
            self._update(snapshot, record, "shrunk_between", record.epoch, at)
        if self._tree.root() != record.root:
            raise VerificationError(
                f"published heads: lead to epoch root {self._tree.root().hex()},"
                f" epoch {record.epoch} has {record.root.hex()}"
            )
        self.epoch = record.epoch
        return self._tree

    def _update(
        self, snapshot: Snapshot, record: EpochRecord, query: str, after: int, until: int
    ) -> None:
        rows = snapshot.rows(PUBLISHING[query], after=after, until=until)
        sizes = dict.fromkeys(range(self._tree.slots, record.slots), 0)
        sizes.update({as_int(slot): as_int(size) for slot, size in rows})
        self._tree.cut(record.slots)
        self._tree.update(
            {
                slot: (
                    self._logs.origin(self._logs.at(snapshot, slot)),
                    size,
                    _root(snapshot, slot, size),
                )
                for slot, size in sizes.items()
                if slot < record.slots
            }
        )


def _of(snapshot: Snapshot, published: Published) -> Epoch:
    index = published.size - 1
    return Epoch(index, epoch_record(snapshot, published.slot, index), published.slot)


def _root(snapshot: Snapshot, slot: int, size: int) -> bytes:
    """Return the root of a log at a size: that of its last epoch is stored, others are in tiles."""
    if not size:
        return EMPTY_ROOT
    published = published_head(snapshot, slot)
    if published is not None and published[1] == size:
        return published[2]
    return tree_root(size, tile_hashes(snapshot, slot, size))
