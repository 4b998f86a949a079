"""How many events can be found in each index."""

from asyncio import to_thread
from collections.abc import Mapping
from typing import Any, NamedTuple

from litestar import Request

from tallystick.api.asking import reader
from tallystick.api.doorway import Caller, Doorway
from tallystick.api.elastic.scope import names_of
from tallystick.api.tenancy import chosen_tenant
from tallystick.search.elastic.indices import STREAM_OF
from tallystick.search.lag import followed
from tallystick.search.plan import FOLLOWER, parked


class Counted(NamedTuple):
    """An index.

    Attributes:
        uuid: The public id of the log that it shows.
        events: How many can be found.
    """

    uuid: str
    events: int


async def counted(
    request: Request[Any, Any, Any], expression: str | None, told: Mapping[str, str]
) -> dict[str, Counted]:
    """Count the events of a tenant in the indices that an expression means.

    Raises:
        TallystickError: There is no such index, or the credential does not reach it.
    """
    doorway: Doorway = request.app.state.doorway
    caller = reader(doorway, request)
    names = names_of(expression, told)
    return await to_thread(_counted, doorway, caller, names, told.get("tenant"))


def _counted(
    doorway: Doorway, caller: Caller, names: tuple[str, ...], tenant_name: str | None
) -> dict[str, Counted]:
    with doorway.ledger.drivers.store.read() as snapshot:
        tenant = chosen_tenant(snapshot, caller.key.grant, tenant_name)
        logs = doorway.ledger.logs.of(snapshot, tenant)
        stands = followed(snapshot)
        passed = [slot for slot, _, _ in parked(snapshot, FOLLOWER)]
    found = {}
    for name in names:
        log = logs[STREAM_OF[name]]
        found[name] = Counted(log.hex, stands.get(log.slot, 0) - passed.count(log.slot))
    return found
