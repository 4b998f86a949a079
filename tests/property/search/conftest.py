"""An engine with the events of two tenants, made once for all tests here."""

from collections.abc import Iterator

import pytest

from kit.engine import EngineProcess, running_engine
from kit.searched import Searched, columns, made_events

COUNT = 3_000


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EngineProcess]:
    """An engine."""
    with running_engine(tmp_path_factory.mktemp("engine")) as engine:
        yield engine


@pytest.fixture(scope="session")
def searched(running: EngineProcess) -> Searched:
    """Three thousand events of tenant 1, and as many of tenant 2, which nobody asks for."""
    table = running.table("property_events")
    events = made_events(1, COUNT)
    others = made_events(2, COUNT, tenant=2)
    for number, each in enumerate((events[: COUNT // 2], events[COUNT // 2 :], others)):
        running.driver.insert(table, columns(each), f"{table}-{number}")
    return Searched(running.driver, table, events, others)
