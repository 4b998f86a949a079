"""Tenants: whose logs there are. A projection of ``tenant.created`` entries in slot 0."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tallystick.errors import ConflictError, MalformedError, NotFoundError
from tallystick.ledger import tenant_keys
from tallystick.ledger.leaf import time_text
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.logs import DEPLOYMENT_TENANT, STREAMS
from tallystick.ledger.ports import Log, Row, Snapshot, Transaction, Value
from tallystick.ledger.queries import as_int, as_text, load

DEPLOYMENT_STREAM = "deployment"
TENANTS = load("tallystick.access", "tenants.sql")

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?")


@dataclass(frozen=True, slots=True)
class Tenant:
    """A customer of the product that records here.

    Attributes:
        number: Its number, from 1; 0 is the deployment itself.
        name: Its name: 1 to 63 characters of ``a-z 0-9 . _ -``.
        created_at: Microseconds since 1970-01-01T00:00:00Z.
    """

    number: int
    name: str
    created_at: int


def create_tenant(ledger: Ledger, name: str, key_id: str) -> Tenant:
    """Create a tenant with its logs and keys, and record that in the deployment's log.

    Args:
        ledger: The ledger.
        name: The tenant's name.
        key_id: The credential that asks for it, or ``cli``.

    Raises:
        MalformedError: The name has another form.
        ConflictError: A tenant has this name already.
    """
    if not _NAME.fullmatch(name):
        raise MalformedError(
            f"tenant name {name[:80]!r}: want 1 to 63 characters of a-z 0-9 . _ -", path="/name"
        )
    drivers = ledger.drivers
    with ledger.control() as control:
        tx = control.tx
        if tx.rows(TENANTS["by_name"], name=name):
            raise ConflictError(f"tenant {name!r}: exists already")
        number = as_int(tx.rows(TENANTS["next_number"])[0][0])
        tenant_keys.create(tx, drivers.keeper, drivers.entropy, number)
        logs = [ledger.logs.create(tx, drivers.entropy, number, stream) for stream in STREAMS]
        now = drivers.clock.now()
        own = ledger.logs.stream(tx, DEPLOYMENT_TENANT, DEPLOYMENT_STREAM)
        control.record(own, _created(number, name, logs, now), key_id)
    return Tenant(number, name, now)


def tenant_named(snapshot: Snapshot, name: str) -> Tenant:
    """Find a tenant by its name.

    Raises:
        NotFoundError: There is none.
    """
    rows = snapshot.rows(TENANTS["by_name"], name=name)
    if not rows:
        raise NotFoundError(f"tenant {name[:80]!r}: unknown")
    return _tenant(rows[0])


def tenant_numbered(snapshot: Snapshot, number: int) -> Tenant:
    """Find a tenant by its number.

    Raises:
        NotFoundError: There is none.
    """
    rows = snapshot.rows(TENANTS["by_number"], tenant=number)
    if not rows:
        raise NotFoundError(f"tenant {number}: unknown")
    return _tenant(rows[0])


def every_tenant(snapshot: Snapshot) -> list[Tenant]:
    """Return all tenants in order of their numbers."""
    return [_tenant(row) for row in snapshot.rows(TENANTS["every"])]


def apply_created(tx: Transaction, log: Log, index: int, event: Mapping[str, object]) -> None:
    """Write a ``tenant.created`` entry into the table (a projection)."""
    match event:
        case {
            "occurred_at": str(),
            "metadata": {"tenant": int() as number, "created_at": int() as created_at},
            "targets": [{"name": str() as name}, *_],
        }:
            row: dict[str, Value] = {"tenant": number, "name": name, "created_at": created_at}
            tx.execute(TENANTS["add"], [{**row, "slot": log.slot, "idx": index}])
        case _:
            raise MalformedError("tenant.created: not the event that the server writes")


def _created(number: int, name: str, logs: list[Log], now: int) -> dict[str, object]:
    places = {f"log_{log.stream}": f"{log.slot}:{log.hex}" for log in logs}
    return {
        "action": "tenant.created",
        "occurred_at": time_text(now),
        "actor": {"type": "system"},
        "outcome": "success",
        "targets": [{"type": "tenant", "id": str(number), "name": name}],
        "metadata": {"tenant": number, "created_at": now, **places},
    }


def _tenant(row: Row) -> Tenant:
    number, name, created_at, _ = row
    return Tenant(as_int(number), as_text(name), as_int(created_at))
