"""Saved searches: kept questions, one's own and those that are shared."""

from asyncio import to_thread
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Final, NamedTuple, TypeVar

import msgspec
from litestar import Request, Response, delete, get, post, put
from litestar.params import FromPath
from msgspec import Meta

from tallystick.access import saved_searches
from tallystick.access.saved_searches import SavedSearch, Viewer
from tallystick.api.asking import Context, WantedSearch, context_of, read_search, reader
from tallystick.api.doorway import Caller, Doorway
from tallystick.api.forms import Wanted, read_form
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
from tallystick.errors import ErasedError, MalformedError
from tallystick.ledger.ports import Snapshot

_ALONE: Final = ("q", "since", "until", "stream", "time_zone", "sort")

T = TypeVar("T")


class WantedSaved(Wanted, frozen=True, kw_only=True):
    """A search to be kept: a name, and the parameters of ``GET /v1/search``."""

    name: Annotated[str, Meta(min_length=1, max_length=200)]
    q: str = ""
    since: str | None = None
    until: str | None = None
    stream: str = "audit,activity"
    time_zone: str = "UTC"
    sort: str = "-occurred_at"
    shared: bool = False

    def question(self) -> dict[str, object]:
        """Return what is sealed: everything but whether it is shared."""
        given = {name: getattr(self, name) for name in ("name", *_ALONE)}
        return {name: value for name, value in given.items() if value is not None}


class _Asker(NamedTuple):
    doorway: Doorway
    caller: Caller
    context: Context

    @property
    def viewer(self) -> Viewer:
        return Viewer(self.caller.key.key_id, "admin" in self.caller.key.grant.scopes)

    async def looked_up(self, look_up: Callable[[Snapshot], T]) -> T:
        """Read from the store, off the event loop."""

        def read() -> T:
            with self.doorway.ledger.drivers.store.read() as snapshot:
                return look_up(snapshot)

        return await to_thread(read)

    async def tell(self, action: str, **told: object) -> None:
        """Record a read before it is answered."""
        await self.doorway.tell_read(self.context.tenant, action, self.caller, told)

    def shown(self, snapshot: Snapshot, saved: SavedSearch) -> dict[str, object]:
        """Write a saved search; of one that an erasure took, that it is so."""
        question = saved_searches.question_of(self.doorway.ledger, snapshot, saved)
        facts = {"id": saved.id, "owner": saved.owner, "shared": saved.shared}
        return {**facts, **question} if question is not None else {**facts, "erased": True}


@get(
    "/v1/saved-searches",
    summary="List saved searches",
    description="The key's own, and those that are shared; all of the tenant with scope `admin`.",
)
async def list_saved_searches(
    request: Request[Any, Any, Any],
    tenant_name: TenantName = None,
    limit: Limit = str(DEFAULT_LIMIT),
    after: After = None,
) -> Response[bytes]:
    """List saved searches."""
    asker, wanted = await _asker(request, tenant_name), read_limit(limit)

    def look_up(snapshot: Snapshot) -> Page:
        found = saved_searches.saved_searches(
            snapshot, asker.context.tenant, asker.viewer, after or "", wanted + 1
        )
        shown = [asker.shown(snapshot, saved) for saved in found[:wanted]]
        return Page(shown, found[wanted - 1].id if len(found) > wanted else None)

    page = await asker.looked_up(look_up)
    await asker.tell("saved_searches.listed", shown=len(page.shown))
    return page_answer("saved_searches", page)


@post(
    "/v1/saved-searches",
    summary="Save a search",
    description="Keep a name, a line and its options; the line is checked now.",
)
async def post_saved_search(
    request: Request[Any, Any, Any], tenant_name: TenantName = None
) -> Response[bytes]:
    """Save a search."""
    asker = await _asker(request, tenant_name)
    wanted = await _wanted(request, asker)
    name = await to_thread(
        saved_searches.save,
        asker.doorway.ledger,
        asker.context.tenant,
        asker.viewer,
        wanted.question(),
        shared=wanted.shared,
    )
    facts = {"id": name, "owner": asker.viewer.key_id, "shared": wanted.shared}
    return json_answer({**facts, **wanted.question()}, 201)


@get("/v1/saved-searches/{saved_id:str}", summary="Show a saved search")
async def show_saved_search(
    request: Request[Any, Any, Any], saved_id: FromPath[str], tenant_name: TenantName = None
) -> Response[bytes]:
    """Show a saved search."""
    asker = await _asker(request, tenant_name)

    def look_up(snapshot: Snapshot) -> dict[str, object]:
        tenant = asker.context.tenant
        return asker.shown(
            snapshot, saved_searches.saved_search(snapshot, tenant, asker.viewer, saved_id)
        )

    shown = await asker.looked_up(look_up)
    await asker.tell("saved_search.read", saved_search=shown["id"])
    return json_answer(shown)


@put("/v1/saved-searches/{saved_id:str}", summary="Change a saved search")
async def put_saved_search(
    request: Request[Any, Any, Any], saved_id: FromPath[str], tenant_name: TenantName = None
) -> Response[bytes]:
    """Change a saved search: all of it."""
    asker = await _asker(request, tenant_name)
    wanted = await _wanted(request, asker)
    tenant = asker.context.tenant
    await to_thread(
        saved_searches.change,
        asker.doorway.ledger,
        tenant,
        asker.viewer,
        saved_id,
        wanted.question(),
        shared=wanted.shared,
    )
    return json_answer(
        await asker.looked_up(
            lambda snapshot: asker.shown(
                snapshot, saved_searches.saved_search(snapshot, tenant, asker.viewer, saved_id)
            )
        )
    )


@delete("/v1/saved-searches/{saved_id:str}", status_code=204, summary="Delete a saved search")
async def delete_saved_search(
    request: Request[Any, Any, Any], saved_id: FromPath[str], tenant_name: TenantName = None
) -> None:
    """Delete a saved search; its entries stay in the log."""
    asker = await _asker(request, tenant_name)
    ledger, tenant = asker.doorway.ledger, asker.context.tenant
    await to_thread(saved_searches.delete, ledger, tenant, asker.viewer, saved_id)


async def with_saved(
    request: Request[Any, Any, Any], tenant_name: str | None, wanted: WantedSearch
) -> WantedSearch:
    """Put the question in that a search names by the id under which it was saved.

    Raises:
        MalformedError: It says something of its own, too.
        NotFoundError: There is no such saved search that the asker may see.
        ErasedError: It named somebody who was erased.
    """
    if wanted.saved is None:
        return wanted
    given = [name for name in _ALONE if getattr(wanted, name) != _DEFAULTS[name]]
    if given:
        raise MalformedError(f"{given[0]}: beside a saved search, want one of both", path="/saved")
    asker = await _asker(request, tenant_name)
    name = wanted.saved

    def look_up(snapshot: Snapshot) -> Mapping[str, object] | None:
        saved = saved_searches.saved_search(snapshot, asker.context.tenant, asker.viewer, name)
        return saved_searches.question_of(asker.doorway.ledger, snapshot, saved)

    question = await asker.looked_up(look_up)
    if question is None:
        raise ErasedError("saved search: it named somebody who was erased, want it changed")
    kept = {name: value for name, value in question.items() if name in _ALONE}
    return msgspec.convert({**msgspec.structs.asdict(wanted), **kept}, WantedSearch)


_DEFAULTS: Final = msgspec.structs.asdict(WantedSearch())


async def _asker(request: Request[Any, Any, Any], tenant_name: str | None) -> _Asker:
    doorway: Doorway = request.app.state.doorway
    caller = reader(doorway, request)
    return _Asker(doorway, caller, await to_thread(context_of, doorway, caller, tenant_name))


async def _wanted(request: Request[Any, Any, Any], asker: _Asker) -> WantedSaved:
    """Read a search to be kept, and check that it can be asked.

    Raises:
        MalformedError: It is not of its form.
    """
    wanted = await read_form(request, WantedSaved)
    given = {name: getattr(wanted, name) for name in _ALONE}
    read_search(msgspec.convert(given, WantedSearch), asker.context.now)
    return wanted
