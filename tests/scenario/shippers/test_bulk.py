"""Bulk requests over HTTP: what is answered, and what stands in the logs afterwards."""

import gzip
import json
import socket
from collections.abc import Mapping
from typing import Any

import pytest

from kit.server import Server
from kit.shipping import LINED, cause, events, items, lines, ship

AT = "2026-11-24T10:00:00.000000Z"
CREATE = {"create": {"_index": "audit-logs"}}


def action(name: str = "document.deleted", **more: object) -> dict[str, object]:
    return {"@timestamp": AT, "action": name, "user_id": "u1", **more}


def create(name: str, operation: str = "create") -> dict[str, object]:
    return {operation: {"_index": "audit-logs", "_id": name}}


@pytest.mark.parametrize("method", ["POST", "PUT"])
@pytest.mark.parametrize(
    "media",
    [
        "application/json",
        "application/x-ndjson",
        "application/json; charset=utf-8",
        "application/vnd.elasticsearch+x-ndjson; compatible-with=9",
        "application/vnd.elasticsearch+json; compatible-with=8",
    ],
)
def test_the_answer_tells_each_document_and_its_place(
    server: Server, key: str, method: str, media: str
) -> None:
    body = lines(CREATE, action(), {"index": {"_index": "activity-logs"}}, action("page.viewed"))
    headers = {
        "Content-Type": media,
        "Accept": "application/vnd.elasticsearch+json; compatible-with=9",
    }
    answer = server.ask(method, "/_bulk", body, key=key, headers=headers)
    assert answer.headers["x-elastic-product"] == "Elasticsearch"
    assert answer.headers["content-type"].startswith("application/vnd.elasticsearch+json")
    assert answer.json["errors"] is False
    assert answer.json["took"] >= 0
    assert [list(one) for one in answer.json["items"]] == [["create"], ["index"]]
    for item, stream in zip(items(answer), ("audit", "activity"), strict=True):
        (event,) = events(server, key, stream)
        assert item == {
            "_index": f"{stream}-logs",
            "_id": event["id"],
            "_version": 1,
            "result": "created",
            "_shards": {"total": 1, "successful": 1, "failed": 0},
            "_seq_no": event["index"],
            "_primary_term": 1,
            "status": 201,
        }
        assert event["via"]["door"] == "elastic"


def test_items_stand_alone_and_in_order(server: Server, key: str) -> None:
    answer = ship(
        server,
        key,
        lines(CREATE, action("a.created"), CREATE)
        + b'{"broken\n'
        + lines(CREATE, {"@timestamp": "never"}, create("x", "delete"))
        + lines(create("x", "update"), {"doc": {}}, CREATE, action("b.created")),
    )
    assert answer.json["errors"] is True
    told = [(item["status"], item.get("error", {}).get("type")) for item in items(answer)]
    assert told == [
        (201, None),
        (400, "document_parsing_exception"),
        (400, "document_parsing_exception"),
        (400, "illegal_argument_exception"),
        (400, "illegal_argument_exception"),
        (201, None),
    ]
    assert "[@timestamp]" in items(answer)[2]["error"]["reason"]
    assert [event["action"] for event in events(server, key)] == ["a.created", "b.created"]
    assert events(server, key, "activity") == []


def test_the_same_content_again_is_the_same_event_and_another_is_a_conflict(
    server: Server, key: str
) -> None:
    for name in ("order-7", "0199e0aa-0000-7000-8def-0000000000aa"):
        (first,) = items(ship(server, key, create(name), action()))
        (again,) = items(ship(server, key, create(name, "index"), action()))
        (other,) = items(ship(server, key, create(name), action("document.shared")))
        twins = items(ship(server, key, create(name), action(), create(name), action()))
        assert [first["status"], again["status"], other["status"]] == [201, 200, 409]
        assert (first["_id"], first["_seq_no"]) == (name, again["_seq_no"])
        assert other["error"]["type"] == "version_conflict_engine_exception"
        assert other["error"]["reason"].startswith(f"[{name}]: version conflict")
        assert {twin["result"] for twin in twins} == {"noop"}
    assert len(events(server, key)) == 2


def test_an_id_is_one_of_its_index_and_of_its_tenant(server: Server, key: str) -> None:
    other = server.key("shipper-other")
    elsewhere = {"create": {"_index": "audit-2026.11.24", "_id": "k"}}
    answers = [
        ship(server, key, create("k"), action()),
        ship(server, key, elsewhere, action("a.created")),
        ship(server, other, create("k"), action("b.created")),
    ]
    assert [items(answer)[0]["status"] for answer in answers] == [201, 201, 201]
    assert [event["external_id"] for event in events(server, key)] == ["k", "k"]


def test_a_document_without_a_time_may_be_sent_again(server: Server, key: str) -> None:
    timeless = {"action": "document.deleted", "user_id": "u1"}
    (first,) = items(ship(server, key, create("t"), timeless))
    (again,) = items(ship(server, key, create("t"), timeless))
    (other,) = items(ship(server, key, create("t"), {**timeless, "user_id": "u2"}))
    (told,) = items(ship(server, key, create("t"), {**timeless, "@timestamp": AT}))
    assert [one["status"] for one in (first, again, other, told)] == [201, 200, 409, 409]
    assert again["_seq_no"] == first["_seq_no"]


def test_an_id_of_the_documents_own_gives_way_and_is_kept(server: Server, key: str) -> None:
    own = {
        "id": "0199e0aa-0000-7000-8def-0000000000bb",
        "external_id": "mine",
        "action": "document.deleted",
        "occurred_at": AT,
        "actor": {"type": "user", "id": "u"},
    }
    ship(server, key, create("theirs"), own)
    (event,) = events(server, key)
    assert event["external_id"] == "theirs"
    assert event["metadata"] == {"id": own["id"], "external_id": "mine"}


def test_a_retry_after_a_cut_connection_records_each_document_once(
    server: Server, key: str
) -> None:
    """The sender leaves before it reads the answer, and sends the same again."""
    body = lines(*(part for n in range(50) for part in (create(f"cut-{n}"), action(number=n))))
    host, port = server.url.removeprefix("http://").split(":")
    head = (
        f"POST /_bulk HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/x-ndjson\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    for sent in (body[: len(body) // 2], body):
        with socket.create_connection((host, int(port)), timeout=30) as connection:
            connection.sendall(head + sent)
    answer = ship(server, key, body)
    assert {item["status"] for item in items(answer)} <= {200, 201}
    assert sorted(int(event["metadata"]["number"]) for event in events(server, key)) == [*range(50)]


SENDERS: dict[str, tuple[bytes, Mapping[str, str], str]] = {
    "rsyslog": (
        b'{"index":{"_index": "audit-logs"}}\n{"host":"h","message":"m"}\n\n',
        {"Content-Type": "application/json; charset=utf-8"},
        "/_bulk",
    ),
    "winston": (
        lines(
            {"index": {"_index": "audit-2026.11.24", "pipeline": None}, "attempts": 0},
            {"@timestamp": AT, "message": "m", "severity": "info", "fields": {}},
        ),
        {"Content-Type": "application/vnd.elasticsearch+x-ndjson; compatible-with=8"},
        "/_bulk?wait_for_active_shards=1&timeout=300ms",
    ),
    "logstash": (
        b'{"create":{"_id":null,"_index":"logs","routing":null}}\n{"message":"m","@timestamp":null}\n',
        LINED,
        "/_bulk?filter_path=errors,items.*.error,items.*.status",
    ),
    "gzip": (
        gzip.compress(b'{"index":{}}\n{"message":"m"}\n'),
        {**LINED, "Content-Encoding": "gzip"},
        "/filebeat-8.19.0/_bulk",
    ),
}


@pytest.mark.parametrize(("body", "headers", "path"), SENDERS.values(), ids=SENDERS)
def test_what_shippers_send_is_recorded_as_log_lines(
    server: Server, key: str, body: bytes, headers: Mapping[str, str], path: str
) -> None:
    assert [
        item["status"] for item in items(ship(server, key, body, path=path, headers=headers))
    ] == [201]
    (event,) = events(server, key, "activity")
    assert (event["action"], event["message"]) == ("log.received", "m")


WHOLE: dict[str, tuple[str, bytes, Mapping[str, str], int, str]] = {
    "no body": ("/_bulk", b"", LINED, 400, "parse_exception"),
    "an action line of another form": (
        "/_bulk",
        lines(CREATE, {"message": "m"}, {"x": 1}, {}),
        LINED,
        400,
        "illegal_argument_exception",
    ),
    "no index": (
        "/_bulk",
        lines({"index": {}}, {"a": 1}),
        LINED,
        400,
        "action_request_validation_exception",
    ),
    "an unknown parameter": (
        "/_bulk?wait=1",
        lines(CREATE, {"a": 1}),
        LINED,
        400,
        "illegal_argument_exception",
    ),
    "a pipeline": (
        "/_bulk?pipeline=p",
        lines(CREATE, {"a": 1}),
        LINED,
        400,
        "illegal_argument_exception",
    ),
    "another refresh": (
        "/_bulk?refresh=soon",
        lines(CREATE, {"a": 1}),
        LINED,
        400,
        "illegal_argument_exception",
    ),
    "a form": (
        "/_bulk",
        lines(CREATE, {"a": 1}),
        {"Content-Type": "application/x-www-form-urlencoded"},
        406,
        "media_type_header_exception",
    ),
    "damaged gzip": (
        "/_bulk",
        b"\x1f\x8b\x08",
        {**LINED, "Content-Encoding": "gzip"},
        400,
        "illegal_argument_exception",
    ),
    "a body that expands": (
        "/_bulk",
        gzip.compress(b" " * 80_000_000),
        {**LINED, "Content-Encoding": "gzip"},
        413,
        "content_too_long_exception",
    ),
}


@pytest.mark.parametrize(("path", "body", "headers", "status", "kind"), WHOLE.values(), ids=WHOLE)
def test_a_request_that_is_refused_whole_records_nothing(
    server: Server,
    key: str,
    path: str,
    body: bytes,
    headers: Mapping[str, str],
    status: int,
    kind: str,
) -> None:
    answer = ship(server, key, body, path=path, headers=headers)
    assert (answer.status, cause(answer)["type"]) == (status, kind)
    assert events(server, key) == events(server, key, "activity") == []


def test_a_malformed_action_line_is_named_by_its_number(server: Server, key: str) -> None:
    answer = ship(server, key, lines(CREATE, {"a": 1}, {"put": {}}, {"a": 2}))
    assert cause(answer)["reason"].startswith("Malformed action/metadata line [3]")


def test_a_key_without_the_scope_ingest_writes_nothing(server: Server, tenant: str) -> None:
    reader = server.key(tenant, "read")
    for key, status in ((reader, 403), ("", 401), ("nonsense", 401)):
        answer = ship(server, key, CREATE, action())
        assert (answer.status, cause(answer)["type"]) == (status, "security_exception")
        assert ("www-authenticate" in answer.headers) is (status == 401)
    assert events(server, reader) == []


def test_a_key_above_its_limit_is_to_wait(server: Server, tenant: str) -> None:
    key = server.key(tenant, "ingest", "read", events_per_minute=3)
    body = lines(*[CREATE, action()] * 3)
    assert ship(server, key, body).status == 200
    answer = ship(server, key, body)
    assert (answer.status, cause(answer)["type"]) == (429, "es_rejected_execution_exception")
    assert int(answer.headers["retry-after"]) >= 1
    assert len(events(server, key)) == 3


def test_a_key_for_several_tenants_names_one_for_all_or_for_each_document(
    server: Server, tenant: str, key: str
) -> None:
    ours = {"tenants": [tenant, "shipper-two"], "scopes": ["ingest", "read"]}
    server.ask("POST", "/v1/tenants", {"name": "shipper-two"})
    several = server.ask("POST", "/v1/keys", ours).json["key"]
    server.ask("POST", "/v1/tenants", {"name": "shipper-far"})
    answer = ship(
        server,
        several,
        *(CREATE, {**action("a.created"), "tenant": tenant}),
        *(CREATE, {**action("b.created"), "tenant": "shipper-two"}),
        *(CREATE, {**action("c.created"), "tenant": "shipper-far"}),
        *(CREATE, action("d.created")),
    )
    assert [item["status"] for item in items(answer)] == [201, 201, 403, 400]
    named = ship(server, several, CREATE, action("e.created"), path=f"/_bulk?tenant={tenant}")
    assert [item["status"] for item in items(named)] == [201]
    assert [event["action"] for event in events(server, key)] == ["a.created", "e.created"]
    far = ship(server, several, CREATE, action(), path="/_bulk?tenant=shipper-far")
    assert (far.status, cause(far)["type"]) == (403, "security_exception")


@pytest.mark.parametrize("refresh", ["true", "wait_for", ""])
def test_a_refresh_answers_when_the_documents_can_be_found(
    server: Server, key: str, refresh: str
) -> None:
    ship(server, key, CREATE, action("team.renamed"), path=f"/_bulk?refresh={refresh}")
    found = server.ask("GET", "/v1/search?q=action:team.renamed", key=key).json
    assert [event["action"] for event in found["events"]] == ["team.renamed"]


def test_what_would_change_the_log_is_refused_and_the_attempt_recorded(
    server: Server, tenant: str
) -> None:
    attempts: list[tuple[str, str, Any]] = [
        ("POST", "/audit-logs/_update/x", {"doc": {"action": "a.b"}}),
        ("POST", "/audit-logs/_update_by_query", {"query": {"match_all": {}}}),
        ("POST", "/audit-logs/_delete_by_query", {"query": {"match_all": {}}}),
        ("DELETE", "/audit-logs/_doc/x", None),
        ("DELETE", "/audit-logs", None),
        ("POST", "/_bulk", lines(create("x", "delete"))),
        ("POST", "/_bulk", lines(create("x", "update"), {"doc": {}})),
    ]
    for method, path, body in attempts:
        key = server.key(tenant)
        ship(server, key, create("x"), action())
        before = events(server, key)
        answer = server.ask(method, path, body, key=key)
        told = items(answer)[0]["error"] if path == "/_bulk" else cause(answer)
        assert told["type"] == "illegal_argument_exception"
        assert "neither changed nor deleted" in told["reason"]
        assert events(server, key) == before
        refused = [
            event
            for event in events(server, key, "access")
            if event["action"] == "access.refused" and event["actor"]["id"] == key.split("_")[1]
        ]
        assert [event["reason"] for event in refused] == [{"code": "append-only"}], (method, path)


def test_no_value_of_a_document_reaches_the_servers_log(server: Server, key: str) -> None:
    canary = "canary-in-a-shipped-document"
    ship(server, key, create(canary), {"@timestamp": canary, canary: canary})
    ship(server, key, f'{{"{canary}": '.encode())
    ship(server, key, CREATE, {"a": 1}, path=f"/_bulk?{canary}={canary}")
    assert canary not in server.log.read_text()
    assert json.loads(server.log.read_text().splitlines()[-1])
