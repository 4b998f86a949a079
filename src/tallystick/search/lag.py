"""How far the events table is behind the ledger."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

from tallystick.ledger.follower import CURSORS
from tallystick.ledger.opening import read_leaf
from tallystick.ledger.ports import Log, Snapshot
from tallystick.ledger.queries import as_int
from tallystick.search.plan import FOLLOWER

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def lag_ms(snapshot: Snapshot, logs: Iterable[Log], now: int, follower: str = FOLLOWER) -> int:
    """Return the age of the oldest entry that can't be found yet; 0 if all can.

    Args:
        snapshot: The ledger, as it was when the question was asked.
        logs: Which logs were asked about.
        now: Microseconds since 1970-01-01T00:00:00Z.
        follower: Whose cursors tell it.

    Returns:
        Milliseconds, at least 1 if there is such an entry.
    """
    stands = followed(snapshot, follower)
    return max((_lag(snapshot, log, stands.get(log.slot, 0), now) for log in logs), default=0)


def followed(snapshot: Snapshot, follower: str = FOLLOWER) -> dict[int, int]:
    """Return by slot how many entries of each log have been taken over."""
    rows = snapshot.rows(CURSORS["of_follower"], follower=follower)
    return {as_int(slot): as_int(next_) for slot, next_, _ in rows}


def _lag(snapshot: Snapshot, log: Log, next_: int, now: int) -> int:
    if snapshot.head(log.slot).size <= next_:
        return 0
    entry = next(iter(snapshot.entries(log.slot, next_, next_ + 1)), None)
    received = read_leaf(entry.leaf).get("received_at") if entry and entry.leaf else None
    if not isinstance(received, str):
        return 1  # its bytes are pruned, and with them its time
    at = (datetime.fromisoformat(received) - _EPOCH) // timedelta(microseconds=1)
    return max(1, (now - at) // 1_000)
