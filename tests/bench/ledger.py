"""What stands in a ledger afterwards: how fast ``fsck`` reads it, and how big it is."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import thread_time

from bench.deployment import VIA, checkpoint, new_tenant, scratch_folder, temporary_house
from bench.figure import Better, Figure
from bench.load import BATCH, Load
from bench.reference import Reference, around
from tallystick.events.canonical import MAX_DEPTH, decode
from tallystick.events.parsing import parse_event, to_builtins
from tallystick.ledger.inspection import Inspection
from tallystick.wiring import DATABASE, House


def fsck(events: int) -> list[Figure]:
    """Measure entries a second of one core: the tree alone, and with every value opened."""
    with _recorded(events) as (house, _, _):
        with around() as reference:
            tree = _inspect(house, tree_only=True, reference=reference, budget=150_000)
        with around() as reference:
            rows = _inspect(house, reference=reference)
        with around() as reference:
            opened = _inspect(house, disclosures=True, reference=reference, budget=25_000)
    return [tree, rows, opened]


def size(events: int) -> list[Figure]:
    """Measure the database on disk, everything in it, by the JSON that was sent."""
    with _recorded(events) as (_, folder, (sent, people)):
        stored = (folder / DATABASE).stat().st_size
        waiting = (folder / f"{DATABASE}-wal").stat().st_size
    each = (
        f"{stored / events:,.0f} B an event, {people / events:.0%} of people new; beside it"
        f" {waiting / 1e6:,.0f} MB of write-ahead log, which is used again"
    )
    return [Figure("ledger size", stored / sent, "x JSON", None, Better.LESS, 2.2, each)]


@contextmanager
def _recorded(events: int) -> Iterator[tuple[House, Path, tuple[int, int]]]:
    """Record the reference load; yields house, folder, and (bytes sent, people met)."""
    load, sent = Load(seed=1), 0
    with scratch_folder() as folder, temporary_house(folder) as house:
        tenant = new_tenant(house)
        for number in range(events // BATCH):
            (body,) = load.bodies(1)
            sent += len(body)
            raws = decode(body, max_depth=MAX_DEPTH + 1)
            assert isinstance(raws, list)
            parsed = [to_builtins(parse_event(raw)) for raw in raws]
            house.ledger.record(tenant, "audit", parsed, VIA).result()
            if number % 100 == 0:
                checkpoint(house)
        house.publisher.publish()
        checkpoint(house)
        yield house, folder, (sent, load.people)


def _inspect(
    house: House,
    *,
    reference: Reference,
    tree_only: bool = False,
    disclosures: bool = False,
    budget: float | None = None,
) -> Figure:
    with house.ledger.drivers.store.read() as snapshot:
        started = thread_time()
        inspection = Inspection(house.ledger, tree_only=tree_only, disclosures=disclosures)
        result = inspection.run(snapshot)
        spent = thread_time() - started
    assert not result.findings
    kind = "tree only" if tree_only else "disclosures" if disclosures else "with rows"
    rate = result.entries / spent
    note = f"{result.entries:,} entries, {result.opened:,} values opened; CPU time of one core"
    return Figure(
        f"fsck, {kind}", rate, "entries/s", rate / reference.rate, budget=budget, note=note
    )
