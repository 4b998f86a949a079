"""The engines that must keep the promises of ``search.ports``: one a kind, no test changed.

A ClickHouse server takes part where ``TALLYSTICK_TEST_CLICKHOUSE`` holds its URL.
"""

import os
from collections.abc import Iterator

import pytest

from kit.engine import SCHEMA, Site, running_engine
from tallystick.drivers.clickhouse.endpoint import parse_endpoint
from tallystick.drivers.clickhouse.engine import ClickHouse
from tallystick.drivers.system import SystemEntropy
from tallystick.search.ports import Engine

SERVER = os.environ.get("TALLYSTICK_TEST_CLICKHOUSE", "")
SMALL = """
CREATE TABLE {table:Identifier}
(n UInt64, at DateTime64(6, 'UTC'), text String, id FixedString(4), many Array(String),
 maybe Nullable(UInt32), real Float64)
PARTITION BY toYYYYMM(at) ORDER BY n
SETTINGS non_replicated_deduplication_window = 1000
"""


@pytest.fixture(scope="module", params=["embedded", *(["server"] if SERVER else [])])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Engine]:
    """A running engine."""
    if request.param == "server":
        endpoint = parse_endpoint(SERVER)
        yield ClickHouse(lambda: endpoint, SystemEntropy())
        return
    with running_engine(tmp_path_factory.mktemp("engine")) as running:
        yield running.driver


@pytest.fixture
def site(engine: Engine) -> Site:
    """The engine, with empty tables."""
    site = Site(engine)
    for table, statement in ((site.small, SMALL), (site.events, SCHEMA["create_events"])):
        engine.execute(SCHEMA["drop"], {"table": table})
        engine.execute(statement, {"table": table})
    return site
