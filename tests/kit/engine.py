"""An embedded engine for tests: its own process, a folder of its own, a free port of loopback."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tallystick.drivers.clickhouse.endpoint import Endpoint
from tallystick.drivers.clickhouse.engine import ClickHouse
from tallystick.drivers.system import SystemEntropy
from tallystick.errors import PushbackError
from tallystick.ledger.queries import load
from tallystick.search.ports import Engine, Question, Row

READY_S = 60
SCHEMA = load("tallystick.search", "schema.sql")
USER, PASSWORD = "tallystick", "correct horse battery staple"

_SERVE = """
import sys
from pathlib import Path
from tallystick.drivers.chdb.server import EngineServer
server = EngineServer(Path(sys.argv[1]), int(sys.argv[2]), "tallystick", sys.argv[3])
print(server.port, flush=True)
server.serve()
"""


@dataclass
class EngineProcess:
    """An engine that can be killed and started anew, at the same port.

    Attributes:
        folder: Where its tables are.
        port: Its port; 0 before the first start.
        driver: The driver that is connected to it.
    """

    folder: Path
    port: int = 0
    driver: ClickHouse = field(init=False)
    process: subprocess.Popen[str] | None = None

    def __post_init__(self) -> None:
        self.driver = ClickHouse(self.endpoint, SystemEntropy())

    def endpoint(self) -> Endpoint:
        """Where it is."""
        return Endpoint("127.0.0.1", self.port, USER, PASSWORD)

    def start(self, before: str = "") -> None:
        """Start it, and wait until it answers.

        Args:
            before: Statements of Python that its process runs before all else.
        """
        command = [
            sys.executable,
            "-c",
            f"{before}\n{_SERVE}",
            str(self.folder),
            str(self.port),
            PASSWORD,
        ]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the engine ended with {self.process.wait()}"
        self.port = int(line)
        self.wait_until_up()

    def wait_until_up(self) -> None:
        """Wait until it answers."""
        deadline = time.monotonic() + READY_S
        while True:
            try:
                self.driver.ask(Question("SELECT 1"))
            except PushbackError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
            else:
                return

    def kill(self) -> None:
        """End it as a crash would."""
        assert self.process is not None
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()
        self.process = None

    def table(self, name: str = "events") -> str:
        """Make an empty events table."""
        self.driver.execute(SCHEMA["drop"], {"table": name})
        self.driver.execute(SCHEMA["create_events"], {"table": name})
        return name


@dataclass(frozen=True)
class Site:
    """An engine with two empty tables."""

    engine: Engine
    small: str = "small"
    events: str = "events"

    def rows(self, sql: str, **parameters: object) -> list[Row]:
        """Ask."""
        return list(self.engine.ask(Question(sql, parameters)).rows)


@contextmanager
def running_engine(folder: Path) -> Iterator[EngineProcess]:
    """Start an engine, and end it at the end."""
    engine = EngineProcess(folder)
    engine.start()
    try:
        yield engine
    finally:
        engine.driver.close()
        if engine.process is not None:
            engine.kill()
