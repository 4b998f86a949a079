"""Laws of Elasticsearch's JSON: whatever a body holds, it is read or refused, and soon."""

import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallystick.search.elastic import ElasticError, parse_search
from tallystick.search.elastic.containers import ANSWERED_AGGREGATIONS, ANSWERED_QUERIES
from tallystick.search.terms import When

WHEN = When(datetime(2026, 11, 24, 17, 24, 12, tzinfo=UTC))

NAMES = (
    *("query", "filter", "must", "should", "must_not", "minimum_should_match", "value", "values"),
    *("field", "fields", "operator", "type", "gte", "lte", "lt", "from", "to", "format", "size"),
    *("order", "missing", "include", "interval", "fixed_interval", "calendar_interval", "keyed"),
    *("ranges", "filters", "percents", "time_zone", "offset", "extended_bounds", "min", "max"),
    *("aggs", "sort", "search_after", "_source", "track_total_hits", "pit", "id", "boost", "flags"),
    *("@timestamp", "actor.id", "duration_ms", "metadata.n", "message", "context.ip", "action"),
    *("severity", "_score", "unmapped_type", "min_doc_count", "default_operator", "exclude"),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from((*NAMES, "now-7d", "1d", "2026-11-24", "-25%", "2<3", "desc", "AND", "a b")),
)
names = st.sampled_from((*NAMES, *ANSWERED_QUERIES, *ANSWERED_AGGREGATIONS))
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=3),
    max_leaves=12,
)
specs = st.dictionaries(names, values, max_size=4)
queries = st.dictionaries(st.sampled_from(sorted(ANSWERED_QUERIES)), values, min_size=1, max_size=1)
leaves = st.builds(
    lambda kind, field, spec: {kind: {field: spec}},
    st.sampled_from(sorted(ANSWERED_QUERIES)),
    names,
    st.one_of(scalars, specs),
)
aggregations = st.dictionaries(
    st.text(max_size=5),
    st.dictionaries(st.sampled_from((*sorted(ANSWERED_AGGREGATIONS), "aggs")), specs, max_size=2),
    max_size=2,
)
bodies = st.fixed_dictionaries(
    {}, optional={"query": queries | leaves | values, "aggs": aggregations, "sort": values}
)


@given(bodies | specs | values)
@example({"query": {"term": {"duration_ms": 1e300}}})
@example({"query": {"term": {"duration_ms": float("nan")}}})
@example({"query": {"range": {"@timestamp": {"gte": float("inf")}}}})
@example({"query": {"range": {"@timestamp": {"gte": 1e300, "format": "epoch_second"}}}})
@example({"query": {"match": {"duration_ms": "9" * 5_000}}})
@example({"query": {"bool": {"minimum_should_match": "1<2<3"}}})
@example({"size": float("nan")})
@example({"sort": {"@timestamp": {"order": 5}}})
@example({"aggs": {"": {"avg": {"field": "index"}}}})
def test_a_body_is_read_or_refused(body: object) -> None:
    with suppress(ElasticError):
        parse_search(body, WHEN)


def nested(depth: int, kind: str) -> object:
    """A query within queries."""
    query: object = {"match_all": {}}
    for _ in range(depth):
        query = {"bool": {kind: [query, query]}} if depth < 20 else {"bool": {kind: query}}
    return {"query": query}


@pytest.mark.parametrize(
    "body",
    [
        nested(900, "must"),
        nested(12, "should"),
        {"query": {"bool": {"should": [{"term": {"id": str(n)}} for n in range(10_000)]}}},
        {"query": {"terms": {"id": [str(n) for n in range(100_000)]}}},
        {"query": {"query_string": {"query": "(" * 8_000}}},
        {"query": {"simple_query_string": {"query": "(" * 8_000}}},
        {"query": {"simple_query_string": {"query": 'a"' * 4_000}}},
        {"query": {"match": {"message": "a " * 500_000}}},
        {"query": {"multi_match": {"query": "a", "fields": ["*.*"] * 1_000}}},
        {"query": {"regexp": {"id": "(a+)+" * 50}}},
        {"query": {"wildcard": {"id": "*a" * 100_000}}},
        {"query": {"match": {"x" * 100_000: "a"}}},
        {"aggs": {str(n): {"terms": {"field": "id"}} for n in range(10_000)}},
    ],
)
def test_a_hostile_body_takes_bounded_time(body: object) -> None:
    begin = time.thread_time()
    with suppress(ElasticError):
        parse_search(body, WHEN)

    assert time.thread_time() - begin < 10  # of the processor: a bound, no measurement
