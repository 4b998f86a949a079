"""One server with an engine for all tests here: they look only at tenants of their own."""

from collections.abc import Iterator
from itertools import count

import pytest

from kit.server import Server, running_server

_numbers = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server with one door and an epoch a second."""
    with running_server(engine=True) as running:
        yield running


@pytest.fixture
def tenant(server: Server) -> str:
    """The name of a tenant that no other test knows."""
    name = f"tenant-{next(_numbers)}"
    assert server.ask("POST", "/v1/tenants", {"name": name}).status == 201
    return name


@pytest.fixture
def key(server: Server, tenant: str) -> str:
    """A key for that tenant alone, which may ingest and read."""
    return server.key(tenant)
