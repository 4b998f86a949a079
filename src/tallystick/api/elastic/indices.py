"""What clients of Elasticsearch want to know of the indices: fields, settings, counts."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import Request, Response, get, route
from litestar.params import FromPath

from tallystick.api.bodies import read_body
from tallystick.api.doorway import Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.elastic.counting import counted
from tallystick.api.elastic.health import ANY_SCOPE
from tallystick.api.elastic.parameters import read_parameters
from tallystick.api.elastic.scope import SCOPE_PARAMETERS, names_of
from tallystick.api.forms import MAX_FORM
from tallystick.errors import NotFoundError
from tallystick.events.canonical import decode
from tallystick.search.elastic.mapping import field_caps, mapping
from tallystick.search.elastic.members import Members, strings
from tallystick.search.elastic.refusal import ElasticError

_PARAMETERS: Final = frozenset(
    {*SCOPE_PARAMETERS, "local", "master_timeout", "flat_settings", "include_defaults", "features"}
)
_CAPS: Final = frozenset({*SCOPE_PARAMETERS, "fields", "include_unmapped", "filters", "types"})
_MAX_FIELDS: Final = 1_000


@get(
    [
        *("/_mapping", "/_mappings", "/{index:str}/_mapping", "/{index:str}/_mappings"),
        *("/_settings", "/{index:str}/_settings", "/_alias", "/_aliases", "/{index:str}/_alias"),
        "/{index:str}/_aliases",
    ],
)
async def show_indices(
    request: Request[Any, Any, Any], index: FromPath[str | None] = None
) -> Response[bytes]:
    """Show the mapping, the settings or the aliases of indices."""
    return _described(request, index)


@get("/{index:str}")
async def show_index(request: Request[Any, Any, Any], index: FromPath[str]) -> Response[bytes]:
    """Show all of that of indices; without a credential, a path of one name leads nowhere."""
    if "authorization" not in request.headers:
        raise NotFoundError("path: no such route")
    return _described(request, index)


@route(
    ["/_field_caps", "/{index:str}/_field_caps"],
    http_method=["GET", "POST"],
    status_code=200,
)
async def show_field_caps(
    request: Request[Any, Any, Any], index: FromPath[str | None] = None
) -> Response[bytes]:
    """Say what fields are good for."""
    doorway: Doorway = request.app.state.doorway
    doorway.caller(request, *ANY_SCOPE)
    told = read_parameters(request, _CAPS)
    for name in ("filters", "types", "include_unmapped"):
        if told.get(name, "false") not in {"", "false"}:
            raise ElasticError(f"[{name}] is not supported", kind="illegal_argument_exception")
    body, _ = await read_body(request, MAX_FORM)
    names = _field_names(decode(body) if body.strip() else {}, told)
    answer = {"indices": names_of(index, told), "fields": field_caps(names)}
    return elastic_answer(request, answer, 200, None, told)


@get(
    ["/_stats", "/{index:str}/_stats"],
)
async def show_stats(
    request: Request[Any, Any, Any], index: FromPath[str | None] = None
) -> Response[bytes]:
    """Tell how many events can be found."""
    told = read_parameters(request, {*SCOPE_PARAMETERS, "level", "metric"})
    counts = await counted(request, index, told)
    answer = {
        "_shards": {"total": len(counts), "successful": len(counts), "failed": 0},
        "_all": _docs(sum(one.events for one in counts.values())),
        "indices": {name: {"uuid": one.uuid, **_docs(one.events)} for name, one in counts.items()},
    }
    return elastic_answer(request, answer, 200, None, told)


@get(
    "/_resolve/index/{index:str}",
)
async def resolve_index(request: Request[Any, Any, Any], index: FromPath[str]) -> Response[bytes]:
    """Say which indices a name means."""
    doorway: Doorway = request.app.state.doorway
    doorway.caller(request, *ANY_SCOPE)
    told = read_parameters(request, SCOPE_PARAMETERS)
    names = [{"name": name, "attributes": ["open"]} for name in names_of(index, told)]
    answer = {"indices": names, "aliases": [], "data_streams": []}
    return elastic_answer(request, answer, 200, None, told)


def _described(request: Request[Any, Any, Any], index: str | None) -> Response[bytes]:
    doorway: Doorway = request.app.state.doorway
    doorway.caller(request, *ANY_SCOPE)
    told = read_parameters(request, _PARAMETERS)
    parts: dict[str, Mapping[str, object]] = {
        "aliases": {},
        "mappings": mapping(),
        "settings": {"index": {"number_of_shards": "1", "number_of_replicas": "0"}},
    }
    last = request.scope["path"].rstrip("/").rpartition("/")[2]
    wanted = [name for name in parts if last.strip("_") in {name, name[:-1], name[:-2]}]
    shown = {name: parts[name] for name in wanted or parts}
    names = names_of(index, told)
    return elastic_answer(request, dict.fromkeys(names, shown), 200, None, told)


def _field_names(body: object, told: Mapping[str, str]) -> tuple[str, ...]:
    members = Members("field_caps", body, "", what="body")
    given = members.take("fields")
    members.done()
    given = told.get("fields") if given is None else given
    names = strings(given.split(",") if isinstance(given, str) else given or (), "/fields")
    if not names:
        raise ElasticError(
            "specified fields can't be null or empty", kind="action_request_validation_exception"
        )
    if len(names) > _MAX_FIELDS:
        raise ElasticError(
            f"[fields] has {len(names):,} names, want at most {_MAX_FIELDS:,}",
            kind="illegal_argument_exception",
        )
    return names


def _docs(events: int) -> dict[str, object]:
    docs = {"docs": {"count": events, "deleted": 0}}
    return {"primaries": docs, "total": docs}
