"""The drivers that must keep the ports' promises: one factory a driver, no test changed."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kit.clocks import SteppingClock
from kit.stores import Site
from tallystick.drivers.keyfile import KeyFile
from tallystick.drivers.lockfile import LockFile
from tallystick.drivers.system import SystemEntropy
from tallystick.ledger.ports import KeyKeeper, Lock, Store


def sqlite_site(folder: Path) -> Site:
    """A SQLite file in a folder of its own."""
    return Site("sqlite", str(folder / "ledger.db"), folder)


SITES: dict[str, Callable[[Path], Site]] = {"sqlite": sqlite_site}


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest, tmp_path: Path) -> Site:
    """Where an empty store lives."""
    folder = tmp_path / "store"
    folder.mkdir()
    return SITES[request.param](folder)


@pytest.fixture
def store(site: Site) -> Iterator[Store]:
    """An empty store."""
    with site.opened() as store:
        yield store


@pytest.fixture(params=["keyfile"])
def keeper(tmp_path: Path) -> KeyKeeper:
    """A keeper with a first epoch key."""
    return KeyFile.create(tmp_path / "keys.json", SystemEntropy(), SteppingClock())


@pytest.fixture(params=["lockfile"])
def lock(tmp_path: Path) -> Lock:
    """A lock that holds nothing yet."""
    return LockFile(tmp_path / "lock.note")
