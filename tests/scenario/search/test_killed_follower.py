"""The follower's process is killed at each thing that it leaves behind: each row comes once.

The rows are compared with a plain set of the ledger's entries, which were received in many months.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit import house as kit
from kit.clocks import SteppingClock
from kit.dying_follower import FOLLOWING, REBUILDING, Fate, lives
from kit.engine import EngineProcess, running_engine
from tallystick.search import errands
from tallystick.search.ports import Question
from tallystick.wiring import House

MONTH_US = 31 * 86_400_000_000
OFTEN = 10


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineProcess]:
    with running_engine(tmp_path / "engine") as running:
        yield running


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> SteppingClock:
    clock = SteppingClock()
    monkeypatch.setattr("tallystick.wiring.SystemClock", lambda: clock)
    return clock


@pytest.fixture
def house(tmp_path: Path, clock: SteppingClock) -> Iterator[House]:
    del clock
    house = kit.new_house(tmp_path / "data")
    kit.new_tenant(house)
    yield house
    house.close()


def record(house: House, clock: SteppingClock) -> None:
    """Record what makes several batches, each of which spans months."""
    tenant = kit.tenant_of(house, "acme")
    for number in range(8):
        event = {
            "action": "document.deleted",
            "occurred_at": f"2026-11-24T10:00:{number:02d}Z",
            "actor": {"type": "user", "id": f"u{number}"},
        }
        kit.record(house, tenant, *(event for _ in range(40)))
        clock.time += MONTH_US


def entries(house: House) -> Counter[tuple[object, ...]]:
    with house.ledger.drivers.store.read() as snapshot:
        return Counter(
            (log.slot, entry.index, entry.event_id)
            for log in house.ledger.logs.every(snapshot)
            for entry in snapshot.entries(log.slot, 0, snapshot.head(log.slot).size)
        )


def rows(engine: EngineProcess) -> Counter[tuple[object, ...]]:
    answer = engine.driver.ask(Question("SELECT slot, `index`, id FROM events"))
    return Counter(answer.rows)


def ask_for_a_rebuild(house: House) -> None:
    with house.ledger.drivers.store.write() as tx:
        errands.ask(tx, "rebuild")


def fate(house: House, engine: EngineProcess, point: str = "", spared: int = 0) -> Fate:
    return Fate(str(house.settings.data), engine.port, point, spared)


def test_killed_once_at_every_point_of_a_batch_it_leaves_each_row_once(
    house: House, engine: EngineProcess, clock: SteppingClock
) -> None:
    for spared, point in enumerate(FOLLOWING):
        record(house, clock)
        assert not lives(fate(house, engine, point, spared % 2))

    assert lives(fate(house, engine))
    assert rows(engine) == entries(house)


@pytest.mark.slow
@pytest.mark.parametrize("point", FOLLOWING)
def test_killed_again_and_again_it_leaves_each_row_once(
    house: House, engine: EngineProcess, clock: SteppingClock, point: str
) -> None:
    for number in range(OFTEN):
        record(house, clock)
        assert not lives(fate(house, engine, point, number % 3))

    assert lives(fate(house, engine))
    assert rows(engine) == entries(house)


@pytest.mark.slow
@pytest.mark.parametrize(("point", "spared"), REBUILDING)
def test_killed_again_and_again_while_it_makes_the_table_anew_it_leaves_each_row_once(
    house: House, engine: EngineProcess, clock: SteppingClock, point: str, spared: int
) -> None:
    record(house, clock)
    killed = survived = 0
    while killed < OFTEN:
        ask_for_a_rebuild(house)
        if lives(fate(house, engine, point, spared)):
            survived += 1
        else:
            killed += 1
        assert survived <= OFTEN  # behind the exchange, every other life only brings it to its end

    assert lives(fate(house, engine))
    assert rows(engine) == entries(house)
