"""The folder that is searched: one tenant's events, recorded once, then followed by the engine."""

import os
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from bench.deployment import checkpoint, serving, temporary_house
from bench.stages import Stages
from bench.varied_load import VariedLoad, declarations
from tallystick.access.declarations import declare
from tallystick.access.keys import Grant, create_key
from tallystick.access.tenants import create_tenant, tenant_named
from tallystick.errors import NotFoundError
from tallystick.search.lag import followed
from tallystick.settings import Settings
from tallystick.wiring import ENGINE, House, open_house

SEED: Final = 7
TENANT: Final = "bench"
_BATCH: Final = 1_000
_CHECKPOINT_EVERY: Final = 50
_LOOK_EVERY_S: Final = 2.0


def prepare(data: Path, size: int) -> str:
    """Record ``size`` events, as far as they are not there, and let the engine follow; a key."""
    with temporary_house(data) as house:
        tenant = _tenant(house)
        recorded = _fill(house, tenant, size)
        house.publisher.publish()
        grant = Grant(frozenset({"ingest", "read"}), (tenant,))
        _, key = create_key(house.ledger, grant, "bench", "cli")
    with serving(data, 1, key, engine=""):
        _wait_until_followed(data, recorded)
    return key


def index_bytes(data: Path) -> int:
    """Bytes on disk of the engine's folder."""
    return sum(each.stat().st_size for each in (data / ENGINE).rglob("*") if each.is_file())


def forget_pages(folder: Path) -> None:
    """Let the machine drop what it has of the files in its page cache (posix_fadvise)."""
    for each in folder.rglob("*"):
        if each.is_file():
            with each.open("rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _tenant(house: House) -> int:
    with house.ledger.drivers.store.read() as snapshot:
        try:
            return tenant_named(snapshot, TENANT).number
        except NotFoundError:
            pass
    tenant = create_tenant(house.ledger, TENANT, "cli").number
    for declared in declarations():
        declare(house.ledger, tenant, declared, "cli")
    return tenant


def _fill(house: House, tenant: int, size: int) -> int:
    """Record what is missing; the size of the log, in which the declarations stand, too."""
    ledger = house.ledger
    with ledger.drivers.store.read() as snapshot:
        slot = ledger.logs.stream(snapshot, tenant, "audit").slot
        there = snapshot.head(slot).size
    declared = len(declarations())
    if there >= declared + size:
        return there
    stages, load = Stages(house, tenant), VariedLoad(SEED)
    for number in range(size // _BATCH):
        events = load.take(_BATCH)
        if declared + (number + 1) * _BATCH <= there:
            continue
        stages.run(msgspec.json.encode(events))
        if number % _CHECKPOINT_EVERY == 0:
            checkpoint(house)
            _say(f"recorded {(number + 1) * _BATCH:,} of {size:,}")
    checkpoint(house)
    with ledger.drivers.store.read() as snapshot:
        return snapshot.head(slot).size


def _wait_until_followed(data: Path, size: int) -> None:
    house = open_house(Settings(data=data))
    try:
        while True:
            with house.ledger.drivers.store.read() as snapshot:
                done = max(followed(snapshot).values(), default=0)
            _say(f"followed {done:,} of {size:,}")
            if done >= size:
                return
            time.sleep(_LOOK_EVERY_S)
    finally:
        house.close()


def _say(line: str) -> None:
    print(f"\r{line:40}", end="", file=sys.stderr, flush=True)
