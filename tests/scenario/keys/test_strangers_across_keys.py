"""``monitor`` and ``mirror`` run on, as processes of their own, while a server's key changes."""

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from kit.command import Command
from kit.events import reference_event
from kit.server import Server, running_server
from tallystick.cli import exit_codes

WAIT_S = 60


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def tally(tmp_path: Path) -> Command:
    return Command(tmp_path)


def start(ends: ExitStack, tally: Command, out: str, *arguments: str) -> subprocess.Popen[bytes]:
    """Start a command whose lines go to a file; it is stopped at the end."""
    with (tally.folder / out).open("wb") as lines:
        started = subprocess.Popen(
            tally.program(*arguments, "--every", "1", "--json"), cwd=tally.folder, stdout=lines
        )

    def stop() -> None:
        if started.poll() is None:
            started.send_signal(signal.SIGINT)
        started.wait(30)

    ends.callback(stop)
    return started


def wait_for(tally: Command, out: str, wanted: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    """Wait until a command has written a line like that."""
    until = time.monotonic() + WAIT_S
    while time.monotonic() < until:
        lines = (tally.folder / out).read_text().splitlines()
        for line in map(json.loads, lines):
            if wanted(line):
                return dict(line)
        time.sleep(0.2)
    raise AssertionError(lines)


def record(server: Server, key: str, number: int) -> None:
    """Record an event, and wait until it is in an epoch."""
    event = reference_event(number)
    assert server.ask("POST", "/v1/events", event, key=key).status == 201
    path = f"/v1/events/{event['id']}/receipt?wait=30"
    assert server.ask("GET", path, key=key).status == 200


def audit_log(server: Server, tenant: str) -> str:
    logs = server.ask("GET", "/v1/logs?limit=1000").json["logs"]
    return str(next(it["log"] for it in logs if (it["tenant"], it["stream"]) == (tenant, "audit")))


def make_root(server: Server, tally: Command, *, pin: bool) -> None:
    """Make a root key, and hand out pins, with it or without."""
    data = ("--data", str(server.data))
    made = tally.plain("keys", "root", "init", "--deployment", "localhost", "--out", "root.key")
    if not pin:
        (tally.folder / "pins.json").write_text(tally.plain("pins", *data).out)
    tally.plain("keys", "root", "pin", made.out.strip(), *data)
    if pin:
        (tally.folder / "pins.json").write_text(tally.plain("pins", *data).out)


def change_key(server: Server, tally: Command) -> None:
    data = ("--data", str(server.data))
    request = tally.plain("keys", "root", "request", *data).out
    note = tally.plain("keys", "root", "sign", "--root-key", "root.key", given=request).out
    (tally.folder / "statement.txt").write_text(note)
    rotate = ("keys", "rotate", "--statement", "statement.txt", *data)
    # The server's own publisher may make an epoch at that moment; then one asks again.
    while tally.plain(*rotate, code=None).code:
        time.sleep(0.3)


@pytest.mark.parametrize("rooted", [True, False])
def test_they_go_on_where_the_root_is_pinned_and_stop_where_it_is_not(
    server: Server, tally: Command, ends: ExitStack, monkeypatch: pytest.MonkeyPatch, rooted: bool
) -> None:
    server.ask("POST", "/v1/tenants", {"name": "acme"})
    key = server.key("acme", "ingest", "read")
    record(server, key, 0)
    make_root(server, tally, pin=rooted)
    monkeypatch.setenv("TALLYSTICK_SERVER", server.url)
    monkeypatch.setenv("TALLYSTICK_KEY", key)
    log = audit_log(server, "acme")
    pins = ("--pins", "pins.json")
    monitor = start(ends, tally, "monitor", "monitor", "--log", log, *pins, "--state", "state")
    mirror = start(ends, tally, "mirror", "mirror", "--super", *pins, "--into", "super")
    wait_for(tally, "mirror", lambda it: it["event"] == "mirrored")
    until = time.monotonic() + WAIT_S
    while not (tally.folder / "state").exists() and time.monotonic() < until:
        time.sleep(0.1)

    change_key(server, tally)
    record(server, key, 1)

    if not rooted:
        for running, out in ((monitor, "monitor"), (mirror, "mirror")):
            assert running.wait(WAIT_S) == exit_codes.WRONG_KEY
            assert "pins refresh" in wait_for(tally, out, lambda it: it["event"] == "alarm")["what"]
        return
    for out in ("monitor", "mirror"):
        told = wait_for(tally, out, lambda it: it["event"] == "keys-changed")
        assert (told["reason"], told["origin"]) == ("rotation", "localhost/super/2")
    wait_for(tally, "mirror", lambda it: it.get("origin") == "localhost/super/2" and "size" in it)
    record(server, key, 2)
    time.sleep(3)
    assert (monitor.poll(), mirror.poll()) == (None, None)
    ends.close()
    alarms = [it for out in ("monitor", "mirror") for it in lines_of(tally, out, "alarm")]
    assert alarms == []
    once = ("monitor", "--log", log, *pins, "--state", "state", "--once", "--json")
    env = {"TALLYSTICK_SERVER": server.url, "TALLYSTICK_KEY": key}
    assert tally.plain(*once, **env).json["size"] == 3
    for folder in ("super", "super/2"):
        assert tally.plain("fsck", "--mirror", folder, *pins, "--json").json["verdict"] == "intact"


def lines_of(tally: Command, out: str, event: str) -> list[dict[str, Any]]:
    lines = map(json.loads, (tally.folder / out).read_text().splitlines())
    return [it for it in lines if it["event"] == event]
