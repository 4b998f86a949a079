"""The follower that keeps the events table: it writes, and nobody else does.

Each batch is written down as a plan, inserted, and then passed by the cursors; whatever stops the
process or the engine in between, the same rows come of it, each once.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from tallystick.ledger.follower import CURSORS, Following, leads_here, root_at
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Snapshot, Transaction, Value
from tallystick.ledger.queries import as_int
from tallystick.search.building import Builder, Built
from tallystick.search.plan import (
    FOLLOWER,
    PLANS,
    Plan,
    drop_plan,
    park,
    shares,
    store_plan,
    stored_plan,
)
from tallystick.search.ports import RefusedError
from tallystick.search.table import Table
from tallystick.tlog.hashing import EMPTY_ROOT

BATCH: Final = 10_000
"""Most entries of one batch."""
MAX_BYTES: Final = 24 << 20
"""About as many bytes of entries and disclosures has one batch at most."""


class EventsFollower:
    """Moves the events table forward.

    Args:
        ledger: Whom to follow.
        table: What to keep.
        name: Names the cursors and the plan.
        batch: Most entries of one batch.
    """

    def __init__(
        self, ledger: Ledger, table: Table, name: str = FOLLOWER, batch: int = BATCH
    ) -> None:
        self.name = name
        self.table = table
        self._ledger = ledger
        self._store = ledger.drivers.store
        self._builder = Builder(ledger)
        self._batch = batch
        self._following = Following(ledger.logs, name)
        self._due: set[int] = set()

    def begin(self) -> None:
        """Make the table where it is not there, and finish what was planned."""
        self.make()
        while self.is_planned():
            self.step()

    def make(self) -> None:
        """Make the table where it is not there.

        What its cursors claim is forgotten before: an empty table would answer in their name.
        """
        if not self.table.exists():
            with self._store.read() as snapshot:
                slots = list(self.cursors(snapshot))
            self.start_over(slots, filled=set())
            self.table.create()

    def check(self) -> list[int]:
        """Hold the table against the cursors.

        A table that has not the rows that the cursors claim (it is new, was lost, or the ledger
        was put back) is made again, log by log. Call it when no plan and no scrubbing is half
        done, and the table has each row once.

        Returns:
            The slots of the logs that start again.
        """
        counts = self.table.counts()
        with self._store.read() as snapshot:
            cursors = self.cursors(snapshot)
            rows = snapshot.rows(PLANS["parked_counts"], follower=self.name)
        parked = {as_int(slot): as_int(count) for slot, count in rows}
        wrong: list[int] = []
        for slot in sorted({*cursors, *counts}):
            want = cursors[slot][0] - parked.get(slot, 0) if slot in cursors else 0
            there = counts[slot].rows if slot in counts else 0
            if there != want or (slot in counts and counts[slot].stop > cursors[slot][0]):
                wrong.append(slot)
        self.start_over(wrong, filled=set(counts))
        return wrong

    def step(self) -> int:
        """Take over one batch; return how many entries it has, 0 if there was nothing to do.

        Raises:
            EngineAwayError: The engine can't take it just now; step again later.
            VerificationError: An entry is gone from the ledger.
        """
        with self._store.read() as snapshot:
            plan = stored_plan(snapshot, self.name)
            if plan is not None:
                if not self._fits(snapshot, plan):
                    slots = [stretch.slot for stretch in plan.stretches]
                    return self.start_over(slots, filled=set(slots))
                built = self._builder.build(snapshot, plan.stretches)
            else:
                changed = self._find_due(snapshot)
                if changed:
                    return self.start_over(changed, filled=set(changed))
                built = self._next(snapshot)
                if not built.stretches:
                    return 0
        if plan is None:
            plan = Plan(self._token(), tuple(built.stretches))
            with self._store.write() as tx:
                store_plan(tx, self.name, plan)
        return self._carry_out(plan, built)

    def start_over(self, slots: Iterable[int], filled: set[int]) -> int:
        """Drop all rows of some logs; their entries come again from index 0.

        Args:
            slots: Which logs.
            filled: Those that may have rows.

        Returns:
            0, the number of entries that were taken over by it.
        """
        again = list(slots)
        for slot in again:
            if slot in filled:
                self.table.drop_log(slot)
        if again:
            with self._store.write() as tx:
                rows: list[Mapping[str, Value]] = [
                    {"follower": self.name, "slot": slot} for slot in again
                ]
                tx.execute(CURSORS["forget"], rows)
                tx.execute(PLANS["unpark"], rows)
                drop_plan(tx, self.name)
            self._due.update(again)
        return 0

    def lag(self) -> int:
        """Count the integrated entries that are not in the table yet."""
        with self._store.read() as snapshot:
            return self._following.lag(snapshot)

    def is_planned(self) -> bool:
        """Whether a batch is written down and not carried out yet."""
        with self._store.read() as snapshot:
            return stored_plan(snapshot, self.name) is not None

    def cursors(self, snapshot: Snapshot) -> dict[int, tuple[int, bytes]]:
        """Return where the follower stands in each log."""
        return self._following.cursors(snapshot)

    def _next(self, snapshot: Snapshot) -> Built:
        cursors = self.cursors(snapshot)
        starts = {slot: cursors[slot][0] if slot in cursors else 0 for slot in self._due}
        sizes = {slot: snapshot.head(slot).size for slot in self._due}
        self._due = {slot for slot in self._due if sizes[slot] > starts[slot]}
        chosen = shares(starts, sizes, self._due, self._batch)
        return self._builder.build(snapshot, chosen, MAX_BYTES)

    def _carry_out(self, plan: Plan, built: Built) -> int:
        try:
            if built.rows:
                self.table.insert(built.rows, plan.token)
        except RefusedError as error:
            return self._narrow(plan, str(error))
        with self._store.write() as tx:
            self._advance(tx, plan, built.parked)
        return plan.size

    def _narrow(self, plan: Plan, reason: str) -> int:
        """Try the first half of what was refused; of one entry alone, park it."""
        with self._store.write() as tx:
            if plan.size > 1:
                store_plan(tx, self.name, plan.half(self._token()))
                return 0
            slot, start, _ = plan.stretches[0]
            self._advance(tx, plan, {slot: {start: reason}})
        return 1

    def _advance(
        self, tx: Transaction, plan: Plan, parked: Mapping[int, Mapping[int, str]]
    ) -> None:
        """Move the cursors past a plan, in the transaction that drops it."""
        rows: list[dict[str, Value]] = []
        for slot, _, stop in plan.stretches:
            root = root_at(tx, slot, stop)
            rows.append({"follower": self.name, "slot": slot, "next": stop, "root": root})
        tx.execute(CURSORS["move"], rows)
        for slot, reasons in parked.items():
            park(tx, self.name, slot, reasons)
        drop_plan(tx, self.name)

    def _find_due(self, snapshot: Snapshot) -> list[int]:
        """Ask the journal what has grown; return the logs whose past is another than it was."""
        grown = self._following.grown(snapshot)
        self._due |= grown
        cursors = self.cursors(snapshot)
        return [slot for slot in sorted(grown) if not leads_here(snapshot, slot, cursors)]

    def _fits(self, snapshot: Snapshot, plan: Plan) -> bool:
        """Whether the ledger still has what was planned, behind what the cursors passed."""
        cursors = self.cursors(snapshot)
        return all(
            cursors.get(slot, (0, EMPTY_ROOT))[0] == start
            and snapshot.head(slot).size >= stop
            and leads_here(snapshot, slot, cursors)
            for slot, start, stop in plan.stretches
        )

    def _token(self) -> str:
        return self._ledger.drivers.entropy.draw(16).hex()
