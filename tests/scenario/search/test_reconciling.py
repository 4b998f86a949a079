"""A reconciliation finds what somebody did to the events table behind our back, and mends it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from kit import house as kit
from kit.fake_engine import FakeEngine
from tallystick.search import errands
from tallystick.search.duty import Duty
from tallystick.wiring import House

Rows = list[dict[str, Any]]


@pytest.fixture
def running(house: House, engine: FakeEngine) -> Duty:
    for name in ("acme", "globex"):
        tenant = kit.new_tenant(house, name)
        events: list[dict[str, object]] = [
            {
                "action": "document.deleted",
                "occurred_at": f"2026-11-24T10:00:{number:02d}Z",
                "actor": {"type": "user", "id": f"u{number}"},
            }
            for number in range(30)
        ]
        kit.record(house, tenant, *events)
    running = Duty(house.ledger, engine)
    while running.turn():
        pass
    return running


def reconcile(house: House, running: Duty) -> dict[str, Any]:
    store = house.ledger.drivers.store
    with store.write() as tx:
        errands.ask(tx, "reconcile")
    while True:
        running.turn()
        with store.read() as snapshot:
            errand = errands.newest(snapshot, "reconcile")
        assert errand is not None
        if errand.has_ended:
            assert errand.done == errand.total > 0
            told: dict[str, Any] = json.loads(errand.note)
            return told


def told(engine: FakeEngine) -> list[str]:
    """What the rows say, in an order; a column left out says the same as an empty one."""
    said = [
        {name: value for name, value in row.items() if value not in ("", None, [], 0)}
        for row in engine.tables["events"].rows
    ]
    return sorted(json.dumps(row, sort_keys=True, default=bytes.hex) for row in said)


def of_log(rows: Rows, slot: int) -> Rows:
    return [row for row in rows if row["slot"] == slot]


def hide(rows: Rows) -> None:
    rows.remove(of_log(rows, 1)[5])


def double(rows: Rows) -> None:
    rows.append(dict(of_log(rows, 1)[5]))


def exchange(rows: Rows) -> None:
    of_log(rows, 1)[5]["id"] = b"another event's."


def hide_and_double(rows: Rows) -> None:
    hide(rows)
    double(rows)


def slip_in(rows: Rows) -> None:
    rows.append({**of_log(rows, 1)[5], "index": 5_000})


def lend_to_another_tenant(rows: Rows) -> None:
    of_log(rows, 1)[5]["tenant"] = 2


def invent_a_log(rows: Rows) -> None:
    rows.append({**of_log(rows, 1)[5], "slot": 77})


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (hide, "missing"),
        (double, "wrong"),
        (exchange, "wrong"),
        (hide_and_double, "missing"),
        (slip_in, "foreign"),
        (lend_to_another_tenant, "missing"),
        (invent_a_log, "foreign"),
    ],
)
def test_what_was_done_to_the_rows_is_found_told_and_mended(
    house: House, engine: FakeEngine, running: Duty, harm: Callable[[Rows], None], kind: str
) -> None:
    before = told(engine)
    harm(engine.tables["events"].rows)
    assert told(engine) != before

    found = reconcile(house, running)
    while running.turn():
        pass

    assert found[kind] > 0
    assert found["findings"]
    assert told(engine) == before
    again = reconcile(house, running)
    assert (again["missing"], again["wrong"], again["foreign"]) == (0, 0, 0)


def test_a_table_as_the_ledger_says_is_left_alone(
    house: House, engine: FakeEngine, running: Duty
) -> None:
    before = len(engine.inserts)

    found = reconcile(house, running)

    assert (found["missing"], found["wrong"], found["foreign"]) == (0, 0, 0)
    assert found["findings"] == []
    assert found["entries"] == len(engine.tables["events"].rows)
    assert len(engine.inserts) == before
