"""Aggregations are what somebody counts who puts one event after the other into buckets."""

from collections.abc import Iterator
from math import isclose
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit import oracle
from kit.engine import EngineProcess
from kit.plain_aggregations import counted
from kit.searched import Searched, columns, made_events
from kit.trees import FILTERS, around_turns, made_tree
from tallystick.search.aggregations import Aggregation
from tallystick.search.answer import Searcher
from tallystick.search.columns import Sight
from tallystick.search.filters import Everything, Filter
from tallystick.search.query import Search

EVENTS = around_turns(made_events(5, 400))
OTHERS = made_events(6, 400, tenant=2)
ALL = Sight(1, "tenant-1")
MASKED = Sight(1, "tenant-1", frozenset())
TREES = st.integers(0, 2**32).map(made_tree)
WANTED = st.sampled_from((Everything(),) * 12 + FILTERS)


@pytest.fixture(scope="module")
def site(running: EngineProcess) -> Searched:
    """Four hundred events of tenant 1, many near turns of clocks, and as many of tenant 2."""
    table = running.table("aggregated_events")
    for number, each in enumerate((EVENTS[:200], EVENTS[200:], OTHERS)):
        running.driver.insert(table, columns(each), f"{table}-{number}")
    return Searched(running.driver, table, EVENTS, OTHERS)


def check(site: Searched, asked: tuple[Aggregation, ...], wanted: Filter, sight: Sight) -> None:
    search = Search(filter=wanted, aggregations=asked)
    fit = oracle.found(EVENTS, search, unmasked=sight is ALL)
    seen = [oracle.seen(event, unmasked=sight is ALL) for event in fit]
    found = Searcher(site.engine, sight, site.table).aggregate(search)
    differences = [*differing(found, counted(seen, asked))]
    assert not differences, differences[0]


def differing(found: Any, by_hand: Any, place: str = "") -> Iterator[str]:  # noqa: ANN401 (parts)
    """Yield where two answers differ; sums may, by what the order of adding makes of them."""
    if isinstance(found, tuple) and type(found) is type(by_hand) and len(found) == len(by_hand):
        names = getattr(found, "_fields", range(len(found)))
        for name, one, other in zip(names, found, by_hand, strict=True):
            yield from differing(one, other, f"{place}.{name}")
    elif isinstance(found, float) and isinstance(by_hand, int | float):
        if not isclose(found, by_hand, rel_tol=1e-12, abs_tol=1e-12):
            yield f"{place}: {found}, by hand {by_hand}"
    elif found != by_hand:
        yield f"{place}: {found}, by hand {by_hand}"


@given(TREES, WANTED, st.sampled_from((ALL, ALL, MASKED)))
@settings(suppress_health_check=[*HealthCheck], deadline=None, max_examples=120, database=None)
def test_the_engine_counts_what_somebody_counts_by_hand(
    site: Searched, asked: tuple[Aggregation, ...], wanted: Filter, sight: Sight
) -> None:
    check(site, asked, wanted, sight)


@pytest.mark.slow
@given(TREES, WANTED, st.sampled_from((ALL, ALL, MASKED)))
@settings(suppress_health_check=[*HealthCheck], deadline=None, max_examples=3_000)
def test_the_engine_counts_what_somebody_counts_by_hand_three_thousand_times(
    site: Searched, asked: tuple[Aggregation, ...], wanted: Filter, sight: Sight
) -> None:
    check(site, asked, wanted, sight)
