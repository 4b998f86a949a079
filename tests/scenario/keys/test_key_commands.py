"""``keys root``, ``keys rotate --statement`` and ``pins refresh`` beside a running server."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.command import Command
from kit.events import reference_event
from kit.server import Server, running_server
from tallystick.cli import exit_codes

SUPER = "localhost/super"


@pytest.fixture
def server() -> Iterator[Server]:
    with running_server() as running:
        yield running


@pytest.fixture
def tally(tmp_path: Path) -> Command:
    return Command(tmp_path)


def rotated(tally: Command, server: Server, *reason: str) -> Path:
    """Change the key, as the pages say; return the statement."""
    data = ("--data", server.data)
    request = tally.plain("keys", "root", "request", *reason, *data).out
    note = tally.plain("keys", "root", "sign", "--root-key", "root.key", given=request).out
    statement = tally.folder / "statement.txt"
    statement.write_text(note)
    tally.plain("keys", "rotate", "--statement", statement, *data)
    return statement


def rooted(tally: Command, server: Server) -> None:
    """Make a root, pin it, and hand out pins."""
    made = tally.plain("keys", "root", "init", "--deployment", "localhost", "--out", "root.key")
    tally.plain("keys", "root", "pin", made.out.strip(), "--data", server.data)
    (tally.folder / "pins.json").write_text(tally.plain("pins", "--data", server.data).out)


def receipt(server: Server, tally: Command, key: str, number: int) -> str:
    """Record an event, and write its receipt into a file."""
    event = reference_event(number)
    assert server.ask("POST", "/v1/events", event, key=key).status in {200, 201}
    path = f"/v1/events/{event['id']}/receipt?wait=30"
    (tally.folder / f"{number}.json").write_bytes(server.ask("GET", path, key=key).body)
    return f"{number}.json"


def test_a_server_goes_on_while_its_key_changes(server: Server, tally: Command) -> None:
    rooted(tally, server)
    server.ask("POST", "/v1/tenants", {"name": "acme"})
    key = server.key("acme", "ingest", "read")
    before = receipt(server, tally, key, 0)
    old = server.ask("GET", "/v1/super/checkpoint", key="").body
    tally.plain("verify", before, "--pins", "pins.json")

    statement = rotated(tally, server)

    after = receipt(server, tally, key, 1)
    tally.plain("verify", after, "--pins", "pins.json", code=exit_codes.UNDECIDED)
    url = ("--server", server.url)
    told = tally.plain("pins", "refresh", "--pins", "pins.json", "--json", *url).json
    assert told == {"followed": [{"serial": 2, "reason": "rotation"}]}
    tally.plain("verify", before, after, "--pins", "pins.json")
    again = tally.plain("pins", "refresh", "--pins", "pins.json", *url)
    assert again.lines == ["nothing new: the pins stay as they are"]
    shown = server.ask("GET", "/.well-known/tallystick", key="").json
    assert shown["statements"] == [statement.read_text()]
    assert (shown["origin"], shown["vkeys"][0].split("+")[0]) == (f"{SUPER}/2", f"{SUPER}/2")
    assert old.startswith(f"{SUPER}\n".encode())
    current = server.ask("GET", "/v1/super/checkpoint", key="").body
    assert current.startswith(f"{SUPER}/2\n".encode())
    last = server.ask("GET", "/v1/super/1/checkpoint", key="").body
    assert last.startswith(f"{SUPER}\n".encode())
    size = int(last.split(b"\n")[1])
    assert size > int(old.split(b"\n")[1])
    bundle = server.ask("GET", f"/v1/super/1/tile/entries/000.p/{size}", key="").body
    assert statement.read_bytes() in bundle
    assert server.ask("GET", "/v1/super/2/checkpoint", key="").body == current
    for serial in ("0", "3", "01", "x"):
        assert server.ask("GET", f"/v1/super/{serial}/checkpoint", key="").status == 404
    tally.plain("fsck", "--data", server.data)


def test_after_a_theft_the_pins_bound_the_old_key(server: Server, tally: Command) -> None:
    rooted(tally, server)
    server.ask("POST", "/v1/tenants", {"name": "acme"})
    key = server.key("acme", "ingest", "read")
    before = receipt(server, tally, key, 0)

    statement = rotated(tally, server, "--reason", "compromise")

    told = tally.plain("pins", "refresh", "--pins", "pins.json", "--statement", statement)
    frozen, new = json.loads((tally.folder / "pins.json").read_text())["super"]
    assert f"believed up to {frozen['max_size']:,} records" in told.out
    assert new.startswith(f"{SUPER}/2+")
    assert json.loads(tally.plain("pins", "--data", server.data).out)["super"] == [frozen, new]
    after = receipt(server, tally, key, 1)
    tally.plain("verify", before, after, "--pins", "pins.json")


def test_pins_without_a_root_follow_nobody(server: Server, tally: Command) -> None:
    rooted(tally, server)
    pins = tally.folder / "pins.json"
    pins.write_text(json.dumps({"super": json.loads(pins.read_text())["super"]}))
    before = pins.read_bytes()

    told = tally.plain(
        "pins", "refresh", "--pins", "pins.json", "--server", server.url, code=exit_codes.NO
    )

    assert "no root, want one" in told.err
    assert pins.read_bytes() == before


def test_a_missing_file_of_pins_is_told_before_any_server_is_asked(tally: Command) -> None:
    nobody = "http://127.0.0.1:1"

    told = tally.plain("pins", "refresh", "--pins", "none.json", "--server", nobody, code=None)

    assert told.code == exit_codes.UNREADABLE
    assert "none.json" in told.err
    assert "server" not in told.err


def test_a_second_root_cannot_be_pinned(server: Server, tally: Command) -> None:
    rooted(tally, server)
    made = tally.plain("keys", "root", "init", "--deployment", "localhost", "--out", "other.key")

    told = tally.plain("keys", "root", "pin", made.out.strip(), "--data", server.data, code=None)

    assert told.code != exit_codes.OK
    assert "is pinned, and stays so" in told.err


def test_a_request_for_another_deployment_is_not_signed(tally: Command, server: Server) -> None:
    tally.plain("keys", "root", "init", "--deployment", "other.example", "--out", "root.key")
    rooted_request = tally.plain("keys", "root", "request", "--data", server.data, code=None)

    told = tally.plain(
        "keys", "root", "sign", "--root-key", "root.key", given=rooted_request.out, code=None
    )

    assert told.code != exit_codes.OK
    assert told.out == ""
