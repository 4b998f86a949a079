"""Searching events."""

from typing import Any

from litestar import Request, Response, get, post

from tallystick.api.asking import (
    DEFAULT_LIMIT,
    Context,
    Line,
    Saved,
    Since,
    SortBy,
    Streams,
    Until,
    WantedSearch,
    Zone,
    asked,
    in_streams,
    read_search,
)
from tallystick.api.forms import read_form
from tallystick.api.query import After, Limit, TenantName, json_answer, read_limit
from tallystick.api.saved_searches import with_saved
from tallystick.search.answer import Found, Searcher
from tallystick.search.cursor import Cursor, read_cursor, write_cursor
from tallystick.search.query import Search


@get(
    "/v1/search",
    summary="Search events",
    description=(
        "Events that fit a line such as `action:document.deleted actor.email:*@acme.com`, newest"
        " first. `index_lag_ms` tells how old the oldest event is that can't be found yet."
    ),
)
async def get_search(
    request: Request[Any, Any, Any],
    tenant_name: TenantName = None,
    line: Line = "",
    since: Since = None,
    until: Until = None,
    stream: Streams = "audit,activity",
    time_zone: Zone = "UTC",
    sort: SortBy = "-occurred_at",
    limit: Limit = str(DEFAULT_LIMIT),
    after: After = None,
    saved: Saved = None,
) -> Response[bytes]:
    """Search events."""
    wanted = WantedSearch(
        q=line,
        since=since,
        until=until,
        stream=stream,
        time_zone=time_zone,
        sort=sort,
        limit=read_limit(limit),
        after=after,
        saved=saved,
    )
    return await _search(request, tenant_name, wanted)


@post(
    "/v1/search",
    status_code=200,
    summary="Search events",
    description="The same as `GET /v1/search`, for questions that are too long for a URL.",
)
async def post_search(
    request: Request[Any, Any, Any], tenant_name: TenantName = None
) -> Response[bytes]:
    """Search events, as told in the body."""
    return await _search(request, tenant_name, await read_form(request, WantedSearch))


async def _search(
    request: Request[Any, Any, Any], tenant_name: str | None, given: WantedSearch
) -> Response[bytes]:
    wanted = await with_saved(request, tenant_name, given)

    def work(context: Context, searcher: Searcher) -> dict[str, object]:
        question = wanted.parts(context.tenant)
        asked_at, search = context.now, None
        if wanted.after is not None:
            cursor = read_cursor(wanted.after, question)
            asked_at = cursor.asked_at
            search = _after(read_search(wanted, asked_at), cursor)
        search = search or read_search(wanted, asked_at)
        found = searcher.find(search)
        following = None
        if found.after is not None:
            following = write_cursor(Cursor(asked_at, found.after), question)
        answer = _list(context, found, following)
        if not found.total:
            among = in_streams(wanted)
            answer["why_empty"] = searcher.why_empty(search, among, lag_ms=context.lag_ms)
        return answer

    return json_answer(await asked(request, tenant_name, "events.searched", wanted.told(), work))


def _list(context: Context, found: Found, following: str | None) -> dict[str, object]:
    return {
        "events": found.events,
        "next": following,
        "has_more": following is not None,
        "total": found.total,
        "shown": len(found.events),
        "index_lag_ms": context.lag_ms,
        "masked": found.masked,
    }


def _after(search: Search, cursor: Cursor) -> Search:
    return Search(
        filter=search.filter,
        since=search.since,
        until=search.until,
        sort=search.sort,
        limit=search.limit,
        after=cursor.after,
    )
