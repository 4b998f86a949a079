"""How large a question may be."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tallystick.errors import MalformedError
from tallystick.search.query import (
    Aggregation,
    And,
    AtLeast,
    Cardinality,
    DateHistogram,
    Equals,
    Everything,
    Filter,
    Histogram,
    Matching,
    Metric,
    Not,
    OneOf,
    Or,
    Prefix,
    Search,
    Sort,
    Terms,
    Wildcard,
    Within,
    Words,
    check_filter,
)

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def nested(depth: int) -> Filter:
    """A filter with so many filters within each other."""
    node: Filter = Everything()
    for _ in range(depth - 1):
        node = Not(node)
    return node


def levels(depth: int) -> tuple[Aggregation, ...]:
    """So many aggregations within each other."""
    below: tuple[Aggregation, ...] = ()
    for _ in range(depth):
        below = (Aggregation("a", Terms("action"), below),)
    return below


def test_the_largest_filters_are_taken() -> None:
    check_filter(nested(32))
    check_filter(Or((Everything(),) * 1_023))


@pytest.mark.parametrize(
    ("make", "path"),
    [
        pytest.param(lambda: check_filter(nested(33)), "", id="depth"),
        pytest.param(lambda: check_filter(And((Everything(),) * 1_024)), "", id="clauses"),
        pytest.param(lambda: Search(filter=nested(10_000)), "", id="a very deep one"),
        pytest.param(lambda: OneOf("id", ("a",) * 10_001), "/values", id="values"),
        pytest.param(lambda: Equals("id", "a" * 32_769), "/value", id="a long value"),
        pytest.param(lambda: Prefix("id", "a" * 257), "/text", id="prefix"),
        pytest.param(lambda: Wildcard("id", "a" * 257), "/pattern", id="wildcard"),
        pytest.param(lambda: Matching("id", "a" * 257), "/regexp", id="regexp"),
        pytest.param(lambda: Words(("text",), ()), "/words", id="no word"),
        pytest.param(lambda: AtLeast(0, ()), "/count", id="at least none"),
        pytest.param(lambda: Within("context.ip", "10.0.0.1/8"), "/network", id="host bits"),
        pytest.param(lambda: Search(limit=10_001), "/limit", id="limit"),
        pytest.param(lambda: Search(limit=-1), "/limit", id="negative limit"),
        pytest.param(lambda: Search(skip=9_951), "/skip", id="window"),
        pytest.param(lambda: Search(skip=1, after=(NOON,)), "/skip", id="skip and cursor"),
        pytest.param(lambda: Search(after=(NOON, "a", "b")), "/after", id="long cursor"),
        pytest.param(lambda: Search(sort=()), "/sort", id="no order"),
        pytest.param(lambda: Search(sort=(Sort("id"),) * 9), "/sort", id="many sorts"),
        pytest.param(lambda: Search(since=datetime(2026, 1, 1)), "/since", id="no zone"),  # noqa: DTZ001
        pytest.param(
            lambda: Equals("occurred_at", NOON.astimezone(timezone(timedelta(hours=1)))),
            "/value",
            id="another zone",
        ),
        pytest.param(lambda: Search(aggregations=levels(9)), "", id="deep aggregations"),
        pytest.param(lambda: Search(aggregations=levels(1) * 129), "", id="many aggregations"),
        pytest.param(lambda: Terms("id", size=0), "/size", id="no bucket"),
        pytest.param(lambda: Terms("id", size=10_001), "/size", id="buckets"),
        pytest.param(lambda: Histogram("index", 0), "/interval", id="interval"),
        pytest.param(lambda: DateHistogram("occurred_at"), "", id="no interval"),
        pytest.param(lambda: DateHistogram("occurred_at", "day", 1_000), "", id="two intervals"),
        pytest.param(lambda: Metric("percentiles", "index"), "/percents", id="no percents"),
        pytest.param(lambda: Metric("percentiles", "index", (101.0,)), "/percents/0", id="101 %"),
        pytest.param(lambda: Aggregation("a>b", Cardinality("id")), "/name", id="name"),
        pytest.param(lambda: Aggregation("a", Cardinality("id"), levels(1)), "", id="below"),
    ],
)
def test_what_is_too_large_or_senseless_is_refused(make: Callable[[], object], path: str) -> None:
    with pytest.raises(MalformedError) as caught:
        make()

    assert caught.value.path == path
