"""What clients learn of the indices: fields for everybody, counts of one's own events alone."""

from itertools import count

import pytest

from kit.events import reference_event
from kit.server import Server
from tallystick.search.elastic.mapping import mapping

TENANT = "indices"
STRANGERS = (f"indices-{number}" for number in count())


@pytest.fixture(scope="module")
def key(server: Server) -> str:
    """Return a key of a tenant with three events in one stream and two in another."""
    key = server.key(TENANT)
    for stream, numbers in (("audit", range(3)), ("activity", range(3, 5))):
        events = [{**reference_event(number), "stream": stream} for number in numbers]
        assert server.ask("POST", "/v1/events", events, key=key).status == 201
    assert server.ask("POST", "/_refresh", key=key).status == 200
    return key


@pytest.mark.parametrize(
    ("path", "indices", "parts"),
    [
        ("/_mapping", ["audit-logs", "activity-logs"], ["mappings"]),
        ("/_mappings", ["audit-logs", "activity-logs"], ["mappings"]),
        ("/audit-logs/_mapping", ["audit-logs"], ["mappings"]),
        ("/audit-*/_mappings", ["audit-logs"], ["mappings"]),
        ("/_settings", ["audit-logs", "activity-logs"], ["settings"]),
        ("/audit-logs/_settings", ["audit-logs"], ["settings"]),
        ("/_alias", ["audit-logs", "activity-logs"], ["aliases"]),
        ("/_aliases", ["audit-logs", "activity-logs"], ["aliases"]),
        ("/activity-logs/_alias", ["activity-logs"], ["aliases"]),
        ("/audit-logs", ["audit-logs"], ["aliases", "mappings", "settings"]),
        ("/access-logs", ["access-logs"], ["aliases", "mappings", "settings"]),
    ],
)
def test_indices_are_described(
    server: Server, key: str, path: str, indices: list[str], parts: list[str]
) -> None:
    told = server.ask("GET", path, key=key).json

    assert list(told) == indices
    assert all(list(part) == parts for part in told.values())
    assert all(part.get("mappings", mapping()) == mapping() for part in told.values())


def test_whether_an_index_is_there_is_told_without_a_body(server: Server, key: str) -> None:
    there = server.ask("HEAD", "/audit-logs", key=key)
    missing = server.ask("HEAD", "/nothing-here", key=key)

    assert (there.status, there.body) == (200, b"")
    assert (missing.status, missing.body) == (404, b"")


@pytest.mark.parametrize(
    "path",
    [
        *("/nothing/_mapping", "/nothing/_field_caps?fields=*", "/nothing/_stats"),
        *("/_cat/indices/nothing", "/_resolve/index/nothing", "/_cluster/health/nothing"),
    ],
)
def test_an_index_that_is_not_there_is_named(server: Server, key: str, path: str) -> None:
    answer = server.ask("GET", path, key=key)

    assert answer.status == 404
    assert answer.json["error"]["type"] == "index_not_found_exception"
    assert answer.json["error"]["reason"] == "no such index [nothing]"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/audit-logs/_field_caps?fields=actor.id,message*", None),
        ("POST", "/audit-logs/_field_caps?fields=actor.id,message*", None),
        ("POST", "/audit-logs/_field_caps", {"fields": ["actor.id", "message*"]}),
    ],
)
def test_fields_say_what_they_are_good_for(
    server: Server, key: str, method: str, path: str, body: object
) -> None:
    told = server.ask(method, path, body, key=key).json

    assert told["indices"] == ["audit-logs"]
    assert list(told["fields"]) == ["actor.id", "message", "message.keyword"]
    assert not told["fields"]["message"]["text"]["aggregatable"]


@pytest.mark.parametrize(
    ("path", "body", "named"),
    [
        ("/_field_caps", {}, "fields"),
        ("/_field_caps?fields=*", {"index_filter": {"match_all": {}}}, "[index_filter]"),
        ("/_field_caps?fields=*&types=keyword", None, "[types]"),
        ("/_field_caps?fields=*&filters=-metadata", None, "[filters]"),
        ("/_field_caps", {"fields": ["a"] * 1_001}, "[fields]"),
    ],
)
def test_what_is_not_answered_about_fields_is_named(
    server: Server, key: str, path: str, body: object, named: str
) -> None:
    answer = server.ask("POST", path, body, key=key)

    assert answer.status == 400
    assert named in answer.json["error"]["root_cause"][0]["reason"]


def test_counts_are_those_of_ones_own_events(server: Server, key: str) -> None:
    listed = server.ask("GET", "/_cat/indices?format=json", key=key).json
    stats = server.ask("GET", "/_stats", key=key).json
    stranger = server.key(next(STRANGERS))

    assert {it["index"]: it["docs.count"] for it in listed} == {
        "audit-logs": "3",
        "activity-logs": "2",
    }
    assert stats["_all"]["primaries"]["docs"]["count"] == 5
    assert stats["indices"]["activity-logs"]["total"]["docs"]["count"] == 2
    for path in ("/_cat/indices?format=json&h=docs.count", "/_cat/indices/audit-*?h=dc"):
        assert "3" not in server.ask("GET", path, key=stranger).body.decode()


def test_counts_for_a_person_are_a_table(server: Server, key: str) -> None:
    text = server.ask("GET", "/_cat/indices?v&h=index,docs.count&s=dc", key=key).body.decode()

    assert text.splitlines() == [
        "index         docs.count",
        "activity-logs          2",
        "audit-logs             3",
    ]


def test_who_sees_no_sealed_value_is_told_the_counts(server: Server, key: str) -> None:
    masked = server.key(TENANT, "read-masked")

    assert (
        server.ask("GET", "/_stats", key=masked).json == server.ask("GET", "/_stats", key=key).json
    )


def test_a_name_is_resolved_to_the_indices_that_it_means(server: Server, key: str) -> None:
    told = server.ask("GET", "/_resolve/index/*", key=key).json

    assert [it["name"] for it in told["indices"]] == ["audit-logs", "activity-logs"]
    assert told["aliases"] == told["data_streams"] == []
