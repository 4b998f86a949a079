"""What the engine counts is what somebody counts by hand."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.plain_search import spelled
from kit.plain_show import plain_show
from kit.questions import leaves
from kit.searched import START, Searched, made_events, plain
from tallystick.errors import MalformedError
from tallystick.search.answer import Searcher
from tallystick.search.calendar_intervals import UNITS, edges_of
from tallystick.search.columns import Sight
from tallystick.search.filters import Filter
from tallystick.search.query import Search

EVENTS = [plain(event) for event in made_events(1, 3_000)]
COUNTED = ("actor.id", "targets.id", "duration_ms", "metadata.a", "outcome", "actor.roles", "id")
BERLIN = ZoneInfo("Europe/Berlin")
MASKED = Sight(1, "tenant-1", frozenset())
ALL = Sight(1, "tenant-1")
patient = settings(suppress_health_check=[*HealthCheck], deadline=None, max_examples=40)


@patient
@given(
    st.one_of(*leaves(EVENTS).values()), st.sampled_from(COUNTED), st.sampled_from((ALL, MASKED))
)
def test_values_are_counted_once_an_event(
    searched: Searched, wanted: Filter, field: str, sight: Sight
) -> None:
    fit = searched.look(Search(filter=wanted), unmasked=sight is ALL)
    spell = int if field == "duration_ms" else spelled
    counts = Counter(value for event in fit for value in {*map(spell, event.of(field))})
    facet = Searcher(searched.engine, sight, plain_show, searched.table).facet(
        Search(filter=wanted), field, 10_000
    )
    assert facet.values == sorted(counts.items(), key=lambda it: (-it[1], _bytes(it[0])))
    assert facet.distinct == len(counts)


@patient
@given(st.one_of(*leaves(EVENTS).values()), st.sampled_from(("hour", "day", "week", "month")))
def test_intervals_hold_the_events_between_their_edges(
    searched: Searched, wanted: Filter, unit: str
) -> None:
    search = Search(filter=wanted)
    times = [event.of("occurred_at")[0] for event in searched.look(search)]
    searcher = Searcher(searched.engine, ALL, plain_show, searched.table)
    count, first, last = searcher.extent(search)
    assert count == len(times)
    if not times:
        return
    assert (first, last) == (min(times), max(times))
    edges = edges_of(first, last + timedelta(microseconds=1), unit, BERLIN)
    assert edges[-1] > last
    for bucket in searcher.histogram(search, edges):
        assert bucket.events == sum(bucket.start <= time < bucket.end for time in times)


def test_a_day_begins_where_its_zone_says_and_may_have_25_hours() -> None:
    start, end = datetime(2026, 10, 24, 12, tzinfo=UTC), datetime(2026, 10, 26, 12, tzinfo=UTC)
    edges = edges_of(start, end, "day", BERLIN)
    assert [edge.isoformat() for edge in edges] == [
        "2026-10-23T22:00:00+00:00",
        "2026-10-24T22:00:00+00:00",
        "2026-10-25T23:00:00+00:00",
        "2026-10-26T23:00:00+00:00",
    ]


@pytest.mark.parametrize("unit", UNITS)
def test_edges_rise_and_cover_the_range(unit: str) -> None:
    end = START.replace(minute=20) if unit == "second" else START.replace(day=2)
    edges = edges_of(START, end, unit, BERLIN)
    assert edges == sorted(set(edges))
    assert edges[0] <= START
    assert edges[-1] >= end


def test_too_many_intervals_are_refused() -> None:
    with pytest.raises(MalformedError, match="want a longer one"):
        edges_of(START, START.replace(year=2028), "minute", BERLIN)


def _bytes(value: object) -> object:
    return value.encode() if isinstance(value, str) else value
