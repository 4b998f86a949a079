"""Where the time of recording goes: the path of a door, stage by stage, in one thread.

``python -m bench --profile`` runs it: first timed, then under cProfile.
"""

import cProfile
import pstats
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import msgspec

from bench.deployment import VIA, new_tenant, temporary_house
from bench.load import BATCH, Load
from tallystick.events.plain_reading import read_plainly
from tallystick.ledger.batch import Batch, Outcome
from tallystick.wiring import House

BATCHES = 80
WARM = 20
TOP = 25


class Stages:
    """Runs batches through the stages, and adds up how long each takes."""

    def __init__(self, house: House, tenant: int) -> None:
        self.seconds: dict[str, float] = {}
        self._ledger = house.ledger
        with self._ledger.drivers.store.read() as snapshot:
            self._log = self._ledger.logs.stream(snapshot, tenant, "audit")

    def run(self, body: bytes) -> list[Outcome]:
        """Record one request's events, as a door does."""
        with self._timed("read"):
            events = read_plainly(body, as_lines=False)
        assert events is not None
        with self._timed("admit and seal"):
            batch = self._ledger.batch(self._log, events, VIA)
            with self._ledger.drivers.store.read() as snapshot:
                batch.admit(snapshot)
        outcomes = self._commit(batch)
        with self._timed("answer"):
            msgspec.json.encode([(o.status, o.index, o.leaf_hash.hex()) for o in outcomes])
        return outcomes

    def _commit(self, batch: Batch) -> list[Outcome]:
        """Do what the sequencer does in its thread."""
        started = perf_counter()
        with self._ledger.drivers.store.write() as tx:
            with self._timed("reconcile"):
                batch.reconcile(tx)
            with self._timed("integrate, insert"):
                placed = self._ledger.integrator.append(tx, batch.log, batch.sealed)
            inside = perf_counter()
        ended = perf_counter()
        self._add("commit (fsync)", ended - inside)
        self._add("all in the transaction", ended - started)
        batch.committed()
        return batch.settle(placed)

    @contextmanager
    def _timed(self, stage: str) -> Iterator[None]:
        started = perf_counter()
        yield
        self._add(stage, perf_counter() - started)

    def _add(self, stage: str, seconds: float) -> None:
        self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds


def profile(folder: Path) -> None:
    """Print the time of each stage, and the functions that take most of it."""
    load = Load(seed=1)
    with temporary_house(folder) as house:
        stages = Stages(house, new_tenant(house))
        for body in load.bodies(WARM):
            stages.run(body)
        stages.seconds.clear()
        bodies = load.bodies(BATCHES)
        started = perf_counter()
        for body in bodies:
            stages.run(body)
        _print_stages(stages.seconds, perf_counter() - started)
        profiler = cProfile.Profile()
        bodies = load.bodies(BATCHES)
        profiler.enable()
        for body in bodies:
            stages.run(body)
        profiler.disable()
        pstats.Stats(profiler).sort_stats("tottime").print_stats(TOP)
        house.publisher.publish()


def _print_stages(seconds: dict[str, float], in_all: float) -> None:
    events = BATCHES * BATCH
    print(f"{events:,} events in {in_all:.2f} s: {events / in_all:,.0f} events/s, one thread")
    for stage, taken in seconds.items():
        share = taken / in_all
        print(f"  {stage:24} {taken / events * 1e6:7.2f} us an event {share:6.1%}")
