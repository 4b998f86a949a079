"""What clients of Elasticsearch set up before they send: templates, policies, pipelines.

There is nothing to set up: the fields are known, events are kept as their class says, and none is
changed on its way. A template is acknowledged, for shippers go on only then, and the answer warns
that it has no effect. What would change or delete events is refused instead.
"""

from importlib.metadata import version
from typing import Any, Final

from litestar import Request, Response, get, route
from litestar.params import FromPath

from tallystick.api.doorway import Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.elastic.health import ANY_SCOPE
from tallystick.api.elastic.parameters import read_parameters
from tallystick.api.forms import read_object
from tallystick.errors import NotFoundError
from tallystick.search.elastic.refusal import ElasticError

_PARAMETERS: Final = frozenset(
    {*("create", "cause", "order", "master_timeout", "timeout", "flat_settings", "local")}
)
_EMPTY: Final[dict[str, dict[str, object]]] = {
    "_index_template": {"index_templates": []},
    "_component_template": {"component_templates": []},
}


@route(
    [f"/{kind}/{{name:str}}" for kind in ("_index_template", "_component_template", "_template")],
    http_method=["PUT", "POST"],
    status_code=200,
)
async def acknowledge_template(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Acknowledge a template, and warn that it changes nothing."""
    doorway: Doorway = request.app.state.doorway
    doorway.caller(request, "ingest")
    told = read_parameters(request, _PARAMETERS)
    await read_object(request)
    text = "templates change nothing here: the fields are known, and the same for every index"
    headers = {"Warning": f'299 Tallystick-{version("tallystick")} "{text}"'}
    return elastic_answer(request, {"acknowledged": True}, 200, headers, told)


@route(
    [
        *("/_ilm/policy/{name:str}", "/_ingest/pipeline/{name:str}", "/{index:str}/_mapping"),
        *("/{index:str}/_settings", "/{index:str}/_alias/{name:str}", "/{index:str}"),
    ],
    http_method=["PUT"],
    status_code=200,
)
async def refuse_change(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Refuse what would change how events are kept, named or read."""
    doorway: Doorway = request.app.state.doorway
    doorway.caller(request, *ANY_SCOPE)
    path = request.scope["path"][:200]
    reason = (
        f"[PUT {path}] is not supported: an index is there as soon as a document is written to it,"
        " its fields are known, and nothing changes or deletes what it holds"
    )
    raise ElasticError(reason, kind="illegal_argument_exception")


@get(
    [
        *("/_index_template", "/_component_template", "/_template", "/_ilm/policy"),
        "/_ingest/pipeline",
    ],
)
async def list_none(request: Request[Any, Any, Any]) -> Response[bytes]:
    """List none."""
    doorway: Doorway = request.app.state.doorway
    doorway.caller(request, *ANY_SCOPE)
    told = read_parameters(request, _PARAMETERS)
    kind = request.scope["path"].strip("/")
    return elastic_answer(request, _EMPTY.get(kind, {}), 200, None, told)


@get(
    [
        *(
            "/_index_template/{name:str}",
            "/_component_template/{name:str}",
            "/_template/{name:str}",
        ),
        *("/_ilm/policy/{name:str}", "/_ingest/pipeline/{name:str}"),
    ],
)
async def show_none(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """Say that there is none of that name, even of one that was acknowledged."""
    doorway: Doorway = request.app.state.doorway
    doorway.caller(request, *ANY_SCOPE)
    read_parameters(request, _PARAMETERS)
    raise NotFoundError(f"nothing of the name [{name[:64]}] is kept here")
