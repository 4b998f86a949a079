"""``_msearch``: several questions, each answered on its own."""

import json

import pytest

from kit.elastic import error_of, event, send
from kit.server import Answer, Server

COUNT = 12


@pytest.fixture(scope="module")
def key(server: Server) -> str:
    key = server.key("several")
    send(server, key, *map(event, range(COUNT)))
    return key


def lines(*values: object) -> bytes:
    return b"".join(json.dumps(value).encode() + b"\n" for value in values)


def ask(server: Server, key: str, body: bytes, path: str = "/_msearch") -> Answer:
    headers = {"Content-Type": "application/x-ndjson"}
    return server.ask("POST", path, body, key=key, headers=headers)


def test_each_search_is_answered_or_refused_on_its_own(server: Server, key: str) -> None:
    body = lines(
        {"index": "audit-logs"},
        {"query": {"term": {"action": "document.deleted"}}},
        {"index": "nothing"},
        {},
        {"index": ["audit-logs", "nothing"], "ignore_unavailable": True},
        {"size": 0},
        {},
        {"query": {"fuzzy": {}}},
    )
    told = ask(server, key, body).json
    assert told["took"] >= 0
    found, missing, passed, refused = told["responses"]
    assert (found["status"], found["hits"]["total"]["value"]) == (200, 4)
    assert (missing["status"], missing["error"]["type"]) == (404, "index_not_found_exception")
    assert missing["error"]["root_cause"][0]["index"] == "nothing"
    assert (passed["status"], passed["hits"]["total"]["value"]) == (200, COUNT)
    assert refused["status"] == 400
    assert "fuzzy" in refused["error"]["reason"]


def test_each_search_is_recorded(server: Server, key: str) -> None:
    body = lines(*({"index": "audit-logs"}, {"size": 1}) * 3)
    path = "/v1/events?stream=access&order=desc&limit=100"
    before = len(server.ask("GET", path, key=key).json["events"])
    ask(server, key, body)
    # The list itself is a read, too.
    assert len(server.ask("GET", path, key=key).json["events"]) == before + 1 + 3


def test_what_grafana_asks_is_answered(server: Server, key: str) -> None:
    header = {"ignore_unavailable": True, "index": "audit-*", "search_type": "query_then_fetch"}
    times = {"gte": 1_795_000_000_000, "lte": 1_796_000_000_000, "format": "epoch_millis"}
    query = {
        "size": 0,
        "query": {
            "bool": {
                "filter": [
                    {"range": {"@timestamp": times}},
                    {"query_string": {"analyze_wildcard": True, "query": "action:document.*"}},
                ]
            }
        },
        "aggs": {
            "2": {
                "terms": {"field": "action", "size": 10, "order": {"_key": "desc"}},
                "aggs": {
                    "3": {
                        "date_histogram": {
                            "field": "@timestamp",
                            "fixed_interval": "1h",
                            "min_doc_count": 0,
                            "extended_bounds": {"min": times["gte"], "max": times["gte"]},
                            "format": "epoch_millis",
                        }
                    }
                },
            }
        },
    }
    path = "/_msearch?max_concurrent_shard_requests=5"
    (told,) = ask(server, key, lines(header, query), path).json["responses"]
    assert told["status"] == 200, told
    assert told["hits"]["total"]["value"] == 8
    buckets = told["aggregations"]["2"]["buckets"]
    assert [(each["key"], each["doc_count"]) for each in buckets] == [
        ("document.viewed", 4),
        ("document.deleted", 4),
    ]


def test_an_index_of_the_address_is_that_of_headers_without_one(server: Server, key: str) -> None:
    body = lines({}, {"size": 0}, {"index": "audit-logs"}, {"size": 0})
    told = ask(server, key, body, "/activity-logs/_msearch").json["responses"]
    assert [each["hits"]["total"]["value"] for each in told] == [0, COUNT]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no requests added"),
        (b"{}\n", "without a search"),
        (lines(*[{}] * 202), "at most 100"),
    ],
)
def test_a_body_that_is_none_is_refused_whole(
    server: Server, key: str, body: bytes, reason: str
) -> None:
    answer = ask(server, key, body)
    assert error_of(answer)[0] == 400
    assert reason in answer.json["error"]["reason"]


@pytest.mark.parametrize(
    ("header", "name"),
    [({"nowhere": 1}, "nowhere"), ({"routing": "a"}, "routing"), ({"index": {"a": 1}}, "index")],
)
def test_a_header_that_is_not_read_is_refused(
    server: Server, key: str, header: object, name: str
) -> None:
    (told,) = ask(server, key, lines(header, {})).json["responses"]
    assert told["status"] == 400
    assert name in told["error"]["reason"]


def test_all_searches_together_show_no_more_than_one_may(server: Server, key: str) -> None:
    body = lines({}, {"size": 10_000}, {}, {"size": 10_000}, {}, {"size": 1})
    first, second, third = ask(server, key, body).json["responses"]
    assert (first["status"], second["status"], third["status"]) == (200, 400, 200)
    assert "size" in second["error"]["reason"]


def test_a_tenant_out_of_reach_is_refused_for_all_searches(server: Server, key: str) -> None:
    server.key("several-other")
    answer = ask(server, key, lines({}, {}), "/_msearch?tenant=several-other")
    assert error_of(answer) == (403, "security_exception")
