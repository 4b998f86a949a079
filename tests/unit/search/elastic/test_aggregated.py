"""Answers to aggregations, spelled as Elasticsearch's documentation shows them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from tallystick.search.aggregations import Ranges
from tallystick.search.counted import Buckets, Counted, Distinct, KeyedBucket, Numbers
from tallystick.search.elastic import answered, parse_search
from tallystick.search.terms import When

WHEN = When(datetime(2026, 11, 24, tzinfo=UTC))
JANUARY, FEBRUARY = 1_420_070_400_000_000, 1_422_748_800_000_000
TIME, TOOK = {"field": "@timestamp"}, {"field": "duration_ms"}
NONE = Numbers(0)


def spelled(spec: dict[str, Any], answer: Counted, *, typed: bool = False) -> dict[str, Any]:
    """What a client reads that asked for one aggregation."""
    asked = parse_search({"aggs": {"a": spec}}, WHEN).aggregations
    return answered(asked, (answer,), typed=typed)


def buckets(*rows: tuple[Any, int], others: int = 0) -> Buckets:
    """Buckets without anything below."""
    return Buckets(tuple(KeyedBucket(key, events, ()) for key, events in rows), others)


@pytest.mark.parametrize(
    ("spec", "answer", "want"),
    [
        pytest.param(
            {"terms": {"field": "action"}},
            buckets(("document.read", 5), others=7),
            {
                "sterms#a": {
                    "doc_count_error_upper_bound": 0,
                    "sum_other_doc_count": 7,
                    "buckets": [{"key": "document.read", "doc_count": 5}],
                }
            },
            id="terms",
        ),
        pytest.param(
            {"terms": TOOK, "meta": {"color": "blue"}},
            buckets((17, 5)),
            {
                "lterms#a": {
                    "meta": {"color": "blue"},
                    "doc_count_error_upper_bound": 0,
                    "sum_other_doc_count": 0,
                    "buckets": [{"key": 17, "doc_count": 5}],
                }
            },
            id="terms of numbers, with meta",
        ),
        pytest.param(
            {"terms": {**TIME, "format": "yyyy-MM-dd"}},
            buckets((JANUARY, 5)),
            {
                "lterms#a": {
                    "doc_count_error_upper_bound": 0,
                    "sum_other_doc_count": 0,
                    "buckets": [
                        {"key": 1420070400000, "key_as_string": "2015-01-01", "doc_count": 5}
                    ],
                }
            },
            id="terms of times",
        ),
        pytest.param(
            {"date_histogram": {**TIME, "calendar_interval": "month"}},
            buckets((JANUARY, 3), (FEBRUARY, 0)),
            {
                "date_histogram#a": {
                    "buckets": [
                        {
                            "key_as_string": "2015-01-01T00:00:00.000Z",
                            "key": 1420070400000,
                            "doc_count": 3,
                        },
                        {
                            "key_as_string": "2015-02-01T00:00:00.000Z",
                            "key": 1422748800000,
                            "doc_count": 0,
                        },
                    ]
                }
            },
            id="date_histogram",
        ),
        pytest.param(
            {"date_histogram": {**TIME, "fixed_interval": "1d", "time_zone": "-01:00"}},
            buckets((JANUARY + 3_600_000_000, 3)),
            {
                "date_histogram#a": {
                    "buckets": [
                        {
                            "key_as_string": "2015-01-01T00:00:00.000-01:00",
                            "key": 1420074000000,
                            "doc_count": 3,
                        }
                    ]
                }
            },
            id="date_histogram by another clock",
        ),
        pytest.param(
            {
                "date_histogram": {
                    **TIME,
                    "calendar_interval": "month",
                    "keyed": True,
                    "format": "yyyy-MM",
                }
            },
            buckets((JANUARY, 3)),
            {
                "date_histogram#a": {
                    "buckets": {
                        "2015-01": {
                            "key_as_string": "2015-01",
                            "key": 1420070400000,
                            "doc_count": 3,
                        }
                    }
                }
            },
            id="date_histogram keyed",
        ),
        pytest.param(
            {"histogram": {**TOOK, "interval": 50}},
            buckets((0.0, 1), (50.0, 0)),
            {
                "histogram#a": {
                    "buckets": [{"key": 0.0, "doc_count": 1}, {"key": 50.0, "doc_count": 0}]
                }
            },
            id="histogram",
        ),
        pytest.param(
            {"histogram": {**TOOK, "interval": 50, "keyed": True}},
            buckets((50.0, 1)),
            {"histogram#a": {"buckets": {"50.0": {"key": 50.0, "doc_count": 1}}}},
            id="histogram keyed",
        ),
        pytest.param(
            {"range": {**TOOK, "ranges": [{"from": 200}, {"from": 100, "to": 200}, {"to": 100}]}},
            buckets(("200.0-*", 3), ("100.0-200.0", 2), ("*-100.0", 1)),
            {
                "range#a": {
                    "buckets": [
                        {"key": "*-100.0", "to": 100.0, "doc_count": 1},
                        {"key": "100.0-200.0", "from": 100.0, "to": 200.0, "doc_count": 2},
                        {"key": "200.0-*", "from": 200.0, "doc_count": 3},
                    ]
                }
            },
            id="ranges from the lowest to the highest",
        ),
        pytest.param(
            {"range": {**TOOK, "keyed": True, "ranges": [{"key": "cheap", "to": 100}]}},
            buckets(("cheap", 1)),
            {"range#a": {"buckets": {"cheap": {"to": 100.0, "doc_count": 1}}}},
            id="range keyed",
        ),
        pytest.param(
            {"date_range": {**TIME, "time_zone": "CET", "ranges": [{"to": "2016-02-01"}]}},
            buckets(("*-2016-02-01T00:00:00.000+01:00", 1)),
            {
                "date_range#a": {
                    "buckets": [
                        {
                            "key": "*-2016-02-01T00:00:00.000+01:00",
                            "to": 1454281200000.0,
                            "to_as_string": "2016-02-01T00:00:00.000+01:00",
                            "doc_count": 1,
                        }
                    ]
                }
            },
            id="date_range",
        ),
        pytest.param(
            {"filters": {"filters": {"errors": {"match_all": {}}}, "other_bucket_key": "rest"}},
            buckets(("errors", 1), ("rest", 2)),
            {"filters#a": {"buckets": {"errors": {"doc_count": 1}, "rest": {"doc_count": 2}}}},
            id="filters named",
        ),
        pytest.param(
            {"filters": {"filters": [{"match_all": {}}], "other_bucket": True}},
            buckets(("0", 1), ("_other_", 2)),
            {"filters#a": {"buckets": [{"doc_count": 1}, {"doc_count": 2}]}},
            id="filters in a row",
        ),
        pytest.param(
            {"cardinality": TOOK}, Distinct(5), {"cardinality#a": {"value": 5}}, id="cardinality"
        ),
        pytest.param(
            {"value_count": TOOK}, Numbers(7), {"value_count#a": {"value": 7}}, id="value_count"
        ),
        pytest.param({"avg": TOOK}, Numbers(2, 1, 4, 5), {"avg#a": {"value": 2.5}}, id="avg"),
        pytest.param({"avg": TOOK}, NONE, {"avg#a": {"value": None}}, id="avg of nothing"),
        pytest.param({"sum": TOOK}, NONE, {"sum#a": {"value": 0.0}}, id="sum of nothing"),
        pytest.param({"min": TOOK}, NONE, {"min#a": {"value": None}}, id="min of nothing"),
        pytest.param(
            {"max": TIME},
            Numbers(1, JANUARY, FEBRUARY, JANUARY + FEBRUARY),
            {
                "max#a": {
                    "value": 1422748800000.0,
                    "value_as_string": "2015-02-01T00:00:00.000Z",
                }
            },
            id="max of times",
        ),
        pytest.param(
            {"stats": TOOK},
            Numbers(2, 50.0, 100.0, 150.0),
            {"stats#a": {"count": 2, "min": 50.0, "max": 100.0, "avg": 75.0, "sum": 150.0}},
            id="stats",
        ),
        pytest.param(
            {"stats": TOOK},
            NONE,
            {"stats#a": {"count": 0, "min": None, "max": None, "avg": None, "sum": 0.0}},
            id="stats of nothing",
        ),
        pytest.param(
            {"percentiles": {**TOOK, "percents": [99.9, 5]}},
            Numbers(2, percentiles=(725.0, 26.0)),
            {"tdigest_percentiles#a": {"values": {"5.0": 26.0, "99.9": 725.0}}},
            id="percentiles",
        ),
        pytest.param(
            {"percentiles": {**TOOK, "percents": [50], "keyed": False}},
            Numbers(0, percentiles=(None,)),
            {"tdigest_percentiles#a": {"values": [{"key": 50.0, "value": None}]}},
            id="percentiles in a row",
        ),
    ],
)
def test_an_answer_is_spelled_as_in_elasticsearch(
    spec: dict[str, Any], answer: Counted, want: dict[str, Any]
) -> None:
    assert spelled(spec, answer, typed=True) == want
    untyped = {name.partition("#")[2]: value for name, value in want.items()}
    assert spelled(spec, answer) == untyped


def test_what_stands_below_a_bucket_stands_in_it() -> None:
    spec = {"terms": {"field": "action"}, "aggs": {"took": {"max": TOOK}}}
    row = KeyedBucket("document.read", 5, (Numbers(1, 2.0, 3.0, 5.0),))
    (answer,) = spelled(spec, Buckets((row,)), typed=True).values()
    assert answer["buckets"] == [
        {"key": "document.read", "doc_count": 5, "max#took": {"value": 3.0}}
    ]


def test_a_range_of_time_is_named_by_the_clock_of_its_zone() -> None:
    spec = {"date_range": {**TIME, "time_zone": "CET", "ranges": [{"to": "2016-02-01"}]}}
    (asked,) = parse_search({"aggs": {"a": spec}}, WHEN).aggregations
    assert isinstance(asked.asked.kind, Ranges)
    assert asked.asked.kind.ranges[0].key == "*-2016-02-01T00:00:00.000+01:00"
