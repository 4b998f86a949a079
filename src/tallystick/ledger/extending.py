"""Whether logs extend what is published of them: recomputed from leaf bytes, nothing believed."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Final

from tallystick.errors import ConflictError, VerificationError
from tallystick.ledger.logs import Logs
from tallystick.ledger.ports import Entry, Head, Log, Snapshot
from tallystick.ledger.reader import read_forward
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.tree import Frontier

_NOTHING: Final = Frontier()
_AT_ONCE: Final = 8_192


def grown_logs(
    snapshot: Snapshot, logs: Logs, every: Sequence[Log], published: Mapping[int, Frontier]
) -> dict[int, Frontier]:
    """Recompute every log that grew since its published head.

    Args:
        snapshot: The store.
        logs: Names them.
        every: The logs.
        published: By slot, the frontier of the published head.

    Returns:
        By slot, the frontier of each log that grew.

    Raises:
        VerificationError: A log does not extend its published head.
        ConflictError: An entry was pruned before it was published.
    """
    grown: dict[int, Frontier] = {}
    for log in every:
        head = snapshot.head(log.slot)
        old = published.get(log.slot, _NOTHING)
        if head.size == old.size and (head.root == old.root() or not head.size):
            continue
        grown[log.slot] = _extended(snapshot, logs.origin(log), log, old, head)
    return grown


def _extended(snapshot: Snapshot, origin: str, log: Log, old: Frontier, head: Head) -> Frontier:
    if head.size < old.size:
        raise VerificationError(f"{origin}: {head.size:,} entries, but {old.size:,} are published")
    grown = old
    entries = read_forward(snapshot, log.slot, old.size, head.size)
    # After a long silence, or an import, millions may be new: they are never held together.
    while hashes := [_rehash(entry) for entry in islice(entries, _AT_ONCE)]:
        grown = grown.extend(hashes)
    if grown.root() != head.root:
        raise VerificationError(
            f"{origin}: entries lead to root {grown.root().hex()}, head has {head.root.hex()}"
        )
    return grown


def _rehash(entry: Entry) -> bytes:
    if entry.leaf is None:
        raise ConflictError(f"entry {entry.index:,}: pruned before it was published")
    return leaf_hash(entry.leaf)
