"""Whatever is sent to a door: no 5xx, an answer of our own form, and no log that changes by it."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kit.events import reference_event
from kit.server import Answer, Server, running_server

EVENT = json.dumps(reference_event(1)).encode()
TYPES = ["application/json", "application/x-ndjson", "text/plain", "", "application/json;;", "x"]
ENCODINGS = ["", "gzip", "zstd", "identity", "br", "gzip,gzip"]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


@pytest.fixture(scope="module")
def key(server: Server) -> str:
    return server.key("acme")


def events_of(answer: Answer) -> list[dict[str, Any]]:
    return (
        list(answer.json["results"]) if answer.headers["content-type"] == "application/json" else []
    )


def check(server: Server, answer: Answer, before: dict[str, int]) -> None:
    """An answer is results or a problem, and what it acknowledges is all that the logs gained."""
    assert answer.status < 500, answer
    if answer.status >= 400 and answer.headers["content-type"] != "application/json":
        assert answer.code
    recorded = [one for one in events_of(answer) if one["status"] == "recorded"]
    assert sum(server.sizes().values()) == sum(before.values()) + len(recorded)
    assert all(one["reason"] for one in events_of(answer) if one["status"] == "refused")


@given(st.binary(max_size=400), st.sampled_from(TYPES), st.sampled_from(ENCODINGS))
@example(b"\x28\xb5\x2f\xfd", TYPES[0], "zstd")
@example(b"\x1f\x8b\x08\x00", TYPES[0], "gzip")
def test_any_bytes(server: Server, key: str, body: bytes, media: str, encoding: str) -> None:
    before = server.sizes()
    headers = {"Content-Type": media, "Content-Encoding": encoding or "identity"}
    check(server, server.ask("POST", "/v1/events", body, key=key, headers=headers), before)


@given(st.lists(JSON, max_size=5) | JSON)
def test_any_json(server: Server, key: str, value: object) -> None:
    before = server.sizes()
    body = json.dumps(value).encode()
    check(server, server.ask("POST", "/v1/events", body, key=key), before)


@given(st.sampled_from(sorted(reference_event(1))), JSON)
def test_an_event_with_any_value_at_one_place(
    server: Server, key: str, name: str, value: object
) -> None:
    before = server.sizes()
    event = {**reference_event(1), name: value}
    check(server, server.ask("POST", "/v1/events", json.dumps(event).encode(), key=key), before)


@given(st.integers(0, len(EVENT) - 1), st.binary(max_size=3))
def test_an_event_with_any_bytes_in_its_middle(
    server: Server, key: str, at: int, put: bytes
) -> None:
    before = server.sizes()
    body = EVENT[:at] + put + EVENT[at + len(put) :]
    check(server, server.ask("POST", "/v1/events", body, key=key), before)


PATHS = [
    "/v1/events",
    "/v1/events/{}",
    "/v1/events/{}/receipt",
    "/v1/logs/{}/checkpoint",
    "/v1/logs/{}/tile/{}",
    "/v1/super/tile/{}",
    "/v1/super/{}/checkpoint",
    "/v1/super/1/tile/{}",
    "/v1/keys/{}",
    "/v1/catalogue/{}",
    "/v1/subjects/{}",
    "/{}",
    "/{}/_doc/{}",
    "/{}/_source/{}",
    "/{}/_create/{}",
    "/{}/_bulk",
]
PIECE = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


def spelled(text: str) -> str:
    """Percent-encode what no URI may hold; the rest stays as it is, broken escapes too."""
    return quote(text, safe="/%~!$&'()*+,;=:@[]")


@given(
    st.sampled_from(["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"]),
    st.sampled_from(PATHS),
    PIECE,
    st.dictionaries(
        st.sampled_from(["after", "limit", "order", "stream", "tenant", "wait"]), PIECE
    ),
)
def test_any_path_and_query(
    server: Server, method: str, path: str, piece: str, query: dict[str, str]
) -> None:
    if query.get("wait", "0") != "0":
        query["wait"] = "0" + query["wait"][:1]  # else the answer may wait a minute
    asked = path.replace("{}", spelled(piece)) + "?"
    asked += "&".join(f"{name}={spelled(value)}" for name, value in query.items())
    answer = server.ask(method, asked)
    assert answer.status < 500, answer
    assert answer.headers["x-request-id"]


@given(st.binary(min_size=1, max_size=300))
def test_bytes_that_are_no_http_do_not_stop_the_server(server: Server, data: bytes) -> None:
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=10)
    connection.connect()
    connection.sock.sendall(data)
    connection.close()
    assert server.ask("GET", "/healthz", key="").status == 200


def test_nothing_of_all_that_was_an_error_of_the_server(server: Server) -> None:
    assert '"level":"error"' not in server.log.read_text()
