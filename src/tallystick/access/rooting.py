"""The deployment's root key: pinned once, by an entry in the deployment's log."""

from collections.abc import Mapping

from tallystick.access.tenants import DEPLOYMENT_STREAM
from tallystick.errors import ConflictError, MalformedError, VerificationError
from tallystick.ledger.leaf import time_text
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.logs import DEPLOYMENT_TENANT, settle
from tallystick.ledger.ports import Log, Transaction
from tallystick.ledger.queries import load
from tallystick.ledger.super_logs import ROOT, pinned_root
from tallystick.tlog.key import VerifierKey
from tallystick.verify.statement import require_root

ROOTING = load("tallystick.access", "rooting.sql")


def pin_root(ledger: Ledger, root: VerifierKey, key_id: str) -> None:
    """Pin the root key, whose statements this deployment will follow.

    Args:
        ledger: The ledger.
        root: The root key's public half.
        key_id: The credential that asks for it, or ``cli``.

    Raises:
        MalformedError: It is no root key.
        VerificationError: It is the root of another deployment.
        ConflictError: Another one is pinned.
    """
    deployment = require_root(root)
    if deployment != ledger.logs.deployment:
        raise VerificationError(f"root key: of {deployment}, want {ledger.logs.deployment}")
    with ledger.control() as control:
        known = pinned_root(control.tx, ledger.logs)
        if known is not None and known != root:
            raise ConflictError(f"root key: {known.vkey()} is pinned, and stays so")
        if known is None:
            own = ledger.logs.stream(control.tx, DEPLOYMENT_TENANT, DEPLOYMENT_STREAM)
            event: dict[str, object] = {
                "action": "deployment.root_pinned",
                "occurred_at": time_text(ledger.drivers.clock.now()),
                "actor": {"type": "system"},
                "outcome": "success",
                "metadata": {"public": root.public.hex()},
            }
            control.record(own, event, key_id)


def apply_pinned(tx: Transaction, _log: Log, _index: int, event: Mapping[str, object]) -> None:
    """Write a ``deployment.root_pinned`` entry into the table (a projection)."""
    match event:
        case {"metadata": {"public": str() as public}}:
            settle(tx, ROOT, public)
        case _:
            raise MalformedError("deployment.root_pinned: not the event that the server writes")
