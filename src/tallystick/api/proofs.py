"""What proves things to outsiders: receipts, checkpoints, tiles (c2sp.org/tlog-tiles).

The super-log is for everybody. A tenant's log is for keys that reach the tenant; its checkpoint
is the published head, signed with the deployment's key under the log's own origin as key name, as
C2SP tools expect it. Witnesses cosign the super-log alone, so that a receipt rests on that one.
"""

import re
from asyncio import sleep, to_thread
from time import monotonic
from typing import Annotated, Any, Final

from litestar import Request, Response, get
from litestar.params import FromPath, QueryParameter

from tallystick.api.doorway import Caller, Doorway
from tallystick.api.query import TenantName, find_event, json_answer
from tallystick.api.tenancy import chosen_tenant, covers
from tallystick.errors import ForbiddenError, MalformedError, NotFoundError
from tallystick.events.event import id_text
from tallystick.ledger.ports import SUPER_SLOT, Log, Snapshot
from tallystick.ledger.published import Published, latest, latest_of
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.note import sign_note
from tallystick.tlog.proof import tree_root
from tallystick.tlog.spelling import parse_decimal
from tallystick.tlog.tile import TILE_WIDTH, Tile, parse_entries_path
from tallystick.verify.super_origin import FIRST_SERIAL

MAX_WAIT_S: Final = 60
_LOOK_AGAIN_S: Final = 0.2
_RETRY_AFTER_S: Final = 5
_ENTRIES: Final = "entries/"
_FOR_EVER: Final = "public, max-age=31536000, immutable"
_FOR_EVER_HERE: Final = "private, max-age=31536000, immutable"
_STATE: Final = "Tallystick-Receipt"
_TEXT: Final = "text/plain"
_BYTES: Final = "application/octet-stream"
_FROM: Final = re.compile(r"bytes=([0-9]{1,10})-").fullmatch

Wait = Annotated[str, QueryParameter(name="wait", description=f"Seconds, up to {MAX_WAIT_S}")]


@get(
    "/v1/events/{event_id:str}/receipt",
    summary="Prove an event",
    description=(
        "A receipt that verifies offline; 202 while the event is in no epoch yet."
        " `wait` lets the answer wait for the epoch. The header `Tallystick-Receipt` says whether"
        " it is `cosigned` by the quorum of this deployment's policy, or only `published`."
    ),
)
async def issue_receipt(
    request: Request[Any, Any, Any],
    event_id: FromPath[str],
    tenant_name: TenantName = None,
    wait: Wait = "0",
) -> Response[bytes]:
    """Issue the receipt of one event."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "read")
    if not (wait.isascii() and wait.isdigit() and int(wait[:9]) <= MAX_WAIT_S):
        raise MalformedError(f"wait: another form, want 0 to {MAX_WAIT_S} seconds", path="/wait")
    until = monotonic() + int(wait)
    while True:
        tenant, name, receipt, cosigned = await to_thread(
            _receipt, doorway, caller, event_id, tenant_name
        )
        if receipt is not None or monotonic() >= until:
            break
        await sleep(_LOOK_AGAIN_S)
    if receipt is None:
        answer = json_answer({"state": "pending", "id": id_text(name)}, 202)
        answer.headers["Retry-After"] = str(_RETRY_AFTER_S)
        return answer
    await doorway.tell_read(tenant, "receipt.issued", caller, {"event_id": id_text(name)})
    state = {_STATE: "cosigned" if cosigned else "published"}
    return Response(receipt, media_type="application/json", headers=state)


@get(
    "/v1/logs/{log_hex:str}/checkpoint",
    summary="Checkpoint of a log",
    description="The published head of one log, as a signed note.",
)
async def show_checkpoint(
    request: Request[Any, Any, Any], log_hex: FromPath[str]
) -> Response[bytes]:
    """Serve the checkpoint of a log."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "read")

    def look_up() -> tuple[Log, str]:
        ledger = doorway.ledger
        with ledger.drivers.store.read() as snapshot:
            log = log_within_reach(doorway, caller, log_hex)
            origin = ledger.logs.origin(log)
            published = latest(snapshot)
            # Not the newest head: that one may be of an epoch which is still being signed.
            size = published and doorway.epochs.size(snapshot, log.slot, published.epoch)
            if not size:
                raise NotFoundError("checkpoint: the log is in no epoch yet")
            root = tree_root(size, ledger.reader.hashes(snapshot, log.slot, size))
        body = Checkpoint(origin, size, root).format()
        keeper = ledger.drivers.keeper
        return log, sign_note(body, origin, keeper.public_key, keeper.sign).format()

    log, note = await to_thread(look_up)
    await doorway.tell_read(log.tenant, READ_OF_A_LOG, caller, _told(log, "checkpoint"))
    return Response(note.encode(), media_type=_TEXT)


@get(
    "/v1/logs/{log_hex:str}/tile/{rest:path}",
    summary="Tile or entry bundle of a log",
    description="`tile/<level>/<index>[.p/<width>]` or `tile/entries/<index>[.p/<width>]`.",
)
async def show_tile(
    request: Request[Any, Any, Any], log_hex: FromPath[str], rest: FromPath[str]
) -> Response[bytes]:
    """Serve a tile or an entry bundle of a log."""
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "read")
    path = rest.removeprefix("/")

    def look_up() -> tuple[Log, bytes, bool]:
        log = log_within_reach(doorway, caller, log_hex)
        return log, *_tile(doorway, log.slot, path)

    log, data, full = await to_thread(look_up)
    await doorway.tell_read(log.tenant, READ_OF_A_LOG, caller, _told(log, f"tile/{path}"))
    return _tile_answer(request, data, _FOR_EVER_HERE if full else "no-cache")


@get(
    "/v1/super/checkpoint",
    summary="Super-checkpoint",
    description="The newest checkpoint of the super-log, with its cosignatures; for everybody.",
)
async def show_super_checkpoint(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Serve the newest super-checkpoint."""
    doorway: Doorway = request.app.state.doorway
    with doorway.ledger.drivers.store.read() as snapshot:
        return _super_checkpoint(latest(snapshot))


@get(
    "/v1/super/tile/{rest:path}",
    summary="Tile or entry bundle of the super-log",
    description="As below a log; for everybody.",
)
async def show_super_tile(request: Request[Any, Any, Any], rest: FromPath[str]) -> Response[bytes]:
    """Serve a tile or an entry bundle of the super-log."""
    doorway: Doorway = request.app.state.doorway

    def look_up() -> tuple[bytes, bool]:
        with doorway.ledger.drivers.store.read() as snapshot:
            slot = doorway.ledger.logs.every_super(snapshot)[-1].slot
        return _tile(doorway, slot, rest.removeprefix("/"))

    data, _ = await to_thread(look_up)
    # Not for ever: below this path stands another log after a change of keys.
    return _tile_answer(request, data, "no-cache")


@get(
    "/v1/super/{serial:str}/checkpoint",
    summary="Last checkpoint of a super-log",
    description="Of one that was followed by others, or of the current one; for everybody.",
)
async def show_past_super_checkpoint(
    request: Request[Any, Any, Any], serial: FromPath[str]
) -> Response[bytes]:
    """Serve the newest checkpoint of a super-log by its serial number."""
    doorway: Doorway = request.app.state.doorway
    with doorway.ledger.drivers.store.read() as snapshot:
        return _super_checkpoint(latest_of(snapshot, _super_slot(doorway, snapshot, serial)))


@get(
    "/v1/super/{serial:str}/tile/{rest:path}",
    summary="Tile or entry bundle of a super-log by its serial number",
    description="As below a log; for everybody.",
)
async def show_past_super_tile(
    request: Request[Any, Any, Any], serial: FromPath[str], rest: FromPath[str]
) -> Response[bytes]:
    """Serve a tile or an entry bundle of a super-log by its serial number."""
    doorway: Doorway = request.app.state.doorway

    def look_up() -> tuple[bytes, bool]:
        with doorway.ledger.drivers.store.read() as snapshot:
            slot = _super_slot(doorway, snapshot, serial)
        return _tile(doorway, slot, rest.removeprefix("/"))

    data, full = await to_thread(look_up)
    return _tile_answer(request, data, _FOR_EVER if full else "no-cache")


READ_OF_A_LOG: Final = "tile.read"
"""How a read of a log's raw bytes is recorded: its bundles list the entries."""


def _receipt(
    doorway: Doorway, caller: Caller, event_id: str, tenant_name: str | None
) -> tuple[int, bytes, bytes | None, bool]:
    """Return tenant, event, its receipt if there is one, and whether that has its quorum."""
    with doorway.ledger.drivers.store.read() as snapshot:
        tenant = chosen_tenant(snapshot, caller.key.grant, tenant_name)
        name, place = find_event(doorway, snapshot, tenant, event_id)
        receipt = doorway.receipts.issue(snapshot, place)
        if receipt is None:
            return tenant, name, None, False
        published = latest(snapshot)
        return tenant, name, receipt.format(), published is not None and published.quorum


def log_within_reach(doorway: Doorway, caller: Caller, log_hex: str) -> Log:
    """Find a log; one out of reach is answered like one that does not exist."""
    with doorway.ledger.drivers.store.read() as snapshot:
        try:
            log = doorway.ledger.logs.by_hex(snapshot, log_hex)
        except NotFoundError:
            log = None
    if log is None or log.slot >= SUPER_SLOT or not covers(caller.key.grant, log.tenant):
        raise ForbiddenError("log: not within this credential's scope")
    return log


def _super_checkpoint(published: Published | None) -> Response[bytes]:
    if published is None:
        raise NotFoundError("super-checkpoint: there is no epoch yet")
    headers = {"Cache-Control": "no-cache"}
    return Response(published.note.encode(), media_type=_TEXT, headers=headers)


def _super_slot(doorway: Doorway, snapshot: Snapshot, serial: str) -> int:
    """Find the super-log of a serial number."""
    try:
        number = parse_decimal("super-log", serial)
    except MalformedError as error:
        raise NotFoundError(str(error)) from None
    for super_log in doorway.ledger.logs.every_super(snapshot):
        if super_log.slot == SUPER_SLOT + number - FIRST_SERIAL:
            return super_log.slot
    raise NotFoundError(f"super-log {number}: unknown")


def _tile(doorway: Doorway, slot: int, path: str) -> tuple[bytes, bool]:
    """Return the bytes of a tile or entry bundle, and whether it is full."""
    ledger = doorway.ledger
    try:
        if path.startswith(_ENTRIES):
            index, width = parse_entries_path(f"tile/{path}")
            with ledger.drivers.store.read() as snapshot:
                return ledger.reader.bundle(snapshot, slot, index, width), width == TILE_WIDTH
        tile = Tile.parse(f"tile/{path}")
    except MalformedError as error:
        raise NotFoundError(str(error)) from None
    with ledger.drivers.store.read() as snapshot:
        (data,) = ledger.reader.tiles(snapshot, slot, [tile])
    return data, tile.width == TILE_WIDTH


def _tile_answer(request: Request[Any, Any, Any], data: bytes, caching: str) -> Response[bytes]:
    """Answer with a tile, or with what stands behind the bytes that a reader has of it.

    A bundle that grows is read again and again: ``Range: bytes=N-`` (RFC 9110 §14.2) leaves out
    what was read. Every other range is ignored, as that allows.
    """
    headers = {"Cache-Control": caching, "Accept-Ranges": "bytes"}
    given = _FROM(request.headers.get("Range", ""))
    first = int(given[1]) if given else 0
    if not 0 < first < len(data):
        return Response(data, media_type=_BYTES, headers=headers)
    headers["Content-Range"] = f"bytes {first}-{len(data) - 1}/{len(data)}"
    return Response(data[first:], status_code=206, media_type=_BYTES, headers=headers)


def _told(log: Log, what: str) -> dict[str, object]:
    return {"log": log.hex, "resource": what}
