"""Reading events back, in the order of the ledger."""

import re
from asyncio import to_thread
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath, FromQuery, QueryParameter

from tallystick.access.tenants import tenant_numbered
from tallystick.api.doorway import Doorway
from tallystick.api.tenancy import chosen_tenant, covers, tenant_names
from tallystick.errors import ErasedError, MalformedError, NotFoundError
from tallystick.events.event import id_bytes, id_text
from tallystick.ledger.logs import STREAMS
from tallystick.ledger.opening import Opened
from tallystick.ledger.ports import Entry, Log, Place, Snapshot

MAX_LIMIT: Final = 1_000
DEFAULT_LIMIT: Final = 100

_CURSOR: Final = re.compile(r"([0-9a-f]{32})-(0|[1-9][0-9]{0,11})")

TenantName = Annotated[
    str | None, QueryParameter(name="tenant", description="Which tenant, for a key of several")
]
Limit = Annotated[str, QueryParameter(name="limit", description=f"At most {MAX_LIMIT:,}")]
After = Annotated[str | None, QueryParameter(name="after", description="A `next` of an answer")]


class Page(NamedTuple):
    """A part of a list: the shown things, and where the next part starts."""

    shown: list[dict[str, object]]
    next: str | None


def page_answer(noun: str, page: Page) -> Response[bytes]:
    """Write a part of a list as all lists are written."""
    return json_answer({noun: page.shown, "next": page.next, "has_more": page.next is not None})


def json_answer(value: object, status: int = 200) -> Response[bytes]:
    """Write JSON."""
    return Response(msgspec.json.encode(value), status_code=status, media_type="application/json")


def read_limit(text: str) -> int:
    """Read how many things are wanted at most.

    Raises:
        MalformedError: Not a number from 1 to 1,000.
    """
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:9]) <= MAX_LIMIT):
        raise MalformedError(f"limit: another form, want 1 to {MAX_LIMIT:,}", path="/limit")
    return int(text)


def find_event(
    doorway: Doorway, snapshot: Snapshot, tenant: int, event_id: str
) -> tuple[bytes, Place]:
    """Find an event by its id in the logs of one tenant.

    Raises:
        NotFoundError: It is not there, or the text is no event id.
    """
    try:
        name = id_bytes(event_id.lower())
    except MalformedError:
        raise NotFoundError("event: the id is no UUID, so no event has it") from None
    return name, doorway.ledger.reader.find(snapshot, [tenant], name)


@get(
    "/v1/events/{event_id:str}",
    summary="Show an event",
    description="The event as recorded, opened as far as its keys live, with its place.",
)
async def show_event(
    request: Request[Any, Any, Any], event_id: FromPath[str], tenant_name: TenantName = None
) -> Response[bytes]:
    """Show one event."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "read")

    def look_up() -> tuple[int, dict[str, object]]:
        with doorway.ledger.drivers.store.read() as snapshot:
            tenant = chosen_tenant(snapshot, caller.key.grant, tenant_name)
            _, place = find_event(doorway, snapshot, tenant, event_id)
            log, leaf_hash, opened = doorway.ledger.reader.open_at(snapshot, place)
            name = tenant_numbered(snapshot, tenant).name
            return tenant, shown(name, log, place.index, leaf_hash, opened)

    tenant, event = await to_thread(look_up)
    told = {"event_id": event["id"], "log": event["log"], "index": event["index"]}
    await doorway.tell_read(tenant, "event.read", caller, told)
    return json_answer(event)


@get(
    "/v1/events",
    summary="List events",
    description="The events of one stream in the order of the ledger.",
)
async def list_events(
    request: Request[Any, Any, Any],
    tenant_name: TenantName = None,
    stream: FromQuery[str] = "audit",
    after: After = None,
    limit: Limit = str(DEFAULT_LIMIT),
    order: FromQuery[str] = "asc",
) -> Response[bytes]:
    """List the events of one stream."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "read")
    wanted = read_limit(limit)
    if stream not in STREAMS:
        raise MalformedError(f"stream: unknown, want {', '.join(STREAMS)}", path="/stream")
    if order not in {"asc", "desc"}:
        raise MalformedError("order: another word, want asc or desc", path="/order")

    def look_up() -> tuple[int, Page]:
        with doorway.ledger.drivers.store.read() as snapshot:
            tenant = chosen_tenant(snapshot, caller.key.grant, tenant_name)
            log = doorway.ledger.logs.stream(snapshot, tenant, stream)
            name = tenant_numbered(snapshot, tenant).name
            size = snapshot.head(log.slot).size
            start, end = _window(log, size, after, wanted, downwards=order == "desc")
            entries = list(snapshot.entries(log.slot, start, end))
            events = [_listed(doorway, snapshot, name, log, entry) for entry in entries]
            if order == "desc":
                return tenant, Page(events[::-1], f"{log.hex}-{start}" if start else None)
            return tenant, Page(events, f"{log.hex}-{end}" if end < size else None)

    tenant, page = await to_thread(look_up)
    told = {"shown": len(page.shown), "stream": stream, "limit": wanted, "order": order}
    if after is not None:
        told["after"] = after
    await doorway.tell_read(tenant, "events.listed", caller, told)
    return page_answer("events", page)


@get(
    "/v1/logs",
    summary="List logs",
    description="The logs that the key reaches, with the vkey that verifies their checkpoints.",
)
async def list_logs(
    request: Request[Any, Any, Any],
    tenant_name: TenantName = None,
    after: After = None,
    limit: Limit = str(DEFAULT_LIMIT),
) -> Response[bytes]:
    """List the logs within reach."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "read")
    wanted = read_limit(limit)
    if after is not None and not (after.isascii() and after.isdigit() and len(after) < 10):  # noqa: PLR2004
        raise MalformedError("after: not a next of this list", path="/after")
    first = int(after or 0)

    def look_up() -> Page:
        ledger = doorway.ledger
        with ledger.drivers.store.read() as snapshot:
            grant = caller.key.grant
            if tenant_name is None:
                logs = [log for log in ledger.logs.every(snapshot) if covers(grant, log.tenant)]
            else:
                tenant = chosen_tenant(snapshot, grant, tenant_name)
                logs = list(ledger.logs.of(snapshot, tenant).values())
            logs = sorted((log for log in logs if log.slot >= first), key=lambda log: log.slot)
            names = tenant_names(snapshot, (log.tenant for log in logs[:wanted]))
            told = [_described(doorway, snapshot, names, log) for log in logs[:wanted]]
            return Page(told, str(logs[wanted].slot) if len(logs) > wanted else None)

    return page_answer("logs", await to_thread(look_up))


def shown(tenant: str, log: Log, index: int, leaf_hash: bytes, opened: Opened) -> dict[str, object]:
    """Write an opened event with its place; what no key opens any more is listed by path."""
    event = {name: value for name, value in opened.event.items() if name != "v"}
    event |= {"tenant": tenant, "log": log.hex, "index": index, "leaf_hash": leaf_hash.hex()}
    if opened.missing:
        event["erased"] = sorted(opened.missing)
    return event


def _listed(
    doorway: Doorway, snapshot: Snapshot, tenant: str, log: Log, entry: Entry
) -> dict[str, object]:
    try:
        opened = doorway.ledger.reader.open(snapshot, log, entry)
    except ErasedError:
        return {
            "id": id_text(entry.event_id),
            "tenant": tenant,
            "log": log.hex,
            "index": entry.index,
            "leaf_hash": entry.leaf_hash.hex(),
            "pruned": True,
        }
    return shown(tenant, log, entry.index, entry.leaf_hash, opened)


def _window(
    log: Log, size: int, after: str | None, limit: int, *, downwards: bool
) -> tuple[int, int]:
    """Return the indices ``[start, end)`` that a part of the list covers."""
    at = size if downwards else 0
    if after is not None:
        form = _CURSOR.fullmatch(after)
        if form is None or form[1] != log.hex or int(form[2]) > size:
            raise MalformedError("after: not a next of this list", path="/after")
        at = int(form[2])
    return (max(0, at - limit), at) if downwards else (at, min(size, at + limit))


def _described(
    doorway: Doorway, snapshot: Snapshot, names: dict[int, str], log: Log
) -> dict[str, object]:
    head = snapshot.head(log.slot)
    return {
        "log": log.hex,
        "tenant": names.get(log.tenant),
        "stream": log.stream,
        "slot": log.slot,
        "origin": doorway.ledger.logs.origin(log),
        "vkey": doorway.vkey(doorway.ledger.logs.origin(log)),
        "size": head.size,
        "root": head.root.hex(),
    }
