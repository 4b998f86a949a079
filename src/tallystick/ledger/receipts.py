"""Receipts: everything that proves one entry, as of the last published epoch."""

from tallystick.ledger.epochs import Epochs
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Place, Snapshot
from tallystick.ledger.published import latest
from tallystick.verify.receipt import Receipt, build


class Receipts:
    """Issues receipts; the tree of the last epoch is kept between them.

    Args:
        ledger: The ledger.
        epochs: Proves what its epochs say; its own where None.
    """

    def __init__(self, ledger: Ledger, epochs: Epochs | None = None) -> None:
        self._ledger = ledger
        self._epochs = epochs or Epochs(ledger)

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
        if published is None:
            return None
        # As of the published epoch: heads of the next one are stored before its checkpoint is.
        size = self._epochs.size(snapshot, log.slot, published.epoch) or 0
        if place.index >= size:
            return None
        epoch = self._epochs.last(snapshot)
        opened = reader.open(snapshot, log, entry)
        return build(
            origin=ledger.logs.origin(log),
            index=place.index,
            size=size,
            entry=entry.leaf or b"",
            values=opened.values,
            inclusion=reader.inclusion(snapshot, log.slot, place.index, size),
            slots_proof=self._epochs.path(snapshot, epoch, log.slot),
            epoch_record=epoch.record,
            record_index=epoch.index,
            record_proof=reader.inclusion(snapshot, epoch.slot, epoch.index, published.size),
            checkpoint_note=published.note,
        )
