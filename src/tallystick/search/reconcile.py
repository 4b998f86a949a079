"""Hold the events table against the ledger, log by log and id by id, and mend what differs.

Whoever can write to the engine can hide a row, double it, or slip one in. This finds it; what a
row says of its event is not compared, a rebuild makes that anew.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Final

from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Log
from tallystick.search.building import Builder
from tallystick.search.follow import EventsFollower
from tallystick.search.plan import Stretch, parked

PAGE: Final = 50_000
_ROWS: Final = 2_000
"""So many are made anew in one step: what was recorded meanwhile does not wait long."""
_SHOWN: Final = 100
"""So many findings are told one by one."""


@dataclass(slots=True)
class Differences:
    """What was found, and mended.

    Attributes:
        entries: Entries of the ledger that were looked at.
        missing: How many of them had no row.
        wrong: How many had more than one, or one of another event.
        foreign: Rows of no entry.
        findings: The first of them, in words.
    """

    entries: int = 0
    missing: int = 0
    wrong: int = 0
    foreign: int = 0
    findings: list[str] = field(default_factory=list)

    @property
    def any(self) -> bool:
        """Whether the table was not as the ledger says."""
        return bool(self.missing or self.wrong or self.foreign)

    def members(self) -> dict[str, object]:
        """Write it as JSON builtins."""
        return asdict(self)

    def tell(self, finding: str) -> None:
        """Add a finding in words, as long as there is room."""
        if len(self.findings) < _SHOWN:
            self.findings.append(finding)


class Reconciliation:
    """Compares and mends, a stretch at a time, between two batches of the follower.

    Args:
        ledger: What is true.
        follower: Who keeps the table; no plan of it may be half done.
        page: Entries of one step.
    """

    def __init__(self, ledger: Ledger, follower: EventsFollower, page: int = PAGE) -> None:
        self.found = Differences()
        self._ledger = ledger
        self._store = ledger.drivers.store
        self._follower = follower
        self._table = follower.table
        self._builder = Builder(ledger)
        self._page = page

    def steps(self) -> Iterator[tuple[int, int]]:
        """Yield (entries done, in all) after each step.

        Raises:
            EngineAwayError: The engine can't do it just now; begin again later.
        """
        with self._store.read() as snapshot:
            ends = {slot: next_ for slot, (next_, _) in self._follower.cursors(snapshot).items()}
            logs = [log for log in self._ledger.logs.every(snapshot) if log.slot in ends]
        total = sum(ends.values())
        for log in logs:
            for start in range(0, ends[log.slot], self._page):
                stop = min(start + self._page, ends[log.slot])
                for _ in self._compare(log, start, stop):
                    yield self.found.entries, total
                self.found.entries += stop - start
                yield self.found.entries, total
        self._count({log.slot: log for log in logs})
        yield total, total

    def _compare(self, log: Log, start: int, stop: int) -> Iterator[None]:
        with self._store.read() as snapshot:
            want = {it.index: it.event_id for it in snapshot.entries(log.slot, start, stop)}
            passed = {i for slot, i, _ in parked(snapshot, self._follower.name) if slot == log.slot}
        rows = self._table.ids(log, start, stop)
        there = Counter(index for index, _ in rows)
        missing = [index for index in want if index not in there and index not in passed]
        wrong = {index for index, event_id in rows if want.get(index) != event_id}
        wrong |= {index for index, count in there.items() if count > 1 or index in passed}
        for index in missing:
            self.found.tell(f"log {log.hex}: entry {index:,} had no row")
        for index in sorted(wrong):
            self.found.tell(f"log {log.hex}: entry {index:,} had {there[index]} rows, or another's")
        self.found.missing += len(missing)
        self.found.wrong += len(wrong)
        if wrong:
            self._table.drop_entries(log.slot, sorted(wrong))
        return self._mend(log, sorted({*missing, *wrong} - passed))

    def _mend(self, log: Log, again: list[int]) -> Iterator[None]:
        for start in range(0, len(again), _ROWS):
            indexes = again[start : start + _ROWS]
            stretches = [Stretch(log.slot, index, index + 1) for index in indexes]
            with self._store.read() as snapshot:
                built = self._builder.build(snapshot, stretches)
            if built.rows:
                self._table.insert(built.rows, self._ledger.drivers.entropy.draw(16).hex())
            yield

    def _count(self, logs: dict[int, Log]) -> None:
        """Find rows where no entry is: beyond a log's end, of another tenant, of no log."""
        with self._store.read() as snapshot:
            cursors = self._follower.cursors(snapshot)
            passed = Counter(slot for slot, _, _ in parked(snapshot, self._follower.name))
        strange: list[int] = []
        for slot, there in sorted(self._table.counts().items()):
            want = cursors[slot][0] - passed[slot] if slot in cursors else 0
            if there.rows != want:
                self.found.foreign += max(there.rows - want, 1)
                where = f"log {logs[slot].hex}" if slot in logs else f"slot {slot}"
                self.found.tell(f"{where}: {there.rows:,} rows, want {want:,}")
                strange.append(slot)
        self._follower.start_over(strange, filled=set(strange))
