"""Points in time: opened and closed by Elasticsearch's addresses and by OpenSearch's."""

from asyncio import to_thread
from typing import Any, Final

from litestar import Request, Response, delete, post
from litestar.params import FromPath

from tallystick.api.asking import context_of, reader
from tallystick.api.doorway import Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.elastic.given import read_members
from tallystick.api.elastic.parameters import read_parameters
from tallystick.api.elastic.question import standing, whose
from tallystick.api.elastic.scope import SCOPE_PARAMETERS, read_options
from tallystick.errors import NotFoundError
from tallystick.search.elastic.hits import SHARDS
from tallystick.search.elastic.indices import parse_indices
from tallystick.search.elastic.keep_alive import read_keep_alive
from tallystick.search.elastic.members import strings
from tallystick.search.elastic.point import PointInTime, micros_of, read_point, write_point
from tallystick.search.elastic.refusal import ElasticError
from tallystick.search.elastic.view import View

MAX_IDS: Final = 100

_PARAMETERS: Final = frozenset(
    {*SCOPE_PARAMETERS, "keep_alive", "preference", "allow_partial_search_results"}
)


@post("/{index:str}/_pit", status_code=200)
async def open_point(request: Request[Any, Any, Any], index: FromPath[str]) -> Response[bytes]:
    """Open a point in time."""
    told = read_parameters(request, _PARAMETERS)
    _, name = await _opened(request, index, told)
    return elastic_answer(request, {"id": name, "_shards": dict(SHARDS)}, parameters=told)


@post("/{index:str}/_search/point_in_time", status_code=200)
async def create_point(request: Request[Any, Any, Any], index: FromPath[str]) -> Response[bytes]:
    """Open a point in time, as OpenSearch has it."""
    told = read_parameters(request, {*_PARAMETERS, "allow_partial_pit_creation"})
    point, name = await _opened(request, index, told)
    created = micros_of(point.view.at) // 1_000
    answer = {"pit_id": name, "_shards": dict(SHARDS), "creation_time": created}
    return elastic_answer(request, answer, parameters=told)


@delete("/_pit", status_code=200)
async def close_point(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Say whether there was the point in time; nothing is kept for one, so nothing is freed."""
    told = read_parameters(request)
    known = await _known(request, "id", told)
    freed = sum(known.values())
    answer = {"succeeded": True, "num_freed": freed}
    return elastic_answer(request, answer, 200 if freed else 404, None, told)


@delete("/_search/point_in_time", status_code=200)
async def delete_points(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Say which of the points in time there were, as OpenSearch has it."""
    told = read_parameters(request)
    known = await _known(request, "pit_id", told)
    pits = [{"successful": there, "pit_id": name} for name, there in known.items()]
    return elastic_answer(request, {"pits": pits}, parameters=told)


async def _opened(
    request: Request[Any, Any, Any], index: str, told: dict[str, str]
) -> tuple[PointInTime, str]:
    doorway: Doorway = request.app.state.doorway
    caller = reader(doorway, request)
    options = read_options(told)
    if "keep_alive" not in told:
        reason = "Validation Failed: 1: [keep_alive] is not specified;"
        raise ElasticError(reason, kind="action_request_validation_exception")
    kept = read_keep_alive(told["keep_alive"], "keep_alive")
    parse_indices(index, options)
    context = await to_thread(context_of, doorway, caller, told.get("tenant"))
    ends = (await to_thread(standing, doorway, context.tenant)).ends
    point = PointInTime(
        view=View(context.now, ends), until=context.now + kept, indices=index, options=options
    )
    return point, write_point(point, whose(context, caller))


async def _known(
    request: Request[Any, Any, Any], member: str, told: dict[str, str]
) -> dict[str, bool]:
    """Return of each id in a body whether it is good."""
    doorway: Doorway = request.app.state.doorway
    caller = reader(doorway, request)
    members = await read_members(request)
    ids = strings(members.pop(member, None) or (), f"/{member}")
    if members or not 1 <= len(ids) <= MAX_IDS:
        reason = f"Validation Failed: 1: want [{member}] alone, with 1 to {MAX_IDS} ids;"
        raise ElasticError(reason, kind="action_request_validation_exception")
    context = await to_thread(context_of, doorway, caller, told.get("tenant"))
    known: dict[str, bool] = {}
    for name in ids:
        try:
            read_point(name, whose(context, caller), context.now)
        except NotFoundError:
            known[name] = False
        else:
            known[name] = True
    return known
