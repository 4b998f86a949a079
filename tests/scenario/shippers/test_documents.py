"""Single documents over HTTP: written, and read back at once."""

import pytest

from kit.events import reference_event
from kit.server import Server
from kit.shipping import cause, events, ship

AT = "2026-11-24T10:00:00.000000Z"
DOCUMENT = {"@timestamp": AT, "action": "document.deleted", "user": {"id": "u1"}}


def test_a_document_without_an_id_is_appended_each_time(server: Server, key: str) -> None:
    answers = [server.ask("POST", "/audit-logs/_doc", DOCUMENT, key=key) for _ in range(2)]
    assert [(answer.status, answer.json["result"]) for answer in answers] == [(201, "created")] * 2
    assert [answer.json["_seq_no"] for answer in answers] == [0, 1]
    assert [answer.json["_id"] for answer in answers] == [e["id"] for e in events(server, key)]


@pytest.mark.parametrize("method", ["PUT", "POST"])
@pytest.mark.parametrize("kind", ["_doc", "_create"])
def test_a_document_with_an_id_is_recorded_once(
    server: Server, key: str, method: str, kind: str
) -> None:
    path = f"/audit-logs/{kind}/k%20{method}"
    first, again = (server.ask(method, path, DOCUMENT, key=key) for _ in range(2))
    other = server.ask(method, path, {**DOCUMENT, "message": "m"}, key=key)
    assert [first.status, again.status, other.status] == [201, 200, 409]
    assert (first.json["_id"], first.json["_index"]) == (f"k {method}", "audit-logs")
    assert cause(other)["type"] == "version_conflict_engine_exception"
    assert len(events(server, key)) == 1


def test_a_bad_document_is_refused_with_the_field_that_is_wrong(server: Server, key: str) -> None:
    own = {"action": "a.created", "actor": {"type": "martian"}, "occurred_at": AT}
    for document, field in (({**DOCUMENT, "@timestamp": "x"}, "@timestamp"), (own, "actor.type")):
        answer = server.ask("POST", "/audit-logs/_doc", document, key=key)
        assert answer.status == 400
        assert cause(answer)["type"] == "document_parsing_exception"
        assert f"[{field}]" in cause(answer)["reason"]
    assert events(server, key) == []


@pytest.mark.parametrize("path", ["/UPPER/_doc", "/audit-logs/_doc?op_type=delete", "/a/_doc?v=1"])
def test_an_address_that_cannot_be_meant_is_refused(server: Server, key: str, path: str) -> None:
    answer = server.ask("POST", path, DOCUMENT, key=key)
    assert answer.status == 400
    assert cause(answer)["type"] in {"illegal_argument_exception", "invalid_index_name_exception"}
    assert events(server, key) == events(server, key, "activity") == []


def test_what_was_written_is_read_at_once_by_its_id(server: Server, key: str) -> None:
    server.ask("PUT", "/audit-logs/_doc/k1", DOCUMENT, key=key)
    (event,) = events(server, key)
    answer = server.ask("GET", "/audit-logs/_doc/k1", key=key)
    assert answer.status == 200
    assert answer.json.pop("_source") == {**event, "stream": "audit", "@timestamp": AT}
    told = {name: value for name, value in answer.json.items() if name != "_source"}
    assert told == {
        "_index": "audit-logs",
        "_id": "k1",
        "_version": 1,
        "_seq_no": 0,
        "_primary_term": 1,
        "found": True,
    }
    for name in ("k1", event["id"], str(event["id"]).upper()):
        assert server.ask("HEAD", f"/audit-logs/_doc/{name}", key=key).status == 200
    source = server.ask("GET", "/audit-logs/_source/k1?_source_includes=action,actor.id", key=key)
    assert source.json == {"action": "document.deleted", "actor": {"id": "u1"}}
    bare = server.ask("GET", "/audit-logs/_doc/k1?_source=false", key=key)
    assert "_source" not in bare.json
    less = server.ask("GET", "/audit-logs/_source/k1?_source_excludes=actor,via.*", key=key).json
    assert "actor" not in less
    assert less["action"] == "document.deleted"


def test_what_the_native_door_recorded_is_read_by_its_id(server: Server, key: str) -> None:
    event = reference_event(77)
    server.ask("POST", "/v1/events", event, key=key)
    answer = server.ask("GET", f"/audit-logs/_doc/{event['id']}", key=key)
    assert answer.json["_source"]["actor"] == event["actor"]


@pytest.mark.parametrize("name", ["nothing", "0199e0aa-0000-7000-8def-00000000dead"])
@pytest.mark.parametrize("index", ["audit-logs", "activity-logs", "nowhere"])
def test_what_is_not_there_is_not_found(server: Server, key: str, name: str, index: str) -> None:
    answer = server.ask("GET", f"/{index}/_doc/{name}", key=key)
    assert (answer.status, answer.json) == (404, {"_index": index, "_id": name, "found": False})
    assert server.ask("HEAD", f"/{index}/_doc/{name}", key=key).status == 404
    source = server.ask("GET", f"/{index}/_source/{name}", key=key)
    assert (source.status, cause(source)["type"]) == (404, "resource_not_found_exception")
    assert events(server, key, "access") == []


def test_an_event_is_found_in_the_index_of_its_stream_alone(server: Server, key: str) -> None:
    name = server.ask("POST", "/audit-logs/_doc", DOCUMENT, key=key).json["_id"]
    line = server.ask("POST", "/audit-logs/_doc", {"message": "m"}, key=key).json["_id"]
    assert server.ask("GET", f"/activity-logs/_doc/{name}", key=key).status == 404
    assert server.ask("GET", f"/audit-logs/_doc/{line}", key=key).status == 200
    events(server, key)
    read = events(server, key, "access")[0]["id"]
    assert server.ask("GET", f"/audit-logs/_doc/{read}", key=key).status == 404
    assert server.ask("GET", f"/access-logs/_doc/{read}", key=key).status == 200


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_several_documents_are_read_together_and_that_is_one_read(
    server: Server, key: str, method: str
) -> None:
    create = {"create": {"_index": "audit-logs", "_id": "a"}}
    ship(server, key, create, DOCUMENT, {"create": {"_index": "audit-logs", "_id": "b"}}, DOCUMENT)
    wanted = {"docs": [{"_index": "audit-logs", "_id": name} for name in ("a", "none", "b", "a")]}
    answer = server.ask(method, "/_mget", wanted, key=key)
    assert [doc["found"] for doc in answer.json["docs"]] == [True, False, True, True]
    assert server.ask(method, "/audit-logs/_mget", {"ids": ["b"]}, key=key).json["docs"][0]["found"]
    told = [(one["action"], one["metadata"]["shown"]) for one in events(server, key, "access")[:1]]
    assert told == [("events.listed", 2)]


@pytest.mark.parametrize(
    "body",
    [{}, {"ids": []}, {"ids": [1]}, {"docs": [{"_id": "a"}]}, {"x": 1}, {"ids": ["a"] * 1_001}],
)
def test_a_wish_for_documents_that_names_none_is_refused(
    server: Server, key: str, body: object
) -> None:
    answer = server.ask("POST", "/_mget", body, key=key)
    assert (answer.status, cause(answer)["type"]) == (400, "action_request_validation_exception")


def test_a_key_without_the_scope_read_reads_nothing(server: Server, tenant: str) -> None:
    key = server.key(tenant, "ingest")
    server.ask("PUT", "/audit-logs/_doc/k", DOCUMENT, key=key)
    for method, path, body in (
        ("GET", "/audit-logs/_doc/k", None),
        ("GET", "/audit-logs/_source/k", None),
        ("POST", "/audit-logs/_mget", {"ids": ["k"]}),
    ):
        assert server.ask(method, path, body, key=key).status == 403


def test_an_erased_person_is_not_told_by_a_resend_nor_by_a_read(
    server: Server, tenant: str
) -> None:
    key = server.key(tenant, "ingest", "read", "admin")
    person = {**DOCUMENT, "user": {"id": "erin", "name": "Erin"}, "message": "by Erin"}
    server.ask("PUT", "/audit-logs/_doc/k", person, key=key)
    dry = server.ask("POST", "/v1/subjects/erin/erasure", {"reason": "asked"}, key=key).json
    done = {"reason": "asked", "confirm": dry["confirm"]}
    assert server.ask("POST", "/v1/subjects/erin/erasure", done, key=key).status < 300
    again = server.ask("PUT", "/audit-logs/_doc/k", person, key=key)
    assert (again.status, again.json["result"]) == (200, "noop")
    told = server.ask("GET", "/audit-logs/_doc/k", key=key)
    assert told.json["found"]
    assert b"Erin" not in told.body
