"""``tallystick search`` asks the server, and tells how much it found."""

from collections.abc import Iterator

import pytest

from kit import house as kit
from kit.command import Command
from kit.fake_engine import FakeEngine
from kit.server import Server, running_server
from tallystick.search.follow import EventsFollower
from tallystick.search.table import EVENTS, Table
from tallystick.settings import Settings
from tallystick.wiring import open_house


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


def test_what_the_index_passes_by_is_listed_with_its_reason(acme: Command) -> None:
    assert acme("parked", "--json").json == {"parked": []}
    house = open_house(Settings(data=acme.data))
    tenant, engine = kit.tenant_of(house, "acme"), FakeEngine()
    with house.ledger.drivers.store.read() as snapshot:
        log = house.ledger.logs.of(snapshot, tenant.number)["audit"]
        (guilty,) = snapshot.entries(log.slot, 7, 8)
    engine.poison = {guilty.event_id}
    follower = EventsFollower(house.ledger, Table(engine, EVENTS))
    follower.begin()
    while follower.lag():
        follower.step()
    house.close()

    told = acme("parked", "--json").json

    place = {"tenant": "acme", "stream": "audit", "log": log.hex, "index": 7}
    assert told == {"parked": [{**place, "reason": "engine: a row is no row (1)"}]}
    assert "a row is no row" in acme("parked").out
