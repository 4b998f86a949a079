"""Whether each head can be that of a log, and its frontier that of its root."""

from collections.abc import Iterator, Sequence

from tallystick.errors import MalformedError
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Log, Snapshot
from tallystick.ledger.published import PUBLISHING
from tallystick.ledger.queries import as_bytes, as_int
from tallystick.tlog.tree import Frontier
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


def check_frontiers(ledger: Ledger, snapshot: Snapshot, logs: Sequence[Log]) -> Iterator[Finding]:
    """Check that each frontier that commits and epochs start from leads to the root beside it."""
    names = {log.slot: ledger.logs.origin(log) for log in logs}
    stored = [(log.slot, "head", *snapshot.head(log.slot)[:3]) for log in logs]
    for slot, epoch, size, root, frontier in snapshot.rows(PUBLISHING["published"]):
        who = f"epoch {as_int(epoch)}"
        stored.append((as_int(slot), who, as_int(size), as_bytes(root), as_bytes(frontier)))
    for slot, who, size, root, frontier in stored:
        try:
            leads = Frontier.decode(size, frontier).root()
        except MalformedError:
            leads = b""
        if leads != root:
            what = f"{who}: its frontier does not lead to its root {root.hex()}"
            yield Finding(Verdict.TAMPERED, names.get(slot, f"slot {slot}"), None, what)
