"""What of an export is fetched: its bytes, from anywhere on, and its manifest."""

from asyncio import to_thread
from collections.abc import AsyncIterator
from typing import Any, Final

from litestar import Request, Response, get
from litestar.params import FromPath
from litestar.response import Stream

from tallystick.api.asking import reader
from tallystick.api.byte_range import wanted_bytes
from tallystick.api.doorway import Doorway
from tallystick.api.epochs import head_told
from tallystick.api.exports import Seen, files_of, see
from tallystick.api.query import TenantName, json_answer
from tallystick.errors import ConflictError, ErasedError, NotFoundError
from tallystick.ledger.ports import Snapshot
from tallystick.search import exports
from tallystick.search.exporting import key_of, read_piece

MEDIA: Final = {"ndjson": "application/x-ndjson", "csv": "text/csv; header=present"}
_BLOCK: Final = 1 << 17
"""Bytes that are sent at once: the HTTP server keeps several such for a client that is slow."""
_GONE: Final = {
    "expired": "export: expired, want it asked for anew",
    "erased": "export: somebody was erased since, want it asked for anew",
}


@get(
    "/v1/exports/{export_id:str}/download",
    summary="Fetch an export",
    description="Its bytes; `Range` and `If-Range` fetch the rest of what was cut off.",
)
async def fetch_export(
    request: Request[Any, Any, Any], export_id: FromPath[str], tenant_name: TenantName = None
) -> Stream:
    """Send an export."""
    doorway: Doorway = request.app.state.doorway
    caller = reader(doorway, request)
    files_of(doorway)
    seen = await to_thread(_finished, doorway, request, export_id, tenant_name)
    sha256 = await to_thread(_sha256, seen)
    export, etag = seen.export, f'"{sha256}"'
    part = wanted_bytes(request, export.size, etag)
    start, stop = part or (0, export.size)
    told = {"export": export.id, "from_byte": start, "to_byte": stop}
    await doorway.tell_read(seen.context.tenant, "export.downloaded", caller, told)
    name = f"tallystick-{export.id[:8]}.{export.format}"
    headers = {
        "Accept-Ranges": "bytes",
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
        "Content-Length": str(stop - start),
        "ETag": etag,
    }
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{export.size}"
    return Stream(
        _sent(request, seen, start, stop),
        status_code=200 if part is None else 206,
        media_type=MEDIA[export.format],
        headers=headers,
    )


@get(
    "/v1/exports/{export_id:str}/manifest",
    summary="What an export stands on",
    description=(
        "Totals, and for each log its size and root when the export was asked for; `epoch` proves"
        " that root as soon as an epoch covers it."
    ),
)
async def show_manifest(
    request: Request[Any, Any, Any], export_id: FromPath[str], tenant_name: TenantName = None
) -> Response[bytes]:
    """Show the manifest of an export."""
    doorway: Doorway = request.app.state.doorway
    caller = reader(doorway, request)

    def look_up() -> tuple[Seen, dict[str, Any]]:
        seen = _finished(doorway, request, export_id, tenant_name)
        with doorway.ledger.drivers.store.read() as snapshot:
            told = seen.manifest(snapshot)
            for part, log in zip(seen.export.progress.logs, told["logs"], strict=True):
                log["epoch"] = _epoch(doorway, snapshot, part.slot, part.size)
        return seen, told

    seen, told = await to_thread(look_up)
    resource = {"export": seen.export.id, "resource": "manifest"}
    await doorway.tell_read(seen.context.tenant, "export.downloaded", caller, resource)
    return json_answer(told)


def _finished(
    doorway: Doorway, request: Request[Any, Any, Any], name: str, tenant_name: str | None
) -> Seen:
    """Find an export that can be fetched.

    Raises:
        NotFoundError: There is none for the caller.
        ErasedError: It can be fetched no more.
        ConflictError: It is not done.
    """
    seen = see(doorway, reader(doorway, request), name, tenant_name)
    state = seen.export.state
    if state in _GONE:
        raise ErasedError(_GONE[state])
    if state != "done":
        raise ConflictError(f"export: {state}, want it done")
    return seen


def _sha256(seen: Seen) -> str:
    with seen.doorway.ledger.drivers.store.read() as snapshot:
        return str(seen.manifest(snapshot)["sha256"])


async def _sent(
    request: Request[Any, Any, Any], seen: Seen, start: int, stop: int
) -> AsyncIterator[bytes]:
    """Send bytes, a piece at a time; for each, the caller and the export must still be good."""
    while start < stop:
        reader(seen.doorway, request)
        first, body = await to_thread(_piece, seen, start)
        end = min(stop, first + len(body))
        for at in range(start, end, _BLOCK):
            yield body[at - first : min(at + _BLOCK, end) - first]
        start = end


def _piece(seen: Seen, at: int) -> tuple[int, bytes]:
    """Return the piece that holds a byte, and where it begins.

    Raises:
        ErasedError: It is gone since the download began; the connection is cut then, so that
            nobody takes what was sent for all.
    """
    ledger = seen.doorway.ledger
    with ledger.drivers.store.read() as snapshot:
        export = exports.find(snapshot, seen.export.id)
        pieces = exports.pieces(snapshot, seen.export.id, at, 1)
        now = ledger.drivers.clock.now()
        if export is None or not pieces:
            raise ErasedError("export: deleted meanwhile")
        if exports.as_of_now(snapshot, export, now).state != "done":
            raise ErasedError("export: expired or erased meanwhile")
        key = key_of(ledger, snapshot, export)
    return pieces[0].start, read_piece(files_of(seen.doorway), key, pieces[0])


def _epoch(doorway: Doorway, snapshot: Snapshot, slot: int, size: int) -> dict[str, object] | None:
    """Return what proves the root of a log at a size; None while no epoch covers it."""
    log = doorway.ledger.logs.at(snapshot, slot)
    try:
        told = head_told(doorway, snapshot, log, doorway.epochs.last(snapshot), size)
    except NotFoundError:
        return None
    return told if "consistency" in told else None
