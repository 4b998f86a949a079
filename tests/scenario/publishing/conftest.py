"""Two witnesses, and a deployment that both must cosign."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kit import house as kit
from kit.cosigned import ONE, TWO, opened
from kit.fake_witness import (
    FakeWitness,
    policy_text,
    witness_at_work,
)
from tallystick.access.tenants import Tenant
from tallystick.wiring import House


@pytest.fixture
def witnesses() -> Iterator[tuple[FakeWitness, FakeWitness]]:
    """Two honest witnesses."""
    with ExitStack() as stack:
        one, two = (stack.enter_context(witness_at_work(name)) for name in (ONE, TWO))
        yield one, two


@pytest.fixture
def one(witnesses: tuple[FakeWitness, FakeWitness]) -> FakeWitness:
    """The one that stays honest."""
    return witnesses[0]


@pytest.fixture
def two(witnesses: tuple[FakeWitness, FakeWitness]) -> FakeWitness:
    """The one that lies, in some tests."""
    return witnesses[1]


@pytest.fixture
def policy(tmp_path: Path, witnesses: tuple[FakeWitness, FakeWitness]) -> Path:
    """Both must have cosigned."""
    path = tmp_path / "policy"
    path.write_text(policy_text(*witnesses, quorum="all"))
    return path


@pytest.fixture
def said() -> list[str]:
    """What the server's log is told."""
    return []


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Folder of the deployment."""
    return tmp_path / "data"


@pytest.fixture
def house(data: Path, policy: Path, said: list[str]) -> Iterator[House]:
    """The deployment, opened, with a tenant."""
    kit.new_house(data).close()
    house = opened(data, policy, said.append)
    kit.new_tenant(house)
    yield house
    house.close()


@pytest.fixture
def tenant(house: House) -> Tenant:
    """Its tenant."""
    return kit.tenant_of(house, "acme")
