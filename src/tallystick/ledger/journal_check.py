"""Whether the journal tells of every entry once, in order."""

from collections.abc import Iterator, Sequence

from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Log, Snapshot
from tallystick.verify.fsck import Finding, Verdict

_PAGE = 2_048


def check_journal(ledger: Ledger, snapshot: Snapshot, logs: Sequence[Log]) -> Iterator[Finding]:
    """Check that each log's rows join up from 0 to its size, and miss none between."""
    reached: dict[int, int] = {}
    seq = 0
    names = {log.slot: ledger.logs.origin(log) for log in logs}
    while extents := snapshot.journal(seq, _PAGE):
        for extent in extents:
            origin = names.get(extent.slot, f"slot {extent.slot}")
            start = reached.get(extent.slot, 0)
            if extent.start != start or extent.end <= extent.start:
                what = (
                    f"journal {extent.seq:,}: [{extent.start:,}, {extent.end:,}),"
                    f" want a start at {start:,}"
                )
                yield Finding(Verdict.TAMPERED, origin, start, what)
            reached[extent.slot] = extent.end
            seq = extent.seq
    for log in logs:
        size, end = snapshot.head(log.slot).size, reached.get(log.slot, 0)
        if end != size:
            what = f"journal: ends at {end:,}, the log at {size:,}"
            yield Finding(Verdict.TAMPERED, names[log.slot], min(end, size), what)
