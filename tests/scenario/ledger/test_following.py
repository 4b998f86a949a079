"""Followers: exactly once through crashes, and from the start again where history was changed."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from kit import house as kit
from kit.root import SLOT, editing
from tallystick.errors import VerificationError
from tallystick.ledger.follower import CURSORS, Runner
from tallystick.ledger.ports import Entry, Log, Query, Transaction
from tallystick.wiring import House

INSERT = Query("INSERT INTO deployment (name, value) VALUES (:name, :value)")
ALL = Query("SELECT name FROM deployment WHERE name LIKE 'row %' ORDER BY name")
CLEAR = Query("DELETE FROM deployment WHERE name LIKE :name")


class Power(Exception):  # noqa: N818 (not an error: the plug is pulled)
    """The power goes."""


class Rows:
    """Writes one row for each entry, and loses power when told to."""

    name = "rows"

    def __init__(self) -> None:
        self.fails_after: int | None = None
        self.started_over = 0

    def follow(self, tx: Transaction, log: Log, entries: Sequence[Entry]) -> None:
        """Write a row an entry."""
        for entry in entries:
            if self.fails_after == 0:
                raise Power
            if self.fails_after is not None:
                self.fails_after -= 1
            row = {"name": f"row {log.slot:03d}/{entry.index:06d}", "value": entry.leaf_hash.hex()}
            tx.execute(INSERT, [row])

    def start_over(self, tx: Transaction, log: Log) -> None:
        """Drop the rows of a log."""
        self.started_over += 1
        tx.execute(CLEAR, [{"name": f"row {log.slot:03d}/%"}])


def event(person: str) -> dict[str, object]:
    return {
        "action": "thing.done",
        "occurred_at": "2026-11-24T10:00:00Z",
        "actor": {"type": "user", "id": person},
    }


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = kit.new_house(tmp_path / "data")
    tenant = kit.new_tenant(house)
    events = [event(f"u{number}") for number in range(25)]
    for start in range(0, 25, 5):
        kit.record(house, tenant, *events[start : start + 5])
    return house


def rows(house: House) -> list[str]:
    with house.ledger.drivers.store.read() as snapshot:
        return [str(name) for (name,) in snapshot.rows(ALL)]


def runner(house: House, follower: Rows) -> Runner:
    return Runner(house.ledger.drivers.store, house.ledger.logs, follower)


def expected(house: House) -> list[str]:
    with house.ledger.drivers.store.read() as snapshot:
        logs = house.ledger.logs.every(snapshot)
        sizes = {log.slot: snapshot.head(log.slot).size for log in logs}
    return [f"row {slot:03d}/{n:06d}" for slot, size in sorted(sizes.items()) for n in range(size)]


@pytest.mark.parametrize("fails_after", [0, 1, 7, 24])
def test_a_follower_killed_anywhere_and_restarted_ends_in_the_same_rows(
    house: House, fails_after: int
) -> None:
    follower = Rows()
    follower.fails_after = fails_after
    with pytest.raises(Power):
        runner(house, follower).catch_up()
    follower.fails_after = None

    again = runner(house, follower)
    again.catch_up()

    assert rows(house) == expected(house)
    assert again.lag() == 0
    assert again.catch_up() == 0


@pytest.mark.parametrize("fails_after", [0, 1, 7, 24])
def test_a_runner_that_lives_on_after_a_failure_comes_back_to_what_it_left(
    house: House, fails_after: int
) -> None:
    follower = Rows()
    running = runner(house, follower)
    follower.fails_after = fails_after
    with pytest.raises(Power):
        running.catch_up()
    follower.fails_after = None

    running.catch_up()

    assert rows(house) == expected(house)
    assert running.lag() == 0


def test_what_was_followed_step_by_step_is_what_is_made_from_the_start(house: House) -> None:
    stepwise = runner(house, Rows())
    stepwise.catch_up()
    kit.record(house, kit.tenant_of(house, "acme"), event("late"), event("later"))
    stepwise.catch_up()
    followed = rows(house)
    with house.ledger.drivers.store.write() as tx:
        tx.execute(CLEAR, [{"name": "row %"}])
        for slot in range(10):
            tx.execute(CURSORS["forget"], [{"follower": "rows", "slot": slot}])

    rebuilding = runner(house, Rows())
    assert rebuilding.lag() == len(followed)
    assert rebuilding.catch_up() == len(followed)

    assert rows(house) == followed == expected(house)


def test_a_tenant_that_came_later_is_followed_too(house: House) -> None:
    running = runner(house, Rows())
    running.catch_up()
    kit.record(house, kit.new_tenant(house, "globex"), event("new"))

    running.catch_up()

    assert rows(house) == expected(house)


def test_a_log_with_a_gap_is_not_followed_past_it(house: House) -> None:
    follower = Rows()
    with editing(house.settings.data) as db:
        db.execute("DELETE FROM entry WHERE id = ?", (SLOT + 3,))

    with pytest.raises(VerificationError, match=r"entries of \[0, 25\) are gone"):
        runner(house, follower).catch_up()

    assert not [row for row in rows(house) if row.startswith("row 001")]


def test_what_is_recorded_later_is_followed_later(house: House) -> None:
    follower = Rows()
    running = runner(house, follower)
    running.catch_up()
    kit.record(house, kit.tenant_of(house, "acme"), event("late"), event("later"))

    assert running.lag() == 2
    assert running.catch_up() == 2
    assert rows(house) == expected(house)


def test_where_history_was_changed_the_log_is_followed_from_the_start(house: House) -> None:
    follower = Rows()
    runner(house, follower).catch_up()
    before = follower.started_over
    with editing(house.settings.data) as db:
        db.execute("UPDATE entry SET leaf_hash = ? WHERE id = ?", (bytes(32), SLOT + 3))

    again = runner(house, follower)
    again.catch_up()

    assert follower.started_over > before
    assert rows(house) == expected(house)


def test_a_cursor_says_where_and_with_which_root(house: House) -> None:
    runner(house, Rows()).catch_up()

    with house.ledger.drivers.store.read() as snapshot:
        log = house.ledger.logs.stream(snapshot, 1, "audit")
        head = snapshot.head(log.slot)
        cursors = {
            row[0]: row[1:] for row in snapshot.rows(CURSORS["of_follower"], follower="rows")
        }

    assert cursors[log.slot] == (head.size, head.root)
    assert kit.fsck(house) == []
