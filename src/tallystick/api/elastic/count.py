"""``_count``: how many events fit, exactly."""

from typing import Any, Final

from litestar import Request, Response, route
from litestar.params import FromPath

from tallystick.api.asking import Context, asked, reader
from tallystick.api.doorway import Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.elastic.given import read_given
from tallystick.api.elastic.parameters import read_parameters
from tallystick.api.elastic.question import Question
from tallystick.api.elastic.scope import SCOPE_PARAMETERS, read_options
from tallystick.search.answer import Searcher
from tallystick.search.elastic.hits import SHARDS
from tallystick.search.elastic.indices import parse_indices
from tallystick.search.elastic.request import parse_count
from tallystick.search.filters import And
from tallystick.search.query import Search
from tallystick.search.terms import When

_OWN: Final = frozenset({"q", "df", "default_operator", "analyze_wildcard", "lenient"})
_PARAMETERS: Final = frozenset({*_OWN, *SCOPE_PARAMETERS, "preference", "ignore_throttled"})


@route(["/_count", "/{index:str}/_count"], http_method=["GET", "POST"], status_code=200)
async def count(
    request: Request[Any, Any, Any], index: FromPath[str | None] = None
) -> Response[bytes]:
    """Count events."""
    doorway: Doorway = request.app.state.doorway
    reader(doorway, request)
    told = read_parameters(request, _PARAMETERS)
    question = Question(
        indices=index or "",
        options=read_options(told),
        given=await read_given(request),
        parameters=told,
    )
    own = {name: text for name, text in told.items() if name in _OWN}

    def work(context: Context, searcher: Searcher) -> dict[str, object]:
        wanted = parse_count(question.given.body, When(context.now), own)
        indices = parse_indices(question.indices, question.options)
        search = Search(filter=And((indices.filter, wanted)), limit=0)
        return {"total": searcher.find(search).total}

    answer = await asked(request, told.get("tenant"), "events.counted", question.told(), work)
    body = {"count": answer["total"], "_shards": dict(SHARDS)}
    return elastic_answer(request, body, parameters=told)
