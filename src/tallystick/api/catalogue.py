"""What a tenant declares about its actions."""

from asyncio import to_thread
from typing import Any

from litestar import Request, Response, get, put
from litestar.params import FromPath

from tallystick.access.declarations import catalogue_entry, declare
from tallystick.api.doorway import Doorway
from tallystick.api.forms import read_object
from tallystick.api.query import TenantName, json_answer
from tallystick.api.tenancy import chosen_tenant
from tallystick.errors import MalformedError
from tallystick.events.catalogue import entry_builtins, parse_entry


@get("/v1/catalogue/{action:str}", summary="Show a catalogue entry")
async def show_catalogue_entry(
    request: Request[Any, Any, Any], action: FromPath[str], tenant_name: TenantName = None
) -> Response[bytes]:
    """Show what is in force for an action: the tenant's own entry, or that of a pack."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "read")
    with doorway.ledger.drivers.store.read() as snapshot:
        tenant = chosen_tenant(snapshot, caller.key.grant, tenant_name)
        return json_answer(
            entry_builtins(catalogue_entry(doorway.ledger, snapshot, tenant, action))
        )


@put("/v1/catalogue/{action:str}", summary="Declare an action")
async def put_catalogue_entry(
    request: Request[Any, Any, Any], action: FromPath[str], tenant_name: TenantName = None
) -> Response[bytes]:
    """Declare an action of a tenant, or change what is declared."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "admin")
    raw = await read_object(request)
    if raw.setdefault("action", action) != action:
        raise MalformedError("/action: another than in the path", path="/action")
    entry = parse_entry(raw)
    with doorway.ledger.drivers.store.read() as snapshot:
        tenant = chosen_tenant(snapshot, caller.key.grant, tenant_name)
    await to_thread(declare, doorway.ledger, tenant, entry, caller.key.key_id)
    return json_answer(entry_builtins(entry))
