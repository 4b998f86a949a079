"""``_refresh``: an answer that comes when all that was recorded before can be found."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final

from litestar import Request, Response, route

from tallystick.access.keys import Grant
from tallystick.api.doorway import Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.elastic.health import ANY_SCOPE
from tallystick.api.elastic.parameters import read_parameters
from tallystick.api.elastic.scope import SCOPE_PARAMETERS
from tallystick.api.tenancy import chosen_tenant, covers, only_tenant
from tallystick.errors import PushbackError
from tallystick.search.lag import followed

REFRESH_S: Final = 10
"""How long an answer waits at most."""

_LOOK_EVERY_S: Final = 0.05
_SHARDS: Final = {"total": 1, "successful": 1, "failed": 0}


@route(
    ["/_refresh", "/{index:str}/_refresh"],
    http_method=["GET", "POST"],
    status_code=200,
)
async def refresh(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer when the index has caught up, whatever index is named: all are followed together."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, *ANY_SCOPE)
    told = read_parameters(request, SCOPE_PARAMETERS)
    ends = await asyncio.to_thread(_ends, doorway, caller.key.grant, told.get("tenant"))
    if not await caught_up(doorway, ends):
        raise PushbackError("refresh: the index has not caught up, want to ask again")
    return elastic_answer(request, {"_shards": _SHARDS}, 200, None, told)


async def caught_up(doorway: Doorway, ends: Mapping[int, int]) -> bool:
    """Wait until the entries before ``ends``, by slot, can be found; say whether they can.

    It ends after ``REFRESH_S`` at the latest; at once where there is nothing to find them with.
    """
    if not doorway.searching.is_on:
        return False
    for _ in range(int(REFRESH_S / _LOOK_EVERY_S)):
        if await asyncio.to_thread(_reached, doorway, ends):
            return True
        await asyncio.sleep(_LOOK_EVERY_S)
    return False


def _reached(doorway: Doorway, ends: Mapping[int, int]) -> bool:
    with doorway.ledger.drivers.store.read() as snapshot:
        stands = followed(snapshot)
    return all(stands.get(slot, 0) >= end for slot, end in ends.items())


def _ends(doorway: Doorway, grant: Grant, tenant_name: str | None) -> dict[int, int]:
    """Return by slot how far the logs within reach have come."""
    logs = doorway.ledger.logs
    with doorway.ledger.drivers.store.read() as snapshot:
        if tenant_name is None and only_tenant(grant) is None:
            reached = [log for log in logs.every(snapshot) if covers(grant, log.tenant)]
        else:
            tenant = chosen_tenant(snapshot, grant, tenant_name)
            reached = list(logs.of(snapshot, tenant).values())
        return {log.slot: snapshot.head(log.slot).size for log in reached}
