"""Queries that are not answered: each is refused by its name, at its place."""

from datetime import UTC, datetime

import pytest

from tallystick.search.elastic import ElasticError, parse_count
from tallystick.search.terms import When

WHEN = When(datetime(2026, 11, 24, 17, 24, 12, tzinfo=UTC))
IS_A = {"term": {"actor.id": "a"}}


@pytest.mark.parametrize(
    ("query", "path", "why"),
    [
        ([], "/query", "must start with start_object"),
        ({}, "/query", "empty clause"),
        ({"foo": {}}, "/query/foo", "unknown query [foo]"),
        ({"fuzzy": {"actor.id": "a"}}, "/query/fuzzy", "query [fuzzy] is not supported"),
        ({"match_all": {}, "term": {}}, "/query", "expected [END_OBJECT] but found [term]"),
        ({"match_all": {"x": 1}}, "/query/match_all/x", "[match_all] query does not support [x]"),
        ({"match_all": []}, "/query/match_all", "no start_object"),
        ({"match": {}}, "/query/match", "no field specified"),
        ({"match": {"actor.id": "a", "id": "b"}}, "/query/match", "multiple fields"),
        ({"match": {"acton": "a"}}, "/query/match/acton", "unknown, want action"),
        ({"match": {"message": ["a"]}}, "/query/match/message", "requires a query value"),
        (
            {"match": {"message": {"query": "a", "analyzer": "x"}}},
            "/query/match/message/analyzer",
            "does not support [analyzer]",
        ),
        (
            {"match": {"message": {"query": "a", "fuzziness": "AUTO"}}},
            "/query/match/message/fuzziness",
            "does not support [fuzziness]",
        ),
        (
            {"match": {"message": {"query": "a", "operator": "xor"}}},
            "/query/match/message/operator",
            "want one of or, and",
        ),
        ({"match": {"duration_ms": "x"}}, "/query/match/duration_ms", "want a number"),
        (
            {"match_phrase": {"message": {"query": "a b", "slop": 1}}},
            "/query/match_phrase/message/slop",
            "slop is not supported",
        ),
        (
            {"match": {"message": {"query": "a", "minimum_should_match": "x"}}},
            "/query/match/message",
            "minimum_should_match",
        ),
        (
            {"multi_match": {"query": "a", "fields": ["acton"]}},
            "/query/multi_match/fields/0",
            "unknown",
        ),
        (
            {"multi_match": {"query": "a", "fields": ["id^x"]}},
            "/query/multi_match/fields/0",
            "the boost",
        ),
        (
            {"multi_match": {"query": "a", "fields": [1]}},
            "/query/multi_match/fields",
            "list of texts",
        ),
        ({"term": {"actor.id": ["a"]}}, "/query/term/actor.id/value", "want one value"),
        ({"term": {"actor.id": {}}}, "/query/term/actor.id", "requires a [value]"),
        ({"term": {"actor.id": None}}, "/query/term/actor.id", "requires a [value]"),
        ({"terms": {"actor.id": "a"}}, "/query/terms/actor.id", "a list of values"),
        (
            {"terms": {"actor.id": {"index": "x", "id": "1", "path": "y"}}},
            "/query/terms/actor.id",
            "a list of values",
        ),
        (
            {"terms": {"actor.id": [str(n) for n in range(10_001)]}},
            "/query/terms/actor.id",
            "want at most 10,000",
        ),
        (
            {"range": {"@timestamp": {"gte": "gestern"}}},
            "/query/range/@timestamp",
            "of another form",
        ),
        (
            {"range": {"@timestamp": {"gte": "1", "format": "dd/MM/yyyy"}}},
            "/query/range/@timestamp/format",
            "format [dd/MM/yyyy] is not supported",
        ),
        (
            {"range": {"@timestamp": {"gte": "2026", "gt": "2025"}}},
            "/query/range/@timestamp/gt",
            "two bounds on one side",
        ),
        (
            {"range": {"@timestamp": {"gte": "2026", "time_zone": "Mars"}}},
            "/query/range/@timestamp/time_zone",
            "time zone",
        ),
        ({"range": {"message": {"gte": "a"}}}, "/query/range/message", "want [message.keyword]"),
        (
            {"range": {"@timestamp": {"ge": "2026"}}},
            "/query/range/@timestamp/ge",
            "does not support [ge]",
        ),
        ({"exists": "actor.id"}, "/query/exists", "no start_object"),
        ({"exists": {}}, "/query/exists", "must be provided with a [field]"),
        ({"exists": {"field": "nope"}}, "/query/exists/field", "unknown"),
        ({"wildcard": {"actor.id": "*" + "a" * 300}}, "/query/wildcard/actor.id", "at most 256"),
        ({"wildcard": {"duration_ms": "1*"}}, "/query/wildcard/duration_ms", "has no patterns"),
        ({"regexp": {"actor.id": "a@b"}}, "/query/regexp/actor.id", "the operator @"),
        ({"regexp": {"actor.id": "(("}}, "/query/regexp/actor.id", "of another form"),
        ({"bool": {"must": "x"}}, "/query/bool/must", "must start with start_object"),
        ({"bool": {"must": [{"foo": {}}]}}, "/query/bool/must/0/foo", "unknown query [foo]"),
        ({"bool": {"mustnot": []}}, "/query/bool/mustnot", "does not support [mustnot]"),
        (
            {"bool": {"adjust_pure_negative": False}},
            "/query/bool/adjust_pure_negative",
            "want true",
        ),
        ({"constant_score": {}}, "/query/constant_score", "requires a 'filter' element"),
        (
            {"query_string": {"query": "a AND"}},
            "/query/query_string/query",
            "Failed to parse query",
        ),
        (
            {"query_string": {"query": "a AND", "lenient": True}},
            "/query/query_string/query",
            "column 6",
        ),
        (
            {"query_string": {"query": "a", "fields": ["id"], "default_field": "id"}},
            "/query/query_string/default_field",
            "in conjunction with [default_field]",
        ),
        (
            {"query_string": {"query": "a", "analyzer": "x"}},
            "/query/query_string/analyzer",
            "[analyzer]",
        ),
        (
            {"simple_query_string": {"query": "a~2"}},
            "/query/simple_query_string/query",
            "nothing is fuzzy",
        ),
        (
            {"simple_query_string": {"query": "a", "flags": "X"}},
            "/query/simple_query_string/flags",
            "x",
        ),
    ],
)
def test_a_query_that_is_not_answered_is_refused_by_its_name(
    query: object, path: str, why: str
) -> None:
    with pytest.raises(ElasticError) as caught:
        parse_count({"query": query}, WHEN)

    assert why in caught.value.reason
    assert caught.value.path == path
    assert caught.value.kind.endswith("_exception")


def test_a_query_that_is_too_large_is_refused() -> None:
    deep: object = IS_A
    for _ in range(40):
        deep = {"bool": {"must": [deep]}}

    for query in (deep, {"bool": {"should": [IS_A] * 10_000}}):
        with pytest.raises(ElasticError) as caught:
            parse_count({"query": query}, WHEN)
        assert caught.value.kind == "illegal_argument_exception"
