"""Whatever is sent to the doors of Elasticsearch: no 5xx, and no log that changes by a refusal."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kit.server import Answer, Server, running_server
from kit.shipping import lines, ship
from tallystick.api.elastic.operation import MAX_OPERATIONS, read_operations
from tallystick.api.ingest.elastic_document import Place, translate
from tallystick.api.problems import ProblemError
from tallystick.errors import MalformedError
from tallystick.events.parsing import parse_event

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(
    [
        *("@timestamp", "action", "event", "event.action", "event.id", "event.sequence", "user"),
        *("user.id", "user.name", "user.roles", "user.target.id", "actor", "occurred_at", "tenant"),
        *("source", "source.ip", "client", "trace.id", "message", "log", "log.level", "level"),
        *("fields", "labels", "metadata", "resource", "resource_id", "status", "type", "id", "ip"),
        *("eventName", "eventSource", "eventTime", "userIdentity", "external_id", "stream"),
        *("event.duration", "service", "service.name", "file.path", "password", "time", "targets"),
    ]
)
LIKELY = st.sampled_from(
    [
        *("2026-11-24T10:00:00Z", "document.deleted", "DELETE", "10.0.0.1", "success", "user"),
        *(1_795_514_400_123, "0199e0aa-0000-7000-8def-000000000001", "a" * 600, "\x00", "\ud800"),
        *({"type": "user"}, {"action": "a.b"}, ["x"], {"id": "u"}, {"a": {"b": {"c": 1}}}),
    ]
)


def _lined(told: list[object]) -> bytes:
    return lines(*told)


DOCUMENTS = st.dictionaries(NAMES | st.text(max_size=8), LIKELY | JSON, max_size=8)
ACTIONS = st.fixed_dictionaries(
    {},
    optional={
        name: st.dictionaries(
            st.sampled_from(["_index", "_id", "pipeline", "routing", "version", "_type"]),
            st.sampled_from(["audit-logs", "x", "", "A", 7, None, [], {}]) | JSON,
            max_size=3,
        )
        for name in ("index", "create", "update", "delete", "other")
    },
)


@given(DOCUMENTS)
@example({"fields": {"action": "a.b"}, "metadata": 1})
@example({"action": "a.b", "actor": {"type": "user"}, "metadata": [1], "@timestamp": 1})
@example({"event": {"action": ["DELETE"]}, "event.action": 1})
@example({"action": "x" * 600, "resource": {"type": "\u202e"}})
def test_any_document_is_an_event_or_refused(document: dict[str, Any]) -> None:
    try:
        event = translate(deepcopy(document), Place("audit-logs", "2026-11-24T12:00:00.000000Z"))
        parse_event(event)
    except MalformedError as error:
        assert error.path.startswith("/") or not error.path  # noqa: PT017 (or it is an event)


@given(st.binary(max_size=300) | st.lists(ACTIONS | DOCUMENTS, max_size=6).map(_lined))
def test_any_bulk_body_is_operations_or_refused(body: bytes) -> None:
    try:
        operations = read_operations(body, None)
    except (MalformedError, ProblemError) as error:
        assert str(error)  # noqa: PT017 (or it is operations)
    else:
        assert 0 < len(operations) <= MAX_OPERATIONS


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


@pytest.fixture(scope="module")
def key(server: Server) -> str:
    return server.key("acme")


def sizes(server: Server, key: str) -> int:
    """Return how many entries the tenant's streams of senders have."""
    logs = server.ask("GET", "/v1/logs", key=key).json["logs"]
    return sum(log["size"] for log in logs if log["stream"] in {"audit", "activity"})


def check(server: Server, key: str, answer: Answer, before: int) -> None:
    """An answer is items or an error, and what it acknowledges is all that the logs gained."""
    assert answer.status < 500, answer
    assert answer.headers["x-elastic-product"] == "Elasticsearch"
    told = [item for one in answer.json.get("items", []) for item in one.values()]
    created = [item for item in told if item["status"] == 201]
    assert sizes(server, key) == before + len(created)
    if answer.status >= 400:
        assert answer.json["error"]["root_cause"][0]["reason"]
    assert all(item["error"]["reason"] for item in told if item["status"] >= 400)


@given(st.binary(max_size=200))
def test_any_bytes(server: Server, key: str, body: bytes) -> None:
    before = sizes(server, key)
    check(server, key, ship(server, key, body), before)


@given(st.lists(st.tuples(ACTIONS, DOCUMENTS), min_size=1, max_size=4))
def test_any_operations(server: Server, key: str, told: list[tuple[object, object]]) -> None:
    before = sizes(server, key)
    body = lines(*(one for pair in told for one in pair))
    check(server, key, ship(server, key, body, path="/audit-logs/_bulk"), before)


@given(st.lists(DOCUMENTS, min_size=1, max_size=4), st.sampled_from(["a", "b", "c"]))
def test_any_documents(
    server: Server, key: str, documents: list[dict[str, Any]], name: str
) -> None:
    before = sizes(server, key)
    action = {"create": {"_index": "audit-logs", "_id": name}}
    body = lines(*(one for document in documents for one in ({"index": {}}, document)))
    answer = ship(server, key, body + lines(action, documents[0]), path="/audit-logs/_bulk")
    check(server, key, answer, before)


def test_nothing_of_all_that_was_an_error_of_the_server(server: Server) -> None:
    assert '"level":"error"' not in server.log.read_text()
