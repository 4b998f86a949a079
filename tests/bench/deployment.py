"""Deployments for benchmarks: in this process, or a server of its own processes."""

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from time import perf_counter, sleep
from typing import IO

import msgspec

from bench.load import DECLARED
from bench.paced import PacedOrder, PacedTold
from bench.sender import Order, Told
from tallystick.access.declarations import declare
from tallystick.access.keys import Grant, create_key
from tallystick.access.tenants import create_tenant
from tallystick.drivers.sqlite import SqliteStore
from tallystick.ledger.leaf import Via
from tallystick.settings import Settings
from tallystick.wiring import NO_ENGINE, House, open_house

VIA = Via("0123456789abcdef", "native")
PYTHONPATH = str(Path(__file__).parents[1])

_START_S = 30
_SETTLE_S = 1.5


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """Make a folder for one figure, and remove it with all that was measured in it."""
    folder = Path(mkdtemp(prefix="tallystick-bench-"))
    try:
        yield folder
    finally:
        rmtree(folder)


@contextmanager
def temporary_house(data: Path) -> Iterator[House]:
    """Create a deployment in a folder and open it in this process."""
    house = open_house(Settings(data=data, deployment="bench.example"), create=True)
    try:
        yield house
    finally:
        house.close()


def new_tenant(house: House, name: str = "bench") -> int:
    """Create a tenant that has declared the action of the reference event; its number."""
    tenant = create_tenant(house.ledger, name, "cli")
    declare(house.ledger, tenant.number, DECLARED, "cli")
    return tenant.number


def checkpoint(house: House) -> None:
    """Write what was committed back into the database file, as the publisher does."""
    store = house.ledger.drivers.store
    assert isinstance(store, SqliteStore)
    store.checkpoint()


@dataclass(frozen=True, slots=True)
class Server:
    """A running server.

    Attributes:
        process: Its supervisor.
        port: Where the doors listen, on loopback.
        key: A credential of the tenant ``bench`` that may ingest and read.
    """

    process: subprocess.Popen[str]
    port: int
    key: str

    def send(self, *, seed: int, warm: int, requests: int, batch: int, connections: int) -> Told:
        """Send a load from another process, and tell what came of it."""
        order = Order(self.port, self.key, seed, warm, requests, batch, connections)
        return msgspec.json.decode(_carried_out("bench.sender", order), type=Told)

    def send_paced(self, order: PacedOrder) -> PacedTold:
        """Send a load at a fixed rate from another process, and tell what came of it."""
        return msgspec.json.decode(_carried_out("bench.paced", order), type=PacedTold)

    def processes(self, roles: Sequence[str]) -> Iterator[tuple[str, str]]:
        """Yield the role of each of the server's processes that has one, and its ``stat``."""
        for pid in _family(self.process.pid):
            words = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            for role in roles:
                if role in words:
                    yield role, Path(f"/proc/{pid}/stat").read_text("utf-8")

    def memory(self) -> int:
        """Bytes of memory of all the server's processes; pages they share count once (PSS)."""
        return sum(_proportional_share(pid) for pid in _family(self.process.pid))


@contextmanager
def running_server(data: Path, doors: int) -> Iterator[Server]:
    """Run a server with one tenant in a folder, until the block ends."""
    with temporary_house(data) as house:
        grant = Grant(frozenset({"ingest", "read"}), (new_tenant(house),))
        _, key = create_key(house.ledger, grant, "bench", "cli")
    with serving(data, doors, key) as server:
        yield server


@contextmanager
def serving(data: Path, doors: int, key: str, engine: str = NO_ENGINE) -> Iterator[Server]:
    """Run a server in a folder that has a deployment, until the block ends."""
    with (
        (data / "server.log").open("wb") as log,
        _python("bench.serving", str(data), str(doors), engine, log=log) as process,
    ):
        assert process.stdout is not None
        try:
            for line in process.stdout:
                _, found, address = line.strip().partition("listening on http://")
                if found:
                    port = int(address.rpartition(":")[2])
                    _wait_until_ready(port)
                    yield Server(process, port, key)
                    break
        finally:
            process.terminate()
            process.wait(60)


def _carried_out(module: str, order: msgspec.Struct) -> str:
    """Let a process build a load, then send it; return what it tells."""
    with _python(module, msgspec.json.encode(order).decode()) as sender:
        assert sender.stdin is not None
        assert sender.stdout is not None
        assert sender.stdout.readline() == "ready\n"
        sender.stdin.write("go\n")
        sender.stdin.flush()
        return sender.stdout.read()


def _python(module: str, *arguments: str, log: IO[bytes] | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments],
        env={**os.environ, "PYTHONPATH": PYTHONPATH},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )


def _wait_until_ready(port: int) -> None:
    """Wait until a door answers; the others start at the same time."""
    deadline = perf_counter() + _START_S
    while perf_counter() < deadline:
        connection = HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.request("GET", "/readyz")
            if connection.getresponse().status == HTTPStatus.OK:
                sleep(_SETTLE_S)
                return
        except OSError:
            sleep(0.1)
        finally:
            connection.close()
    raise TimeoutError(f"server: not ready in {_START_S} s")


def _family(pid: int) -> Iterator[int]:
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text().split():
            yield from _family(int(child))


def _proportional_share(pid: int) -> int:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1_024
    return 0
