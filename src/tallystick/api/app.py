"""Puts one door together: its routes, its errors, its beginning and its end."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.metadata import version
from typing import Any, Final

from litestar import Litestar, Request, Response
from litestar.exceptions import HTTPException, MethodNotAllowedException, NotFoundException
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import HTTPRoute

from tallystick.api import (
    admin,
    catalogue,
    counts,
    documents,
    epochs,
    exports,
    fetching,
    operations,
    proofs,
    query,
    saved_searches,
    search,
    subjects,
    tail,
)
from tallystick.api.bodies import AnyRequest
from tallystick.api.doorway import Doorway
from tallystick.api.elastic.errors import answer_error
from tallystick.api.elastic.routes import elastic_router, speaks_elastic
from tallystick.api.elastic.unrouted import is_unrouted, unrouted
from tallystick.api.ingest import native
from tallystick.api.plain import Answer, PlainRequest
from tallystick.api.problems import METHOD, ProblemError, problem
from tallystick.api.process import DRAIN_S, to_stderr
from tallystick.api.shortcut import Way, short_cut
from tallystick.api.traffic import Traffic, Write
from tallystick.errors import MalformedError, NotFoundError
from tallystick.ledger.ledger import Ledger
from tallystick.search.ports import Asking, ExportFiles
from tallystick.tlog.policy import Policy

_FLUSH_EVERY_S: Final = 5

HANDLERS: Final = (
    native.record_events,
    query.list_events,
    query.show_event,
    query.list_logs,
    search.get_search,
    search.post_search,
    counts.show_histogram,
    counts.show_facets,
    tail.tail_events,
    saved_searches.list_saved_searches,
    saved_searches.post_saved_search,
    saved_searches.show_saved_search,
    saved_searches.put_saved_search,
    saved_searches.delete_saved_search,
    exports.post_export,
    exports.list_exports,
    exports.show_export,
    exports.delete_export,
    fetching.fetch_export,
    fetching.show_manifest,
    proofs.issue_receipt,
    proofs.show_checkpoint,
    proofs.show_tile,
    proofs.show_super_checkpoint,
    proofs.show_super_tile,
    proofs.show_past_super_checkpoint,
    proofs.show_past_super_tile,
    epochs.list_changes,
    epochs.show_epoch,
    admin.post_tenant,
    admin.list_tenants,
    admin.post_key,
    admin.list_keys,
    admin.delete_key,
    catalogue.show_catalogue_entry,
    catalogue.put_catalogue_entry,
    subjects.show_subject,
    subjects.post_erasure,
    operations.healthz,
    operations.readyz,
    operations.metrics,
    operations.well_known,
    documents.openapi,
    documents.documents,
)

_DESCRIPTION: Final = (
    "Records who did what, and proves that nothing was changed or left out. Present an API key as"
    " Bearer, ApiKey, Basic or Splunk credential. Errors are RFC 9457 problems."
)


def create_app(
    ledger: Ledger,
    *,
    trusted_proxies: tuple[str, ...] = (),
    name: str = "1",
    write: Write = to_stderr,
    policy: Policy | None = None,
    engine: Asking | None = None,
    export_files: ExportFiles | None = None,
) -> Litestar:
    """Make the ASGI application of one door.

    Args:
        ledger: The ledger; the application closes it when it ends.
        trusted_proxies: Addresses whose ``X-Forwarded-For`` is believed.
        name: Which of the doors this is, for its figures.
        write: Where the lines of the log go.
        policy: The witnesses that are asked to cosign, for strangers to know.
        engine: Whom to ask what is searched; None where nothing can be searched.
        export_files: Where exports lie; None where nothing is exported.
    """
    traffic = Traffic(ledger.drivers.clock, ledger.drivers.entropy, write)
    doorway = Doorway(ledger, traffic, trusted_proxies, name, engine, export_files)
    app = Litestar(
        route_handlers=[*HANDLERS, elastic_router()],
        exception_handlers={HTTPException: _answer_error, Exception: _answer_error},
        lifespan=[_open],
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="Tallystick",
            version=version("tallystick"),
            description=_DESCRIPTION,
            path="/openapi",
            render_plugins=[JsonRenderPlugin()],  # an empty list means pages with foreign scripts
        ),
        request_max_body_size=None,
    )
    app.state.doorway = doorway
    app.state.policy = policy
    way = Way(
        "POST",
        "/v1/events",
        native.record_events,
        answer=partial(native.answer_events, doorway),
        answer_error=partial(_answer_plainly, doorway),
    )
    app.asgi_handler = traffic.around(short_cut(app.asgi_handler, way))
    return app


@asynccontextmanager
async def _open(app: Litestar) -> AsyncIterator[None]:
    doorway: Doorway = app.state.doorway
    flushing = asyncio.create_task(_flush_refusals(doorway))
    try:
        yield
    finally:
        flushing.cancel()
        with suppress(asyncio.CancelledError):
            await flushing
        doorway.searching.close()
        await _drain(doorway)
        doorway.traffic.flush()
        doorway.refusals.flush(everything=True)
        await asyncio.to_thread(doorway.ledger.close)


async def _flush_refusals(doorway: Doorway) -> None:
    while True:
        await asyncio.sleep(_FLUSH_EVERY_S)
        doorway.refusals.flush()


async def _drain(doorway: Doorway) -> None:
    for _ in range(DRAIN_S * 20):
        if not doorway.traffic.under_way:
            return
        await asyncio.sleep(0.05)


def _answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    told = _translated(request, error)
    if speaks_elastic(request):
        return answer_error(request, unrouted(request) if is_unrouted(request, error) else told)
    return _refusal(request.app.state.doorway, request, told)


def _answer_plainly(doorway: Doorway, request: PlainRequest, error: Exception) -> Answer:
    return Answer.of(_refusal(doorway, request, error))


def _refusal(doorway: Doorway, request: AnyRequest, error: Exception) -> Response[bytes]:
    doorway.refused(request, error)
    return problem(error, request.scope["state"]["request_id"])


def _translated(request: Request[Any, Any, Any], error: Exception) -> Exception:
    """Turn what the framework raises into our own errors."""
    match error:
        case NotFoundException():
            return NotFoundError("path: no such route")
        case MethodNotAllowedException():
            headers = {"Allow": ", ".join(_methods_at(request))}
            return ProblemError(METHOD, "method: another one, see Allow", headers=headers)
        case HTTPException() if error.status_code < 500:  # noqa: PLR2004 (the sender's fault)
            return MalformedError("request: its query or path is not of its form")
        case _:
            return error


def _methods_at(request: Request[Any, Any, Any]) -> list[str]:
    path = request.scope["path"]
    routes = [route for route in request.app.routes if isinstance(route, HTTPRoute)]
    # A path that stands in the router as it is leads nowhere else, though it may look like others.
    exact = [route for route in routes if route.path == path]
    like = exact or [route for route in routes if re.fullmatch(_pattern(route.path), path)]
    return sorted({method for route in like for method in route.methods})


def _pattern(route: str) -> str:
    """Write a route such as ``/v1/keys/{key_id:str}`` as a regular expression."""
    return re.sub(r"\{\w+:(\w+)\}", lambda part: ".+" if part[1] == "path" else "[^/]+", route)
