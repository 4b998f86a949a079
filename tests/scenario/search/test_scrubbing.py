"""Erasures in the events table: hidden at once, gone from the rows, and certified at the end."""

import json
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from kit import house as kit
from kit.fake_engine import FakeEngine
from tallystick.access.erasing import erase
from tallystick.events.identity import id_bytes
from tallystick.search.duty import Duty
from tallystick.search.erasures import Waiting, tenants_waiting, waiting
from tallystick.search.errands import ask, newest
from tallystick.search.follow import EventsFollower
from tallystick.search.scrub import Scrubber
from tallystick.wiring import House

Start = Callable[..., EventsFollower]
PERSON, EMAIL = "zoe-4711", "zoe@victim.example"


class Power(BaseException):
    """The power goes."""


def by_person(number: int) -> dict[str, object]:
    return {
        "action": "document.deleted",
        "occurred_at": f"2026-11-24T10:00:{number % 60:02d}Z",
        "actor": {"type": "user", "id": PERSON, "email": EMAIL},
    }


def by_other(number: int, text: str = "hello") -> dict[str, object]:
    return {
        "action": "document.viewed",
        "occurred_at": f"2026-11-24T10:00:{number % 60:02d}Z",
        "actor": {"type": "user", "id": f"other-{number}"},
        "message": text,
    }


@pytest.fixture
def tenant(house: House) -> int:
    tenant = kit.new_tenant(house)
    mention = by_other(50, f"please call {EMAIL}")
    events = [made(n) for n in range(12) for made in (by_person, by_other)]
    kit.record(house, tenant, *events, mention)
    return tenant.number


def catch_up(follower: EventsFollower) -> None:
    while follower.step() or follower.lag():
        pass


def scrub(house: House, follower: EventsFollower) -> None:
    scrubber = Scrubber(house.ledger)
    while scrubber.step([follower.table]):
        pass


def waits(house: House, tenant: int) -> Waiting:
    with house.ledger.drivers.store.read() as snapshot:
        return waiting(snapshot, tenant)


def hidden(row: dict[str, Any], rule: Waiting) -> bool:
    """The rule of search/erasures.py, in Python."""
    return row["erasures"] < rule.erasures and (
        bool(set(row["subject_refs"]) & set(rule.refs)) or row["id"] in rule.ids
    )


def told(engine: FakeEngine) -> str:
    return str(engine.tables["events"].rows)


def places(engine: FakeEngine) -> Counter[tuple[int, int]]:
    return Counter((row["slot"], row["index"]) for row in engine.tables["events"].rows)


def test_what_was_erased_is_hidden_before_the_follower_has_seen_it(
    house: House, engine: FakeEngine, follower: Start, tenant: int
) -> None:
    catch_up(follower())
    assert EMAIL in told(engine)

    erase(house.ledger, tenant, PERSON, "asked", "cli")

    rule = waits(house, tenant)
    shown = [row for row in engine.tables["events"].rows if not hidden(row, rule)]
    assert EMAIL not in str(shown)
    assert len(engine.tables["events"].rows) - len(shown) == 13


def test_its_rows_are_built_anew_without_it_and_the_erasure_is_certified(
    house: House, engine: FakeEngine, follower: Start, tenant: int
) -> None:
    running = follower()
    catch_up(running)
    erase(house.ledger, tenant, PERSON, "asked", "cli")
    catch_up(running)
    before = places(engine)

    scrub(house, running)

    assert EMAIL not in told(engine)
    assert PERSON not in told(engine)
    assert "other-3" in told(engine)
    assert places(engine) == before
    assert waits(house, tenant).names == ()
    assert follower().check() == []


def test_what_was_opened_before_the_erasure_and_inserted_after_it_is_hidden_and_scrubbed(
    house: House, engine: FakeEngine, follower: Start, tenant: int
) -> None:
    running = follower(batch=100)

    def erases(what: str) -> None:
        if what == "insert":
            engine.before = lambda _what: None
            erase(house.ledger, tenant, PERSON, "asked", "cli")

    engine.before = erases
    running.step()
    assert EMAIL in told(engine)
    rule = waits(house, tenant)
    assert EMAIL not in str([row for row in engine.tables["events"].rows if not hidden(row, rule)])

    catch_up(running)
    scrub(house, running)

    assert EMAIL not in told(engine)


@pytest.mark.parametrize("remembers", [True, False], ids=["", "and it forgets its tokens"])
@pytest.mark.parametrize("spared", range(3))
@pytest.mark.parametrize("moment", ["before", "after"])
def test_killed_anywhere_and_started_anew_nothing_is_left_lost_or_doubled(
    house: House,
    engine: FakeEngine,
    follower: Start,
    tenant: int,
    moment: str,
    spared: int,
    remembers: bool,
) -> None:
    running = follower()
    catch_up(running)
    erase(house.ledger, tenant, PERSON, "asked", "cli")
    catch_up(running)
    before = places(engine)
    assert EMAIL in told(engine)
    left = spared

    def pull(what: str) -> None:
        nonlocal left
        left -= 1
        if left < 0 and what in {"insert", "execute"}:
            raise Power

    setattr(engine, moment, pull)
    try:
        scrub(house, running)
    except Power:
        assert waits(house, tenant).names != ()
    engine.before = engine.after = lambda _what: None
    if not remembers:
        engine.tables["events"].tokens.clear()

    scrub(house, follower())

    assert EMAIL not in told(engine)
    assert places(engine) == before
    assert waits(house, tenant).names == ()


def test_it_is_not_certified_while_files_are_left_that_may_hold_it(
    house: House, engine: FakeEngine, follower: Start, tenant: int
) -> None:
    running = follower()
    catch_up(running)
    erase(house.ledger, tenant, PERSON, "asked", "cli")
    catch_up(running)
    engine.old_parts = {"202611_1_1_0"}
    scrubber = Scrubber(house.ledger)

    while scrubber.step([running.table]):
        pass
    assert waits(house, tenant).names != ()
    engine.old_parts = {"202611_9_9_0"}
    scrubber.step([running.table])

    assert waits(house, tenant).names == ()


def test_another_tenants_erasures_change_nothing_here(
    house: House, engine: FakeEngine, follower: Start, tenant: int
) -> None:
    other = kit.new_tenant(house, "globex")
    kit.record(house, other, by_person(1))
    running = follower()
    catch_up(running)

    erase(house.ledger, other.number, PERSON, "asked", "cli")
    catch_up(running)
    with house.ledger.drivers.store.read() as snapshot:
        assert tenants_waiting(snapshot) == [other.number]
    scrub(house, running)

    kept = [row for row in engine.tables["events"].rows if row["tenant"] == tenant]
    assert str(kept).count(EMAIL) > 12


def test_a_scrubbing_that_was_cut_off_makes_no_log_start_again(
    house: House, engine: FakeEngine, follower: Start, tenant: int
) -> None:
    running = follower()
    catch_up(running)
    erase(house.ledger, tenant, PERSON, "asked", "cli")
    catch_up(running)

    def pull(what: str) -> None:
        if what == "insert":
            raise Power

    engine.after = pull
    with pytest.raises(Power):
        scrub(house, running)
    engine.after = lambda _what: None
    before = len(engine.inserts)

    Duty(house.ledger, engine).turn()

    assert len(engine.inserts) == before
    assert waits(house, tenant).names == ()


def test_what_is_recorded_meanwhile_waits_for_no_long_scrubbing(
    house: House, engine: FakeEngine, tenant: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tallystick.search.scrub._ROWS", 3)
    duty = Duty(house.ledger, engine)
    while duty.turn():
        pass
    erase(house.ledger, tenant, PERSON, "asked", "cli")
    with house.ledger.drivers.store.write() as tx:
        ask(tx, "reconcile")
    turns = 0

    while waits(house, tenant).names or not reconciled(house):
        recorded = kit.record(house, kit.tenant_of(house, "acme"), by_other(turns))
        duty.turn()
        turns += 1
        assert id_bytes(recorded[0].event_id) in {row["id"] for row in engine.tables["events"].rows}

    assert turns > 5
    assert EMAIL not in told(engine)
    assert set(places(engine).values()) == {1}
    found = reconciled(house)
    assert (found["missing"], found["wrong"], found["foreign"]) == (0, 0, 0)


def reconciled(house: House) -> dict[str, Any]:
    """What a reconciliation found, once it is done."""
    with house.ledger.drivers.store.read() as snapshot:
        errand = newest(snapshot, "reconcile")
    return dict(json.loads(errand.note)) if errand and errand.has_ended else {}
