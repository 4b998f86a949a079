"""One server with an engine for all tests of this folder."""

from collections.abc import Iterator

import pytest

from kit.server import Server, running_server


@pytest.fixture(scope="package")
def server() -> Iterator[Server]:
    with running_server(engine=True) as server:
        yield server
