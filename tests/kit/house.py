"""A deployment in a temporary folder, opened in this process, for tests."""

from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from tallystick.access.replay import compare_tables
from tallystick.access.tenants import Tenant, create_tenant, tenant_named
from tallystick.drivers.sqlite import SqliteStore
from tallystick.events.parsing import parse_event, to_builtins
from tallystick.ledger.batch import Outcome
from tallystick.ledger.inspection import Inspection
from tallystick.ledger.leaf import Via
from tallystick.settings import Settings
from tallystick.verify.fsck import Finding
from tallystick.wiring import House, open_house

DOOR = Via("0123456789abcdef", "native")


def new_house(data: Path, **settings: object) -> House:
    """Create a deployment ``audit.example`` in a folder and open it."""
    return open_house(
        Settings(data=data, deployment="audit.example", **settings),  # type: ignore[arg-type]
        create=True,
    )


def new_tenant(house: House, name: str = "acme") -> Tenant:
    """Create a tenant."""
    return create_tenant(house.ledger, name, "cli")


def submit(
    house: House, tenant: Tenant, events: Sequence[dict[str, object]], stream: str = "audit"
) -> Future[list[Outcome]]:
    """Record raw events; returns at once."""
    builtins = [to_builtins(parse_event(event)) for event in events]
    return house.ledger.record(tenant.number, stream, builtins, DOOR)


def record(
    house: House, tenant: Tenant, *events: dict[str, object], stream: str = "audit"
) -> list[Outcome]:
    """Record raw events, and wait until they are on disk."""
    return submit(house, tenant, events, stream).result(30)


def fsck(house: House, *, disclosures: bool = True) -> list[Finding]:
    """Run a whole ``fsck``, tables included, and return what it finds."""
    scratch = SqliteStore(house.settings.data / "scratch.db")
    try:
        with house.ledger.drivers.store.read() as snapshot:
            result = Inspection(house.ledger, disclosures=disclosures).run(snapshot)
            if not result.readable:
                return result.findings
            return result.findings + list(compare_tables(house.ledger, snapshot, scratch))
    finally:
        scratch.close()
        for leftover in house.settings.data.glob("scratch.db*"):
            leftover.unlink()


def tenant_of(house: House, name: str) -> Tenant:
    """Find a tenant by name."""
    with house.ledger.drivers.store.read() as snapshot:
        return tenant_named(snapshot, name)
