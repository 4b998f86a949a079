"""``_search`` and ``_count`` as curl and the clients send them."""

import json
import time
from datetime import UTC, datetime

import pytest

from kit.elastic import Json, error_of, event, hits_of, numbers, send
from kit.server import Answer, Server
from tallystick.api.ingest import cloudtrail

COUNT = 60
PATIENCE_S = 30
DELETED = [number for number in range(COUNT) if number % 3 == 0]
RECORD = {
    "eventVersion": "1.08",
    "eventTime": "2026-11-20T09:00:00Z",
    "eventSource": "s3.amazonaws.com",
    "eventName": "DeleteBucket",
    "awsRegion": "eu-central-1",
    "sourceIPAddress": "198.51.100.7",
    "userIdentity": {"type": "IAMUser", "userName": "alice", "accountId": "123456789012"},
    "requestParameters": {"bucketName": "ledger"},
    "eventID": "0b6d2d5c-1c55-4b9b-8a0a-9d3c1b0f6a11",
}


@pytest.fixture(scope="module")
def key(server: Server) -> str:
    key = server.key("searching")
    send(server, key, *map(event, range(COUNT)))
    send(server, key, event(900, action="page.viewed", stream="activity"))
    return key


def search(server: Server, key: str, body: object, path: str = "/audit-logs/_search") -> Answer:
    return server.ask("POST", path, body, key=key)


def test_a_deletion_is_found_by_its_verb_in_events_of_any_origin(server: Server) -> None:
    key = server.key("tutorial")
    imported = cloudtrail.translate(RECORD)
    send(server, key, event(0), event(1), imported)
    body = {"query": {"match": {"action": "DELETE"}}}
    for method in ("GET", "POST"):
        hits = hits_of(server.ask(method, "/audit-logs/_search", body, key=key))
        actions = {hit["_source"]["action"] for hit in hits}  # type: ignore[index]
        assert actions == {"document.deleted", imported["action"]}
    by_name = {"query": {"match": {"action": "DeleteBucket"}}}
    (hit,) = hits_of(search(server, key, by_name))
    assert hit["_id"] == RECORD["eventID"]


def test_a_hit_is_the_event_as_the_api_shows_it_with_its_time(server: Server, key: str) -> None:
    (hit,) = hits_of(search(server, key, {"query": {"term": {"metadata.number": 7}}}))
    source = dict(hit["_source"])  # type: ignore[call-overload]
    assert source.pop("@timestamp") == source["occurred_at"] == "2026-11-24T10:00:07.000007Z"
    assert source.pop("stream") == "audit"
    shown = server.ask("GET", f"/v1/events/{hit['_id']}", key=key).json
    assert source == {name: value for name, value in shown.items() if name != "leaf_hash"}
    assert hit["_index"] == "audit-logs"
    assert hit["_score"] == 1.0
    assert "sort" not in hit
    assert not {"_version", "_seq_no"} & set(hit)


def test_without_a_body_the_newest_ten_are_shown(server: Server, key: str) -> None:
    answer = server.ask("GET", "/audit-logs/_search", key=key)
    assert numbers(hits_of(answer)) == list(range(COUNT - 1, COUNT - 11, -1))
    assert answer.json["hits"]["total"] == {"value": COUNT, "relation": "eq"}
    assert answer.json["hits"]["max_score"] == 1.0


def test_size_from_and_sort_are_taken_from_body_and_address(server: Server, key: str) -> None:
    body = {"sort": [{"@timestamp": "asc"}], "size": 3, "from": 4}
    answer = search(server, key, body)
    assert numbers(hits_of(answer)) == [4, 5, 6]
    assert answer.json["hits"]["max_score"] is None
    path = "/audit-logs/_search?sort=@timestamp:asc&size=3&from=4"
    assert hits_of(server.ask("GET", path, key=key)) == hits_of(answer)


def test_sort_values_of_times_are_milliseconds(server: Server, key: str) -> None:
    body = {"sort": ["@timestamp", {"actor.id": "desc"}], "size": 1}
    (hit,) = hits_of(search(server, key, body))
    first = datetime(2026, 11, 24, 10, tzinfo=UTC)
    assert hit["sort"] == [int(first.timestamp() * 1_000), "u0"]
    assert hit["_score"] is None
    formatted = {"sort": [{"@timestamp": {"order": "asc", "format": "strict_date"}}], "size": 1}
    (hit,) = hits_of(search(server, key, formatted))
    assert hit["sort"] == ["2026-11-24"]


@pytest.mark.parametrize(
    ("wanted", "total"),
    [
        (None, {"value": COUNT, "relation": "eq"}),
        (True, {"value": COUNT, "relation": "eq"}),
        (COUNT, {"value": COUNT, "relation": "eq"}),
        (COUNT - 1, {"value": COUNT - 1, "relation": "gte"}),
        (0, {"value": 0, "relation": "gte"}),
        (False, None),
    ],
)
def test_hits_are_counted_as_far_as_wanted(
    server: Server, key: str, wanted: bool | int | None, total: Json | None
) -> None:
    body = {"size": 0, **({} if wanted is None else {"track_total_hits": wanted})}
    assert search(server, key, body).json["hits"].get("total") == total


def test_a_total_is_one_number_for_old_clients(server: Server, key: str) -> None:
    path = "/audit-logs/_search?rest_total_hits_as_int=true"
    assert search(server, key, {"size": 0}, path).json["hits"]["total"] == COUNT


def test_places_in_the_log_are_sequence_numbers(server: Server, key: str) -> None:
    body = {"version": True, "seq_no_primary_term": True, "sort": "_doc", "size": 2}
    hits = hits_of(search(server, key, body))
    assert [(hit["_seq_no"], hit["_primary_term"], hit["_version"]) for hit in hits] == [
        (hit["_source"]["index"], 1, 1)  # type: ignore[index]
        for hit in hits
    ]
    assert [hit["_seq_no"] for hit in hits] == [0, 1]


@pytest.mark.parametrize(
    ("wanted", "names"),
    [
        ("action", {"action"}),
        (["actor.id"], {"actor"}),
        (["@time*"], {"@timestamp"}),
        ({"includes": ["a*"], "excludes": ["actor.*", "action"]}, {"actor"}),
    ],
)
def test_parts_of_the_source_are_picked(
    server: Server, key: str, wanted: object, names: set[str]
) -> None:
    (hit,) = hits_of(search(server, key, {"_source": wanted, "size": 1}))
    assert set(hit["_source"]) == names  # type: ignore[call-overload]


def test_a_source_can_be_left_out(server: Server, key: str) -> None:
    (hit,) = hits_of(search(server, key, {"_source": False, "size": 1}))
    assert "_source" not in hit
    path = "/audit-logs/_search?size=1&_source_includes=@timestamp,*"
    (hit,) = hits_of(search(server, key, None, path))
    assert {"@timestamp", "action", "actor"} <= set(hit["_source"])  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("index", "count"),
    [
        ("audit-logs", COUNT),
        ("activity-logs", 1),
        ("*", COUNT + 1),
        ("_all", COUNT + 1),
        ("*,-activity-*", COUNT),
        ("audit-2026.11.24", COUNT),
        ("audit-2026.11.23", 0),
        ("filebeat-*", 0),
    ],
)
def test_an_index_is_a_stream(server: Server, key: str, index: str, count: int) -> None:
    assert server.ask("GET", f"/{index}/_count", key=key).json["count"] == count
    told = search(server, key, {"size": 0}, f"/{index}/_search").json
    assert told["hits"]["total"]["value"] == count


def test_an_index_that_there_is_not_is_missing(server: Server, key: str) -> None:
    answer = search(server, key, {}, "/nothing/_search")
    assert error_of(answer) == (404, "index_not_found_exception")
    assert answer.json["error"]["index"] == "nothing"
    passed = search(server, key, {}, "/nothing,audit-logs/_search?ignore_unavailable=true")
    assert passed.json["hits"]["total"]["value"] == COUNT


def test_what_was_asked_is_recorded_as_it_was_sent(server: Server, key: str) -> None:
    body = {"query": {"match": {"action": "viewed"}}}
    search(server, key, body, "/audit-logs/_search?size=3")
    entry = server.ask("GET", "/v1/events?stream=access&order=desc&limit=1", key=key).json
    (recorded,) = entry["events"]
    assert recorded["action"] == "events.searched"
    told = recorded["metadata"]
    assert json.loads(told.pop("query")) == body
    assert told == {
        "door": "elastic",
        "index": "audit-logs",
        "parameters": {"size": "3"},
        "total": len([number for number in range(COUNT) if number % 3 == 1]),
        "shown": 3,
    }


def test_the_access_stream_is_found_by_its_name(server: Server, key: str) -> None:
    path = "/access-logs/_count?q=action:events.searched"
    deadline = time.monotonic() + PATIENCE_S
    while not server.ask("GET", path, key=key).json["count"]:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_counting_counts(server: Server, key: str) -> None:
    body = {"query": {"term": {"action": "document.deleted"}}}
    answer = server.ask("POST", "/audit-logs/_count", body, key=key)
    assert answer.json["count"] == len(DELETED)
    assert answer.json["_shards"]["successful"] == 1
    asked = server.ask("GET", "/_count?q=action:document.deleted", key=key)
    assert asked.json["count"] == len(DELETED)


def test_aggregations_are_answered(server: Server, key: str) -> None:
    body = {
        "size": 0,
        "aggs": {
            "actions": {"terms": {"field": "action"}},
            "who": {"cardinality": {"field": "actor.id"}},
        },
    }
    told = search(server, key, body).json["aggregations"]
    counts = {bucket["key"]: bucket["doc_count"] for bucket in told["actions"]["buckets"]}
    assert counts == {"document.deleted": 20, "document.viewed": 20, "user.signed_in": 20}
    assert told["who"]["value"] == 5
    typed = search(server, key, body, "/audit-logs/_search?typed_keys=true").json["aggregations"]
    assert set(typed) == {"sterms#actions", "cardinality#who"}


def test_pages_by_search_after_are_the_list(server: Server, key: str) -> None:
    body: Json = {"sort": [{"@timestamp": "desc"}, {"_id": "asc"}], "size": 7}
    shown: list[int] = []
    while hits := hits_of(search(server, key, body)):
        shown += numbers(hits)
        body["search_after"] = hits[-1]["sort"]
    assert shown == list(range(COUNT))[::-1]


@pytest.mark.parametrize(
    ("body", "name"),
    [
        ({"highlight": {}}, "highlight"),
        ({"size": -1}, "size"),
        ({"size": 10_001}, "10001"),
        ({"query": {"fuzzy": {"action": "x"}}}, "fuzzy"),
        ({"query": {"match": {"nowhere": "x"}}}, "nowhere"),
        ({"query": {"range": {"@timestamp": {"gte": "x"}}}}, "time"),
        ({"sort": "nowhere"}, "nowhere"),
        ({"aggs": {"a": {"top_hits": {}}}}, "top_hits"),
        ({"_source": ["*" * 9]}, "_source"),
        ({"script_fields": {"a": {"script": "1"}}}, "script_fields"),
        ({"search_after": [1]}, "search_after"),
        ([], "START_OBJECT"),
        (b'{"query":', "json"),
        (b'{"size": 1, "size": 2}', "size"),
    ],
)
def test_what_is_not_answered_is_refused_by_its_name(
    server: Server, key: str, body: object, name: str
) -> None:
    answer = search(server, key, body)
    assert error_of(answer)[0] == 400
    assert name in answer.json["error"]["reason"]


@pytest.mark.parametrize(
    "query", ["nowhere=1", "size=1&size=2", "format=yaml", "search_type=scan", "typed_keys=maybe"]
)
def test_parameters_that_are_not_answered_are_refused(server: Server, key: str, query: str) -> None:
    answer = search(server, key, {}, f"/audit-logs/_search?{query}")
    assert error_of(answer) == (400, "illegal_argument_exception")
