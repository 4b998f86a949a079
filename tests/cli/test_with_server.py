"""Commands beside a running server, on its database and through it."""

import json
import re
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.command import Command
from kit.server import READY_S, Server, running_server

FIRST = "0199e0aa-0000-7000-8def-000000000000"
NEW = "0199e0aa-0000-7000-9def-000000000000"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Command, Server]]:
    """The command, a server on its data folder, and tenant acme with one event."""
    tally = Command(tmp_path_factory.mktemp("served"))
    with running_server(data=tally.data) as server:
        tally("tenant", "create", "acme")
        key = tally.key("--tenant", "acme", "--scope", "ingest,read")
        event = {
            "id": FIRST,
            "action": "invoice.approved",
            "occurred_at": "2026-11-24T02:45:00Z",
            "actor": {"type": "user", "id": "user_ada"},
        }
        assert server.ask("POST", "/v1/events", event, key=key).status == 201
        yield tally, server


def reads(server: Server) -> list[tuple[str, str]]:
    """Action and reader of each entry in acme's access stream."""
    events = server.ask("GET", "/v1/events?tenant=acme&stream=access&limit=1000").json["events"]
    return [(event["action"], event["via"]["key_id"]) for event in events]


def test_what_a_command_makes_is_known_to_the_server_at_once(
    served: tuple[Command, Server],
) -> None:
    tally, server = served

    key = tally.key("--tenant", "acme", "--scope", "read")

    assert server.ask("GET", f"/v1/events/{FIRST}", key=key).status == 200


def test_both_ways_show_the_same_event(served: tuple[Command, Server]) -> None:
    tally, server = served
    over_http = ["--server", server.url, "--key", server.admin_key]

    near = tally("show", FIRST, "--json").json
    far = tally.plain("show", FIRST, "--tenant", "acme", "--json", *over_http).json
    api = server.ask("GET", f"/v1/events/{FIRST}?tenant=acme").json

    assert near == far == api
    admin = server.admin_key.split("_")[1]
    assert [reader for action, reader in reads(server) if action == "event.read"][-3:] == [
        "cli",
        admin,
        admin,
    ]


def test_a_receipt_waits_for_the_epoch_both_ways(served: tuple[Command, Server]) -> None:
    tally, server = served
    env = {
        "TALLYSTICK_SERVER": server.url,
        "TALLYSTICK_KEY": tally.key("--tenant", "acme", "--scope", "read"),
    }

    near = tally("receipt", FIRST, "--wait").out
    far = tally.plain("receipt", FIRST, "--wait", **env).out
    (tally.folder / "near").write_text(near)
    (tally.folder / "far").write_text(far)

    told = tally("verify", "near", "far")
    assert told.lines.count("verified") == 2


def test_tail_over_http_shows_what_it_shows_here(served: tuple[Command, Server]) -> None:
    tally, server = served

    far = tally.plain("tail", "--tenant", "acme", "--server", server.url, "--key", server.admin_key)

    assert far.out == tally("tail").out
    assert FIRST in far.out


def test_a_key_that_is_not_valid_is_refused(served: tuple[Command, Server]) -> None:
    tally, server = served

    told = tally.plain("show", FIRST, "--server", server.url, "--key", "tly_no", code=1)

    assert told.err == "error: credential: none that is valid, want an API key\n"


@pytest.mark.parametrize("way", ["near", "far"])
def test_tail_follows_what_is_recorded(served: tuple[Command, Server], way: str) -> None:
    tally, server = served
    at = ["--data", "data"]
    if way == "far":
        at = ["--server", server.url, "--key", server.admin_key]
    new = NEW.replace("9def", {"near": "aaaa", "far": "bbbb"}[way])
    line = tally.program("tail", "--follow", "--json", "-n", "0", "--tenant", "acme", *at)
    with subprocess.Popen(line, cwd=tally.folder, stdout=subprocess.PIPE) as process:
        time.sleep(3)
        event = {
            "id": new,
            "tenant": "acme",
            "action": "invoice.approved",
            "occurred_at": "2026-11-24T02:45:00Z",
            "actor": {"type": "system"},
        }
        assert server.ask("POST", "/v1/events", event).status == 201
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 130

    assert told["id"] == new


def test_a_new_server_tells_its_address_and_its_first_key_and_stops(tally: Command) -> None:
    line = tally.program("serve", "--data", "data", "--listen", "127.0.0.1:0")
    with subprocess.Popen(line, cwd=tally.folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = [process.stdout.readline().strip() for _ in range(3)]
        process.send_signal(signal.SIGINT)
        assert process.wait(READY_S) == 0

    assert told[0].startswith("deployment localhost, data in ")
    assert re.fullmatch(r"admin key, shown this once: tly_[0-9a-f]{16}_[0-9a-f]{64}", told[1])
    assert re.fullmatch(r"listening on http://127\.0\.0\.1:[0-9]+", told[2])


def test_an_address_that_is_taken_is_a_usage_error(tally: Command) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        address = f"127.0.0.1:{held.getsockname()[1]}"

        told = tally("serve", "--listen", address, code=2)

    assert f"listen '{address}'" in told.err


def test_fsck_and_erase_work_while_a_server_runs(tmp_path: Path) -> None:
    tally = Command(tmp_path)
    with running_server(data=tally.data) as server:
        tally("tenant", "create", "acme")
        key = tally.key("--tenant", "acme", "--scope", "ingest,read")
        event = {
            "id": FIRST,
            "action": "invoice.approved",
            "occurred_at": "2026-11-24T02:45:00Z",
            "actor": {"type": "user", "id": "user_ada"},
        }
        assert server.ask("POST", "/v1/events", event, key=key).status == 201

        tally("erase", "user_ada", "--tenant", "acme", "--reason", "asked", "--yes")

        told = server.ask("GET", f"/v1/events/{FIRST}", key=key).json
        assert "user_ada" not in json.dumps(told)
        assert tally("fsck", "--disclosures").lines[-1] == "intact"
