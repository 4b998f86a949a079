"""The server's processes: they share an address, come back, drain, and stop together."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kit.events import reference_event
from kit.server import Server, running_server


def children(server: Server, role: str) -> list[int]:
    """Process ids of the server's doors or of its publisher, from /proc."""
    found: list[int] = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((folder / "stat").read_text().rpartition(") ")[2].split()[1])
            command = (folder / "cmdline").read_bytes().split(b"\0")
        except OSError:
            continue
        if parent == server.process.pid and role.encode() in command:
            found.append(int(folder.name))
    return found


def wait_for(condition: Callable[[], object], what: str, seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never came true: {what}"
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def test_two_doors_share_one_address_and_one_ledger() -> None:
    with running_server(doors=2) as server:
        met: set[str] = set()

        def met_both() -> bool:
            figures = server.ask("GET", "/metrics").body.decode()
            met.update(re.findall(r'tallystick_read_only\{door="(\d+)"\}', figures))
            return met == {"1", "2"}

        wait_for(met_both, "an answer of each door")
        key = server.key("acme")
        events = [reference_event(i) for i in range(120)]

        def post(event: dict[str, object]) -> int:
            answer = server.ask("POST", "/v1/events", event, key=key)
            assert answer.status == 201, answer
            return int(answer.json["results"][0]["index"])

        with ThreadPoolExecutor(8) as pool:
            indices = sorted(pool.map(post, events))
        assert indices == list(range(120))


def test_a_door_that_dies_comes_back_and_nothing_is_lost() -> None:
    with running_server() as server:
        key = server.key("acme")
        posted = server.ask("POST", "/v1/events", reference_event(1), key=key).json["results"]
        (door,) = children(server, "door")
        os.kill(door, signal.SIGKILL)
        wait_for(lambda: children(server, "door") not in ([], [door]), "another door")

        def answers() -> bool:
            try:
                return server.ask("GET", "/readyz").status == 200
            except OSError:
                return False

        wait_for(answers, "readiness")
        again = server.ask("POST", "/v1/events", reference_event(1), key=key).json["results"]
        assert again == [{**posted[0], "status": "duplicate"}]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stopped_server_leaves_no_process_and_a_last_epoch(
    number: signal.Signals, tmp_path: Path
) -> None:
    event = reference_event(1)
    with running_server(epoch_s=3_600, data=tmp_path / "data") as server:
        key = server.key("acme")
        server.ask("POST", "/v1/events", event, key=key)
        pids = children(server, "door") + children(server, "publisher")
        assert len(pids) == 2
        assert server.stop(number) == 0
        assert not any(map(is_alive, pids))
        admin = server.admin_key
    # With an epoch of an hour, only the one that is made at the end can hold the event.
    with running_server(epoch_s=3_600, data=tmp_path / "data", admin_key=admin) as server:
        receipt = server.ask("GET", f"/v1/events/{event['id']}/receipt", key=key)
        assert receipt.status == 200
        assert "admin key" not in server.log.read_text()


def test_requests_under_way_are_answered_before_a_door_ends() -> None:
    with running_server() as server:
        key = server.key("acme")
        batches = [[reference_event(n * 2_000 + i) for i in range(2_000)] for n in range(6)]
        with ThreadPoolExecutor(6) as pool:
            asked = [
                pool.submit(server.ask, "POST", "/v1/events", batch, key=key) for batch in batches
            ]
            wait_for(lambda: sum(server.sizes().values()) > 2_000, "the first batch")
            server.process.send_signal(signal.SIGTERM)
            answers = [one.result() for one in asked]
        assert [answer.status for answer in answers] == [201] * 6


def test_no_process_outlives_a_supervisor_that_is_killed() -> None:
    with running_server() as server:
        pids = children(server, "door") + children(server, "publisher")
        server.process.kill()
        server.process.wait(10)
        wait_for(lambda: not any(map(is_alive, pids)), "all processes gone")


def test_a_ledger_that_may_not_be_written_says_why_and_acknowledges_nothing(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    with running_server(data=data) as server:
        key, admin = server.key("acme"), server.admin_key
        server.ask("POST", "/v1/events", reference_event(1), key=key)
    (data / "lock.note").unlink()
    with running_server(data=data, admin_key=admin, ready=False) as server:
        ready = server.ask("GET", "/readyz")
        assert (ready.status, ready.code) == (503, "unready")
        assert "lock file is gone" in ready.json["detail"]
        before = server.sizes()
        recorded = server.ask("POST", "/v1/events", reference_event(2), key=key)
        read = server.ask("GET", f"/v1/events/{reference_event(1)['id']}", key=key)
        for answer in (recorded, read):
            assert (answer.status, answer.code) == (503, "pushback")
            assert int(answer.headers["retry-after"]) > 0
            assert "lock file is gone" in answer.json["detail"]
        assert server.sizes() == before


def test_an_address_in_use_is_refused_at_once() -> None:
    with running_server() as server:
        address = server.url.removeprefix("http://")
        again = subprocess.run(
            [
                sys.executable,
                "-c",
                (
                    "from tallystick.cli.serve import serve;"
                    "from tallystick.settings import Settings;"
                    f"serve(Settings(listen={address!r}))"
                ),
            ],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            cwd=server.log.parent,
        )
        assert again.returncode != 0
        assert "want a free address" in again.stderr
        assert server.ask("GET", "/readyz").status == 200
