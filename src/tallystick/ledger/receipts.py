"""Receipts: everything that proves one entry, as of the last published epoch."""

from tallystick.errors import VerificationError
from tallystick.ledger.epoch_tree import EpochTree
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import SUPER_SLOT, Place, Snapshot
from tallystick.ledger.publisher import (
    Published,
    epoch_record,
    epoch_tree,
    latest,
    published_head,
)
from tallystick.verify.receipt import Receipt, build
from tallystick.verify.records import EpochRecord


class Receipts:
    """Issues receipts; the tree of the last epoch is kept between them.

    Args:
        ledger: The ledger.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._known: tuple[Published, EpochRecord, EpochTree] | None = None

    def issue(self, snapshot: Snapshot, place: Place) -> Receipt | None:
        """Make the receipt of an entry, with every value that can still be opened.

        Args:
            snapshot: The store.
            place: Where the entry stands.

        Returns:
            The receipt, or None while the entry is in no published epoch yet.

        Raises:
            NotFoundError: There is no such entry.
            VerificationError: The entry, or what is published of its log, was changed.
        """
        ledger, reader = self._ledger, self._ledger.reader
        log = ledger.logs.at(snapshot, place.slot)
        entry = reader.entry(snapshot, log, place.index)
        published = latest(snapshot)
        head = published_head(snapshot, log.slot)
        if published is None or head is None:
            return None
        epoch, size, _ = head
        # A head of a later epoch is stored right before that epoch's checkpoint is signed.
        if place.index >= size or epoch > published.epoch:
            return None
        record, tree = self._epoch(snapshot, published)
        if record is None or tree is None:
            return None
        opened = reader.open(snapshot, log, entry)
        return build(
            origin=ledger.logs.origin(log),
            index=place.index,
            size=size,
            entry=entry.leaf or b"",
            values=opened.values,
            inclusion=reader.inclusion(snapshot, log.slot, place.index, size),
            slots_proof=tree.path(log.slot),
            epoch_record=record,
            record_index=published.size - 1,
            record_proof=reader.inclusion(snapshot, SUPER_SLOT, published.size - 1, published.size),
            checkpoint_note=published.note,
        )

    def _epoch(
        self, snapshot: Snapshot, published: Published
    ) -> tuple[EpochRecord | None, EpochTree | None]:
        """Return record and tree of the last epoch; None while the next one is being signed."""
        if self._known is None or self._known[0] != published:
            record = epoch_record(snapshot, published.size - 1)
            tree = epoch_tree(snapshot, self._ledger.logs, record.slots)
            if tree.root() != record.root:
                # The heads of the next epoch are stored, but its checkpoint is not signed yet.
                if snapshot.head(SUPER_SLOT).size > published.size:
                    return None, None
                raise VerificationError(
                    f"published heads: lead to epoch root {tree.root().hex()},"
                    f" epoch {record.epoch} has {record.root.hex()}"
                )
            self._known = (published, record, tree)
        return self._known[1], self._known[2]
