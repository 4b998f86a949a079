"""The events table follows the ledger: every entry has one row, whatever is killed when."""

from collections import Counter
from collections.abc import Callable

import pytest

from kit import house as kit
from kit.fake_engine import FakeEngine, away
from kit.root import SLOT, editing, flip_in
from tallystick.errors import VerificationError
from tallystick.search.follow import EventsFollower
from tallystick.search.plan import parked
from tallystick.search.ports import EngineAwayError
from tallystick.wiring import House

Start = Callable[..., EventsFollower]


class Power(BaseException):
    """The power goes."""


def event(number: int, **more: object) -> dict[str, object]:
    return {
        "action": "document.deleted",
        "occurred_at": f"2026-11-24T10:00:{number % 60:02d}Z",
        "actor": {"type": "user", "id": f"u{number}"},
        **more,
    }


def places(house: House) -> Counter[tuple[int, int, bytes]]:
    """Every entry of the ledger: (slot, index, id)."""
    with house.ledger.drivers.store.read() as snapshot:
        return Counter(
            (log.slot, entry.index, entry.event_id)
            for log in house.ledger.logs.every(snapshot)
            for entry in snapshot.entries(log.slot, 0, snapshot.head(log.slot).size)
        )


def rows(engine: FakeEngine, table: str = "events") -> Counter[tuple[int, int, bytes]]:
    return Counter((row["slot"], row["index"], row["id"]) for row in engine.tables[table].rows)


def catch_up(follower: EventsFollower) -> None:
    while follower.step() or follower.lag():
        pass


@pytest.fixture
def events(house: House) -> None:
    for name in ("acme", "globex"):
        tenant = kit.new_tenant(house, name)
        kit.record(house, tenant, *(event(number) for number in range(20)))


@pytest.mark.usefixtures("events")
def test_every_entry_of_every_log_has_one_row(
    house: House, engine: FakeEngine, follower: Start
) -> None:
    catch_up(follower())

    assert rows(engine) == places(house)


@pytest.mark.usefixtures("events")
def test_what_is_recorded_later_follows_later(
    house: House, engine: FakeEngine, follower: Start
) -> None:
    running = follower()
    catch_up(running)
    tenant = kit.new_tenant(house, "late")
    catch_up(running)
    for number in range(3):
        kit.record(house, tenant, event(number))
        assert running.lag() == 1
        assert running.step() == 1

    assert rows(engine) == places(house)
    assert running.lag() == 0


@pytest.mark.usefixtures("events")
def test_no_log_waits_for_another_that_lags_far_behind(house: House, follower: Start) -> None:
    running = follower(batch=6)

    running.step()

    with house.ledger.drivers.store.read() as snapshot:
        assert len(running.cursors(snapshot)) == 3


POINTS = [
    pytest.param("plan", id="before the plan is written"),
    pytest.param("before insert", id="between plan and insert"),
    pytest.param("after insert", id="between insert and cursor"),
    pytest.param("cursor", id="before the cursor is written"),
]


@pytest.mark.parametrize("spared", [0, 1, 3])
@pytest.mark.parametrize("point", POINTS)
@pytest.mark.usefixtures("events")
def test_killed_anywhere_and_started_anew_it_ends_in_the_same_rows(
    house: House,
    engine: FakeEngine,
    follower: Start,
    monkeypatch: pytest.MonkeyPatch,
    point: str,
    spared: int,
) -> None:
    with monkeypatch.context() as plug:
        pull(plug, engine, point, spared)
        running = follower()
        with pytest.raises(Power):
            catch_up(running)

    catch_up(follower())

    assert rows(engine) == places(house)


@pytest.mark.parametrize("point", ["before insert", "after insert"])
@pytest.mark.usefixtures("events")
def test_an_engine_that_goes_away_is_given_the_same_batch_again(
    house: House, engine: FakeEngine, follower: Start, point: str
) -> None:
    running = follower()
    setattr(
        engine, point.split(maxsplit=1)[0], lambda what: away(what) if what == "insert" else None
    )
    with pytest.raises(EngineAwayError):
        running.step()
    engine.before = engine.after = lambda _what: None
    kit.record(house, kit.tenant_of(house, "acme"), *(event(number) for number in range(30)))

    catch_up(running)

    first, second, *_ = engine.inserts if point == "after insert" else (None, None)
    assert first == second
    assert rows(engine) == places(house)


def away_at_inserts(what: str) -> None:
    if what == "insert":
        away(what)


def pull(plug: pytest.MonkeyPatch, engine: FakeEngine, point: str, spared: int) -> None:
    """Have the power go at a point, after it was passed some times."""
    left = spared

    def passes(*arguments: object) -> None:
        nonlocal left
        if arguments == ("execute",):
            return
        left -= 1
        if left < 0:
            raise Power

    if point in {"plan", "cursor"}:
        name = {"plan": "store_plan", "cursor": "drop_plan"}[point]
        plug.setattr(f"tallystick.search.follow.{name}", passes_first(name, passes))
    else:
        plug.setattr(engine, point.split(maxsplit=1)[0], passes)


def passes_first(name: str, passes: Callable[..., None]) -> Callable[..., None]:
    from tallystick.search import follow  # noqa: PLC0415 (as it is before it is replaced)

    original = getattr(follow, name)

    def through(*arguments: object) -> None:
        passes(*arguments)
        original(*arguments)

    return through


@pytest.mark.usefixtures("events")
def test_a_row_that_the_engine_refuses_is_parked_alone_and_shown(
    house: House, engine: FakeEngine, follower: Start
) -> None:
    with house.ledger.drivers.store.read() as snapshot:
        guilty = next(iter(snapshot.entries(1, 11, 12)))
    engine.poison = {guilty.event_id}

    catch_up(follower())

    with house.ledger.drivers.store.read() as snapshot:
        shown = parked(snapshot, "search")
    assert [(slot, index) for slot, index, _ in shown] == [(1, 11)]
    assert "no row" in shown[0][2]
    missing = places(house) - rows(engine)
    assert missing == Counter([(1, 11, guilty.event_id)])
    assert follower().check() == []


@pytest.mark.parametrize(
    ("column", "position"),
    [("disclosure", -1), ("leaf", 13)],
    ids=["a sealed value", "what stands in clear"],
)
@pytest.mark.usefixtures("events")
def test_an_entry_that_was_changed_is_parked_and_the_others_follow(
    house: House, engine: FakeEngine, follower: Start, column: str, position: int
) -> None:
    flip_in(house.settings.data, "entry", column, f"id = {SLOT + 3}", position)

    catch_up(follower())

    with house.ledger.drivers.store.read() as snapshot:
        shown = parked(snapshot, "search")
    assert [(slot, index) for slot, index, _ in shown] == [(1, 3)]
    assert len(places(house) - rows(engine)) == 1


@pytest.mark.usefixtures("events")
def test_a_log_whose_past_was_changed_is_followed_from_the_start(
    house: House, engine: FakeEngine, follower: Start
) -> None:
    catch_up(follower())
    with editing(house.settings.data) as db:
        db.execute("UPDATE cursor SET root = zeroblob(32) WHERE slot = 1")
    changed = next(row for row in engine.tables["events"].rows if row["slot"] == 1)
    changed["id"] = b"another event's."

    catch_up(follower())

    assert rows(engine) == places(house)


@pytest.mark.usefixtures("events")
def test_a_table_that_was_lost_is_made_again(
    house: House, engine: FakeEngine, follower: Start
) -> None:
    catch_up(follower())
    engine.tables.clear()

    catch_up(follower())

    assert rows(engine) == places(house)


@pytest.mark.usefixtures("events")
def test_an_empty_table_never_stands_for_what_its_cursors_passed(
    house: House, engine: FakeEngine, follower: Start
) -> None:
    running = follower()
    catch_up(running)
    engine.tables.clear()
    claimed: list[int] = []

    def look(_what: str) -> None:
        with house.ledger.drivers.store.read() as snapshot:
            claimed.append(len(running.cursors(snapshot)))

    engine.after = look
    follower()

    assert claimed[0] == 0


@pytest.mark.parametrize("harm", ["a row too few", "a row too many", "a later row"])
@pytest.mark.usefixtures("events")
def test_a_table_that_has_not_the_rows_that_were_passed_is_made_again(
    house: House, engine: FakeEngine, follower: Start, harm: str
) -> None:
    catch_up(follower())
    kept = engine.tables["events"].rows
    if harm == "a row too few":
        del kept[5]
    elif harm == "a row too many":
        kept.append(dict(kept[5]))
    else:
        kept[5]["index"] = 1_000

    catch_up(follower())

    assert rows(engine) == places(house)


@pytest.mark.usefixtures("events")
def test_a_ledger_that_was_put_back_under_a_plan_is_followed_from_the_start(
    house: House, engine: FakeEngine, follower: Start
) -> None:
    running = follower()
    running.step()
    with editing(house.settings.data) as db:
        db.execute("INSERT INTO plan VALUES ('search', 1, 5, 900, 'ab')")

    catch_up(follower())

    assert rows(engine) == places(house)


@pytest.mark.usefixtures("events")
def test_a_log_with_a_gap_is_not_followed_past_it(
    house: House, engine: FakeEngine, follower: Start
) -> None:
    with editing(house.settings.data) as db:
        db.execute("DELETE FROM entry WHERE id = ?", (SLOT + 3,))

    with pytest.raises(VerificationError, match="entry 3 is gone"):
        catch_up(follower())

    assert all(index < 3 for slot, index, _ in rows(engine) if slot == 1)


@pytest.mark.usefixtures("events")
def test_a_cursor_says_where_and_with_which_root(house: House, follower: Start) -> None:
    running = follower()
    catch_up(running)

    with house.ledger.drivers.store.read() as snapshot:
        head = snapshot.head(1)
        assert running.cursors(snapshot)[1] == (head.size, head.root)
    assert kit.fsck(house) == []
