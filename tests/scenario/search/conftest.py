"""A deployment with some people's events, and an engine beside it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kit import house as kit
from kit.fake_engine import FakeEngine
from tallystick.search.follow import EventsFollower
from tallystick.search.scrub import Scrubber
from tallystick.search.table import EVENTS, Table
from tallystick.wiring import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = kit.new_house(tmp_path / "data")
    yield house
    house.close()


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def follower(house: House, engine: FakeEngine) -> Callable[..., EventsFollower]:
    """Start a follower anew, as a process does."""

    def start(batch: int = 7) -> EventsFollower:
        started = EventsFollower(house.ledger, Table(engine, EVENTS), batch=batch)
        started.begin()
        scrubber = Scrubber(house.ledger)
        while scrubber.step([started.table]):
            pass
        started.check()
        return started

    return start
