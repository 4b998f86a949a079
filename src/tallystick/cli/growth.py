"""When entries came: in a log, times of receipt never run backwards, so they can be searched."""

from bisect import bisect_left
from datetime import UTC, datetime, timedelta

from tallystick.ledger.opening import read_leaf
from tallystick.ledger.ports import Log, Snapshot

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def first_since(snapshot: Snapshot, log: Log, moment: int) -> int:
    """Return the index of the first entry received at or after a moment; the size if none was.

    Args:
        snapshot: The store.
        log: The log.
        moment: Microseconds since 1970-01-01T00:00:00Z.
    """
    size = snapshot.head(log.slot).size
    indices = range(size)
    return bisect_left(indices, moment, key=lambda index: received_at(snapshot, log, index))


def received_at(snapshot: Snapshot, log: Log, index: int) -> int:
    """Return when an entry was received, in microseconds since 1970; 0 where it is pruned."""
    for entry in snapshot.entries(log.slot, index, index + 1):
        if entry.leaf is not None:
            told = read_leaf(entry.leaf).get("received_at")
            moment = datetime.fromisoformat(str(told))
            return (moment - _EPOCH) // timedelta(microseconds=1)
    return 0
