"""Every kind of query and aggregation that clients know is answered, or refused by its name."""

from datetime import UTC, datetime

import pytest

from tallystick.search.elastic import ElasticError, parse_search
from tallystick.search.elastic.containers import (
    ANSWERED_AGGREGATIONS,
    ANSWERED_QUERIES,
    REFUSED_AGGREGATIONS,
    REFUSED_QUERIES,
)
from tallystick.search.terms import When

WHEN = When(datetime(2026, 11, 24, 17, 24, 12, tzinfo=UTC))


def test_nothing_is_both_answered_and_refused() -> None:
    assert set() == ANSWERED_QUERIES & REFUSED_QUERIES
    assert set() == ANSWERED_AGGREGATIONS & REFUSED_AGGREGATIONS


@pytest.mark.parametrize("kind", sorted(REFUSED_QUERIES))
def test_a_query_that_is_known_and_not_answered_is_refused(kind: str) -> None:
    with pytest.raises(ElasticError, match=rf"^query \[{kind}\] is not supported$") as caught:
        parse_search({"query": {kind: {}}}, WHEN)

    assert caught.value.kind == "parsing_exception"


@pytest.mark.parametrize("kind", sorted(REFUSED_AGGREGATIONS))
def test_an_aggregation_that_is_known_and_not_answered_is_refused(kind: str) -> None:
    with pytest.raises(ElasticError, match=rf"^aggregation \[{kind}\] is not supported$"):
        parse_search({"aggs": {"a": {kind: {}}}}, WHEN)


@pytest.mark.parametrize("kind", sorted(ANSWERED_QUERIES))
def test_a_parameter_that_a_query_does_not_know_is_refused(kind: str) -> None:
    bodies: dict[str, object] = {
        **{key: {"id": {"query": "a"}} for key in ("match", "match_phrase", "match_phrase_prefix")},
        **{key: {"id": {"query": "a"}} for key in ("match_bool_prefix",)},
        **{key: {"id": {"value": "a"}} for key in ("term", "prefix", "wildcard", "regexp")},
        **{key: {"query": "a"} for key in ("query_string", "simple_query_string", "multi_match")},
        "range": {"id": {"gte": "a"}},
        "terms": {"id": ["a"]},
        "exists": {"field": "id"},
        "constant_score": {"filter": {"match_all": {}}},
        "dis_max": {"queries": [{"match_all": {}}]},
    }
    body = bodies.get(kind, {})
    assert isinstance(body, dict)
    inner = body.get("id")
    odd = {"id": {**inner, "surprise": 1}} if isinstance(inner, dict) else {**body, "surprise": 1}

    parse_search({"query": {kind: body}}, WHEN)
    with pytest.raises(ElasticError, match=r"surprise|multiple fields"):
        parse_search({"query": {kind: odd}}, WHEN)


@pytest.mark.parametrize("kind", sorted(ANSWERED_AGGREGATIONS))
def test_a_parameter_that_an_aggregation_does_not_know_is_refused(kind: str) -> None:
    bodies: dict[str, dict[str, object]] = {
        "date_histogram": {"field": "@timestamp", "calendar_interval": "day"},
        "date_range": {"field": "@timestamp", "ranges": [{"from": "now-1d"}]},
        "histogram": {"field": "duration_ms", "interval": 5},
        "range": {"field": "duration_ms", "ranges": [{"from": 5}]},
        "filters": {"filters": [{"match_all": {}}]},
    }
    body = bodies.get(kind, {"field": "duration_ms"})

    parse_search({"aggs": {"a": {kind: body}}}, WHEN)
    with pytest.raises(ElasticError, match=r"does not support \[script\]") as caught:
        parse_search({"aggs": {"a": {kind: {**body, "script": {}}}}}, WHEN)

    assert caught.value.path == f"/aggs/a/{kind}/script"
