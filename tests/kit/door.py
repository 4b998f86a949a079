"""Starts a door of :mod:`kit.crash`, and asks it over HTTP."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any, Self

from tallystick.access.keys import Grant, create_key
from tallystick.wiring import House

FAIL_POINTS = (
    "before the transaction",
    "after insert",
    "before commit",
    "after commit",
    "before the reply",
)
IN_FLIGHT = 8
"""Requests that must be under way before a fail point kills."""

_TESTS = Path(__file__).parents[1]
_START_S = 60.0


@dataclass
class Orders:
    """What the process is to do.

    Attributes:
        data: Data folder of an existing deployment.
        listen: ``HOST:PORT``.
        synchronous: SQLite's setting of that name.
        fail_point: Where to die, or "" to live.
        spare: How often the fail point is passed alive before.
        hits: File that gets a line with the number of requests in flight, right before death.
    """

    data: str
    listen: str
    synchronous: str = "FULL"
    fail_point: str = ""
    spare: int = 0
    hits: str = ""

    def command(self) -> list[str]:
        """Return the command line that carries them out."""
        return [sys.executable, "-m", "kit.crash", json.dumps(asdict(self))]


@dataclass
class Door:
    """A door that runs, with a key to it."""

    port: int
    key: str
    process: subprocess.Popen[bytes]
    reservation: socket.socket = field(repr=False)

    def visit(self) -> "Visitor":
        """Open a connection."""
        return Visitor(self.port, self.key)

    def post(self, events: Sequence[dict[str, object]]) -> "Answer":
        """Send events on a connection of their own."""
        with self.visit() as visitor:
            return visitor.post(events)

    def stop(self) -> int:
        """End it cleanly, or make sure that it has ended; return the exit code."""
        self.reservation.close()
        if self.process.stdin:
            self.process.stdin.close()
        try:
            return self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise


@dataclass(frozen=True)
class Answer:
    """Status, headers (names in lower case) and JSON body."""

    status: int
    headers: dict[str, str]
    body: Any

    @property
    def results(self) -> list[dict[str, Any]]:
        """The result of each event."""
        assert self.status in (200, 201), self
        found: list[dict[str, Any]] = self.body["results"]
        return found


class Visitor:
    """A client that keeps its connection."""

    def __init__(self, port: int, key: str) -> None:
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def post(self, events: Sequence[dict[str, object]]) -> Answer:
        """Send events in one request."""
        return self.ask("POST", "/v1/events", json.dumps(events))

    def ask(self, method: str, path: str, body: str | None = None) -> Answer:
        """Send a request and read the answer."""
        self._connection.request(method, path, body, self._headers)
        response = self._connection.getresponse()
        raw = response.read()
        headers = {name.lower(): value for name, value in response.getheaders()}
        is_json = "json" in headers.get("content-type", "")
        return Answer(response.status, headers, json.loads(raw) if is_json else raw)


def admin_key(house: House) -> str:
    """Create a key that may do everything, for all tenants."""
    grant = Grant(frozenset({"ingest", "read", "admin"}), tenants=None)
    return create_key(house.ledger, grant, "test", "cli")[1]


@contextmanager
def open_door(orders: Orders, key: str, prefix: Sequence[str] = ()) -> Iterator[Door]:
    """Run a door until the block ends.

    Args:
        orders: What it is to do; ``listen`` is filled in.
        key: The key to ask with.
        prefix: A command that runs the door's command, such as strace.
    """
    # Held while the door runs, never listened on: nobody else is given this port.
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    held.bind(("127.0.0.1", 0))
    port = held.getsockname()[1]
    command = [*prefix, *replace(orders, listen=f"127.0.0.1:{port}").command()]
    places = os.pathsep.join(filter(None, [str(_TESTS), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": places}
    process = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)
    door = Door(port, key, process, held)
    try:
        _wait_until_ready(door)
        yield door
    finally:
        door.stop()


def _wait_until_ready(door: Door) -> None:
    deadline = time.monotonic() + _START_S
    while True:
        try:
            with door.visit() as visitor:
                answer = visitor.ask("GET", "/readyz")
        except (OSError, HTTPException) as error:
            answer = Answer(0, {}, str(error))
        if answer.status == 200:
            return
        assert door.process.poll() is None, f"the door ended with {door.process.returncode}"
        assert time.monotonic() < deadline, answer
        time.sleep(0.02)
