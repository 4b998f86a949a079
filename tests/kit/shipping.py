"""Bulk bodies, and what a server's logs hold of them."""

import json
from collections.abc import Mapping
from typing import Any

from kit.server import Answer, Server

LINED = {"Content-Type": "application/x-ndjson"}


def lines(*told: object) -> bytes:
    """Write one JSON value a line."""
    return b"".join(json.dumps(one).encode() + b"\n" for one in told)


def ship(
    server: Server,
    key: str,
    *told: object,
    path: str = "/_bulk",
    headers: Mapping[str, str] = LINED,
) -> Answer:
    """Send a bulk body of values, or of bytes as they are."""
    body = told[0] if len(told) == 1 and isinstance(told[0], bytes) else lines(*told)
    return server.ask("POST", path, body, key=key, headers=headers)


def items(answer: Answer) -> list[dict[str, Any]]:
    """The items of an answer, without the names of their operations."""
    assert answer.status == 200, answer
    return [item for one in answer.json["items"] for item in one.values()]


def events(server: Server, key: str, stream: str = "audit") -> list[dict[str, Any]]:
    """All events of a stream, read by the native door."""
    answer = server.ask("GET", f"/v1/events?stream={stream}&limit=1000", key=key)
    return list(answer.json["events"])


def cause(answer: Answer) -> dict[str, Any]:
    """The cause of an error, told twice as Elasticsearch tells it."""
    error = answer.json["error"]
    assert answer.json["status"] == answer.status
    assert {name: error[name] for name in ("type", "reason")} == {
        name: error["root_cause"][0][name] for name in ("type", "reason")
    }
    return dict(error)
