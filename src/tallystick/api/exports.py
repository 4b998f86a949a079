"""Exports: asked for, looked at, deleted; what is fetched stands in another file."""

from asyncio import to_thread
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from litestar import Request, Response, delete, get, post
from litestar.params import FromPath

from tallystick.api.asking import Context, context_of, reader
from tallystick.api.doorway import Caller, Doorway
from tallystick.api.forms import read_form
from tallystick.api.problems import UNREADY, ProblemError
from tallystick.api.query import (
    DEFAULT_LIMIT,
    After,
    Limit,
    Page,
    TenantName,
    json_answer,
    page_answer,
    read_limit,
)
from tallystick.api.wanted_export import WantedExport
from tallystick.errors import NotFoundError
from tallystick.ledger.leaf import time_text
from tallystick.ledger.ports import Snapshot
from tallystick.search import exports
from tallystick.search.exporting import key_of
from tallystick.search.exports import Export
from tallystick.search.ports import ExportFiles

_ID_BYTES: Final = 16
_UNKNOWN: Final = "export: unknown here, want the id of one"


class Seen(NamedTuple):
    """An export as one request sees it.

    Attributes:
        query: What its links need behind them, for a key of several tenants.
    """

    doorway: Doorway
    caller: Caller
    context: Context
    export: Export
    query: str

    def manifest(self, snapshot: Snapshot) -> dict[str, Any]:
        """Open its manifest.

        Raises:
            NotFoundError: It has none.
            VerificationError: Its key is gone, or the row was changed.
        """
        key = key_of(self.doorway.ledger, snapshot, self.export)
        text = key.open("manifest", self.export.manifest or b"")
        told: dict[str, Any] = msgspec.json.decode(text)
        return told


@post(
    "/v1/exports",
    status_code=202,
    summary="Ask for an export",
    description=(
        "All events that fit, as NDJSON or CSV, as of now. They are written in the background;"
        " `GET /v1/exports/{id}` tells how far that is."
    ),
)
async def post_export(
    request: Request[Any, Any, Any], tenant_name: TenantName = None
) -> Response[bytes]:
    """Ask for an export."""
    doorway: Doorway = request.app.state.doorway
    caller = reader(doorway, request)
    files_of(doorway)
    wanted = await read_form(request, WantedExport)
    context = await to_thread(context_of, doorway, caller, tenant_name)
    question = wanted.question(doorway.ledger, context)
    name = doorway.ledger.drivers.entropy.draw(_ID_BYTES).hex()
    told = {**wanted.told(), "export": name}
    await doorway.tell_read(context.tenant, "export.started", caller, told)

    def write() -> Export:
        with doorway.ledger.drivers.store.write() as tx:
            owner, tenant = caller.key.key_id, context.tenant
            export = wanted.begin(doorway.ledger, tx, name, owner, tenant, question)
            exports.add(tx, export)
            return export

    export = await to_thread(write)
    seen = Seen(doorway, caller, context, export, _query(tenant_name))
    return json_answer(_told(seen, None), 202)


@get(
    "/v1/exports",
    summary="List exports",
    description="The key's own; with scope `read`, all of the tenant.",
)
async def list_exports(
    request: Request[Any, Any, Any],
    tenant_name: TenantName = None,
    limit: Limit = str(DEFAULT_LIMIT),
    after: After = None,
) -> Response[bytes]:
    """List exports."""
    doorway: Doorway = request.app.state.doorway
    caller, wanted = reader(doorway, request), read_limit(limit)

    def look_up() -> Page:
        context = context_of(doorway, caller, tenant_name)
        key = caller.key
        with doorway.ledger.drivers.store.read() as snapshot:
            now = doorway.ledger.drivers.clock.now()
            found = exports.of_tenant(
                snapshot,
                context.tenant,
                key.key_id,
                after or "",
                wanted + 1,
                all_of_them="read" in key.grant.scopes,
            )
            seen = [
                Seen(doorway, caller, context, exports.as_of_now(snapshot, it, now), query)
                for it in found[:wanted]
            ]
            shown = [_told(it, _manifest(snapshot, it)) for it in seen]
        return Page(shown, found[wanted - 1].id if len(found) > wanted else None)

    query = _query(tenant_name)
    return page_answer("exports", await to_thread(look_up))


@get(
    "/v1/exports/{export_id:str}",
    summary="Show an export",
    description="How far it is; when it is done, its size, its SHA-256 and where it is fetched.",
)
async def show_export(
    request: Request[Any, Any, Any], export_id: FromPath[str], tenant_name: TenantName = None
) -> Response[bytes]:
    """Show an export."""

    def look_up() -> dict[str, object]:
        doorway: Doorway = request.app.state.doorway
        caller = reader(doorway, request)
        seen = see(doorway, caller, export_id, tenant_name)
        with doorway.ledger.drivers.store.read() as snapshot:
            return _told(seen, _manifest(snapshot, seen))

    return json_answer(await to_thread(look_up))


@delete(
    "/v1/exports/{export_id:str}",
    status_code=204,
    summary="Delete an export",
    description="Its key is destroyed with its row, and its file removed.",
)
async def delete_export(
    request: Request[Any, Any, Any], export_id: FromPath[str], tenant_name: TenantName = None
) -> None:
    """Delete an export."""
    doorway: Doorway = request.app.state.doorway
    caller = reader(doorway, request)
    seen = await to_thread(see, doorway, caller, export_id, tenant_name)
    await doorway.tell_read(
        seen.context.tenant, "export.deleted", caller, {"export": seen.export.id}
    )

    def drop() -> None:
        with doorway.ledger.drivers.store.write() as tx:
            exports.drop(tx, seen.export)
        files_of(doorway).drop(seen.export.id)

    await to_thread(drop)


def see(doorway: Doorway, caller: Caller, name: str, tenant_name: str | None) -> Seen:
    """Find an export that a caller may see, in its present state.

    Raises:
        NotFoundError: There is none; which of both it is, is not told.
    """
    context = context_of(doorway, caller, tenant_name)
    with doorway.ledger.drivers.store.read() as snapshot:
        export = exports.find(snapshot, name)
        if export is None or export.tenant != context.tenant or not _sees(caller, export):
            raise NotFoundError(_UNKNOWN)
        export = exports.as_of_now(snapshot, export, doorway.ledger.drivers.clock.now())
    return Seen(doorway, caller, context, export, _query(tenant_name))


def files_of(doorway: Doorway) -> ExportFiles:
    """Return where the pieces lie.

    Raises:
        ProblemError: Nothing is exported here.
    """
    if doorway.export_files is None:
        raise ProblemError(UNREADY, "exports: off here, want a server with an engine")
    return doorway.export_files


def _sees(caller: Caller, export: Export) -> bool:
    # Who reads everything may fetch what others asked for; who sees masks, only their own.
    return export.owner == caller.key.key_id or "read" in caller.key.grant.scopes


def _manifest(snapshot: Snapshot, seen: Seen) -> dict[str, Any] | None:
    return seen.manifest(snapshot) if seen.export.state == "done" else None


def _told(seen: Seen, manifest: Mapping[str, Any] | None) -> dict[str, object]:
    export = seen.export
    path = f"/v1/exports/{export.id}"
    done = manifest is not None
    return {
        "id": export.id,
        "state": export.state,
        "format": export.format,
        "owner": export.owner,
        "entries": export.entries,
        "passed": export.passed,
        "rows": export.written,
        "bytes": export.size,
        "sha256": manifest["sha256"] if manifest else None,
        "index_lag_ms": seen.context.lag_ms,
        "asked_at": time_text(export.created_at),
        "expires_at": time_text(export.expires_at),
        "download": f"{path}/download{seen.query}" if done else None,
        "manifest": f"{path}/manifest{seen.query}" if done else None,
        "reason": export.progress.reason or None,
    }


def _query(tenant_name: str | None) -> str:
    return f"?tenant={tenant_name}" if tenant_name else ""
