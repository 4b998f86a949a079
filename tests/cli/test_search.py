"""``tallystick search`` asks the server, and tells how much it found."""

from collections.abc import Iterator

import pytest

from kit.command import Command
from kit.server import Server, running_server


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Command, Server, str]]:
    """The command, a server with an engine, and a key of acme, which has two events."""
    tally = Command(tmp_path_factory.mktemp("searched"))
    with running_server(data=tally.data, engine=True) as server:
        key = server.key("acme")
        for number in (1, 2):
            event = {
                "action": "invoice.approved",
                "occurred_at": f"2026-11-2{number}T02:45:00Z",
                "actor": {"type": "user", "id": f"user_{number}"},
                "targets": [{"type": "invoice", "id": f"inv_{number}"}],
            }
            assert server.ask("POST", "/v1/events", event, key=key).status == 201
        server.wait_for_index(key)
        yield tally, server, key


def test_a_line_shows_what_fits_newest_first(served: tuple[Command, Server, str]) -> None:
    tally, server, key = served
    told = tally.plain("search", "action:invoice.*", "--server", server.url, "--key", key)
    lines = told.out.splitlines()
    assert ["user_2" in lines[0], "user_1" in lines[1], len(lines)] == [True, True, 2]
    assert "2 of 2 events" in told.err


def test_json_is_one_document(served: tuple[Command, Server, str]) -> None:
    tally, server, key = served
    over_http = ("--server", server.url, "--key", key)
    told = tally.plain("search", "actor.id:user_1", "--json", *over_http).json
    assert [event["actor"]["id"] for event in told["events"]] == ["user_1"]
    assert (told["total"], told["shown"]) == (1, 1)


def test_a_table_has_a_row_for_each_event(served: tuple[Command, Server, str]) -> None:
    tally, server, key = served
    told = tally.plain("search", "--table", "-n", "1", "--server", server.url, "--key", key)
    assert "invoice inv_2" in told.out
    assert "inv_1" not in told.out
    assert "1 of 2 events" in told.err


def test_nothing_found_says_why(served: tuple[Command, Server, str]) -> None:
    tally, server, key = served
    told = tally.plain("search", "nonsense", "--server", server.url, "--key", key)
    assert told.out == ""
    assert "none of the tenant's 2 events fits" in told.err
