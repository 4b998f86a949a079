"""The HTTP server of the embedded engine: loopback only, one password, a thread a connection."""

import json
from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import chain
from pathlib import Path
from socket import SO_REUSEPORT, SOL_SOCKET, socket
from typing import Any, ClassVar, Final

from tallystick.drivers.chdb.library import MEMORY, Library, LibraryError, Piece
from tallystick.drivers.chdb.request import MAX_BODY, parse_request
from tallystick.drivers.chdb.work import Work
from tallystick.errors import ForbiddenError, MalformedError, PushbackError

MAX_CONNECTIONS: Final = 256
_IDLE_S: Final = 120
_STATUS: Final = {60: 404, 81: 404, 241: 503, 202: 503, 497: 403, 516: 401}
_DENIED, _BUSY, _UNAUTHENTICATED, _MALFORMED = 497, 202, 516, 36


class EngineServer:
    """Serves the tables of a folder.

    Args:
        folder: Where the tables are.
        port: Port of 127.0.0.1; 0 takes a free one.
        user: Who clients must be.
        password: What they must show.
        memory: Bytes that all statements may use together.
    """

    def __init__(
        self, folder: Path, port: int, user: str, password: str, memory: int = MEMORY
    ) -> None:
        self._library = Library(folder, memory)
        self._work = Work(self._library)
        self._http = _Http(("127.0.0.1", port), _Handler, bind_and_activate=False)
        self._http.work = self._work
        self._http.credential = b"Basic " + b64encode(f"{user}:{password}".encode())
        # The supervisor holds the port between two lives of this process, so nobody else gets it.
        self._http.socket.setsockopt(SOL_SOCKET, SO_REUSEPORT, 1)
        self._http.server_bind()
        self._http.server_activate()
        self.port: int = self._http.server_address[1]

    def serve(self) -> None:
        """Serve until :meth:`stop`."""
        self._http.serve_forever(poll_interval=0.2)
        self._http.server_close()
        self._work.running.close()

    def stop(self) -> None:
        """Take no more requests, and let :meth:`serve` return."""
        self._http.shutdown()


class _Http(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    work: Work
    credential: bytes
    _open = 0

    def process_request(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 (the base class's)
        if self._open >= MAX_CONNECTIONS:
            self.shutdown_request(request)
            return
        self._open += 1
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:  # noqa: ANN401 (the base class's)
        self._open -= 1
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ANN401 (the base class's)
        """A client that hangs up is no error; what else goes wrong was answered already."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = _IDLE_S
    wbufsize = 1 << 16
    server: _Http
    connection: socket
    _NO_BODY: ClassVar = b""

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002, ANN401 (the base class's)
        """Nothing: a URL may hold what somebody looks for."""

    def do_GET(self) -> None:
        if self.path == "/ping":
            self._answer(200, b"Ok.\n")
        else:
            self._refuse(_MALFORMED, "request: want POST")

    def do_POST(self) -> None:
        shown = (self.headers.get("Authorization") or "").encode()
        if not compare_digest(shown, self.server.credential):
            self.close_connection = True
            self._refuse(_UNAUTHENTICATED, "Authentication failed")
            return
        try:
            body = self._body()
            query = self.path.partition("?")[2]
            request = parse_request(query, self.headers.get("Content-Type") or "", body)
            with closing(self.server.work.pieces(request, self.connection)) as pieces:
                self._send(pieces, whole=request.whole)
        except MalformedError as error:
            self.close_connection = True
            self._refuse(_MALFORMED, str(error))
        except ForbiddenError as error:
            self._refuse(_DENIED, str(error))
        except PushbackError as error:
            self._refuse(_BUSY, str(error))
        except LibraryError as error:
            self._refuse(error.code, str(error))

    def _body(self) -> bytes:
        if "chunked" in (self.headers.get("Transfer-Encoding") or ""):
            return b"".join(self._chunks())
        length = self.headers.get("Content-Length") or "0"
        if not length.isdecimal() or int(length) > MAX_BODY:
            raise MalformedError(f"body: want at most {MAX_BODY:,} bytes")
        return self.rfile.read(int(length))

    def _chunks(self) -> Iterator[bytes]:
        total = 0
        while size := self._chunk_size():
            total += size
            if total > MAX_BODY:
                raise MalformedError(f"body: want at most {MAX_BODY:,} bytes")
            chunk = self.rfile.read(size)
            if len(chunk) != size or self.rfile.readline(3) != b"\r\n":
                raise MalformedError("body: ended early")
            yield chunk
        self.rfile.readline(3)

    def _chunk_size(self) -> int:
        line = self.rfile.readline(20)
        try:
            return int(line.partition(b";")[0], 16)
        except ValueError:
            raise MalformedError("body: no chunk") from None

    def _send(self, pieces: Iterator[Piece], *, whole: bool) -> None:
        """Send an answer; what goes wrong before its first piece can still be said as an error."""
        first = next(pieces)
        if whole:
            self._answer(200, first.data, first)
            return
        try:
            self._head(200, {"Transfer-Encoding": "chunked"})
            for piece in chain([first], pieces):
                if piece.data:
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece.data), piece.data))
            self.wfile.write(b"0\r\n\r\n")
            self.wfile.flush()
        except (LibraryError, OSError):
            # Without the last chunk the client knows that the answer is not all there is.
            self.close_connection = True

    def _answer(self, status: int, data: bytes, told: Piece | None = None, code: int = 0) -> None:
        headers = {"Content-Length": str(len(data))}
        if told is not None:
            summary = {"read_rows": str(told.rows_read), "read_bytes": str(told.bytes_read)}
            headers["X-ClickHouse-Summary"] = json.dumps(summary)
        if code:
            headers["X-ClickHouse-Exception-Code"] = str(code)
        self._head(status, headers)
        self.wfile.write(data)
        self.wfile.flush()

    def _refuse(self, code: int, text: str) -> None:
        self._answer(_STATUS.get(code, 500), text.encode("utf-8", "replace"), code=code)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        lines = [f"HTTP/1.1 {status} -", "X-ClickHouse-Timezone: UTC"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if self.close_connection:
            lines.append("Connection: close")
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1"))
