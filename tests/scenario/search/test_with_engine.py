"""The follower's process with the real engine: what was acknowledged is in the table soon."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from kit.forensics import traces
from kit.server import Server, running_server
from tallystick.errors import NotFoundError
from tallystick.search.ports import Engine, EngineAwayError, Question
from tallystick.settings import Settings
from tallystick.wiring import open_engine, open_house

PATIENCE_S = 60.0
PLACES = "SELECT slot, `index`, id FROM events"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """One server: what a test recorded there is as good for the next one."""
    with running_server(engine=True) as server:
        yield server


def event(number: int) -> dict[str, object]:
    return {
        "action": "document.deleted",
        "occurred_at": f"2026-11-24T10:00:{number % 60:02d}Z",
        "actor": {"type": "user", "id": f"u{number % 5}", "name": "Ada"},
        "message": f"number {number}",
    }


def send(server: Server, key: str, count: int) -> None:
    body = [event(number) for number in range(count)]
    assert server.ask("POST", "/v1/events", body, key=key).status < 300


def entries(data: Path) -> Counter[tuple[int, int, bytes]]:
    house = open_house(Settings(data=data))
    try:
        with house.ledger.drivers.store.read() as snapshot:
            return Counter(
                (log.slot, entry.index, entry.event_id)
                for log in house.ledger.logs.every(snapshot)
                for entry in snapshot.entries(log.slot, 0, snapshot.head(log.slot).size)
            )
    finally:
        house.close()


def rows(engine: Engine) -> Counter[tuple[int, int, bytes]]:
    try:
        return Counter(engine.ask(Question(PLACES)).rows)
    except (EngineAwayError, NotFoundError):
        return Counter()


def wait_for(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def pid_of(server: Server, role: str) -> int:
    """Find a process of the server by its role."""
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            status = (folder / "stat").read_text("utf-8")
        except OSError:
            continue
        is_child = status.rpartition(")")[2].split()[1] == str(server.process.pid)
        if is_child and role.encode() in words:
            return int(folder.name)
    raise AssertionError(f"no {role}")


def engine_of(server: Server) -> Engine:
    engine = open_engine(Settings(data=server.data))
    assert engine is not None
    return engine


def test_what_was_acknowledged_is_in_the_table_soon(server: Server) -> None:
    key = server.key("acme")
    send(server, key, 200)

    engine = engine_of(server)
    wait_for(lambda: rows(engine) == entries(server.data))


@pytest.mark.parametrize("role", ["follower", "engine"])
def test_a_process_killed_while_events_come_loses_and_doubles_no_row(
    server: Server, role: str
) -> None:
    key = server.key("acme")
    for _ in range(3):  # it comes back after 0.5 s, then 1 s, then 2 s
        send(server, key, 100)
        killed = pid_of(server, role)
        os.kill(killed, signal.SIGKILL)
        send(server, key, 100)
        wait_for(partial(has_come_back, server, role, killed))

    engine = engine_of(server)
    wait_for(lambda: rows(engine) == entries(server.data))


def has_come_back(server: Server, role: str, killed: int) -> bool:
    """Whether there is another process of that role; the one that was killed may take a while."""
    try:
        return pid_of(server, role) != killed
    except AssertionError:
        return False


def command(server: Server, *words: str) -> tuple[int, dict[str, object]]:
    """Run a command on the server's deployment; return its exit code and what it told."""
    done = subprocess.run(
        [sys.executable, "-m", "tallystick.cli", "--data", str(server.data), "--json", *words],
        capture_output=True,
        check=False,
        timeout=120,
    )
    assert done.returncode in {0, 1}, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_row_that_somebody_hid_is_found_told_and_mended_and_a_rebuild_is_as_good(
    server: Server,
) -> None:
    key = server.key("acme")
    send(server, key, 300)
    engine = engine_of(server)
    wait_for(lambda: rows(engine) == entries(server.data))
    engine.execute("ALTER TABLE events DELETE WHERE slot = 1 AND `index` = 7", {})

    code, found = command(server, "reconcile")

    assert (code, found["missing"], found["mended"]) == (1, 1, True)
    assert rows(engine) == entries(server.data)
    assert command(server, "reconcile")[0] == 0
    code, rebuilt = command(server, "rebuild", "search")
    assert (code, rebuilt["entries"]) == (0, rows(engine).total())
    wait_for(lambda: rows(engine) == entries(server.data))


def test_after_an_erasure_no_byte_of_it_is_left_in_the_engines_folder(server: Server) -> None:
    key = server.key("acme")
    named = {"type": "user", "id": "zoe-4711", "email": "zoe@victim.example"}
    events = [{**event(number), "actor": named} for number in range(30)]
    assert server.ask("POST", "/v1/events", events, key=key).status == 201
    send(server, key, 30)
    engine = engine_of(server)
    wait_for(lambda: rows(engine) == entries(server.data))
    values = ("zoe-4711", "zoe@victim.example")
    assert traces(server.data / "engine", values)

    told = command(server, "erase", "zoe-4711", "--tenant", "acme", "--reason", "asked", "-y")[1]

    assert told["index"] == "certified"
    assert traces(server.data, values) == []
    assert rows(engine) == entries(server.data)
