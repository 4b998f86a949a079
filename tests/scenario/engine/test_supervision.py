"""The engine beside the doors: whatever becomes of it, they record."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.events import reference_event
from kit.server import Server, running_server
from tallystick.errors import PushbackError
from tallystick.search.ports import Engine, Question
from tallystick.settings import Settings
from tallystick.wiring import ENDPOINT, open_engine


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server(engine=True) as running:
        yield running


def engine_of(server: Server) -> Engine:
    engine = open_engine(Settings(data=server.data))
    assert engine is not None
    return engine


def wait_for(engine: Engine) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            engine.ask(Question("SELECT 1"))
        except PushbackError:
            assert time.monotonic() < deadline
            time.sleep(0.05)
        else:
            return


def processes(server: Server) -> dict[int, bytes]:
    """Command lines of the server's processes, by id."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdecimal():
            continue
        try:
            line = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if str(server.data).encode() in line:
            found[int(folder.name)] = line
    return found


def engine_process(server: Server) -> int:
    [number] = [n for n, line in processes(server).items() if b"\0engine\0" in line]
    return number


def record(server: Server, number: int) -> None:
    answer = server.ask("POST", "/v1/events", reference_event(number))
    assert answer.status in {200, 201, 202}, answer


def test_the_engine_is_killed_and_ingest_never_notices(server: Server) -> None:
    key = server.key("acme")
    engine = engine_of(server)
    wait_for(engine)
    killed = engine_process(server)
    slowest, number = 0.0, 0
    kill_at, end = time.monotonic() + 1, time.monotonic() + 6
    while time.monotonic() < end:
        if kill_at and time.monotonic() > kill_at:
            os.kill(killed, signal.SIGKILL)
            kill_at = 0.0
        started = time.monotonic()
        answer = server.ask("POST", "/v1/events", reference_event(number), key=key)
        slowest = max(slowest, time.monotonic() - started)
        assert answer.status < 300, answer
        number += 1

    wait_for(engine)

    assert engine_process(server) != killed
    assert sum(server.sizes().values()) >= number
    assert slowest < 2


def test_tables_are_there_after_the_engine_was_killed(server: Server) -> None:
    engine = engine_of(server)
    wait_for(engine)
    engine.execute("CREATE TABLE t (n UInt64) ORDER BY n SETTINGS fsync_after_insert = 1", {})
    engine.insert("t", {"n": [1, 2, 3]}, "t1")

    os.kill(engine_process(server), signal.SIGKILL)
    wait_for(engine)

    assert engine.ask(Question("SELECT sum(n) FROM t")).rows == [(6,)]


def test_no_command_line_shows_the_password_and_only_the_owner_reads_it(server: Server) -> None:
    path = server.data / ENDPOINT
    wait_for(engine_of(server))
    password = [part for part in path.read_text().split('"') if len(part) == 64]

    assert len(password) == 1
    assert path.stat().st_mode & 0o777 == 0o600
    lines = processes(server).values()
    assert len(lines) >= 3
    assert not any(password[0].encode() in line for line in lines)


def test_the_url_of_an_engine_is_on_no_command_line() -> None:
    secret = "correct-horse"  # noqa: S105 (looked for below)
    url = f"clickhouse://tally:{secret}@127.0.0.1:1/audit"
    with running_server(TALLYSTICK_ENGINE=url) as server:
        lines = processes(server).values()
        everything = server.log.read_text()

    assert len(lines) == 3  # a door, a publisher and a follower, no engine
    assert not any(secret.encode() in line for line in lines)
    assert secret not in everything


def test_the_engine_ends_with_its_supervisor(server: Server) -> None:
    wait_for(engine_of(server))
    number = engine_process(server)

    server.stop(signal.SIGKILL)

    deadline = time.monotonic() + 20
    while Path(f"/proc/{number}").exists() and b"Z" not in _state(number):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def _state(number: int) -> bytes:
    try:
        return Path(f"/proc/{number}/stat").read_bytes().rpartition(b")")[2].split()[0]
    except OSError:
        return b"Z"


def test_an_engine_that_is_off_is_not_started() -> None:
    with running_server() as server:
        assert not any(b"\0engine\0" in line for line in processes(server).values())
        assert not (server.data / ENDPOINT).exists()
    assert open_engine(Settings(engine="off")) is None
