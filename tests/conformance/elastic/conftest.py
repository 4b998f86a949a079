"""A server with an engine for all of these tests; each has a tenant of its own."""

from collections.abc import Iterator

import pytest

from kit.server import Server, running_server


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server(engine=True) as server:
        yield server
