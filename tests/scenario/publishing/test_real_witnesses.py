"""The publisher and the endpoints with ``tallystick witness`` itself: plain, and auditing."""

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kit.command import Command
from kit.events import reference_event
from kit.fake_witness import cosigners
from kit.server import Server, running_server

PLAIN, AUDITOR = "witness.example/plain", "witness.example/auditor"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def serving(command: Command, port: int, *arguments: str, key: str = "") -> Iterator[None]:
    """Run ``witness serve`` until the end of the block."""
    listen = f"127.0.0.1:{port}"
    program = command.program("witness", "serve", *arguments, "--listen", listen)
    log = (command.folder / f"witness-{port}.log").open("wb")
    env = {**os.environ, "TALLYSTICK_KEY": key}
    process = subprocess.Popen(
        program, cwd=command.folder, env=env, stdout=log, stderr=subprocess.STDOUT
    )
    try:
        yield
    finally:
        process.terminate()
        process.wait(30)
        log.close()


@pytest.mark.timeout(120)
def test_real_witnesses_cosign_what_is_published(tmp_path: Path) -> None:
    command = Command(tmp_path)
    ports = {name: free_port() for name in (PLAIN, AUDITOR)}
    vkeys = {
        name: command.plain("witness", "init", "--name", name, "--out", f"{port}.key").out.strip()
        for name, port in ports.items()
    }
    policy = tmp_path / "policy"
    lines = [
        f"witness {name.split('/')[1]} {vkeys[name]} http://127.0.0.1:{port}"
        for name, port in ports.items()
    ]
    policy.write_text("\n".join([*lines, "group both all plain auditor", "quorum both", ""]))
    with running_server(
        data=tmp_path / "data",
        TALLYSTICK_WITNESS_POLICY=str(policy),
        TALLYSTICK_WITNESS_DEADLINE_S="10",
    ) as server:
        log = server.ask("GET", "/.well-known/tallystick", key="").json["vkeys"][0]
        witness = server.ask("POST", "/v1/keys", {"tenants": "*", "scopes": ["witness"]})
        files = [("--key-file", f"{port}.key", "--state", f"{port}.db") for port in ports.values()]
        audited = ("--audit-epochs", "--server", server.url)
        with (
            serving(command, ports[PLAIN], *files[0], "--log", log),
            serving(
                command,
                ports[AUDITOR],
                *files[1],
                *audited,
                "--log",
                log,
                key=witness.json["key"],
            ),
        ):
            for port in ports.values():
                wait_until_up(port)
            for number in range(3):
                key = server.key(f"tenant-{number}")
                event = reference_event(number)
                assert server.ask("POST", "/v1/events", event, key=key).status == 201
                receipt = server.ask("GET", f"/v1/events/{event['id']}/receipt?wait=30", key=key)
                assert receipt.status == 200
                note = str(receipt.json["epoch_proof"])
                assert cosigners(note) == ["localhost/super", PLAIN, AUDITOR], readiness(server)
        told = "".join(path.read_text() for path in tmp_path.glob("witness-*.log"))
    assert not re.search(r'"status": ?422', told), told


def wait_until_up(port: int) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.1)
        else:
            return


def readiness(server: Server) -> bytes:
    return server.ask("GET", "/readyz", key="").body
