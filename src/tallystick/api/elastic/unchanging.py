"""What would change or delete recorded events: refused, and each attempt recorded."""

from typing import Any, Final

from litestar import Request, Response, delete, post, route

from tallystick.api.doorway import Doorway
from tallystick.api.elastic.result import append_only
from tallystick.api.elastic.writing import APPEND_ONLY
from tallystick.search.elastic.refusal import ElasticError

_SCOPES: Final = ("ingest", "read", "read-masked", "admin")


@route(
    "/{index:str}/_update/{doc_id:str}",
    http_method=["POST", "PUT"],
)
async def update_document(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Refuse to change a document."""
    raise _refusal(request)


@delete(
    "/{index:str}/_doc/{doc_id:str}",
    status_code=200,
)
async def delete_document(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Refuse to delete a document."""
    raise _refusal(request)


@post(
    ["/{index:str}/_update_by_query", "/{index:str}/_delete_by_query"],
)
async def change_by_query(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Refuse to change or delete what a query finds."""
    raise _refusal(request)


@delete(
    "/{index:str}",
    status_code=200,
)
async def delete_index(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Refuse to delete an index."""
    raise _refusal(request)


def _refusal(request: Request[Any, Any, Any]) -> ElasticError:
    doorway: Doorway = request.app.state.doorway
    caller = doorway.caller(request, *_SCOPES)
    doorway.note_refusal(caller.key, APPEND_ONLY)
    return ElasticError(append_only().reason, kind=append_only().kind)
