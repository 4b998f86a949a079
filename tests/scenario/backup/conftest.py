"""A deployment with a tenant, some events and an epoch, to make backups of."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit import house as kit
from kit.backup import Site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    """A deployment with twelve events of others and an epoch."""
    house = kit.new_house(tmp_path / "data")
    site = Site(tmp_path, house, kit.new_tenant(house))
    site.record(*range(12))
    house.publisher.publish()
    yield site
    house.close()
