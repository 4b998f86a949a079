"""Pages by milliseconds lose and double no event, though events differ by microseconds."""

from datetime import datetime, timedelta

import pytest
from msgspec.structs import replace

from kit.engine import EngineProcess
from kit.plain_show import plain_show
from kit.searched import START, Event, columns, made_events
from tallystick.search.answer import Searcher
from tallystick.search.columns import Sight
from tallystick.search.query import Search, Sort, Value

SIGHT = Sight(1, "tenant-1")
MILLISECOND = timedelta(milliseconds=1)


def crowded(count: int) -> list[Event]:
    """Make events of which some ten share each millisecond, and a few each microsecond."""
    return [
        {**event, "occurred_at": START + timedelta(microseconds=97 * (number % 300))}
        for number, event in enumerate(made_events(3, count))
    ]


EVENTS = crowded(400)


def cut(moment: datetime) -> datetime:
    return moment - timedelta(microseconds=moment.microsecond % 1_000)


def paged(searcher: Searcher, search: Search) -> list[str]:
    """Page as a client does that knows of the last event its milliseconds and its id."""
    shown: list[str] = []
    after: tuple[Value | None, ...] = ()
    while True:
        part = searcher.find(replace(search, after=after))
        if not part.events:
            return shown
        shown += [event["id"] for event in part.events]
        moment, *others = part.keys[-1]
        assert isinstance(moment, datetime)
        assert moment == cut(moment)
        after = (moment, *others[:-1])


@pytest.mark.parametrize("descending", [False, True])
def test_pages_by_milliseconds_are_the_list(running: EngineProcess, descending: bool) -> None:
    table = running.table(f"milliseconds_{descending}".lower())
    running.driver.insert(table, columns(EVENTS), f"milliseconds-{descending}")
    by = (Sort("occurred_at", descending, milliseconds=True), Sort("id"))
    shown = paged(
        Searcher(running.driver, SIGHT, plain_show, table), Search(sort=by, limit=7, count=False)
    )
    sign = -1 if descending else 1
    wanted = sorted(
        EVENTS,
        key=lambda event: (sign * ((event["occurred_at"] - START) // MILLISECOND), event["id"]),
    )
    assert shown == [event["id"] for event in wanted]


@pytest.mark.parametrize("descending", [False, True])
def test_a_page_begins_behind_a_millisecond(running: EngineProcess, descending: bool) -> None:
    table = running.table(f"behind_{descending}".lower())
    running.driver.insert(table, columns(EVENTS), f"behind-{descending}")
    at = START + 10 * MILLISECOND
    search = Search(
        sort=(Sort("occurred_at", descending, milliseconds=True),), limit=400, after=(at,)
    )
    found = {
        event["id"]
        for event in Searcher(running.driver, SIGHT, plain_show, table).find(search).events
    }
    wanted = {
        event["id"]
        for event in EVENTS
        if (event["occurred_at"] < at if descending else event["occurred_at"] >= at + MILLISECOND)
    }
    assert wanted
    assert found == wanted
