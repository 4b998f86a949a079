"""The real engine is killed at any moment: the same rows come of it, in whatever months."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Event, Thread

import pytest

from kit import house as kit
from kit.clocks import SteppingClock
from kit.engine import EngineProcess, running_engine
from kit.forensics import traces
from tallystick.access.erasing import erase
from tallystick.errors import PushbackError
from tallystick.search import errands
from tallystick.search.duty import Duty
from tallystick.search.erasures import tenants_waiting
from tallystick.search.follow import EventsFollower
from tallystick.search.ports import Question
from tallystick.search.table import EVENTS, Table
from tallystick.wiring import House

MONTH_US = 31 * 86_400_000_000
EMAIL = "zoe@victim.example"
PATIENCE_S = 120.0
LAZY = """
from tallystick.drivers.chdb import library
library._DROPS, library._DROPS_S = {}, 0
"""


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineProcess]:
    with running_engine(tmp_path / "engine") as running:
        yield running


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A ledger whose entries were received in three months."""
    clock = SteppingClock()
    monkeypatch.setattr("tallystick.wiring.SystemClock", lambda: clock)
    house = kit.new_house(tmp_path / "data")
    tenant = kit.new_tenant(house)
    for _ in range(3):
        kit.record(house, tenant, *(event(number) for number in range(400)))
        clock.time += MONTH_US
    yield house
    house.close()


def event(number: int) -> dict[str, object]:
    user = number % 40
    zoe = {"email": EMAIL} if user == 1 else {}
    return {
        "action": "document.deleted",
        "occurred_at": f"2026-11-24T10:00:{number % 60:02d}Z",
        "actor": {"type": "user", "id": f"u{user}", **zoe},
        "message": f"number {number} by {EMAIL}" if user == 1 else f"number {number}",
    }


def entries(house: House) -> Counter[tuple[int, int, bytes]]:
    with house.ledger.drivers.store.read() as snapshot:
        return Counter(
            (log.slot, entry.index, entry.event_id)
            for log in house.ledger.logs.every(snapshot)
            for entry in snapshot.entries(log.slot, 0, snapshot.head(log.slot).size)
        )


def rows(engine: EngineProcess) -> Counter[tuple[object, ...]]:
    answer = engine.driver.ask(Question("SELECT slot, `index`, id FROM events"))
    return Counter(answer.rows)


def work(house: House, engine: EngineProcess, batch: int = 97) -> None:
    """Do all that is to be done, however often the engine is away."""
    duty = Duty(house.ledger, engine.driver, batch)
    deadline = time.monotonic() + PATIENCE_S
    while has_work(house, engine):
        assert time.monotonic() < deadline
        try:
            duty.turn()
        except PushbackError:
            duty.begin_again()
            time.sleep(0.05)


def has_work(house: House, engine: EngineProcess) -> bool:
    follower = EventsFollower(house.ledger, Table(engine.driver, EVENTS))
    with house.ledger.drivers.store.read() as snapshot:
        is_asked = errands.next_open(snapshot) is not None or bool(tenants_waiting(snapshot))
    return is_asked or follower.lag() > 0


def kill_again_and_again(engine: EngineProcess, stopping: Event) -> None:
    """Kill it, at first soon after it is there, and ever later, until there is no more to do."""
    pause_s = 0.05
    while not stopping.wait(pause_s):
        engine.kill()
        engine.start()
        pause_s *= 1.6


def test_one_batch_that_spans_months_is_there_once(house: House, engine: EngineProcess) -> None:
    work(house, engine, batch=5_000)

    months = engine.driver.ask(Question("SELECT uniqExact(toYYYYMM(received_at)) FROM events"))
    assert months.rows[0][0] >= 3
    assert rows(engine) == entries(house)


def test_killed_while_it_is_filled_rebuilt_and_scrubbed_it_has_every_row_once(
    house: House, engine: EngineProcess
) -> None:
    stopping = Event()
    killer = Thread(target=kill_again_and_again, args=(engine, stopping))
    killer.start()
    try:
        work(house, engine)
        with house.ledger.drivers.store.write() as tx:
            errands.ask(tx, "rebuild")
        erase(house.ledger, kit.tenant_of(house, "acme").number, "u1", "asked", "cli")
        work(house, engine)
    finally:
        stopping.set()
        killer.join()
    engine.wait_until_up()

    work(house, engine)

    assert rows(engine) == entries(house)
    assert traces(engine.folder, [EMAIL]) == []


def test_a_table_that_a_crash_left_half_dropped_is_named_while_it_is_there_and_goes(
    house: House, engine: EngineProcess
) -> None:
    work(house, engine)
    table = Table(engine.driver, EVENTS)
    place = engine.folder / "store" / table.identity()[:3] / table.identity()
    assert traces(place, [EMAIL])
    engine.kill()
    # Where a drop moves the table's statement first, and goes on from at the next start.
    (statement,) = engine.folder.glob("store/*/*/events.sql")
    dropped = engine.folder / "metadata_dropped" / f"tallystick.events.{place.name}.sql"
    dropped.parent.mkdir(exist_ok=True)
    statement.rename(dropped)

    engine.start(before=LAZY)
    assert table.old_parts() == {place.name}

    engine.kill()
    engine.start()
    assert table.old_parts() == set()
    assert traces(place, [EMAIL]) == []
