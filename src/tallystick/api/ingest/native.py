"""The native door: events as JSON, one, many, or one a line."""

from asyncio import to_thread
from collections.abc import Iterable
from typing import Any, Final

import msgspec
from litestar import Request, Response, post

from tallystick.access.refusals import Group
from tallystick.api.bodies import AnyRequest, read_body
from tallystick.api.doorway import Caller, Doorway
from tallystick.api.plain import Answer
from tallystick.api.problems import FORBIDDEN, MEDIA, TOO_LARGE, ProblemError
from tallystick.api.tenancy import Sorter, meet, only_tenant, strangers
from tallystick.errors import ForbiddenError, MalformedError
from tallystick.events.canonical import MAX_DEPTH, decode, decode_lines
from tallystick.events.parsing import read_events
from tallystick.events.plain_reading import read_plainly
from tallystick.ledger.batch import Outcome
from tallystick.ledger.leaf import Via
from tallystick.ledger.logs import DEPLOYMENT_TENANT

DOOR: Final = "native"
VERSIONS: Final = ("2026-11-24",)
"""Values of ``Tallystick-Version`` that this server speaks, newest last."""

MAX_EVENTS: Final = 10_000
"""Events in one request."""

_JSON: Final = frozenset({"application/json"})
_LINES: Final = frozenset({"application/x-ndjson", "application/ndjson", "application/jsonl"})
_ENCODER: Final = msgspec.json.Encoder()

Groups = dict[tuple[int, str], tuple[list[int], list[dict[str, object]]]]
"""By tenant and stream: positions in the request, and the events there."""


@post(
    "/v1/events",
    status_code=201,
    summary="Record events",
    description=(
        "One event, an array, or NDJSON; plain, gzip or zstd. Answers each event in order:"
        " recorded, duplicate, conflict or refused. 201 when one was recorded, 200 when the rest"
        " are duplicates, 409 when they are conflicts, 422 when all are refused."
    ),
)
async def record_events(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Record events, and answer when all that is acknowledged is on disk."""
    doorway: Doorway = request.app.state.doorway
    return (await answer_events(doorway, request)).response()


async def answer_events(doorway: Doorway, request: AnyRequest) -> Answer:
    """Record events, as :func:`record_events` does, for a request of either kind."""
    caller = doorway.caller(request, "ingest")
    _check_version(request)
    as_lines = _is_lines(request)
    body, size = await read_body(request)
    only = only_tenant(caller.key.grant)
    plain = None if only is None else read_plainly(body, as_lines=as_lines)
    if only is not None and plain is not None:
        _check_count(len(plain))
        headers = doorway.meter_request(caller, len(plain), size)
        outcomes = [_PENDING] * len(plain)
        groups = _by_log(enumerate(plain), only)
    else:
        raws = _events(body, as_lines=as_lines)
        headers = doorway.meter_request(caller, len(raws), size)
        if only is None and (new := strangers(doorway, raws)):
            await to_thread(meet, doorway, caller.key.grant, new, caller.key.key_id)
        outcomes = [_PENDING] * len(raws)
        groups = _sorted(doorway, caller, raws, outcomes)
    await _record(doorway, caller, groups, outcomes)
    body = _ENCODER.encode({"results": [_told(outcome) for outcome in outcomes]})
    return Answer(_status(outcomes), body, headers)


async def _record(
    doorway: Doorway, caller: Caller, groups: Groups, outcomes: list[Outcome]
) -> None:
    """Record events, and note in ``outcomes`` what became of them."""
    via = Via(caller.key.key_id, DOOR)
    futures = [
        doorway.gathering.record(tenant, stream, events, via)
        for (tenant, stream), (_, events) in groups.items()
    ]
    for (positions, _), future in zip(groups.values(), futures, strict=True):
        answers = await future
        for position, outcome in zip(positions, answers, strict=True):
            outcomes[position] = outcome


def _by_log(events: Iterable[tuple[int, dict[str, object]]], tenant: int) -> Groups:
    """Part the events of one tenant by log."""
    groups: Groups = {}
    for position, event in events:
        key = (tenant, str(event.get("stream", "audit")))
        if key not in groups:
            groups[key] = ([], [])
        positions, members = groups[key]
        positions.append(position)
        members.append(event)
    return groups


def _sorted(
    doorway: Doorway, caller: Caller, raws: list[object], outcomes: list[Outcome]
) -> Groups:
    """Part the events by log, and note in ``outcomes`` those that are refused."""
    mine = _taken(doorway, caller, raws, outcomes)
    groups: Groups = {}
    read = read_events([raws[position] for position, _ in mine])
    for (position, tenant), event in zip(mine, read, strict=True):
        if isinstance(event, MalformedError):
            outcomes[position] = _refused(raws[position], event)
            continue
        stream = str(event.get("stream", "audit"))
        positions, events = groups.setdefault((tenant, stream), ([], []))
        positions.append(position)
        events.append(event)
    return groups


def _taken(
    doorway: Doorway, caller: Caller, raws: list[object], outcomes: list[Outcome]
) -> list[tuple[int, int]]:
    """Say of each event whose it is: its position, and the number of its tenant."""
    sorter = Sorter(doorway, caller.key.grant)
    mine: list[tuple[int, int]] = []
    for position, raw in enumerate(raws):
        try:
            if isinstance(raw, MalformedError):
                raise raw
            mine.append((position, sorter.take(raw)))
        except MalformedError as error:
            outcomes[position] = _refused(raw, error)
        except ForbiddenError as error:
            outcomes[position] = Outcome("refused", _id(raw), path="/tenant", reason=str(error))
            _note_forbidden(doorway, caller)
    return mine


def _refused(raw: object, error: MalformedError) -> Outcome:
    return Outcome("refused", _id(raw), path=error.path, reason=str(error))


_PENDING: Final = Outcome("refused", reason="not settled")


def _events(body: bytes, *, as_lines: bool) -> list[object]:
    raws: list[object]
    if as_lines:
        if body.count(b"\n") > 2 * MAX_EVENTS:
            raise _too_many()
        raws = list(decode_lines(body))
    else:
        # One level more than an event alone may have: the array around it.
        value = decode(body, max_depth=MAX_DEPTH + 1)
        if not isinstance(value, list | dict):
            raise MalformedError(
                f"body: a {type(value).__name__}, want an event or an array of events"
            )
        raws = value if isinstance(value, list) else [value]
    if not raws:
        raise MalformedError("body: no events, want at least one")
    _check_count(len(raws))
    return raws


def _check_count(events: int) -> None:
    if events > MAX_EVENTS:
        raise _too_many()


def _too_many() -> ProblemError:
    return ProblemError(TOO_LARGE, f"body: too many events, want at most {MAX_EVENTS:,}")


def _is_lines(request: AnyRequest) -> bool:
    told = request.headers.get("content-type", "")
    media, _, parameters = told.partition(";")
    media = media.strip().lower()
    charset = parameters.replace(" ", "").lower()
    if charset in {"", "charset=utf-8"}:
        if media in _JSON:
            return False
        if media in _LINES:
            return True
    raise ProblemError(
        MEDIA, "content type: another one, want application/json or application/x-ndjson in UTF-8"
    )


def _check_version(request: AnyRequest) -> None:
    told = request.headers.get("tallystick-version")
    if told is not None and told not in VERSIONS:
        raise MalformedError(f"Tallystick-Version: unknown, want one of {', '.join(VERSIONS)}")


def _note_forbidden(doorway: Doorway, caller: Caller) -> None:
    group = Group(DEPLOYMENT_TENANT, caller.key.key_id, FORBIDDEN.code, FORBIDDEN.status)
    doorway.refusals.note(group)


def _id(raw: object) -> str:
    name = raw.get("id") if isinstance(raw, dict) else None
    return name if isinstance(name, str) else ""


def _told(outcome: Outcome) -> dict[str, object]:
    match outcome.status:
        case "recorded":
            return _place(outcome)
        case "duplicate":
            told = _place(outcome)
            if outcome.unverifiable:
                told["content"] = "unverifiable"
            return told
        case "conflict":
            return {"status": "conflict", "id": outcome.event_id}
        case _:
            told = {"status": "refused", "path": outcome.path, "reason": outcome.reason}
            if outcome.event_id:
                told["id"] = outcome.event_id
            return told


def _place(outcome: Outcome) -> dict[str, object]:
    return {
        "status": outcome.status,
        "id": outcome.event_id,
        "log": outcome.log,
        "index": outcome.index,
        "leaf_hash": outcome.leaf_hash.hex(),
    }


def _status(outcomes: list[Outcome]) -> int:
    seen = {outcome.status for outcome in outcomes}
    if "recorded" in seen:
        return 201
    if "duplicate" in seen:
        return 200
    return 409 if "conflict" in seen else 422
