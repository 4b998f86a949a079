"""All that the follower of the events table has to do, a turn at a time."""

import json
from collections.abc import Iterator
from dataclasses import replace

from tallystick.ledger.ledger import Ledger
from tallystick.search.errands import Errand, move, next_open
from tallystick.search.follow import BATCH, EventsFollower
from tallystick.search.ports import Engine
from tallystick.search.rebuild import Rebuild
from tallystick.search.reconcile import Reconciliation
from tallystick.search.scrub import Scrubber
from tallystick.search.table import EVENTS, NEXT, Table


class Duty:
    """What one follower process does; there is never more than one of it.

    Args:
        ledger: Whom to follow.
        engine: Where the events table lies.
        batch: Most entries of one batch.
    """

    def __init__(self, ledger: Ledger, engine: Engine, batch: int = BATCH) -> None:
        self._ledger = ledger
        self._store = ledger.drivers.store
        self._engine = engine
        self._batch = batch
        self._table = Table(engine, EVENTS)
        self._has_begun = False
        self.begin_again()

    def begin_again(self) -> None:
        """Forget what was under way, and trust the table no more until it was looked at."""
        self._follower = EventsFollower(self._ledger, self._table, batch=self._batch)
        self._scrubber = Scrubber(self._ledger)
        self._rebuild: Rebuild | None = None
        self._comparing: tuple[Reconciliation, Iterator[tuple[int, int]]] | None = None
        self._has_begun = False

    def turn(self) -> int:
        """Do what is due; return how many entries were followed.

        Raises:
            EngineAwayError: The engine can't take it just now.
            VerificationError: An entry is gone from the ledger.
        """
        if not self._has_begun:
            self._begin()
        followed = self._follower.step()
        with self._store.read() as snapshot:
            errand = next_open(snapshot)
        self._scrubber.step(self._tables(errand))
        # What was planned and what is scrubbed come first: an errand may not meet it half done.
        half_done = self._scrubber.is_half_done or self._follower.is_planned()
        if errand is not None and not half_done:
            self._run(errand)
        return followed

    def _begin(self) -> None:
        self._follower.make()
        with self._store.read() as snapshot:
            errand = next_open(snapshot)
        if errand is not None and errand.state == "exchanging":
            # Nothing else knows which table the cursors are of.
            Rebuild(self._ledger, self._engine).exchange(errand)
            errand = None
        if errand is None or errand.kind != "rebuild":
            Table(self._engine, NEXT).drop()  # what a rebuild that was cut off at its end left
        self._follower.begin()
        while self._scrubber.step(self._tables(errand)):
            pass
        self._follower.check()
        self._has_begun = True

    def _tables(self, errand: Errand | None) -> list[Table]:
        """Return every table that may hold rows."""
        is_filled = errand is not None and errand.kind == "rebuild" and errand.state == "running"
        if is_filled and self._rebuild_of().table.exists():
            return [self._table, self._rebuild_of().table]
        return [self._table]

    def _run(self, errand: Errand) -> None:
        if errand.kind == "reconcile":
            self._compare(errand)
            return
        moved = self._rebuild_of().step(errand)
        if moved.has_ended:
            self.begin_again()

    def _rebuild_of(self) -> Rebuild:
        if self._rebuild is None:
            self._rebuild = Rebuild(self._ledger, self._engine, self._batch)
        return self._rebuild

    def _compare(self, errand: Errand) -> None:
        if self._comparing is None:
            comparison = Reconciliation(self._ledger, self._follower)
            self._comparing = comparison, comparison.steps()
        comparison, steps = self._comparing
        progress = next(steps, None)
        if progress is not None:
            done, total = progress
            moved = replace(errand, state="running", done=done, total=total)
        else:
            self._comparing = None
            note = json.dumps(comparison.found.members())
            moved = replace(errand, state="done", note=note, done=errand.total)
        with self._store.write() as tx:
            move(tx, moved)
