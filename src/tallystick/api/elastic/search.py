"""``_search``: the same by GET and by POST."""

from typing import Any, Final

from litestar import Request, Response, route
from litestar.params import FromPath

from tallystick.api.asking import reader
from tallystick.api.doorway import Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.elastic.given import read_given
from tallystick.api.elastic.parameters import read_parameters
from tallystick.api.elastic.question import Question, record_and_answer
from tallystick.api.elastic.scope import SCOPE_PARAMETERS, read_options
from tallystick.api.elastic.scrolling import begin_scroll
from tallystick.api.elastic.spelling import HINTS, SPELLINGS, spellings
from tallystick.search.elastic.request import PARAMETERS

_SEARCH_PARAMETERS: Final = frozenset(
    {*PARAMETERS, *SCOPE_PARAMETERS, *HINTS, *SPELLINGS, "scroll"}
)


@route(["/_search", "/{index:str}/_search"], http_method=["GET", "POST"], status_code=200)
async def search(
    request: Request[Any, Any, Any], index: FromPath[str | None] = None
) -> Response[bytes]:
    """Search events."""
    doorway: Doorway = request.app.state.doorway
    caller = reader(doorway, request)
    told = read_parameters(request, _SEARCH_PARAMETERS)
    question = Question(
        indices=index or "",
        options=read_options(told),
        given=await read_given(request),
        parameters=told,
        **spellings(told),
    )
    answer_question = record_and_answer if told.get("scroll") is None else begin_scroll
    answer = await answer_question(request, caller, told.get("tenant"), question)
    return elastic_answer(request, answer, parameters=told)
