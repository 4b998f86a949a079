"""The only place where drivers meet the ledger."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tallystick.access import listing
from tallystick.access.projections import PROJECTIONS
from tallystick.access.tenants import DEPLOYMENT_STREAM
from tallystick.drivers.clickhouse.endpoint import EndpointFile, parse_endpoint
from tallystick.drivers.erasure_list import ErasureListFile
from tallystick.drivers.export_files import ExportFolder
from tallystick.drivers.keyfile import KeyFile
from tallystick.drivers.lockfile import LockFile
from tallystick.drivers.sqlite import SqliteStore
from tallystick.drivers.system import SystemClock, SystemEntropy
from tallystick.drivers.witness_http import HttpWitnesses
from tallystick.errors import MalformedError, NotFoundError
from tallystick.ledger import tenant_keys
from tallystick.ledger.cosigning import Cosigning, Say, check_policy
from tallystick.ledger.ledger import Drivers, Ledger
from tallystick.ledger.logs import DEPLOYMENT_TENANT, settle, settled
from tallystick.ledger.ports import Clock, Lock
from tallystick.ledger.publisher import Publisher
from tallystick.ledger.start_up import ask_witnesses, start_up_problem
from tallystick.ledger.super_logs import current_super
from tallystick.search.ports import Engine, ExportFiles
from tallystick.settings import Settings
from tallystick.tlog.policy import Policy

DATABASE, KEYS, LOCK = "ledger.db", "keys.json", "lock.note"
ENGINE, ENDPOINT = "engine", "engine.json"
EXPORTS = "exports"
NO_ENGINE = "off"
_ORIGIN = "origin"
_DEPLOYMENT = re.compile(r"[a-z0-9](?:[a-z0-9.-]{0,200}[a-z0-9])?(?::[0-9]{1,5})?")


@dataclass(frozen=True, slots=True)
class House:
    """An opened deployment.

    Attributes:
        ledger: The ledger; read-only where the start-up checks say so.
        publisher: Makes its epochs.
        settings: What it was opened with.
        lock: Keeps the last super-checkpoint that was signed.
        cosigning: Collects cosignatures; None where no policy is set.
    """

    ledger: Ledger
    publisher: Publisher
    settings: Settings
    lock: Lock
    cosigning: Cosigning | None = None

    def ask_witnesses(self) -> Mapping[str, str]:
        """Ask each witness for its newest checkpoint; read-only if one knows more than we do.

        Returns:
            By witness, why it could not tell.
        """
        ledger = self.ledger
        if self.cosigning is None or ledger.read_only is not None:
            return {}
        drivers = ledger.drivers
        with drivers.store.read() as snapshot:
            origin = current_super(snapshot, ledger.logs, drivers.keeper).origin
        answers = self.cosigning.witnesses.newest(origin)
        seen = ask_witnesses(drivers.store, ledger.logs, drivers.keeper, self.lock, answers)
        ledger.read_only = seen.problem
        return seen.warnings

    def look_again(self) -> None:
        """Repeat the start-up checks, and be read-only from now on if they fail."""
        drivers = self.ledger.drivers
        if self.ledger.read_only is None:
            self.ledger.read_only = start_up_problem(
                drivers.store, self.ledger.logs, self.lock, drivers.keeper
            )

    def close(self) -> None:
        """Release everything."""
        self.ledger.close()


def open_house(settings: Settings, *, create: bool = False, say: Say = lambda _line: None) -> House:
    """Open the deployment in the data folder, after the start-up checks.

    Args:
        settings: Where it lies.
        create: Make a new one where there is none.
        say: Told, in a line each, when witnesses fail and when they are back.

    Raises:
        NotFoundError: There is none, and ``create`` is not set.
        MalformedError: The database URL names no driver, or the deployment name is bad.
    """
    if settings.database and not settings.database.startswith("sqlite:"):
        raise MalformedError(f"database {settings.database[:20]!r}: want sqlite:PATH")
    clock, entropy = SystemClock(), SystemEntropy()
    data = settings.data
    database = database_path(settings)
    if not database.exists():
        if not create:
            raise NotFoundError(f"{data}: no ledger, want `tallystick serve` to have run there")
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not (data / KEYS).exists() and not database.exists():
        KeyFile.create(data / KEYS, entropy, clock)
    lock_file = lock_path(settings)
    erasures = ErasureListFile(erasures_beside(lock_file))
    drivers = Drivers(SqliteStore(database), KeyFile(data / KEYS), clock, entropy, erasures)
    deployment = _deployment(drivers, settings.deployment or "localhost")
    lock = LockFile(lock_file)
    ledger = Ledger(drivers, deployment, PROJECTIONS)
    ledger.read_only = start_up_problem(drivers.store, ledger.logs, lock, drivers.keeper)
    if ledger.read_only is None:
        listing.begin(ledger)
    cosigning = _cosigning(settings, clock, say)
    publisher = Publisher(
        drivers.store, ledger.logs, drivers.keeper, lock, clock, ledger.integrator, cosigning
    )
    return House(ledger, publisher, settings, lock, cosigning)


def lock_path(settings: Settings) -> Path:
    """Return the path of the lock file."""
    return Path(settings.lock) if settings.lock else settings.data / LOCK


def open_engine(settings: Settings) -> Engine | None:
    """Return the engine, which is connected to when it is first asked; None: there is none.

    Raises:
        MalformedError: The engine's URL is none.
    """
    if settings.engine == NO_ENGINE:
        return None
    from tallystick.drivers.clickhouse.engine import (  # noqa: PLC0415 (most commands need none)
        ClickHouse,
    )

    if settings.engine:
        endpoint = parse_endpoint(settings.engine)
        return ClickHouse(lambda: endpoint, SystemEntropy())
    return ClickHouse(EndpointFile(settings.data / ENDPOINT).read, SystemEntropy())


def open_export_files(settings: Settings) -> ExportFiles | None:
    """Return where exports lie; None where there is no engine that could find anything."""
    return None if settings.engine == NO_ENGINE else ExportFolder(settings.data / EXPORTS)


def erasures_beside(lock: Path) -> Path:
    """Return the path of the list of erasures, which stands beside the lock file."""
    return lock.with_name(f"{lock.name}.erasures")


def _cosigning(settings: Settings, clock: Clock, say: Say) -> Cosigning | None:
    if not settings.witness_policy:
        return None
    path = Path(settings.witness_policy)
    try:
        policy = check_policy(Policy.parse(path.read_bytes()))
    except OSError as error:
        raise NotFoundError(f"{path}: {error.strerror}, want a witness policy") from None
    urls = {name: it.url for name, it in policy.witnesses.items()}
    witnesses = HttpWitnesses(urls, settings.witness_deadline_s)
    return Cosigning(policy, witnesses, clock, say)


def database_path(settings: Settings) -> Path:
    """Return the path of the ledger's database."""
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
