"""``_msearch``: several searches in one request, each answered and recorded on its own."""

from asyncio import to_thread
from collections.abc import Mapping
from typing import Any, Final

from litestar import Request, Response, route
from litestar.params import FromPath
from msgspec.structs import replace

from tallystick.api.asking import context_of, reader
from tallystick.api.bodies import read_body
from tallystick.api.doorway import Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.elastic.errors import error_body
from tallystick.api.elastic.given import Given, given_of
from tallystick.api.elastic.parameters import read_parameters
from tallystick.api.elastic.question import Json, Question, record_and_answer
from tallystick.api.elastic.scope import SCOPE_PARAMETERS, read_options
from tallystick.api.elastic.spelling import HINTS, SPELLINGS, spellings
from tallystick.api.forms import MAX_FORM
from tallystick.errors import TallystickError
from tallystick.search.elastic.refusal import ElasticError
from tallystick.search.query import MAX_LIMIT

MAX_SEARCHES: Final = 100
"""Searches in one request."""
MAX_BODY: Final = 1024 * 1024

_PARAMETERS: Final = frozenset({*SCOPE_PARAMETERS, *HINTS, *SPELLINGS, "max_concurrent_searches"})
_HEADER: Final = frozenset({*SCOPE_PARAMETERS, *HINTS, "index", "indices"})


@route(["/_msearch", "/{index:str}/_msearch"], http_method=["GET", "POST"], status_code=200)
async def search_severally(
    request: Request[Any, Any, Any], index: FromPath[str | None] = None
) -> Response[bytes]:
    """Search events, with several questions."""
    doorway: Doorway = request.app.state.doorway
    caller = reader(doorway, request)
    clock = doorway.ledger.drivers.clock
    began = clock.now()
    told = read_parameters(request, _PARAMETERS)
    spelled = spellings(told)
    raw, _ = await read_body(request, MAX_BODY)
    # Whose events are searched is told once for all: what is wrong with it is no search's own.
    await to_thread(context_of, doorway, caller, told.get("tenant"))
    left = MAX_LIMIT
    responses: list[Json] = []
    for header, body in _pairs(raw):
        try:
            question = _question(header, body, index or "", told)
            question = replace(question, most=left, **spelled)
            answer = await record_and_answer(request, caller, told.get("tenant"), question)
        except TallystickError as error:
            doorway.refused(request, error)
            responses.append(error_body(error))
        else:
            left -= len(answer["hits"]["hits"])
            responses.append({**answer, "status": 200})
    took = max(0, clock.now() - began) // 1_000
    return elastic_answer(request, {"took": took, "responses": responses}, parameters=told)


def _pairs(raw: bytes) -> list[tuple[bytes, bytes]]:
    """Part a body into its lines, a header and a search each; the last line may lack its end."""
    lines = [line.strip(b"\r") for line in raw.split(b"\n")]
    if lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise _invalid("no requests added;")
    if len(lines) % 2:
        raise ElasticError("msearch: a header without a search behind it", kind="parse_exception")
    if len(lines) > 2 * MAX_SEARCHES:
        reason = f"msearch: {len(lines) // 2} searches, want at most {MAX_SEARCHES}"
        raise ElasticError(reason, kind="illegal_argument_exception")
    return list(zip(lines[::2], lines[1::2], strict=True))


def _question(raw: bytes, body: bytes, index: str, told: Mapping[str, str]) -> Question:
    header = given_of(raw).body or {}
    if not isinstance(header, dict):
        raise ElasticError("msearch: a header that is no object", kind="parse_exception")
    named: dict[str, str] = {}
    for name, value in header.items():
        if name not in _HEADER:
            reason = f"key [{name[:200]}] is not supported in the metadata section"
            raise ElasticError(reason, kind="illegal_argument_exception")
        if value is not None:
            named[name] = _text(name, value)
    indices = named.pop("index", "") or named.pop("indices", "") or index
    given = _given(body)
    options = read_options({**told, **named})
    spellings(named)
    return Question(indices=indices, options=options, given=given, parameters=named)


def _text(name: str, value: object) -> str:
    """Write a value of a header as an address has it."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case [*names] if all(isinstance(each, str) for each in names):
            return ",".join(map(str, names))
        case _:
            reason = f"[{name[:200]}] has another value, want a text or a list of texts"
            raise ElasticError(reason, kind="illegal_argument_exception")


def _given(body: bytes) -> Given:
    if len(body) > MAX_FORM:
        raise ElasticError(f"a search of {len(body):,} bytes, want at most {MAX_FORM:,}")
    if not body.strip():
        raise _invalid("a search is missing;")
    return given_of(body)


def _invalid(what: str) -> ElasticError:
    return ElasticError(f"Validation Failed: 1: {what}", kind="action_request_validation_exception")
