"""Follower, engine and server are killed while an export is made: the same bytes come of it."""

import os
import signal
import socket
import time
from http.client import HTTPConnection, IncompleteRead
from pathlib import Path

import pytest

from kit import exported
from kit.events import reference_event
from kit.server import Server, running_server

EVENTS = 16_000
PATIENCE_S = 90.0


def fill(server: Server, key: str) -> None:
    for start in range(0, EVENTS, 500):
        body = [reference_event(number) for number in range(start, start + 500)]
        assert server.ask("POST", "/v1/events", body, key=key).status < 300
    server.wait_for_index(key)


def pid_of(server: Server, role: str) -> int | None:
    """Find a process of the server by its role."""
    tasks = Path(f"/proc/{server.process.pid}/task").glob("*/children")
    for pid in {int(pid) for task in tasks for pid in task.read_text().split()}:
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if role.encode() in words:
            return pid
    return None


def kill(server: Server, role: str) -> None:
    """Kill a process of the server, as soon as there is one."""
    deadline = time.monotonic() + PATIENCE_S
    while (pid := pid_of(server, role)) is None:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    os.kill(pid, signal.SIGKILL)


def came_until_deleted(server: Server, key: str, name: str) -> int:
    """Begin to fetch an export, delete it, and read on; return how many bytes came."""
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=60)
    connection.sock = socket.socket()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 16)  # little is on its way
    connection.sock.connect((connection.host, connection.port))
    headers = {"Authorization": f"Bearer {key}"}
    connection.request("GET", f"{exported.PATH}/{name}/download", None, headers)
    answer = connection.getresponse()
    came = len(answer.read(1_000))
    assert server.ask("DELETE", f"{exported.PATH}/{name}", key=key).status == 204
    try:
        came += len(answer.read())
    except IncompleteRead as error:
        came += len(error.partial)
    except ConnectionError:
        pass
    connection.close()
    return came


def wait_until_begun(server: Server, key: str, name: str) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while exported.look(server, key, name)["state"] == "waiting":
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.slow
def test_the_same_bytes_come_whatever_is_killed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_server(data=data, engine=True) as server:
        key, admin = server.key("acme"), server.admin_key
        fill(server, key)
        whole = exported.export(server, key)
        for role in ("follower", "engine"):
            name = exported.ask(server, key)
            wait_until_begun(server, key, name)
            kill(server, role)
            assert exported.wait(server, key, name)["state"] == "done"
            assert exported.fetch(server, key, name).body == whole
        assert 1_000 <= came_until_deleted(server, key, name) < len(whole)
        name = exported.ask(server, key)
        wait_until_begun(server, key, name)
        half = exported.look(server, key, name)
        for role in ("follower", "door", "engine"):
            kill(server, role)
        server.stop(signal.SIGKILL)
    assert half["state"] == "running", half

    with running_server(data=data, engine=True, admin_key=admin) as server:
        assert exported.wait(server, key, name)["state"] == "done"
        part = exported.fetch(server, key, name, {"Range": f"bytes=0-{len(whole) // 2}"})
    with running_server(data=data, engine=True, admin_key=admin) as server:
        rest = exported.fetch(
            server,
            key,
            name,
            {"Range": f"bytes={len(part.body)}-", "If-Range": part.headers["etag"]},
        )

    assert part.body + rest.body == whole
