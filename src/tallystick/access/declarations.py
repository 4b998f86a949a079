"""What a tenant declares about its actions: a projection of ``catalogue.changed`` entries.

The entry stands in the tenant's own audit log: what may be written there in clear is the tenant's
decision, and its proof.
"""

from collections.abc import Mapping

import msgspec

from tallystick.errors import MalformedError, NotFoundError
from tallystick.events.canonical import encode
from tallystick.events.catalogue import CatalogueEntry, parse_entry
from tallystick.ledger.catalogues import POLICY
from tallystick.ledger.leaf import time_text
from tallystick.ledger.ledger import RESERVED_ACTIONS, Ledger
from tallystick.ledger.ports import Log, Snapshot, Transaction, Value
from tallystick.ledger.queries import as_text, load
from tallystick.ledger.tenant_keys import SUBJECTS

CATALOGUE = load("tallystick.access", "catalogue.sql")


def declare(ledger: Ledger, tenant: int, entry: CatalogueEntry, key_id: str) -> None:
    """Declare an action of a tenant, or change what was declared, and record that.

    Args:
        ledger: The ledger.
        tenant: Number of the tenant.
        entry: The entry; its version must be higher than that of the one it replaces.
        key_id: The credential that asks for it, or ``cli``.

    Raises:
        MalformedError: The version is not higher, or the action is one of the server's own.
    """
    if entry.action in RESERVED_ACTIONS:
        raise MalformedError(
            f"action {entry.action!r}: recorded by the server alone, which declares it itself",
            path="/action",
        )
    with ledger.control() as control:
        before = declared(control.tx, tenant, entry.action)
        if before is not None and entry.version <= before.version:
            raise MalformedError(
                f"catalogue {entry.action}: version {entry.version},"
                f" want more than {before.version}",
                path="/version",
            )
        log = ledger.logs.stream(control.tx, tenant, "audit")
        body = msgspec.to_builtins(entry)
        control.record(log, _changed(ledger, entry.action, body), key_id)


def set_policy(ledger: Ledger, tenant: int, *, refuse_unknown: bool, key_id: str) -> None:
    """Say whether events of undeclared actions are refused, and record that."""
    body = {"unknown": "refuse" if refuse_unknown else "warn"}
    with ledger.control() as control:
        log = ledger.logs.stream(control.tx, tenant, "audit")
        control.record(log, _changed(ledger, POLICY, body), key_id)


def declared(snapshot: Snapshot, tenant: int, action: str) -> CatalogueEntry | None:
    """Return what a tenant itself has declared about an action."""
    rows = snapshot.rows(CATALOGUE["one"], tenant=tenant, action=action)
    return parse_entry(msgspec.json.decode(as_text(rows[0][0]))) if rows else None


def catalogue_entry(ledger: Ledger, snapshot: Snapshot, tenant: int, action: str) -> CatalogueEntry:
    """Return the entry in force for an action: the tenant's own, or that of a pack.

    Raises:
        NotFoundError: The action is declared nowhere.
    """
    entry = ledger.catalogues.of(snapshot, tenant).catalogue.get(action)
    if entry is None:
        raise NotFoundError(f"catalogue {action!r}: not declared")
    return entry


def apply_changed(tx: Transaction, log: Log, index: int, event: Mapping[str, object]) -> None:
    """Write a ``catalogue.changed`` entry into the table (a projection)."""
    match event:
        case {"metadata": {"declares": str() as action, "entry": dict() as body}}:
            row: dict[str, Value] = {
                "tenant": log.tenant,
                "action": action,
                "entry": encode(body).decode(),
                "slot": log.slot,
                "idx": index,
            }
            tx.execute(CATALOGUE["put"], [row])
            tx.execute(SUBJECTS["bump_state"], [{"tenant": log.tenant}])
        case _:
            raise MalformedError("catalogue.changed: not the event that the server writes")


def _changed(ledger: Ledger, action: str, body: object) -> dict[str, object]:
    return {
        "action": "catalogue.changed",
        "occurred_at": time_text(ledger.drivers.clock.now()),
        "actor": {"type": "system"},
        "outcome": "success",
        "metadata": {"declares": action, "entry": body},
    }
