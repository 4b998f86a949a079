"""``_bulk``: many documents in one request, each answered on its own."""

import re
from typing import Any, Final

from litestar import Request, Response, route
from litestar.params import FromPath

from tallystick.api.bodies import read_body
from tallystick.api.doorway import Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.elastic.operation import read_operations
from tallystick.api.elastic.parameters import read_parameters
from tallystick.api.elastic.refresh import wait_until_found, waits
from tallystick.api.elastic.result import item_of
from tallystick.api.elastic.writing import write
from tallystick.api.problems import MEDIA, ProblemError
from tallystick.search.elastic.refusal import ElasticError

WRITE_PARAMETERS: Final = frozenset({"refresh", "timeout", "wait_for_active_shards", "routing"})
"""What a write takes: its answer always means that all is on disk, which is what they are about."""

_BULK_PARAMETERS: Final = frozenset(
    {*WRITE_PARAMETERS, "pipeline", "require_alias", "require_data_stream", "type", "_source"}
)
_MEDIA: Final = re.compile(
    r"application/(?:json|x-ndjson|ndjson|vnd\.elasticsearch\+(?:json|x-ndjson))\s*"
    r"(?:;\s*(?:charset\s*=\s*\"?utf-8\"?|compatible-with\s*=\s*[789])\s*)*",
    re.IGNORECASE,
).fullmatch


@route(
    ["/_bulk", "/{index:str}/_bulk"],
    http_method=["POST", "PUT"],
    status_code=200,
)
async def bulk(
    request: Request[Any, Any, Any], index: FromPath[str | None] = None
) -> Response[bytes]:
    """Record documents."""
    doorway: Doorway = request.app.state.doorway
    clock = doorway.ledger.drivers.clock
    began = clock.now()
    caller = doorway.caller(request, "ingest")
    told = read_parameters(request, _BULK_PARAMETERS)
    refuse_pipeline(told)
    waiting = waits(told)
    check_media(request)
    body, size = await read_body(request)
    operations = read_operations(body, index)
    headers = doorway.meter_request(caller, len(operations), size)
    results = await write(doorway, caller, operations, told.get("tenant"))
    if waiting:
        await wait_until_found(doorway, results)
    items = [
        {operation.name: item_of(operation, result)}
        for operation, result in zip(operations, results, strict=True)
    ]
    answer = {
        "took": max(0, clock.now() - began) // 1_000,
        "errors": any(result.outcome is None for result in results),
        "items": items,
    }
    return elastic_answer(request, answer, 200, headers, told)


def refuse_pipeline(parameters: dict[str, str]) -> None:
    """Refuse to send documents through a pipeline, which would change them.

    Raises:
        ElasticError: One is named.
    """
    if parameters.get("pipeline", "_none") not in {"", "_none"}:
        reason = "pipeline: there are none here, want no [pipeline]"
        raise ElasticError(reason, kind="illegal_argument_exception")


def check_media(request: Request[Any, Any, Any]) -> None:
    """Check that a body is said to be JSON: a form in a browser can't say that.

    Raises:
        ProblemError: It is said to be something else, or nothing.
    """
    if not _MEDIA(request.headers.get("content-type", "").strip()):
        raise ProblemError(
            MEDIA,
            "Content-Type header is not supported, want application/json or application/x-ndjson"
            " in UTF-8",
        )
