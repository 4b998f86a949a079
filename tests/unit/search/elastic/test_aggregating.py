"""Aggregations of Elasticsearch's JSON, each with ours."""

from datetime import UTC, datetime, timedelta

import pytest

from tallystick.search.elastic import ElasticError, Shape, parse_search
from tallystick.search.query import (
    Aggregation,
    BucketOrder,
    Cardinality,
    DateHistogram,
    Equals,
    Everything,
    Filters,
    Histogram,
    Metric,
    NamedFilter,
    Range,
    Ranges,
    Terms,
)
from tallystick.search.terms import When

WHEN = When(datetime(2026, 11, 24, 17, 24, 12, tzinfo=UTC))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000
PERCENTS = (1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0)
TIME, TOOK = {"field": "@timestamp"}, {"field": "duration_ms"}


def day(number: int) -> datetime:
    """A day of November 2026."""
    return datetime(2026, 11, number, tzinfo=UTC)


def us(moment: datetime) -> int:
    """Microseconds since 1970."""
    return (moment - EPOCH) // timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("kind", "spec", "want", "shape"),
    [
        ("terms", {"field": "action"}, Terms("action"), Shape()),
        (
            "terms",
            {"field": "action.keyword", "size": 3, "shard_size": 99},
            Terms("action", 3),
            Shape(),
        ),
        (
            "terms",
            {"field": "user.name", "order": {"_key": "asc"}},
            Terms("actor.name", order=(BucketOrder("_key", descending=False),)),
            Shape(),
        ),
        (
            "terms",
            {"field": "id", "order": [{"_count": "desc"}, {"_key": "desc"}]},
            Terms("id", order=(BucketOrder("_count"), BucketOrder("_key"))),
            Shape(),
        ),
        (
            "terms",
            {"field": "actor.id", "missing": "nobody", "min_doc_count": 2},
            Terms("actor.id", min_count=2, missing="nobody"),
            Shape(),
        ),
        (
            "terms",
            {"field": "actor.id", "include": "u_.*", "exclude": ["u_1"]},
            Terms("actor.id", include="u_.*", exclude=("u_1",)),
            Shape(),
        ),
        (
            "date_histogram",
            {**TIME, "calendar_interval": "day"},
            DateHistogram("occurred_at", "day"),
            Shape(),
        ),
        (
            "date_histogram",
            {**TIME, "calendar_interval": "1M", "time_zone": "Europe/Berlin", "keyed": True},
            DateHistogram("occurred_at", "month", time_zone="Europe/Berlin"),
            Shape(keyed=True),
        ),
        (
            "date_histogram",
            {**TIME, "fixed_interval": "12h", "offset": "-1h", "min_doc_count": 1},
            DateHistogram("occurred_at", None, 12 * HOUR, "UTC", -HOUR, 1),
            Shape(),
        ),
        (
            "date_histogram",
            {**TIME, "fixed_interval": "30s", "order": {"_key": "desc"}, "format": "epoch_millis"},
            DateHistogram("occurred_at", None, HOUR // 120, descending=True),
            Shape(format="epoch_millis"),
        ),
        (
            "date_histogram",
            {
                **TIME,
                "calendar_interval": "day",
                "time_zone": "+01:00",
                "extended_bounds": {"min": "2026-11-01", "max": 1793577600000},
            },
            DateHistogram(
                "occurred_at",
                "day",
                time_zone="+01:00",
                extended_bounds=(us(day(1)) - HOUR, us(day(2))),
            ),
            Shape(),
        ),
        (
            "date_histogram",
            {**TIME, "fixed_interval": "1m", "time_zone": "utc"},
            DateHistogram("occurred_at", None, HOUR // 60),
            Shape(),
        ),
        (
            "histogram",
            {**TOOK, "interval": 5, "offset": 1, "keyed": True, "missing": 0},
            Histogram("duration_ms", 5.0, 1.0, missing=0.0),
            Shape(keyed=True),
        ),
        (
            "histogram",
            {"field": "metadata.n", "interval": 0.5, "hard_bounds": {"min": 0, "max": 9}},
            Histogram("metadata.n", 0.5, hard_bounds=(0.0, 9.0)),
            Shape(),
        ),
        (
            "range",
            {
                **TOOK,
                "ranges": [{"to": 50}, {"from": 50, "to": 100.5}, {"key": "slow", "from": 100.5}],
            },
            Ranges(
                "duration_ms",
                (Range("*-50.0", None, 50), Range("50.0-100.5", 50, 100.5), Range("slow", 100.5)),
            ),
            Shape(),
        ),
        (
            "date_range",
            {**TIME, "ranges": [{"from": "now-1d/d", "to": "2026-11-24"}]},
            Ranges(
                "occurred_at",
                (Range("2026-11-23T00:00:00.000Z-2026-11-24T00:00:00.000Z", day(23), day(24)),),
            ),
            Shape(),
        ),
        (
            "filters",
            {"filters": {"a": {"term": {"id": "x"}}, "b": {"match_all": {}}}},
            Filters((NamedFilter("a", Equals("id", "x")), NamedFilter("b", Everything()))),
            Shape(keyed=True),
        ),
        (
            "filters",
            {"filters": [{"match_all": {}}], "other_bucket": True},
            Filters((NamedFilter("0", Everything()),), "_other_"),
            Shape(),
        ),
        (
            "cardinality",
            {"field": "user.id", "precision_threshold": 100},
            Cardinality("actor.id"),
            Shape(),
        ),
        ("avg", TOOK, Metric("avg", "duration_ms"), Shape()),
        (
            "min",
            {**TIME, "format": "yyyy-MM-dd"},
            Metric("min", "occurred_at"),
            Shape(format="yyyy-MM-dd"),
        ),
        (
            "max",
            {"field": "metadata.n", "missing": "5"},
            Metric("max", "metadata.n", missing="5"),
            Shape(),
        ),
        ("sum", {**TOOK, "missing": "5"}, Metric("sum", "duration_ms", missing=5), Shape()),
        ("stats", TOOK, Metric("stats", "duration_ms"), Shape()),
        ("value_count", {"field": "action"}, Metric("value_count", "action"), Shape()),
        ("percentiles", TOOK, Metric("percentiles", "duration_ms", PERCENTS), Shape(keyed=True)),
        (
            "percentiles",
            {**TOOK, "percents": [50, 99.9], "keyed": False, "tdigest": {"compression": 9}},
            Metric("percentiles", "duration_ms", (50.0, 99.9)),
            Shape(),
        ),
    ],
)
def test_an_aggregation_is_read(kind: str, spec: object, want: object, shape: Shape) -> None:
    (found,) = parse_search({"aggs": {"x": {kind: spec}}}, WHEN).aggregations

    assert (found.kind, found.asked, found.shape) == (kind, Aggregation("x", want), shape)  # type: ignore[arg-type]


def test_aggregations_stand_below_each_other_under_their_names() -> None:
    body = {
        "aggregations": {
            "days": {
                "date_histogram": {**TIME, "calendar_interval": "day"},
                "meta": {"colour": "red"},
                "aggs": {
                    "people": {
                        "terms": {"field": "user.id", "order": {"took.max": "desc"}},
                        "aggs": {"took": {"stats": TOOK}},
                    }
                },
            }
        }
    }
    took = Aggregation("took", Metric("stats", "duration_ms"))
    people = Aggregation("people", Terms("actor.id", order=(BucketOrder("took.max"),)), (took,))
    days = Aggregation("days", DateHistogram("occurred_at", "day"), (people,), {"colour": "red"})

    found = parse_search(body, WHEN)

    assert found.search.aggregations == (days,)
    assert found.aggregations[0].below[0].below[0].kind == "stats"


@pytest.mark.parametrize(
    ("aggs", "path", "why"),
    [
        ([], "/aggs", "no object"),
        ({"a": []}, "/aggs/a", "no start_object"),
        ({"a": {}}, "/aggs/a", "Missing definition for aggregation [a]"),
        ({"a": {"foo": {}}}, "/aggs/a/foo", "unknown aggregation [foo]"),
        ({"a": {"terms": {"field": "id"}, "avg": TOOK}}, "/aggs/a", "[terms] and [avg]"),
        (
            {"a": {"terms": {"field": "id"}, "aggs": {}, "aggregations": {}}},
            "/aggs/a",
            "two sub aggregation",
        ),
        ({"a": {"avg": TOOK, "aggs": {"b": {"avg": TOOK}}}}, "/aggs/a", "nothing below it"),
        ({"a[b]": {"avg": TOOK}}, "/aggs/a[b]", "without [, ] and >"),
        ({"a": {"terms": {}}}, "/aggs/a/terms", "Required one of fields [field, script]"),
        ({"a": {"terms": {"field": "acton"}}}, "/aggs/a/terms/field", "unknown, want action"),
        (
            {"a": {"terms": {"field": "message"}}},
            "/aggs/a/terms/field",
            "of type [text] is not supported",
        ),
        (
            {"a": {"avg": {"field": "actor.id"}}},
            "/aggs/a/avg/field",
            "of type [keyword] is not supported",
        ),
        ({"a": {"terms": {"field": "id", "size": 0}}}, "/aggs/a/terms", "want 1 to 10,000"),
        ({"a": {"terms": {"field": "id", "size": 10_001}}}, "/aggs/a/terms", "want 1 to 10,000"),
        (
            {"a": {"terms": {"field": "id", "min_doc_count": 0}}},
            "/aggs/a/terms/min_doc_count",
            "1 or more",
        ),
        (
            {"a": {"terms": {"field": "id", "order": {"x": "asc"}}}},
            "/aggs/a/terms/order",
            "order path [x]",
        ),
        (
            {"a": {"terms": {"field": "id", "order": {"_count": "up"}}}},
            "/aggs/a/terms/order",
            "asc or desc",
        ),
        (
            {"a": {"terms": {"field": "id", "include": {"partition": 0}}}},
            "/aggs/a/terms/include",
            "a list of",
        ),
        ({"a": {"date_histogram": TIME}}, "/aggs/a/date_histogram", "Required one of fields"),
        (
            {"a": {"date_histogram": {**TIME, "interval": "day"}}},
            "/aggs/a/date_histogram",
            "Required one of",
        ),
        (
            {"a": {"date_histogram": {**TIME, "calendar_interval": "2d"}}},
            "/aggs/a/date_histogram/calendar_interval",
            "want one of",
        ),
        (
            {"a": {"date_histogram": {**TIME, "fixed_interval": "1M"}}},
            "/aggs/a/date_histogram/fixed_interval",
            "a length of time",
        ),
        (
            {"a": {"date_histogram": {**TIME, "fixed_interval": "1d", "time_zone": "Mars"}}},
            "/aggs/a/date_histogram/time_zone",
            "time zone",
        ),
        (
            {"a": {"date_histogram": {**TOOK, "fixed_interval": "1d"}}},
            "/aggs/a/date_histogram/field",
            "of type [long]",
        ),
        (
            {
                "a": {
                    "date_histogram": {
                        **TIME,
                        "fixed_interval": "1d",
                        "extended_bounds": {"min": 1},
                    }
                }
            },
            "/aggs/a/date_histogram/extended_bounds",
            "min and max",
        ),
        ({"a": {"histogram": {**TOOK, "interval": 0}}}, "/aggs/a/histogram", "above 0"),
        ({"a": {"range": TOOK}}, "/aggs/a/range/ranges", "a list of ranges"),
        ({"a": {"range": {**TOOK, "ranges": [{"gte": 1}]}}}, "/aggs/a/range/ranges/0/gte", "[gte]"),
        ({"a": {"filters": {}}}, "/aggs/a/filters/filters", "a list of queries"),
        (
            {"a": {"filters": {"filters": [{"foo": {}}]}}},
            "/aggs/a/filters/filters/0/foo",
            "unknown query",
        ),
        (
            {"a": {"percentiles": {**TOOK, "percents": [101]}}},
            "/aggs/a/percentiles/percents",
            "0 to 100",
        ),
        (
            {"a": {"percentiles": {**TOOK, "percents": []}}},
            "/aggs/a/percentiles/percents",
            "1 to 100",
        ),
    ],
)
def test_an_aggregation_that_is_not_answered_is_refused(aggs: object, path: str, why: str) -> None:
    with pytest.raises(ElasticError) as caught:
        parse_search({"aggs": aggs}, WHEN)

    assert why in caught.value.reason
    assert caught.value.path == path


def test_aggregations_that_are_too_deep_or_too_many_are_refused() -> None:
    deep: dict[str, object] = {"terms": {"field": "id"}}
    for _ in range(20):
        deep = {"terms": {"field": "id"}, "aggs": {"a": deep}}

    for aggs in ({"a": deep}, {str(n): {"avg": TOOK} for n in range(129)}):
        with pytest.raises(ElasticError, match=r"deeper|more than 128"):
            parse_search({"aggs": aggs}, WHEN)
