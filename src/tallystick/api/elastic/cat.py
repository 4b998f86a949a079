"""``_cat``: short tables for people at a terminal, or the same as JSON."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from litestar import Request, Response, get
from litestar.params import FromPath

from tallystick.api.doorway import Doorway
from tallystick.api.elastic.answers import PRODUCT, elastic_answer
from tallystick.api.elastic.counting import counted
from tallystick.api.elastic.health import ANY_SCOPE, state_of
from tallystick.api.elastic.parameters import read_parameters
from tallystick.api.elastic.scope import SCOPE_PARAMETERS, names_of
from tallystick.search.elastic.cat_table import Column, chosen, sorted_rows, text_of
from tallystick.search.elastic.refusal import ElasticError

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_PARAMETERS: Final = frozenset(
    {
        *("v", "h", "s", "format", "bytes", "time", "ts", "master_timeout", "local"),
        *SCOPE_PARAMETERS,
    }
)
_INDICES: Final = (
    Column("health", "h"),
    Column("status", "s"),
    Column("index", "i"),
    Column("uuid", "id"),
    Column("pri", "p", number=True),
    Column("rep", "r", number=True),
    Column("docs.count", "dc", number=True),
    Column("docs.deleted", "dd", number=True),
)
_HEALTH: Final = (
    Column("epoch", "t", number=True),
    Column("timestamp", "ts"),
    Column("cluster", "cl"),
    Column("status", "st"),
    Column("node.total", "nt", number=True),
    Column("node.data", "nd", number=True),
    Column("shards", "sh", number=True),
    Column("pri", "p", number=True),
    Column("relo", "r", number=True),
    Column("init", "i", number=True),
    Column("unassign", "u", number=True),
    Column("pending_tasks", "pt", number=True),
    Column("max_task_wait_time", "mtwt"),
    Column("active_shards_percent", "asp", number=True),
)


@get(
    ["/_cat/indices", "/_cat/indices/{index:str}"],
)
async def list_indices(
    request: Request[Any, Any, Any], index: FromPath[str | None] = None
) -> Response[bytes]:
    """List the indices, with the number of events that can be found in each."""
    told = read_parameters(request, _PARAMETERS)
    counts = await counted(request, index, told)
    health = await state_of(request)
    rows = [
        {
            "health": health,
            "status": "open",
            "index": name,
            "uuid": one.uuid,
            "pri": "1",
            "rep": "0",
            "docs.count": str(one.events),
            "docs.deleted": "0",
        }
        for name, one in counts.items()
    ]
    return _table(request, told, _INDICES, rows)


@get("/_cat/health")
async def list_health(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Say in one line how the server is."""
    doorway: Doorway = request.app.state.doorway
    doorway.caller(request, *ANY_SCOPE)
    told = read_parameters(request, _PARAMETERS)
    now = _EPOCH + timedelta(microseconds=doorway.ledger.drivers.clock.now())
    shards = str(len(names_of(None, {})))
    row = {
        "epoch": str(int(now.timestamp())),
        "timestamp": now.strftime("%H:%M:%S"),
        "cluster": doorway.ledger.logs.deployment,
        "status": await state_of(request),
        "node.total": "1",
        "node.data": "1",
        "shards": shards,
        "pri": shards,
        "relo": "0",
        "init": "0",
        "unassign": "0",
        "pending_tasks": "0",
        "max_task_wait_time": "-",
        "active_shards_percent": "100.0%",
    }
    return _table(request, told, _HEALTH, [row])


@get(
    ["/_cat/{table:str}", "/_cat/{table:str}/{name:str}"],
)
async def refuse_table(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Refuse the other tables: they tell of nodes and shards, which there are none of."""
    doorway: Doorway = request.app.state.doorway
    doorway.caller(request, *ANY_SCOPE)
    raise ElasticError(
        f"[{request.scope['path'][:200]}] is not answered, want [/_cat/indices] or [/_cat/health]",
        kind="illegal_argument_exception",
    )


def _table(
    request: Request[Any, Any, Any],
    told: Mapping[str, str],
    columns: Sequence[Column],
    rows: Sequence[Mapping[str, str]],
) -> Response[bytes]:
    wanted = chosen(columns, told.get("h", ""))
    rows = sorted_rows(columns, rows, told.get("s", ""))
    kind = told.get("format", _asked_for(request)).lower()
    if kind == "json":
        body = [{name: row[column.name] for name, column in wanted.items()} for row in rows]
        return elastic_answer(request, body, 200, None, dict(told))
    if kind not in {"text", "txt"}:
        reason = "[format] is unknown, want [text] or [json]"
        raise ElasticError(reason, kind="illegal_argument_exception")
    heading = told.get("v", "false") in {"", "true"}
    text = text_of(wanted, rows, heading=heading)
    return Response(text.encode(), media_type="text/plain", headers=PRODUCT)


def _asked_for(request: Request[Any, Any, Any]) -> str:
    return "json" if "json" in request.headers.get("accept", "") else "text"
