"""Whether the heads are numbers that a log can have, before anything is read by them."""

from collections.abc import Iterator, Sequence

from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Log, Snapshot
from tallystick.verify.fsck import Finding, Verdict

MAX_SIZE = 1 << 39
"""Half of what an index has room for in an entry's id (ADR 0008)."""


def impossible_heads(ledger: Ledger, snapshot: Snapshot, logs: Sequence[Log]) -> Iterator[Finding]:
    """Yield a finding for each head with a size that no log can have: by it, nothing is read."""
    for log in logs:
        size: object = snapshot.head(log.slot).size  # the file holds what root wrote there
        if not isinstance(size, int) or not 0 <= size <= MAX_SIZE:
            shown = f"{size:,}" if isinstance(size, int) else f"a {type(size).__name__}"
            what = f"head: size {shown}, want a number from 0 to {MAX_SIZE:,}"
            yield Finding(Verdict.TAMPERED, ledger.logs.origin(log), None, what)
