"""A rebuild makes the events table anew, and nobody who asks meanwhile notices."""

from collections import Counter
from typing import Any

import pytest

from kit import house as kit
from kit.fake_engine import FakeEngine
from tallystick.access.erasing import erase
from tallystick.search import errands
from tallystick.search.duty import Duty
from tallystick.search.follow import EventsFollower
from tallystick.search.table import Table
from tallystick.wiring import House

EMAIL = "zoe@victim.example"


class Power(BaseException):
    """The power goes."""


def event(number: int) -> dict[str, object]:
    return {
        "action": "document.deleted",
        "occurred_at": f"2026-11-24T10:00:{number % 60:02d}Z",
        "actor": {"type": "user", "id": f"u{number % 3}", "email": EMAIL},
    }


@pytest.fixture
def tenant(house: House) -> int:
    tenant = kit.new_tenant(house)
    kit.record(house, tenant, *(event(number) for number in range(40)))
    return tenant.number


def ask(house: House, kind: errands.Kind) -> None:
    with house.ledger.drivers.store.write() as tx:
        errands.ask(tx, kind)


def newest(house: House, kind: errands.Kind) -> errands.Errand:
    with house.ledger.drivers.store.read() as snapshot:
        found = errands.newest(snapshot, kind)
    assert found is not None
    return found


def duty(house: House, engine: FakeEngine) -> Duty:
    return Duty(house.ledger, engine, batch=7)


def work(house: House, engine: FakeEngine, on: Duty) -> None:
    """Take turns until there is nothing to do."""
    while on.turn() or has_work(house, engine):
        pass


def has_work(house: House, engine: FakeEngine) -> bool:
    follower = EventsFollower(house.ledger, Table(engine, "events"))
    with house.ledger.drivers.store.read() as snapshot:
        return follower.lag() > 0 or errands.next_open(snapshot) is not None


def rows(engine: FakeEngine) -> Counter[tuple[int, int, bytes]]:
    found = engine.tables["events"].rows
    return Counter((row["slot"], row["index"], row["id"]) for row in found)


def entries(house: House) -> Counter[tuple[int, int, bytes]]:
    with house.ledger.drivers.store.read() as snapshot:
        return Counter(
            (log.slot, entry.index, entry.event_id)
            for log in house.ledger.logs.every(snapshot)
            for entry in snapshot.entries(log.slot, 0, snapshot.head(log.slot).size)
        )


def by_place(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: (row["slot"], row["index"]))


@pytest.mark.usefixtures("tenant")
def test_a_rebuild_puts_right_what_a_row_says(house: House, engine: FakeEngine) -> None:
    running = duty(house, engine)
    work(house, engine, running)
    told = [dict(row) for row in engine.tables["events"].rows]
    for row in engine.tables["events"].rows:
        row["action"] = "nothing.happened"
    ask(house, "rebuild")

    work(house, engine, running)

    assert newest(house, "rebuild").state == "done"
    assert by_place(engine.tables["events"].rows) == by_place(told)
    assert set(engine.tables) == {"events"}


@pytest.mark.usefixtures("tenant")
def test_while_it_is_made_questions_find_everything_and_new_events_too(
    house: House, engine: FakeEngine
) -> None:
    running = duty(house, engine)
    work(house, engine, running)
    ask(house, "rebuild")
    while newest(house, "rebuild").state != "running":
        running.turn()
    before = rows(engine)
    kit.record(house, kit.tenant_of(house, "acme"), event(100))

    running.turn()

    assert not before - rows(engine)
    assert len(rows(engine)) == len(before) + 1
    work(house, engine, running)
    assert rows(engine) == entries(house)


def count_points(house: House, engine: FakeEngine) -> int:
    """Count what a process that makes a rebuild wants the engine to write."""
    seen = 0

    def counts(_what: str) -> None:
        nonlocal seen
        seen += 1

    engine.before = counts
    ask(house, "rebuild")
    work(house, engine, duty(house, engine))
    engine.before = lambda _what: None
    return seen


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.usefixtures("tenant")
def test_killed_at_any_step_and_started_anew_it_ends_in_the_same_rows(
    house: House, engine: FakeEngine, moment: str
) -> None:
    running = duty(house, engine)
    work(house, engine, running)
    points = count_points(house, engine)
    assert points > 8

    for spared in range(points):
        left = spared

        def pull(_what: str) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise Power

        setattr(engine, moment, pull)
        ask(house, "rebuild")
        with pytest.raises(Power):
            work(house, engine, duty(house, engine))
        engine.before = engine.after = lambda _what: None

        work(house, engine, duty(house, engine))

        assert newest(house, "rebuild").state == "done"
        assert rows(engine) == entries(house)
        assert set(engine.tables) == {"events"}


@pytest.mark.parametrize("spared", range(3))
@pytest.mark.usefixtures("tenant")
def test_killed_between_the_exchange_and_the_cursors_it_ends_in_the_same_rows(
    house: House, engine: FakeEngine, monkeypatch: pytest.MonkeyPatch, spared: int
) -> None:
    running = duty(house, engine)
    work(house, engine, running)
    for row in engine.tables["events"].rows:
        row["action"] = "nothing.happened"
    ask(house, "rebuild")
    left = spared

    def pull(*_: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise Power

    with monkeypatch.context() as plug:
        plug.setattr("tallystick.search.rebuild.drop_plan", pull)
        with pytest.raises(Power):
            work(house, engine, running)
    kit.record(house, kit.tenant_of(house, "acme"), event(100))

    work(house, engine, duty(house, engine))

    assert rows(engine) == entries(house)
    assert set(engine.tables) == {"events"}
    assert "nothing.happened" not in str(engine.tables["events"].rows)


def test_an_erasure_while_it_is_made_leaves_nothing_in_either_table(
    house: House, engine: FakeEngine, tenant: int
) -> None:
    running = duty(house, engine)
    work(house, engine, running)
    ask(house, "rebuild")
    while newest(house, "rebuild").done < 14:
        running.turn()
    erase(house.ledger, tenant, "u1", "asked", "cli")
    while "'u1'" in str([table.rows for table in engine.tables.values()]):
        assert "events_next" in engine.tables
        running.turn()

    work(house, engine, running)

    assert rows(engine) == entries(house)
    assert "'u1'" not in str(engine.tables["events"].rows)


@pytest.mark.usefixtures("tenant")
def test_a_rebuild_whose_table_was_lost_before_the_exchange_starts_again(
    house: House, engine: FakeEngine
) -> None:
    running = duty(house, engine)
    work(house, engine, running)
    ask(house, "rebuild")
    while newest(house, "rebuild").state != "exchanging":
        running.turn()
    engine.tables.clear()

    work(house, engine, duty(house, engine))

    assert newest(house, "rebuild").state == "done"
    assert rows(engine) == entries(house)
    assert set(engine.tables) == {"events"}
