"""Whether each epoch names the checkpoint that was published before it."""

from collections.abc import Iterable
from hashlib import sha256

from tallystick.errors import VerificationError
from tallystick.ledger.ports import Row
from tallystick.ledger.queries import as_int, as_text
from tallystick.tlog.hashing import HASH_SIZE
from tallystick.verify.records import EpochRecord


class PublishedNotes:
    """The published checkpoints by epoch; ask it for the records in their order.

    Args:
        rows: Those of the query ``checkpoints``.
    """

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._names = [
            (as_int(epoch), sha256(as_text(note).encode()).digest())
            for _, epoch, _, note, _ in rows
        ]
        self._next = 0
        self._before = bytes(HASH_SIZE)
        self._earlier = {self._before}

    def check(self, record: EpochRecord) -> None:
        """Check what a record names as published before it.

        Raises:
            VerificationError: It is another checkpoint than the newest of an earlier epoch.
        """
        while self._next < len(self._names) and self._names[self._next][0] < record.epoch:
            self._before = self._names[self._next][1]
            self._earlier.add(self._before)
            self._next += 1
        if record.previous == self._before:
            return
        published = self._names[self._next : self._next + 1]
        # Two publishers at once: the one that lost leaves a record that was made beside the
        # other's checkpoint, and was never signed as the last.
        if record.previous in self._earlier and not (published and published[0][0] == record.epoch):
            return
        raise VerificationError(
            f"epoch {record.epoch}: names checkpoint {record.previous.hex()} before it,"
            f" want {self._before.hex()}"
        )
