"""``_search``: the same by GET and by POST."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Request, Response, route
from litestar.params import FromPath

from tallystick.api.asking import reader
from tallystick.api.doorway import Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.elastic.given import read_given
from tallystick.api.elastic.parameters import flag, read_parameters
from tallystick.api.elastic.question import Question, record_and_answer
from tallystick.api.elastic.scope import SCOPE_PARAMETERS, read_options
from tallystick.search.elastic.refusal import ElasticError
from tallystick.search.elastic.request import PARAMETERS

HINTS: Final = frozenset(
    {
        *("preference", "request_cache", "batched_reduce_size", "max_concurrent_shard_requests"),
        *("pre_filter_shard_size", "ccs_minimize_roundtrips", "allow_partial_search_results"),
        *("ignore_throttled", "search_type"),
    }
)
"""Parameters that say how an answer is found, and change nothing in it."""

SPELLINGS: Final = frozenset({"typed_keys", "rest_total_hits_as_int"})
_SEARCH_PARAMETERS: Final = frozenset({*PARAMETERS, *SCOPE_PARAMETERS, *HINTS, *SPELLINGS})


@route(["/_search", "/{index:str}/_search"], http_method=["GET", "POST"], status_code=200)
async def search(
    request: Request[Any, Any, Any], index: FromPath[str | None] = None
) -> Response[bytes]:
    """Search events."""
    doorway: Doorway = request.app.state.doorway
    reader(doorway, request)
    told = read_parameters(request, _SEARCH_PARAMETERS)
    question = Question(
        indices=index or "",
        options=read_options(told),
        given=await read_given(request),
        parameters=told,
        **spellings(told),
    )
    answer = await record_and_answer(request, told.get("tenant"), question)
    return elastic_answer(request, answer, parameters=told)


def spellings(parameters: Mapping[str, str]) -> dict[str, bool]:
    """Read how an answer is to be spelled.

    Raises:
        ElasticError: A parameter has another value than there are.
    """
    kind = parameters.get("search_type", "query_then_fetch")
    if kind not in {"query_then_fetch", "dfs_query_then_fetch"}:
        reason = f"No search type for [{kind[:64]}]"
        raise ElasticError(reason, kind="illegal_argument_exception")
    return {
        "typed": flag(parameters, "typed_keys"),
        "as_number": flag(parameters, "rest_total_hits_as_int"),
    }
