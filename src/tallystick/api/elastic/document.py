"""Documents written one by one: ``_doc`` and ``_create``."""

from typing import Any, Final

from litestar import Request, Response, post, route
from litestar.params import FromPath

from tallystick.api.bodies import read_body
from tallystick.api.doorway import Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.elastic.bulk import WRITE_PARAMETERS, check_media, refuse_pipeline
from tallystick.api.elastic.operation import Operation, fault_of, read_document
from tallystick.api.elastic.parameters import read_parameters
from tallystick.api.elastic.refresh import wait_until_found, waits
from tallystick.api.elastic.result import item_of
from tallystick.api.elastic.writing import write
from tallystick.search.elastic.refusal import ElasticError

_PARAMETERS: Final = frozenset(
    {*WRITE_PARAMETERS, "op_type", "pipeline", "require_alias", "require_data_stream"}
)


@post(
    "/{index:str}/_doc",
    status_code=201,
)
async def append_document(request: Request[Any, Any, Any], index: FromPath[str]) -> Response[bytes]:
    """Record a document that has no ``_id``."""
    return await _write(request, "index", index, None)


@route(
    "/{index:str}/_doc/{doc_id:str}",
    http_method=["POST", "PUT"],
    status_code=201,
)
async def put_document(
    request: Request[Any, Any, Any], index: FromPath[str], doc_id: FromPath[str]
) -> Response[bytes]:
    """Record a document with an ``_id``."""
    return await _write(request, "index", index, doc_id)


@route(
    "/{index:str}/_create/{doc_id:str}",
    http_method=["POST", "PUT"],
    status_code=201,
)
async def create_document(
    request: Request[Any, Any, Any], index: FromPath[str], doc_id: FromPath[str]
) -> Response[bytes]:
    """Record a document with an ``_id``."""
    return await _write(request, "create", index, doc_id)


async def _write(
    request: Request[Any, Any, Any], name: str, index: str, doc_id: str | None
) -> Response[bytes]:
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, "ingest")
    told = read_parameters(request, _PARAMETERS)
    refuse_pipeline(told)
    if told.get("op_type", name) not in {"create", "index"}:
        reason = "opType must be 'create' or 'index'"
        raise ElasticError(reason, kind="illegal_argument_exception")
    waiting = waits(told)
    check_media(request)
    body, size = await read_body(request)
    operation = Operation(name, index, doc_id, fault_of(name, index, doc_id) or read_document(body))
    headers = doorway.meter_request(caller, 1, size)
    results = await write(doorway, caller, [operation], told.get("tenant"))
    if waiting:
        await wait_until_found(doorway, results)
    item = item_of(operation, results[0])
    status = results[0].status
    if results[0].outcome is None:
        error: Any = item["error"]
        item = {"error": {"root_cause": [error], **error}, "status": status}
    else:
        del item["status"]
    return elastic_answer(request, item, status, headers, told)
