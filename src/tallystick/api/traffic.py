"""What is true of every request: its id, its line in the log, its count, and safe headers.

The log names the route and never the path or the query, which may hold a person's id; it holds no
header, no body and no address.
"""

import asyncio
import re
from collections import Counter
from collections.abc import Callable
from functools import cache
from time import perf_counter
from typing import Any, cast

import msgspec
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from tallystick.api.process import to_stderr
from tallystick.ledger.leaf import time_text
from tallystick.ledger.ports import Clock, Entropy

_ID_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_")
_MAX_ID = 64
_SAFE_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]
_NOT_KEPT = (b"cache-control", b"no-store")
_ENCODER = msgspec.json.Encoder()

Write = Callable[[bytes], object]


class Traffic:
    """Wraps the application.

    Args:
        clock: The time of a log line.
        entropy: Where request ids come from.
        write: Where log lines go.

    Attributes:
        under_way: Requests that are being answered.
        answered: Answers by (method, route, status).
        seconds: Time spent on them, by route.
    """

    def __init__(self, clock: Clock, entropy: Entropy, write: Write = to_stderr) -> None:
        self.under_way = 0
        self.answered: Counter[tuple[str, str, int]] = Counter()
        self.seconds: Counter[str] = Counter()
        self._clock = clock
        self._write = write
        self._prefix = entropy.draw(6).hex()
        self._number = 0
        self._time = ""
        self._lines: list[_Line] = []

    def around(self, app: ASGIApp) -> ASGIApp:
        """Return the application with everything that is true of every request."""

        async def observed(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != ScopeType.HTTP:
                await app(scope, receive, send)
                return
            started = perf_counter()
            self.under_way += 1
            answer = _Answer(scope, send, self._request_id(scope))
            try:
                await app(answer.scope, receive, answer.send)
            finally:
                self.under_way -= 1
                self._note(answer, perf_counter() - started)

        return observed

    def complain(self, what: str) -> None:
        """Write what went wrong beside a request to the log."""
        line = {"time": time_text(self._clock.now()), "level": "error", "message": what}
        self._write(msgspec.json.encode(line) + b"\n")

    def flush(self) -> None:
        """Write the lines of this turn of the event loop: one call for all of them."""
        lines, self._lines = self._lines, []
        if lines:
            self._write(_ENCODER.encode_lines(lines))

    def _request_id(self, scope: Scope) -> str:
        for name, value in scope["headers"]:
            if name == b"x-request-id":
                text = value.decode("latin-1")
                if 0 < len(text) <= _MAX_ID and _ID_CHARACTERS.issuperset(text):
                    return text
        self._number += 1
        return f"{self._prefix}{self._number:08x}"

    def _note(self, answer: "_Answer", seconds: float) -> None:
        route = route_of(answer.scope)
        self.answered[answer.method, route, answer.status] += 1
        self.seconds[route] += seconds  # type: ignore[assignment]  # a Counter of seconds
        if not self._lines:
            self._time = time_text(self._clock.now())
            asyncio.get_running_loop().call_soon(self.flush)
        line = _Line(
            self._time,
            answer.request_id,
            answer.method,
            route,
            answer.status,
            round(seconds * 1_000, 1),
            answer.scope["state"].get("key_id"),
        )
        self._lines.append(line)


class _Line(msgspec.Struct, frozen=True, gc=False):
    """A line of the log; requests that end in one turn of the event loop share its time."""

    time: str
    request_id: str
    method: str
    route: str
    status: int
    ms: float
    key_id: str | None


class _Answer:
    """The answer to one request, on its way out."""

    __slots__ = ("_head", "_send", "method", "request_id", "scope", "status")

    def __init__(self, scope: HTTPScope, send: Send, request_id: str) -> None:
        method = scope["method"]
        self._head = method == "HEAD"
        self._send = send
        self.method: str = method if method in _METHODS else "OTHER"
        self.request_id = request_id
        self.status = 0
        state = {**scope.get("state", {}), "request_id": request_id}
        changed = {"state": state, **({"method": "GET"} if self._head else {})}
        self.scope = cast("Scope", {**scope, **changed})

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = [
                *message["headers"],
                *_SAFE_HEADERS,
                (b"x-request-id", self.request_id.encode()),
            ]
            if b"cache-control" not in [name.lower() for name, _ in headers]:
                headers.append(_NOT_KEPT)
            await self._send({**message, "headers": headers})
        elif self._head and message["type"] == "http.response.body":
            await self._send({**message, "body": b""})
        else:
            await self._send(message)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


def route_of(scope: Scope) -> str:
    """Name the route that answers, as the router knows it: without anything the sender wrote."""
    handler: Any = scope.get("route_handler")
    return _name(min(handler.paths)) if handler is not None and handler.paths else "none"


@cache
def _name(path: str) -> str:
    """Write ``/v1/keys/{key_id:str}`` as ``/v1/keys/{key_id}``."""
    return re.sub(r":\w+\}", "}", path)
