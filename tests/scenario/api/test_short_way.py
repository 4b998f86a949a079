"""The busiest route goes past the framework, and nobody can tell by the answers."""

import json
import os
from collections.abc import Mapping
from http.client import HTTPConnection
from pathlib import Path

import pytest

from kit.events import reference_event
from kit.server import Answer, Server, running_server

LONG_WAY = "/v1/events/"
"""The framework's router takes this path for the same route; the short cut does not know it."""

BODIES = {
    "an event": json.dumps(reference_event(1)).encode(),
    "two events": json.dumps([reference_event(2), reference_event(3)]).encode(),
    "an event that is refused": b'{"action":"a.b"}',
    "no JSON": b"hello",
    "nothing": b"",
}
HEADERS = {
    "as it should be": {},
    "of another type": {"Content-Type": "text/plain"},
    "of another version": {"Tallystick-Version": "1"},
    "encoded another way": {"Content-Encoding": "br"},
    "without a key": {"Authorization": "Bearer nobody"},
}

BY_CHANCE = {"x-request-id", "date", "connection"}
"""A connection is closed where an answer overtakes the end of the body."""


def told(answer: Answer) -> tuple[int, object, dict[str, str]]:
    """What an answer says, but for what may differ in any two answers."""
    body = {name: value for name, value in answer.json.items() if name != "request_id"}
    headers = {name: value for name, value in answer.headers.items() if name not in BY_CHANCE}
    return answer.status, body, headers


@pytest.mark.parametrize("body", BODIES)
@pytest.mark.parametrize("headers", HEADERS)
def test_both_ways_answer_alike(
    server: Server, tenant: str, key: str, body: str, headers: str
) -> None:
    limited = server.key(tenant, events_per_minute=10_000) if body == "an event" else key

    def ask(path: str) -> Answer:
        return server.ask("POST", path, BODIES[body], key=limited, headers=HEADERS[headers])

    ask("/v1/events")  # so that both others meet what is recorded
    short, long = told(ask("/v1/events")), told(ask(LONG_WAY))
    left = [headers.pop("ratelimit", "").partition(";r=") for _, _, headers in (short, long)]
    assert left[0][0] == left[1][0]
    assert short == long


def test_a_body_in_chunks_is_recorded_whole(server: Server, key: str) -> None:
    host = server.url.removeprefix("http://")
    text = json.dumps([reference_event(i) for i in range(50)]).encode()
    sent = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    connection = HTTPConnection(host, timeout=60)
    parts = iter([text[:7], text[7:9_000], text[9_000:]])
    connection.request("POST", "/v1/events", parts, sent, encode_chunked=True)
    answer = connection.getresponse()
    assert answer.status == 201
    assert len(json.loads(answer.read())["results"]) == 50
    # The next request on the same connection begins where this one has ended.
    for number in (50, 51):
        connection.request("POST", "/v1/events", json.dumps(reference_event(number)), sent)
        assert connection.getresponse().read().count(b'"recorded"') == 1
    connection.close()


def without_uvloop(folder: Path) -> Mapping[str, str]:
    """Variables under which nobody can import uvloop."""
    (folder / "uvloop.py").write_text('raise ImportError("not on this platform")\n')
    path = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(path)}


def has_uvloop(server: Server) -> bool:
    """Whether one of the server's processes has loaded uvloop."""
    pids = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text()
    return any("uvloop" in Path(f"/proc/{pid}/maps").read_text() for pid in pids.split())


def test_a_door_uses_uvloop(server: Server) -> None:
    assert has_uvloop(server)


def test_a_door_without_uvloop_does_the_same(tmp_path: Path) -> None:
    with running_server(**without_uvloop(tmp_path)) as server:
        assert not has_uvloop(server)
        key = server.key("acme")
        answer = server.ask("POST", "/v1/events", reference_event(1), key=key)
        assert answer.status == 201
        assert server.stop() == 0
