"""Scrolls: a long answer in parts, of one view."""

from asyncio import to_thread
from typing import Any, Final

from litestar import Request, Response, delete, route
from msgspec.structs import replace

from tallystick.api.asking import Context, context_of, reader
from tallystick.api.doorway import Caller, Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.elastic.given import given_of, read_members
from tallystick.api.elastic.parameters import flag, read_parameters
from tallystick.api.elastic.question import (
    Asking,
    Json,
    Question,
    Reply,
    find,
    recorded,
    timed,
    whose,
)
from tallystick.errors import NotFoundError
from tallystick.search.answer import Found, Searcher
from tallystick.search.elastic.hits import envelope, hits_of
from tallystick.search.elastic.keep_alive import read_keep_alive
from tallystick.search.elastic.members import strings
from tallystick.search.elastic.point import PointInTime
from tallystick.search.elastic.refusal import ElasticError
from tallystick.search.elastic.request import ElasticSearch
from tallystick.search.elastic.scroll import Scroll, read_scroll, write_scroll
from tallystick.search.elastic.view import View

MAX_IDS: Final = 100

_PARAMETERS: Final = frozenset({"scroll", "scroll_id", "rest_total_hits_as_int"})


async def begin_scroll(
    request: Request[Any, Any, Any], caller: Caller, tenant: str | None, question: Question
) -> Json:
    """Answer the first part, and return with it the id by which to go on."""
    doorway: Doorway = request.app.state.doorway
    kept = read_keep_alive(question.parameters["scroll"], "scroll")

    def work(context: Context, searcher: Searcher) -> dict[str, object]:
        asking = Asking(doorway, context, searcher)
        search = question.read(context.now)
        _check(search)
        view = View(context.now, asking.standing().ends)
        reply = find(asking, question, search, view)
        point = PointInTime(
            view=view,
            until=context.now + kept,
            indices=question.indices,
            options=question.options,
        )
        scroll = Scroll(
            point=point,
            body=question.given.text,
            parameters=question.parameters,
            after=reply.found.after,
            total=reply.total,
            kept=kept,
        )
        return recorded(reply, _scroll_id=write_scroll(scroll, whose(context, caller)))

    return await timed(request, tenant, question.told(), work)


@route("/_search/scroll", http_method=["GET", "POST"], status_code=200)
async def go_on(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Answer the next part of a scroll."""
    doorway: Doorway = request.app.state.doorway
    caller = reader(doorway, request)
    told = read_parameters(request, _PARAMETERS)
    members = await _members(request, told, "scroll_id", "scroll")
    (scroll_id,) = _ids(members, 1)
    keep = members.get("scroll")
    as_number = flag(told, "rest_total_hits_as_int")
    known: dict[str, object] = {}

    def work(context: Context, searcher: Searcher) -> dict[str, object]:
        scroll = read_scroll(scroll_id, whose(context, caller), context.now)
        kept = scroll.kept if keep is None else read_keep_alive(str(keep), "scroll")
        point = replace(scroll.point, until=context.now + kept)
        question = Question(
            indices=point.indices,
            options=point.options,
            given=given_of(scroll.body.encode()),
            parameters=scroll.parameters,
            as_number=as_number,
        )
        known.update(question.told(), continued=True)
        reply = _part(Asking(doorway, context, searcher), question, scroll)
        scroll = replace(scroll, point=point, after=reply.found.after, kept=kept)
        return recorded(reply, _scroll_id=write_scroll(scroll, whose(context, caller)))

    answer = await timed(request, told.get("tenant"), known, work)
    return elastic_answer(request, answer, parameters=told)


@delete("/_search/scroll", status_code=200)
async def end_scrolls(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Say which of the scrolls there were; nothing is kept for one, so nothing is freed."""
    doorway: Doorway = request.app.state.doorway
    caller = reader(doorway, request)
    told = read_parameters(request, _PARAMETERS)
    ids = _ids(await _members(request, told, "scroll_id"), MAX_IDS)
    context = await to_thread(context_of, doorway, caller, told.get("tenant"))
    freed = sum(_is_known(one, context, caller) for one in ids)
    answer = {"succeeded": True, "num_freed": freed}
    return elastic_answer(request, answer, 200 if freed else 404, None, told)


def _check(search: ElasticSearch) -> None:
    """Refuse what a scroll can't be asked with."""
    asked = search.search
    for wrong, reason in (
        (bool(asked.skip), "`from` parameter must be set to 0 when a scroll is asked for"),
        (bool(asked.after), "`search_after` cannot be used in a scroll context"),
        (not asked.limit, "[size] cannot be [0] in a scroll context"),
        (search.pit is not None, "[pit] cannot be used in a scroll context"),
    ):
        if wrong:
            kind = "action_request_validation_exception"
            raise ElasticError(f"Validation Failed: 1: {reason};", kind=kind)


def _part(asking: Asking, question: Question, scroll: Scroll) -> Reply:
    """Answer a part behind the first one."""
    search = question.read(scroll.point.view.at)
    wanted = replace(search.search, after=scroll.after or (), count=False, aggregations=())
    search = replace(search, search=wanted, aggregations=(), count_wanted=False)
    if scroll.after is None:
        nothing = Found([], None, None, [], [])
        reply = Reply(envelope(0, hits_of(search, nothing, {}, None)), nothing, None)
    else:
        reply = find(asking, question, search, scroll.point.view)
    if scroll.total is None:
        return reply
    hits = {"total": scroll.total.told(as_number=question.as_number), **reply.answer["hits"]}
    return Reply({**reply.answer, "hits": hits}, reply.found, scroll.total)


async def _members(
    request: Request[Any, Any, Any], told: dict[str, str], *names: str
) -> dict[str, object]:
    """Read a body with these members, each of which the address may have, too.

    Raises:
        ElasticError: There is another one.
    """
    members = await read_members(request)
    for name in members:
        if name not in names:
            reason = f"Unknown parameter [{name[:200]}] in request body, want {', '.join(names)}"
            raise ElasticError(reason, path=f"/{name}", kind="illegal_argument_exception")
    return {**members, **{name: told[name] for name in names if name in told}}


def _ids(members: dict[str, object], most: int) -> tuple[str, ...]:
    """Take the ids of scrolls.

    Raises:
        ElasticError: There is none, or there are too many.
    """
    ids = strings(members.get("scroll_id") or (), "/scroll_id")
    if not 1 <= len(ids) <= most:
        reason = f"Validation Failed: 1: {len(ids)} scroll ids, want 1 to {most};"
        raise ElasticError(reason, kind="action_request_validation_exception")
    return ids


def _is_known(scroll_id: str, context: Context, caller: Caller) -> bool:
    try:
        read_scroll(scroll_id, whose(context, caller), context.now)
    except NotFoundError:
        return False
    return True
