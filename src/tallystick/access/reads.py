"""Reading the log is an event, in a stream of its own, durable before the answer begins."""

from collections.abc import Mapping
from concurrent.futures import Future
from dataclasses import dataclass

from tallystick.access.tenants import DEPLOYMENT_STREAM
from tallystick.ledger.batch import Outcome
from tallystick.ledger.leaf import Via, time_text
from tallystick.ledger.ledger import LEDGER_DOOR, Ledger
from tallystick.ledger.logs import DEPLOYMENT_TENANT


@dataclass(frozen=True, slots=True)
class Asker:
    """Who reads.

    Attributes:
        key_id: Id of the credential, or ``cli`` for somebody at the machine itself.
        ip: Address of the peer, where there is one.
        request_id: The request that the answer names too.
    """

    key_id: str
    ip: str | None = None
    request_id: str | None = None


def record_read(
    ledger: Ledger, tenant: int, action: str, asker: Asker, told: Mapping[str, object]
) -> Future[list[Outcome]]:
    """Record a read in the tenant's access stream; answer only when the future is done.

    Args:
        ledger: The ledger.
        tenant: Whose log is read; an operator's read is recorded there as well.
        action: Such as ``event.read``, ``events.listed`` or ``receipt.issued``.
        asker: Who reads.
        told: What was asked for: ids, filters, limits.

    Raises:
        PushbackError: It can't be recorded just now, so nothing may be answered.
    """
    context = {"ip": asker.ip, "request_id": asker.request_id}
    present = {name: value for name, value in context.items() if value is not None}
    kind, identity = ("system", "cli") if asker.key_id == "cli" else ("api_key", asker.key_id)
    event: dict[str, object] = {
        "action": action,
        "occurred_at": time_text(ledger.drivers.clock.now()),
        "actor": {"type": kind, "id": identity},
        "outcome": "success",
        "metadata": dict(told),
    }
    if present:
        event["context"] = present
    # The deployment itself has one log, which tells of its reads too.
    stream = DEPLOYMENT_STREAM if tenant == DEPLOYMENT_TENANT else "access"
    return ledger.record(tenant, stream, [event], Via(asker.key_id, LEDGER_DOOR))
