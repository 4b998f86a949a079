"""Hostile bodies are refused, or answered within bounds; none reaches another tenant."""

from collections.abc import Callable

import pytest

from kit.elastic import Json, error_of, event, hits_of, send
from kit.server import Server

INJECTED = "' OR 1=1) OR tenant = 1 -- {p0:String} \\"
COUNT = 9


@pytest.fixture(scope="module")
def key(server: Server) -> str:
    key = server.key("hostile")
    send(server, key, *map(event, range(COUNT)))
    return key


def nested(depth: int) -> Json:
    query: Json = {"match_all": {}}
    for _ in range(depth):
        query = {"bool": {"must_not": [query]}}
    return {"query": query}


@pytest.mark.parametrize(
    "body",
    [
        {"query": {"bool": {"should": [{"term": {"actor.id": "x"}}] * 10_000}}},
        nested(40),
        b'{"query":' + b'{"bool":{"must":' * 3_000 + b"{}" + b"}}" * 3_000 + b"}",
        b"[" * 100_000,
        {"query": {"regexp": {"actor.id": "(a+)+" * 100}}},
        {"query": {"wildcard": {"actor.id": "*a" * 500}}},
        {"query": {"query_string": {"query": "(" * 5_000}}},
        {"sort": ["action"] * 100},
        {"_source": ["a"] * 1_000},
        {"aggs": {"a": {"terms": {"field": "action", "size": 10**9}}}},
        {"size": 1e400},
        {"size": "1; DROP TABLE events"},
        {INJECTED: 1},
        {"query": {INJECTED: {}}},
        {"query": {"term": {INJECTED: "x"}}},
        {"sort": INJECTED},
        {"aggs": {"a": {"terms": {"field": INJECTED}}}},
        {"pit": {"id": INJECTED}},
    ],
    ids=lambda body: repr(body)[:40],
)
def test_what_is_too_much_or_none_is_refused(server: Server, key: str, body: object) -> None:
    status, _ = error_of(server.ask("POST", "/_search", body, key=key))
    assert 400 <= status < 500


@pytest.mark.parametrize(
    "query",
    [
        lambda text: {"term": {"action": text}},
        lambda text: {"match": {"message": text}},
        lambda text: {"prefix": {"actor.id": text}},
        lambda text: {"terms": {"metadata.number": [text]}},
        lambda text: {"term": {f"metadata.{text}": "x"}},
        lambda text: {"range": {"actor.id": {"gte": f"z{text}", "lt": f"z{text}"}}},
        lambda text: {"ids": {"values": [text]}},
        lambda text: {"simple_query_string": {"query": text, "default_operator": "and"}},
    ],
)
def test_a_statement_in_a_value_is_a_value(
    server: Server, key: str, query: Callable[[str], Json]
) -> None:
    hits = hits_of(server.ask("POST", "/_search", {"query": query(INJECTED)}, key=key))
    assert hits == []


def test_the_name_of_an_aggregation_is_no_statement(server: Server, key: str) -> None:
    body = {"size": 0, "aggs": {"a' b": {"terms": {"field": "outcome"}}}}
    answer = server.ask("POST", "/_search", body, key=key)
    counts = {
        one["key"]: one["doc_count"] for one in answer.json["aggregations"]["a' b"]["buckets"]
    }
    assert counts == {"success": COUNT - 1, "failure": 1}


def test_a_slow_pattern_is_none(server: Server, key: str) -> None:
    body = {"query": {"regexp": {"actor.name": "(A|a|d|Ad)*(a|aa)*b"}}}
    assert hits_of(server.ask("POST", "/_search", body, key=key)) == []


def test_a_tenant_finds_its_own_events_alone(server: Server, key: str) -> None:
    other = server.key("hostile-other")
    send(server, other, event(777))
    wanted = {"query": {"term": {"metadata.number": 777}}}
    assert len(hits_of(server.ask("POST", "/_search", wanted, key=other))) == 1
    assert hits_of(server.ask("POST", "/_search", wanted, key=key)) == []
    foreign = server.ask("POST", "/_search?tenant=hostile-other", wanted, key=key)
    assert error_of(foreign) == (403, "security_exception")
    by_admin = server.ask("POST", "/_search?tenant=hostile-other", wanted)
    assert len(hits_of(by_admin)) == 1
    assert error_of(server.ask("POST", "/_search", wanted)) == (400, "illegal_argument_exception")


def test_what_is_masked_is_neither_shown_nor_found(server: Server, key: str) -> None:
    masked = server.key("hostile", "read-masked")
    every = hits_of(server.ask("POST", "/audit-logs/_search", {}, key=masked))
    assert len(every) == COUNT
    assert not any("name" in hit["_source"]["actor"] for hit in every)  # type: ignore[index]
    for wanted, whole in (
        ({"term": {"actor.id": "u1"}}, 2),
        ({"match": {"actor.name": "Ada"}}, COUNT),
        ({"exists": {"field": "context.ip"}}, COUNT),
    ):
        body = {"query": wanted}
        for asker, count in ((masked, 0), (key, whole)):
            answer = server.ask("POST", "/audit-logs/_count", body, key=asker)
            assert answer.json["count"] == count
    body = {"size": 0, "aggs": {"who": {"terms": {"field": "actor.id"}}}}
    answer = server.ask("POST", "/audit-logs/_search", body, key=masked)
    assert answer.json["aggregations"]["who"]["buckets"] == []


def test_a_key_without_the_scope_is_refused(server: Server) -> None:
    sender = server.key("hostile", "ingest")
    answer = server.ask("POST", "/_search", {}, key=sender)
    assert error_of(answer) == (403, "security_exception")
