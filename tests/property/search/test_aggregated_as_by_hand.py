"""Aggregations are what somebody counts who puts one event after the other into buckets."""

from collections.abc import Iterator
from math import isclose
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kit.engine import EngineProcess
from kit.plain_aggregations import counted
from kit.plain_show import plain_show
from kit.searched import Searched, columns, made_events
from kit.trees import FILTERS, around_turns, made_tree
from tallystick.search.aggregations import (
    Aggregation,
    BucketOrder,
    Filters,
    Histogram,
    Kind,
    Metric,
    NamedFilter,
    Range,
    Ranges,
    Terms,
)
from tallystick.search.answer import Searcher
from tallystick.search.columns import Sight
from tallystick.search.filters import Everything, Exists, Filter
from tallystick.search.query import Search

EVENTS = around_turns(made_events(5, 400))
OTHERS = made_events(6, 400, tenant=2)
ALL = Sight(1, "tenant-1")
MASKED = Sight(1, "tenant-1", frozenset())
FLAGS = (False, True)
NAMED = ("_count", "_key")
WORTHS = ("count", "min", "max", "avg", "sum")
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
    seen = site.look(search, unmasked=sight is ALL)
    found = Searcher(site.engine, sight, plain_show, site.table).aggregate(search)
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


STATS = Aggregation("s", Metric("stats", "duration_ms"))
HALF = Aggregation("p", Metric("percentiles", "metadata.a", (50.0,)))
ROLES = Aggregation("r", Terms("actor.roles"))


def by(name: str, *, descending: bool = True) -> tuple[BucketOrder, ...]:
    return (BucketOrder(name, descending),)


EACH: tuple[tuple[Kind, tuple[Aggregation, ...]], ...] = (
    *((Terms(field, missing="none"), ()) for field in ("severity", "actor.id", "actor.roles")),
    *((Terms(field, missing=99), ()) for field in ("duration_ms", "version")),
    *((Terms("metadata", order=by(order, descending=d)), ()) for order in NAMED for d in FLAGS),
    *((Terms("id", 999, by(f"s.{of}", descending=d)), (STATS,)) for of in WORTHS for d in FLAGS),
    *((Terms("id", 999, by("p.50", descending=d)), (HALF,)) for d in FLAGS),
    *((Terms("actor.id", 3, min_count=least), (ROLES, STATS)) for least in (1, 9)),
    (Terms("targets.id", include="t-1.", exclude=("t-11",)), ()),
    (Terms("context.ip", 99, by("_key")), ()),
    (ROLES.kind, (ROLES,)),
    (Histogram("changes.before", 0.5, hard_bounds=(1.0, 2.5)), (ROLES,)),
    (Histogram("duration_ms", 4.0, -1.0, extended_bounds=(-9.0, 40.0), missing=30.0), ()),
    (Histogram("duration_ms", 4.0, min_count=20, descending=True), (STATS,)),
    (Ranges("duration_ms", (Range("a", None, 3), Range("b", 9)), missing=2), (STATS,)),
    (Ranges("metadata", (Range("a"), Range("b", 2))), ()),
    (Filters((NamedFilter("a", Exists("version")),), "rest"), (STATS,)),
)
"""Each option once, with what stands below."""


@pytest.mark.parametrize("sight", [ALL, MASKED])
def test_each_option_means_what_it_says(site: Searched, sight: Sight) -> None:
    named = enumerate(EACH)
    asked = tuple(Aggregation(f"a{number}", kind, below) for number, (kind, below) in named)
    check(site, asked, Everything(), sight)


@given(TREES, WANTED, st.sampled_from((ALL, ALL, MASKED)))
@settings(suppress_health_check=[*HealthCheck], deadline=None, max_examples=100, database=None)
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
