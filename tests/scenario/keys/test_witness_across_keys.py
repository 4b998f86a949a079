"""An auditing witness that was told of the next key in time cosigns without a gap."""

import json
import os
import re
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tlog_scales import signing, tlog

from kit.command import Command
from kit.events import reference_event
from kit.server import Server, running_server
from tallystick.watch.witness_key import WitnessKey

NAME = "witness.example/acme"
MADE = WitnessKey(NAME, b"a" * 32)
VKEY = MADE.verifier().vkey()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def witness(command: Command, logs: list[str], server: str, key: str) -> Iterator[str]:
    """Run an auditing witness of several super-logs of one deployment; return its URL."""
    given = ["--key-file", "a.key", "--state", "a.db", "--listen", "127.0.0.1:0"]
    told = [part for log in logs for part in ("--log", log)]
    started = subprocess.Popen(
        command.program("witness", "serve", "--audit-epochs", "--server", server, *given, *told),
        cwd=command.folder,
        env={**os.environ, "TALLYSTICK_KEY": key},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert started.stderr is not None
    with started.stderr:
        url = re.search(r"listens on (http://\S+)", started.stderr.readline())
        try:
            assert url is not None
            yield url[1]
        finally:
            started.terminate()
            started.wait(30)


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def record(server: Server, number: int) -> None:
    """Record an event for acme, and wait until it has a receipt."""
    event = reference_event(number)
    assert server.ask("POST", "/v1/events", {**event, "tenant": "acme"}).status == 201
    receipt = server.ask("GET", f"/v1/events/{event['id']}/receipt?wait=30&tenant=acme")
    assert receipt.status == 200, receipt


def cosigned(server: Server) -> tlog.Checkpoint:
    """The newest super-checkpoint; the witness's line is verified by a foreign library."""
    note = server.ask("GET", "/v1/super/checkpoint", key="").body.decode()
    checkpoint = tlog.Checkpoint.from_text(note)
    checkpoint.verify(signing.Vkey.from_string(VKEY))
    return checkpoint


def test_the_audit_goes_on_in_the_next_super_log(tmp_path: Path, ends: ExitStack) -> None:
    command = Command(tmp_path)
    command("tenant", "create", "acme")
    admin = command.key("--all-tenants", "--scope", "admin,ingest,read")
    auditor = command.key("--all-tenants", "--scope", "witness")
    first = json.loads(command("pins").out)["super"][0]
    deployment = first.split("/super+")[0]
    root = command.plain("keys", "root", "init", "--deployment", deployment, "--out", "root.key")
    command("keys", "root", "pin", root.out.strip())
    request = command("keys", "root", "request").out
    note = command.plain("keys", "root", "sign", "--root-key", "root.key", given=request).out
    (tmp_path / "statement").write_text(note)
    MADE.write(tmp_path / "a.key")
    port = free_port()
    logs = [first, request.split("\n")[3]]
    url = ends.enter_context(witness(command, logs, f"http://127.0.0.1:{port}", auditor))
    policy = tmp_path / "policy"
    policy.write_text(f"log {first}\nwitness acme {VKEY} {url}\nquorum acme\n")
    server = ends.enter_context(
        running_server(
            data=command.data,
            admin_key=admin,
            TALLYSTICK_LISTEN=f"127.0.0.1:{port}",
            TALLYSTICK_WITNESS_POLICY=str(policy),
        )
    )
    record(server, 0)
    assert cosigned(server).origin == f"{deployment}/super"

    command("keys", "rotate", "--statement", "statement", TALLYSTICK_WITNESS_POLICY=str(policy))
    record(server, 1)

    assert cosigned(server).origin == f"{deployment}/super/2"
    told = command.plain("witness", "status", "--state", "a.db", "--json").json["logs"]
    epochs = {log["origin"].removeprefix(deployment): log["epoch"] for log in told}
    assert epochs["/super/2"] > epochs["/super"] >= 0
    assert not (tmp_path / "a.db.evidence").exists()
