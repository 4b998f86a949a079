"""Tenants and keys: who may do what."""

from asyncio import to_thread
from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import FromPath

from tallystick.access.keys import ALL_TENANTS, Grant, Key, create_key, every_key, revoke_key
from tallystick.access.tenants import (
    Tenant,
    create_tenant,
    every_tenant,
    tenant_named,
    tenant_numbered,
)
from tallystick.api.doorway import Caller, Doorway
from tallystick.api.forms import Wanted, read_form
from tallystick.api.query import (
    DEFAULT_LIMIT,
    After,
    Limit,
    Page,
    json_answer,
    page_answer,
    read_limit,
)
from tallystick.api.tenancy import covers
from tallystick.errors import ForbiddenError, MalformedError, NotFoundError
from tallystick.ledger.leaf import time_text
from tallystick.ledger.ports import Snapshot

_MICROSECONDS: Final = 1_000_000


class WantedTenant(Wanted, frozen=True, kw_only=True):
    """A tenant to be created."""

    name: str


class WantedKey(Wanted, frozen=True, kw_only=True):
    """A key to be created.

    Attributes:
        tenants: Names of tenants, or ``"*"`` for all.
        expires_at: RFC 3339, with an offset.
    """

    scopes: list[str]
    tenants: list[str] | str
    label: Annotated[str, msgspec.Meta(max_length=200)] = ""
    creates_tenants: bool = False
    events_per_minute: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None = None
    bytes_per_minute: Annotated[int, msgspec.Meta(ge=1, le=2**53)] | None = None
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)] | None = None


@post("/v1/tenants", status_code=201, summary="Create a tenant")
async def post_tenant(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Create a tenant, with its logs and keys."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "admin")
    _need_all_tenants(caller, "tenants are created")
    wanted = await read_form(request, WantedTenant)
    made = await to_thread(create_tenant, doorway.ledger, wanted.name, caller.key.key_id)
    return json_answer(_tenant(made), 201)


@get("/v1/tenants", summary="List tenants")
async def list_tenants(
    request: Request[Any, Any, Any], after: After = None, limit: Limit = str(DEFAULT_LIMIT)
) -> Response[bytes]:
    """List the tenants that the key reaches."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "admin")
    wanted = read_limit(limit)
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 16):  # noqa: PLR2004
        raise MalformedError("after: not a next of this list", path="/after")
    with doorway.ledger.drivers.store.read() as snapshot:
        known = [one for one in every_tenant(snapshot) if covers(caller.key.grant, one.number)]
    rest = [one for one in known if one.number > int(after or 0)]
    more = str(rest[wanted - 1].number) if len(rest) > wanted else None
    return page_answer("tenants", Page([_tenant(one) for one in rest[:wanted]], more))


@post("/v1/keys", status_code=201, summary="Create a key", description="Shows the key once.")
async def post_key(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Create an API key; its text is in this answer and nowhere else."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "admin")
    wanted = await read_form(request, WantedKey)
    with doorway.ledger.drivers.store.read() as snapshot:
        grant = _grant(snapshot, caller, wanted)
    made, text = await to_thread(create_key, doorway.ledger, grant, wanted.label, caller.key.key_id)
    with doorway.ledger.drivers.store.read() as snapshot:
        return json_answer({"key": text, **_key(snapshot, made)}, 201)


@get("/v1/keys", summary="List keys")
async def list_keys(
    request: Request[Any, Any, Any], after: After = None, limit: Limit = str(DEFAULT_LIMIT)
) -> Response[bytes]:
    """List the keys whose tenants the caller's key covers; never their secrets."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "admin")
    wanted = read_limit(limit)
    with doorway.ledger.drivers.store.read() as snapshot:
        known = [key for key in every_key(snapshot) if _within(caller, key.grant)]
        start = _position(known, after)
        part = known[start : start + wanted]
        more = part[-1].key_id if start + wanted < len(known) else None
        return page_answer("keys", Page([_key(snapshot, key) for key in part], more))


@delete("/v1/keys/{key_id:str}", status_code=204, summary="Revoke a key")
async def delete_key(request: Request[Any, Any, Any], key_id: FromPath[str]) -> None:
    """Revoke a key, from now on, at every door."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "admin")
    with doorway.ledger.drivers.store.read() as snapshot:
        known = any(
            key.key_id == key_id and _within(caller, key.grant) for key in every_key(snapshot)
        )
    if not known:
        raise NotFoundError("key: unknown, or revoked already")
    await to_thread(revoke_key, doorway.ledger, key_id, caller.key.key_id)
    doorway.forget_keys()


def _grant(snapshot: Snapshot, caller: Caller, wanted: WantedKey) -> Grant:
    """Turn a wish into a grant that gives nothing that the caller's key does not reach."""
    if isinstance(wanted.tenants, str):
        if wanted.tenants != ALL_TENANTS:
            raise MalformedError('/tenants: want names, or "*" for all', path="/tenants")
        tenants = None
    else:
        tenants = tuple(sorted({_number(snapshot, caller, n) for n in wanted.tenants}))
    if tenants is None or wanted.creates_tenants:
        _need_all_tenants(caller, "keys for all tenants are created")
    if wanted.creates_tenants and tenants is not None:
        raise MalformedError('/creates_tenants: want tenants "*" with it', path="/creates_tenants")
    expires = wanted.expires_at
    return Grant(
        scopes=frozenset(wanted.scopes),
        tenants=tenants,
        creates_tenants=wanted.creates_tenants,
        events_per_minute=wanted.events_per_minute,
        bytes_per_minute=wanted.bytes_per_minute,
        expires_at=None if expires is None else int(expires.timestamp() * _MICROSECONDS),
    )


def _number(snapshot: Snapshot, caller: Caller, name: str) -> int:
    try:
        number = tenant_named(snapshot, name).number
    except NotFoundError:
        number = -1
    if not covers(caller.key.grant, number) or number < 0:
        raise ForbiddenError("tenant: not within this credential's scope")
    return number


def _need_all_tenants(caller: Caller, what: str) -> None:
    if caller.key.grant.tenants is not None:
        raise ForbiddenError(f"credential: for some tenants, but {what} with one for all")


def _within(caller: Caller, grant: Grant) -> bool:
    if caller.key.grant.tenants is None:
        return True
    return grant.tenants is not None and set(grant.tenants) <= set(caller.key.grant.tenants)


def _position(keys: list[Key], after: str | None) -> int:
    if after is None:
        return 0
    for position, key in enumerate(keys):
        if key.key_id == after:
            return position + 1
    raise MalformedError("after: not a next of this list", path="/after")


def _tenant(tenant: Tenant) -> dict[str, object]:
    return {"name": tenant.name, "created_at": time_text(tenant.created_at)}


def _key(snapshot: Snapshot, key: Key) -> dict[str, object]:
    grant = key.grant
    names = (
        ALL_TENANTS
        if grant.tenants is None
        else [tenant_numbered(snapshot, number).name for number in grant.tenants]
    )
    return {
        "key_id": key.key_id,
        "label": key.label,
        "scopes": sorted(grant.scopes),
        "tenants": names,
        "creates_tenants": grant.creates_tenants,
        "events_per_minute": grant.events_per_minute,
        "bytes_per_minute": grant.bytes_per_minute,
        "created_at": time_text(key.created_at),
        "expires_at": None if grant.expires_at is None else time_text(grant.expires_at),
        "revoked_at": None if key.revoked_at is None else time_text(key.revoked_at),
    }
