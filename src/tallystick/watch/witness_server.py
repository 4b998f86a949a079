"""A witness's HTTP interface (c2sp.org/tlog-witness): two paths, bounded in size, time and number.

``POST /add-checkpoint`` takes a checkpoint, ``GET /<SHA-256 of the origin in hex>/checkpoint``
serves the newest one that was cosigned. Put a proxy with TLS before it where strangers reach it.
"""

import io
import json
import re
import socket
import sys
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import BoundedSemaphore
from time import monotonic
from typing import Any, Final

from tallystick.errors import MalformedError, TallystickError
from tallystick.watch.witness import MAX_REQUEST_BYTES, Witness, WitnessAnswer

Tell = Callable[[str], object]
"""Takes one line of JSON."""

_IDLE_S: Final = 60
_REQUEST_S: Final = 15
_MOST_CONNECTIONS: Final = 64
_MONITORED: Final = re.compile(r"/([0-9a-f]{64})/checkpoint").fullmatch
_TEXT: Final = "text/plain; charset=utf-8"


class WitnessServer(ThreadingHTTPServer):
    """Serves a witness; a thread a connection.

    Args:
        witness: Who cosigns.
        address: (host, port); port 0 takes a free one.
        now: The time for the log, in seconds since 1970.
        tell: Takes a line for each request; no line ever holds a key.

    Raises:
        MalformedError: The address can't be listened at.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self, witness: Witness, address: tuple[str, int], now: Callable[[], int], tell: Tell
    ) -> None:
        self.witness = witness
        self._now = now
        self._tell = tell
        self._free = BoundedSemaphore(_MOST_CONNECTIONS)
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        try:
            super().__init__(address, _Connection)
        except OSError as error:
            raise MalformedError(
                f"listen {address[0]}:{address[1]}: {error.strerror}, want a free address"
            ) from None

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 (a socket)
        """Take a connection, or close it at once where there are too many."""
        if not self._free.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._free.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:  # noqa: ANN401
        """Serve a connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._free.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401, ARG002
        """Tell what went wrong in a thread; a connection that broke off is nothing to tell."""
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):
            self.log(peer=client_address[0], error=f"{type(error).__name__}: {error}")

    def log(self, **members: object) -> None:
        """Write one line."""
        self._tell(json.dumps({"time_s": self._now(), **members}, ensure_ascii=False))


class _Deadline(io.RawIOBase):
    """Reads a socket, the bytes of one request before a time: no trickle holds a thread."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.until = 0.0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 (a buffer)
        left = self.until - monotonic()
        if left <= 0:
            raise TimeoutError("request: takes too long")
        self._connection.settimeout(left)
        return self._connection.recv_into(buffer)


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "tallystick-witness"
    sys_version = ""
    server: WitnessServer

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, True)
        self._deadline = _Deadline(self.connection)
        self._reader = io.BufferedReader(self._deadline)
        self.rfile = self._reader

    def handle_one_request(self) -> None:
        # Between two requests a connection may be idle; from the first byte on, time counts.
        self._deadline.until = monotonic() + _IDLE_S
        try:
            if not self._reader.peek(1):
                self.close_connection = True
                return
            self._deadline.until = monotonic() + _REQUEST_S
            super().handle_one_request()
        except OSError:
            self.close_connection = True

    def do_POST(self) -> None:
        began = monotonic()
        if self.path != "/add-checkpoint":
            self._answer(WitnessAnswer(404, "want POST /add-checkpoint\n"), began, drop=True)
            return
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()) or "Transfer-Encoding" in self.headers:
            self._answer(WitnessAnswer(411, "want a Content-Length\n"), began, drop=True)
        elif len(length) > len(str(MAX_REQUEST_BYTES)) or int(length) > MAX_REQUEST_BYTES:
            told = f"request: want at most {MAX_REQUEST_BYTES:,} bytes\n"
            self._answer(WitnessAnswer(413, told), began, drop=True)
        else:
            body = self.rfile.read(int(length))
            if len(body) < int(length):
                self.close_connection = True
                return
            self._answer(self.server.witness.add_checkpoint(body), began)

    def do_GET(self) -> None:
        began = monotonic()
        found = _MONITORED(self.path)
        try:
            note = self.server.witness.checkpoint(found[1]) if found else None
        except TallystickError as error:
            self._answer(WitnessAnswer(503, f"{error}\n"), began)
            return
        if note is None:
            self._answer(WitnessAnswer(404, "no checkpoint of such a log was cosigned\n"), began)
        else:
            self._answer(WitnessAnswer(200, note), began)

    def _answer(self, answer: WitnessAnswer, began: float, *, drop: bool = False) -> None:
        # Before the answer, so that what somebody was told stands in the log.
        self._log(answer, began)
        body = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(len(body)))
        if drop:  # a body that was not read would be taken for the next request
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)

    def _log(self, answer: WitnessAnswer, began: float) -> None:
        members: dict[str, object] = {
            "peer": self.client_address[0],
            "method": self.command,
            "path": self.path[:100],
            "status": int(answer.status),
            "ms": round((monotonic() - began) * 1_000, 1),
        }
        if answer.sizes:
            members |= {"origin": answer.origin, "old": answer.sizes[0], "size": answer.sizes[1]}
        if answer.status >= 400:  # noqa: PLR2004 (errors)
            members["reason"] = answer.body.strip()[:1_000]
        self.server.log(**members)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (its name above)
        """Say nothing: :meth:`_log` does."""
