"""A real server for tests: its own processes, a free port of loopback, a folder of its own."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

READY_S = 60
STOP_S = 45

_START = (
    "import sys;"
    "from tallystick.cli.serve import serve;"
    "from tallystick.settings import read_settings;"
    "sys.exit(serve(read_settings({})))"
)


@dataclass(frozen=True)
class Answer:
    """What a server answered; header names in lower case."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 (it is whatever was sent)
        """The body read as JSON."""
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of the problem that the body is."""
        assert self.headers["content-type"] == "application/problem+json", self
        return str(self.json["code"])


@dataclass
class Server:
    """A running server.

    Attributes:
        url: Such as ``http://127.0.0.1:40123``.
        data: Its data folder.
        admin_key: A key for everything.
        process: The supervisor.
        log: File with standard output and standard error of all its processes.
    """

    url: str
    data: Path
    admin_key: str
    process: subprocess.Popen[bytes]
    log: Path

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request on a connection of its own.

        Args:
            method: Such as ``POST``.
            path: With its query.
            body: Bytes as they are; anything else is written as JSON.
            key: API key, the admin key where None; an empty text sends no credential.
            headers: More headers; they replace those made here.
        """
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {self.admin_key if key is None else key}"}
        if key == "":
            del sent["Authorization"]
        if raw is not None:
            sent["Content-Type"] = "application/json"
        sent.update(headers or {})
        host = self.url.removeprefix("http://")
        connection = HTTPConnection(host, timeout=60)
        try:
            connection.request(method, path, raw, sent)
            answer = connection.getresponse()
            told = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, told, answer.read())
        finally:
            connection.close()

    def key(self, tenant: str, *scopes: str, **limits: object) -> str:
        """Make a tenant, if need be, and return a new key for it; it may ingest and read."""
        self.ask("POST", "/v1/tenants", {"name": tenant})
        wanted = {"tenants": [tenant], "scopes": list(scopes or ("ingest", "read")), **limits}
        answer = self.ask("POST", "/v1/keys", wanted)
        assert answer.status == 201, answer
        return str(answer.json["key"])

    def sizes(self) -> dict[str, int]:
        """Return the size of every log by its id."""
        answer = self.ask("GET", "/v1/logs?limit=1000")
        return {log["log"]: log["size"] for log in answer.json["logs"]}

    def wait_for_index(self, *keys: str, patience_s: float = READY_S) -> None:
        """Wait until all that was recorded in the tenant of each key can be found."""
        deadline = time.monotonic() + patience_s
        for key in keys:
            while True:
                answer = self.ask("GET", "/v1/search?limit=1", key=key)
                if answer.status not in {200, 503} or answer.json.get("index_lag_ms") == 0:
                    break
                assert time.monotonic() < deadline, answer
                time.sleep(0.05)

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal, and return the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(STOP_S)


@contextmanager
def running_server(
    *,
    doors: int = 1,
    epoch_s: int = 1,
    data: Path | None = None,
    admin_key: str = "",
    ready: bool = True,
    engine: bool = False,
    **env: str,
) -> Iterator[Server]:
    """Start a server, wait until it is ready, and stop it at the end.

    Args:
        doors: Number of door processes.
        epoch_s: Seconds between epochs.
        data: Data folder; a temporary one where None.
        admin_key: The key to use, where ``data`` holds a deployment already.
        ready: Whether it must become ready; else it is enough that it answers.
        engine: Whether it has an embedded engine; else it has none.
        env: More environment variables.
    """
    with tempfile.TemporaryDirectory(prefix="tallystick-test-") as scratch:
        folder = data or Path(scratch) / "data"
        log = Path(scratch) / "server.log"
        settings = {
            "TALLYSTICK_DATA": str(folder),
            "TALLYSTICK_LISTEN": "127.0.0.1:0",
            "TALLYSTICK_DOORS": str(doors),
            "TALLYSTICK_EPOCH_S": str(epoch_s),
            "TALLYSTICK_ENGINE": "" if engine else "off",
        }
        with log.open("wb") as sink:
            process = subprocess.Popen(
                [sys.executable, "-c", _START],
                env={**os.environ, **settings, **env},
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
        server = Server("", folder, admin_key, process, log)
        try:
            _wait_until_up(server, "/readyz" if ready else "/healthz")
            yield server
            code = server.stop()
            assert code in {0, -signal.SIGKILL}, f"exit code {code}:\n{log.read_text()}"
        finally:
            if process.poll() is None:
                process.kill()
                process.wait(STOP_S)


def _wait_until_up(server: Server, path: str) -> None:
    deadline = time.monotonic() + READY_S
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            break
        _read_log(server)
        if server.url and server.admin_key and _is_up(server, path):
            return
        time.sleep(0.05)
    written = server.log.read_text("utf-8", "replace")
    raise AssertionError(f"the server did not become ready:\n{written}")


def _read_log(server: Server) -> None:
    for line in server.log.read_text("utf-8", "replace").splitlines():
        if line.startswith("listening on "):
            server.url = line.removeprefix("listening on ")
        elif line.startswith("admin key, "):
            server.admin_key = line.split()[-1]


def _is_up(server: Server, path: str) -> bool:
    try:
        return server.ask("GET", path).status == 200
    except (OSError, HTTPException):
        return False
