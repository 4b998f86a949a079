"""Make the events table anew from entry 0, while questions go on against the old one.

A follower with cursors of its own fills a second table. When that has nearly caught up, the two
tables are exchanged at once, and then the cursors. Which table bears the name tells, after a
crash, whether the exchange had happened: the new table's identity was written down before.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from tallystick.ledger.follower import CURSORS
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Transaction, Value
from tallystick.search.errands import Errand, move
from tallystick.search.follow import BATCH, EventsFollower
from tallystick.search.plan import FOLLOWER, PLANS, drop_plan, park, parked
from tallystick.search.ports import Engine
from tallystick.search.table import EVENTS, NEXT, Table

_NEXT_FOLLOWER: Final = "search-next"


class Rebuild:
    """Carries one rebuild out, a step at a time.

    Args:
        ledger: What to make the table of.
        engine: Where the tables lie.
        batch: Most entries of one batch.
    """

    def __init__(self, ledger: Ledger, engine: Engine, batch: int = BATCH) -> None:
        self.table = Table(engine, NEXT)
        self._events = Table(engine, EVENTS)
        self._ledger = ledger
        self._store = ledger.drivers.store
        self._batch = batch
        self._filling = EventsFollower(ledger, self.table, _NEXT_FOLLOWER, batch)
        self._has_begun = False

    def step(self, errand: Errand) -> Errand:
        """Do the next part, and write down how far it is; the follower's plan is carried out.

        Raises:
            EngineAwayError: The engine can't do it just now; step again later.
        """
        match errand.state:
            case "asked":
                moved = self._start(errand)
            case "running":
                moved = self._fill(errand)
            case _:
                self._filling.step()  # so that little that could be found is missing meanwhile
                return self.exchange(errand)
        with self._store.write() as tx:
            move(tx, moved)
        return moved

    def exchange(self, errand: Errand) -> Errand:
        """Put the new table in the old one's place, if it is not there yet, and drop the old.

        Where neither table is the new one (a ledger or an engine was put back), it starts again.
        """
        if self._events.identity() != errand.note:
            if self.table.identity() != errand.note:
                return self._ask_again(errand)
            self._events.exchange(self.table)
        with self._store.read() as snapshot:
            cursors = self._filling.cursors(snapshot)
            passed = parked(snapshot, _NEXT_FOLLOWER)
        done = replace(errand, state="done", note="", done=errand.total)
        with self._store.write() as tx:
            _forget(tx, FOLLOWER)
            rows: list[Mapping[str, Value]] = [
                {"follower": FOLLOWER, "slot": slot, "next": next_, "root": root}
                for slot, (next_, root) in cursors.items()
            ]
            tx.execute(CURSORS["move"], rows)
            for slot, index, reason in passed:
                park(tx, FOLLOWER, slot, {index: reason})
            _forget(tx, _NEXT_FOLLOWER)
            move(tx, done)
        self.table.drop()
        return done

    def _ask_again(self, errand: Errand) -> Errand:
        again = replace(errand, state="asked", note="", done=0, total=0)
        with self._store.write() as tx:
            move(tx, again)
        return again

    def _start(self, errand: Errand) -> Errand:
        self.table.drop()
        with self._store.write() as tx:
            _forget(tx, _NEXT_FOLLOWER)
        return replace(errand, state="running")

    def _fill(self, errand: Errand) -> Errand:
        if not self._has_begun:
            self._filling.begin()
            self._filling.check()
            self._has_begun = True
        self._filling.step()
        lag = self._filling.lag()
        with self._store.read() as snapshot:
            done = sum(next_ for next_, _ in self._filling.cursors(snapshot).values())
        moved = replace(errand, done=done, total=done + lag)
        if lag >= self._batch or self._filling.is_planned():
            return moved
        return replace(moved, state="exchanging", note=self.table.identity())


def _forget(tx: Transaction, follower: str) -> None:
    """Forget where a follower stood, and what it passed by."""
    slots = [slot for slot, *_ in tx.rows(CURSORS["of_follower"], follower=follower)]
    slots += [slot for slot, _ in tx.rows(PLANS["parked_counts"], follower=follower)]
    rows: list[Mapping[str, Value]] = [{"follower": follower, "slot": slot} for slot in slots]
    tx.execute(CURSORS["forget"], rows)
    tx.execute(PLANS["unpark"], rows)
    drop_plan(tx, follower)
