"""A deployment, its publisher and an auditing witness, each a process of its own."""

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


def free_port() -> int:
    """A port that nobody listens at just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def witness(command: Command, log: str, server: str, key: str) -> Iterator[str]:
    """Run an auditing witness, and return its URL."""
    given = ["--key-file", "a.key", "--state", "a.db", "--log", log, "--listen", "127.0.0.1:0"]
    arguments = ["witness", "serve", "--audit-epochs", "--server", server, *given]
    with (command.folder / "witness.log").open("w") as lines:
        started = subprocess.Popen(
            command.program(*arguments),
            cwd=command.folder,
            env={**os.environ, "TALLYSTICK_KEY": key},
            stdout=lines,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert started.stderr is not None
    with started.stderr:
        told = re.search(r"listens on (http://\S+)", started.stderr.readline())
        try:
            assert told is not None
            yield told[1]
        finally:
            started.terminate()
            started.wait(30)


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def server(tmp_path: Path, ends: ExitStack) -> Server:
    """A server whose super-checkpoints an auditing witness cosigns."""
    command = Command(tmp_path)
    command("tenant", "create", "acme")
    admin = command.key("--all-tenants", "--scope", "admin,ingest,read")
    auditor = command.key("--all-tenants", "--scope", "witness")
    log = json.loads(command("pins").out)["super"][0]
    made = WitnessKey(NAME, b"a" * 32)
    made.write(tmp_path / "a.key")
    port = free_port()
    url = ends.enter_context(witness(command, log, f"http://127.0.0.1:{port}", auditor))
    policy = tmp_path / "policy"
    policy.write_text(f"log {log}\nwitness acme {made.verifier().vkey()} {url}\nquorum acme\n")
    running = running_server(
        data=command.data,
        admin_key=admin,
        TALLYSTICK_LISTEN=f"127.0.0.1:{port}",
        TALLYSTICK_WITNESS_POLICY=str(policy),
    )
    return ends.enter_context(running)


def record(server: Server, number: int) -> None:
    """Record an event for acme, and wait until it has a receipt."""
    event = reference_event(number)
    answer = server.ask("POST", "/v1/events", {**event, "tenant": "acme"})
    assert answer.status == 201, answer
    receipt = server.ask("GET", f"/v1/events/{event['id']}/receipt?wait=30&tenant=acme")
    assert receipt.status == 200, receipt


def test_each_epoch_of_an_honest_deployment_is_audited_and_cosigned(
    server: Server, tmp_path: Path
) -> None:
    for number in range(3):
        record(server, number)

    note = server.ask("GET", "/v1/super/checkpoint", key="").body.decode()
    theirs = tlog.Checkpoint.from_text(note)
    theirs.verify(signing.Vkey.from_string(WitnessKey(NAME, b"a" * 32).verifier().vkey()))
    told = Command(tmp_path).plain("witness", "status", "--state", "a.db", "--json").json
    (log,) = told["logs"]
    lines = (tmp_path / "witness.log").read_text("utf-8").splitlines()
    statuses = {json.loads(line)["status"] for line in lines}
    # Reading is recorded, too, so that epochs go on.
    assert log["size"] >= theirs.size
    assert log["epoch"] >= 2
    assert statuses <= {200, 404, 409}
    assert not (tmp_path / "a.db.evidence").exists()
