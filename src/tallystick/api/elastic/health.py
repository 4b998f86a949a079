"""How the server is, as clients of Elasticsearch ask before they send anything."""

import asyncio
import re
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from litestar import Request, Response, get
from litestar.params import FromPath

from tallystick.api.doorway import Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.elastic.parameters import read_parameters
from tallystick.api.elastic.scope import names_of
from tallystick.errors import TallystickError
from tallystick.search.elastic.refusal import ElasticError
from tallystick.search.ports import Asking, Question

State: TypeAlias = Literal["green", "yellow", "red"]

ANY_SCOPE: Final = ("ingest", "read", "read-masked")
"""What tells nothing of any event is told to every key that sends or reads them."""
WAIT_S: Final = 30
"""How long an answer waits at most for a better state."""
HOLDS_ALWAYS: Final = frozenset(
    {
        *("wait_for_active_shards", "wait_for_events", "wait_for_no_initializing_shards"),
        *("wait_for_no_relocating_shards", "local", "master_timeout", "expand_wildcards"),
    }
)
"""What one node without anything to move has reached already."""

_LOOK_EVERY_S: Final = 0.5
_TIMED_OUT: Final = 408
_RANKS: Final[tuple[State, ...]] = ("green", "yellow", "red")
_LENGTH: Final = re.compile(r"(\d{1,9})(nanos|micros|ms|s|m|h|d)", re.ASCII).fullmatch
_SECONDS: Final = {
    "nanos": 1e-9,
    "micros": 1e-6,
    "ms": 1e-3,
    "s": 1,
    "m": 60,
    "h": 3600,
    "d": 86400,
}
_NODES: Final = re.compile(r"(>=|<=|>|<|)(\d{1,9})|(ge|le|gt|lt)\((\d{1,9})\)", re.ASCII).fullmatch


class Awaited(NamedTuple):
    """What an answer shall wait for.

    Attributes:
        state: This state, or a better one.
        nodes: Whether it is so that there is one node.
        wait_s: How long.
    """

    state: State = "red"
    nodes: bool = True
    wait_s: float = WAIT_S


@get(
    ["/_cluster/health", "/_cluster/health/{index:str}"],
)
async def show_health(
    request: Request[Any, Any, Any], index: FromPath[str | None] = None
) -> Response[bytes]:
    """Say how the server is, when it is as wanted, or at the latest when the time is up."""
    doorway: Doorway = request.app.state.doorway
    doorway.caller(request, *ANY_SCOPE)
    told = read_parameters(
        request, {*HOLDS_ALWAYS, "wait_for_status", "wait_for_nodes", "timeout", "level"}
    )
    if told.get("level", "cluster") != "cluster":
        reason = f"[level] is not answered for [{told['level'][:20]}], want [cluster]"
        raise ElasticError(reason, kind="illegal_argument_exception")
    count = len(names_of(index, told))
    wanted = _awaited(told)
    state = await state_of(request)
    waited = 0.0
    while _is_short(state, wanted) and waited < wanted.wait_s and not doorway.searching.closing:
        await asyncio.sleep(_LOOK_EVERY_S)
        waited += _LOOK_EVERY_S
        state = await state_of(request)
    late = _is_short(state, wanted)
    body = _health(doorway.ledger.logs.deployment, state, count, late=late)
    return elastic_answer(request, body, _TIMED_OUT if late else 200, None, told)


async def state_of(request: Request[Any, Any, Any]) -> State:
    """Return the state: red without writes, yellow without search, else green."""
    doorway: Doorway = request.app.state.doorway
    if doorway.ledger.read_only is not None:
        return "red"

    def ask(engine: Asking) -> None:
        engine.ask(Question("SELECT 1"))

    if not doorway.searching.is_on:
        return "yellow"
    try:
        await doorway.searching.run(request, ask)
    except TallystickError:  # away, too busy, or failing
        return "yellow"
    return "green"


def _is_short(state: State, wanted: Awaited) -> bool:
    return _RANKS.index(state) > _RANKS.index(wanted.state) or not wanted.nodes


def _awaited(told: dict[str, str]) -> Awaited:
    state = told.get("wait_for_status", "red").lower()
    if state not in _RANKS:
        raise _unreadable("wait_for_status", "green, yellow or red")
    length = _LENGTH(told.get("timeout", f"{WAIT_S}s"))
    if length is None:
        raise _unreadable("timeout", "a time such as [30s]")
    wait_s = min(float(length[1]) * _SECONDS[length[2]], WAIT_S)
    return Awaited(_RANKS[_RANKS.index(state)], _holds_for_one(told), wait_s)


def _holds_for_one(told: dict[str, str]) -> bool:
    nodes = _NODES(told.get("wait_for_nodes", ">=1"))
    if nodes is None:
        raise _unreadable("wait_for_nodes", "a number such as [>=1]")
    sign, number = nodes[1] or nodes[3] or "", int(nodes[2] or nodes[4])
    match sign:
        case ">=" | "ge":
            return number <= 1
        case "<=" | "le":
            return number >= 1
        case ">" | "gt":
            return number < 1
        case "<" | "lt":
            return number > 1
        case _:
            return number == 1


def _unreadable(name: str, want: str) -> ElasticError:
    reason = f"failed to parse [{name}], want {want}"
    return ElasticError(reason, kind="illegal_argument_exception")


def _health(cluster: str, state: State, indices: int, *, late: bool) -> dict[str, object]:
    return {
        "cluster_name": cluster,
        "status": state,
        "timed_out": late,
        "number_of_nodes": 1,
        "number_of_data_nodes": 1,
        "active_primary_shards": indices,
        "active_shards": indices,
        "relocating_shards": 0,
        "initializing_shards": 0,
        "unassigned_shards": 0,
        "unassigned_primary_shards": 0,
        "delayed_unassigned_shards": 0,
        "number_of_pending_tasks": 0,
        "number_of_in_flight_fetch": 0,
        "task_max_waiting_in_queue_millis": 0,
        "active_shards_percent_as_number": 100.0,
    }
