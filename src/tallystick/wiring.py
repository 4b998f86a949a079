"""The only place where drivers meet the ledger."""

import re
from dataclasses import dataclass
from pathlib import Path

from tallystick.access.projections import PROJECTIONS
from tallystick.access.tenants import DEPLOYMENT_STREAM
from tallystick.drivers.keyfile import KeyFile
from tallystick.drivers.lockfile import LockFile
from tallystick.drivers.sqlite import SqliteStore
from tallystick.drivers.system import SystemClock, SystemEntropy
from tallystick.errors import MalformedError, NotFoundError
from tallystick.ledger import tenant_keys
from tallystick.ledger.ledger import Drivers, Ledger
from tallystick.ledger.logs import DEPLOYMENT_TENANT, settle, settled
from tallystick.ledger.publisher import Publisher, finish_interrupted, start_up_problem
from tallystick.settings import Settings

DATABASE, KEYS, LOCK = "ledger.db", "keys.json", "lock.note"
_ORIGIN = "origin"
_DEPLOYMENT = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,200}[a-z0-9])?(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class House:
    """An opened deployment.

    Attributes:
        ledger: The ledger; read-only where the start-up checks say so.
        publisher: Makes its epochs.
        settings: What it was opened with.
    """

    ledger: Ledger
    publisher: Publisher
    settings: Settings

    def close(self) -> None:
        """Release everything."""
        self.ledger.close()


def open_house(settings: Settings, *, create: bool = False) -> House:
    """Open the deployment in the data folder, after the start-up checks.

    Args:
        settings: Where it lies.
        create: Make a new one where there is none.

    Raises:
        NotFoundError: There is none, and ``create`` is not set.
        MalformedError: The database URL names no driver, or the deployment name is bad.
    """
    if settings.database and not settings.database.startswith("sqlite:"):
        raise MalformedError(f"database {settings.database[:20]!r}: want sqlite:PATH")
    clock, entropy = SystemClock(), SystemEntropy()
    data = settings.data
    database = _database(settings)
    if not database.exists():
        if not create:
            raise NotFoundError(f"{data}: no ledger, want `tallystick serve` to have run there")
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (data / KEYS).exists() and not database.exists():
        KeyFile.create(data / KEYS, entropy, clock)
    drivers = Drivers(SqliteStore(database), KeyFile(data / KEYS), clock, entropy)
    deployment = _deployment(drivers, settings.deployment or "localhost")
    lock = LockFile(Path(settings.lock) if settings.lock else data / LOCK)
    ledger = Ledger(drivers, deployment, PROJECTIONS)
    ledger.read_only = start_up_problem(drivers.store, ledger.logs, lock)
    if ledger.read_only is None:
        finish_interrupted(drivers.store, lock, clock)
    publisher = Publisher(
        drivers.store, ledger.logs, drivers.keeper, lock, clock, ledger.integrator
    )
    return House(ledger, publisher, settings)


def _database(settings: Settings) -> Path:
    if settings.database:
        return Path(settings.database.removeprefix("sqlite:"))
    return settings.data / DATABASE


def _deployment(drivers: Drivers, wanted: str) -> str:
    """Return the deployment's name; settle it, with slot 0 and the super-log, the first time."""
    with drivers.store.read() as snapshot:
        known = settled(snapshot, _ORIGIN)
    if known is not None:
        return known
    if not _DEPLOYMENT.fullmatch(wanted):
        raise MalformedError(
            f"deployment {wanted[:80]!r}: want a host name, such as audit.example.com"
        )
    ledger = Ledger(drivers, wanted, PROJECTIONS)
    with drivers.store.write() as tx:
        known = settled(tx, _ORIGIN)
        if known is not None:
            return known
        settle(tx, _ORIGIN, wanted)
        tenant_keys.create(tx, drivers.keeper, drivers.entropy, DEPLOYMENT_TENANT)
        ledger.logs.create(tx, drivers.entropy, DEPLOYMENT_TENANT, DEPLOYMENT_STREAM)
        ledger.logs.create_super(tx, drivers.entropy)
    return wanted
