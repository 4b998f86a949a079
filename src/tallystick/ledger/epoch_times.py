"""The times of all epochs, and what they say about when the entries of a log were received."""

from array import array
from collections.abc import Iterator, Sequence

from tallystick.errors import TallystickError
from tallystick.ledger.ports import Log, Snapshot
from tallystick.ledger.published import PUBLISHING
from tallystick.ledger.queries import as_int
from tallystick.verify.received import TOLERANCE_S, Window
from tallystick.verify.records import EPOCH, EpochRecord

_SECOND = 1_000_000


class EpochTimes:
    """What the epoch records of all super-logs say of time, up to the first that is not in order.

    Args:
        snapshot: The store.
        super_logs: The super-logs in their order.
    """

    def __init__(self, snapshot: Snapshot, super_logs: Sequence[Log]) -> None:
        self._snapshot = snapshot
        self._made = array("q")
        self._latest = array("q")
        for time_s in _times(snapshot, super_logs):
            self._made.append(time_s)
            # A clock that is set back leaves the entries ahead of it until it has caught up.
            self._latest.append(max(time_s, self._latest[-1] if self._latest else 0))

    def windows(self, slot: int) -> list[Window]:
        """Return between which times the entries of a log were received, in order of index.

        Each bound is wider by ``TOLERANCE_S``.
        """
        found: list[Window] = []
        end = 0
        for number, named in self._snapshot.rows(PUBLISHING["sizes_of"], slot=slot):
            epoch, size = as_int(number), as_int(named)
            if size > end and epoch < len(self._made):
                end = size
                found.append(Window(size, epoch, self._earliest(epoch), self._until(epoch)))
        return found

    def _earliest(self, epoch: int) -> int:
        if not epoch:
            return 0
        # Of the two, for the clock may have been set back between them.
        made_s = min(self._made[epoch - 1], self._made[epoch])
        return (made_s - TOLERANCE_S) * _SECOND

    def _until(self, epoch: int) -> int:
        return (self._latest[epoch] + 1 + TOLERANCE_S) * _SECOND


def _times(snapshot: Snapshot, super_logs: Sequence[Log]) -> Iterator[int]:
    """Yield the times of the epochs; what is not in order is reported where they are checked."""
    want = 0
    for log in super_logs:
        for entry in snapshot.entries(log.slot, 0, snapshot.head(log.slot).size):
            if entry.leaf is None or not entry.leaf.startswith(EPOCH.encode()):
                continue
            try:
                record = EpochRecord.parse(entry.leaf.decode())
            except (TallystickError, UnicodeDecodeError):
                return
            if record.epoch != want or record.time_s > _LAST_S:
                return
            yield record.time_s
            want += 1


_LAST_S = 253_402_300_799 - 10 * TOLERANCE_S
"""The end of the year 9999, behind which no time of receipt can be written."""
