"""What an event is: its form, and the way from JSON to it and back.

An event that parses obeys every rule of docs/specs/event-v1; nothing behind a door needs to
check its form again.
"""

from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Annotated, Any, Final, Literal, TypeAlias, cast

import msgspec
from msgspec import UNSET, Meta, Struct

from tallystick.errors import MalformedError
from tallystick.events.identity import (
    UUID_PATTERN,
    external_event_id,
    id_bytes,
    id_text,
    uuid7,
)
from tallystick.events.moment import as_utc, is_plain_moment, moment_text, parse_moment
from tallystick.events.refusal import refusal
from tallystick.events.wording import is_suspect, refuse_hidden

__all__ = [
    "ACTION_PATTERN",
    "EVENT_VERSION",
    "MAX_EVENT",
    "Actor",
    "Agent",
    "Change",
    "Context",
    "Delegation",
    "Event",
    "Link",
    "Operation",
    "Principal",
    "Purpose",
    "Reason",
    "Source",
    "Subject",
    "Target",
    "external_event_id",
    "id_bytes",
    "id_text",
    "parse_event",
    "to_builtins",
    "uuid7",
]

EVENT_VERSION: Final = 1

MAX_EVENT: Final = 1_048_576
"""Largest event, in bytes of its JSON without white space."""

ACTION_PATTERN: Final = r"\A[a-z0-9_]+(\.[a-z0-9_]+)+\Z"

_ARRAYS: Final = ("targets", "changes", "delegation", "links")
_MOMENT_LENGTH: Final = len("2026-11-24T02:45:00.123456Z")

Stream: TypeAlias = Literal["audit", "activity"]
Outcome: TypeAlias = Literal["success", "failure", "denied", "unknown"]
PartyType: TypeAlias = Literal["user", "service", "api_key", "agent", "system", "anonymous"]
DelegationKind: TypeAlias = Literal["impersonation", "on_behalf_of", "agent"]
Role: TypeAlias = Literal[
    "object", "recipient", "parent", "child", "source", "destination", "member", "related"
]
ChangeOp: TypeAlias = Literal["add", "remove", "replace"]
Channel: TypeAlias = Literal["ui", "api", "cli", "mcp", "job", "system"]
Severity: TypeAlias = Literal["informational", "low", "medium", "high", "critical"]
LinkRel: TypeAlias = Literal["corrects", "caused_by", "undoes", "part_of"]

Action: TypeAlias = Annotated[str, Meta(max_length=128, pattern=ACTION_PATTERN)]
EventId: TypeAlias = Annotated[str, Meta(pattern=UUID_PATTERN)]
Identifier: TypeAlias = Annotated[str, Meta(min_length=1, max_length=512)]
Code: TypeAlias = Annotated[str, Meta(max_length=256)]
Name: TypeAlias = Annotated[str, Meta(max_length=1_024)]
Email: TypeAlias = Annotated[str, Meta(max_length=320)]
Text: TypeAlias = Annotated[str, Meta(max_length=MAX_EVENT)]
Pointer: TypeAlias = Annotated[str, Meta(max_length=1_024, pattern=r"\A(?:/(?:[^~]|~[01])*)?\Z")]
TraceId: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-9a-f]{32}\Z")]
SpanId: TypeAlias = Annotated[str, Meta(pattern=r"\A[0-9a-f]{16}\Z")]
Count: TypeAlias = Annotated[int, Meta(ge=0, le=2**53 - 1)]
Position: TypeAlias = Annotated[int, Meta(ge=1, le=2**31 - 1)]
OffsetMinutes: TypeAlias = Annotated[int, Meta(ge=-1_439, le=1_439)]


class _Part(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of an event; what it leaves out is absent, not null."""


class Reason(_Part, frozen=True, kw_only=True):
    """Why the outcome was as it was."""

    code: Code | None = None
    text: Text | None = None


class Actor(_Part, frozen=True, kw_only=True):
    """Who really acted; ``id`` may be absent, as in a failed sign-in."""

    type: PartyType
    id: Identifier | None = None
    name: Name | None = None
    email: Email | None = None
    roles: Annotated[tuple[Code, ...], Meta(max_length=100)] = ()
    authenticated_by: Code | None = None
    home_tenant: Identifier | None = None


class Principal(_Part, frozen=True, kw_only=True):
    """In whose name the actor acted."""

    type: PartyType
    id: Identifier | None = None
    name: Name | None = None


class Delegation(_Part, frozen=True, kw_only=True):
    """One step from the actor towards the one in whose name it acted."""

    kind: DelegationKind
    principal: Principal
    reason: Text | None = None
    grant_id: Identifier | None = None
    approved_by: Identifier | None = None


class Agent(_Part, frozen=True, kw_only=True):
    """The machine intelligence that acted, and its run."""

    id: Identifier | None = None
    model: Code | None = None
    version: Code | None = None
    run_id: Identifier | None = None
    tool: Code | None = None
    protocol: Code | None = None
    approval_id: Identifier | None = None


class Subject(_Part, frozen=True, kw_only=True):
    """The person whom a target tells about."""

    id: Identifier
    name: Name | None = None


class Target(_Part, frozen=True, kw_only=True):
    """What was acted upon."""

    type: Code
    id: Identifier | None = None
    name: Name | None = None
    role: Role | None = None
    subject: Subject | None = None
    metadata: dict[str, Any] = {}


class Change(_Part, frozen=True, kw_only=True):
    """One difference that the action made.

    Attributes:
        path: JSON Pointer into the thing changed; empty for all of it.
        before: Any JSON, null too; UNSET where it is not told.
        after: As ``before``.
        target: Position in the event's targets of the thing changed.
    """

    path: Pointer
    op: ChangeOp
    before: Any = UNSET
    after: Any = UNSET
    target: Annotated[int, Meta(ge=0, le=999)] | None = None


class Context(_Part, frozen=True, kw_only=True):
    """From where and through what the action came."""

    ip: Annotated[str, Meta(max_length=64)] | None = None
    user_agent: Name | None = None
    session_id: Identifier | None = None
    request_id: Identifier | None = None
    trace_id: TraceId | None = None
    span_id: SpanId | None = None
    channel: Channel | None = None
    service: Code | None = None
    release: Code | None = None
    location: Name | None = None


class Purpose(_Part, frozen=True, kw_only=True):
    """What it was done for."""

    code: Code | None = None
    text: Text | None = None
    case_id: Identifier | None = None


class Operation(_Part, frozen=True, kw_only=True):
    """The larger operation of which the event is one part, counted from 1."""

    id: Identifier
    part: Position | None = None
    parts: Position | None = None


class Link(_Part, frozen=True, kw_only=True):
    """How the event relates to another one of its tenant."""

    rel: LinkRel
    id: EventId


class Source(_Part, frozen=True, kw_only=True):
    """Who sent it, and the sender's own count, which makes a gap visible."""

    id: Identifier
    sequence: Count | None = None


class Event(_Part, frozen=True, kw_only=True):
    """What an application tells: who did what to what, when, from where, with what outcome.

    Attributes:
        occurred_at: With an offset; :func:`parse_event` gives it in UTC.
        version: Version of the action's catalogue entry.
        targets_total: How many there were, where not all are told.
        duration_ms: Milliseconds.
    """

    action: Action
    occurred_at: datetime
    actor: Actor
    id: EventId | None = None
    external_id: Identifier | None = None
    stream: Stream = "audit"
    version: Position | None = None
    utc_offset_minutes: OffsetMinutes = 0
    outcome: Outcome = "unknown"
    reason: Reason | None = None
    delegation: Annotated[tuple[Delegation, ...], Meta(max_length=16)] = ()
    agent: Agent | None = None
    targets: Annotated[tuple[Target, ...], Meta(max_length=1_000)] = ()
    targets_total: Count | None = None
    changes: Annotated[tuple[Change, ...], Meta(max_length=10_000)] = ()
    context: Context | None = None
    purpose: Purpose | None = None
    severity: Severity | None = None
    duration_ms: Count | None = None
    message: Text | None = None
    operation: Operation | None = None
    links: Annotated[tuple[Link, ...], Meta(max_length=100)] = ()
    source: Source | None = None
    metadata: dict[str, Any] = {}


_ENCODER = msgspec.json.Encoder()


def parse_event(raw: object) -> Event:
    """Read an event from JSON builtins.

    Args:
        raw: What :func:`tallystick.events.canonical.decode` made of one event. A datetime with
            an offset may stand for ``occurred_at``.

    Returns:
        The event: ids in lower case, ``occurred_at`` in UTC, nulls gone.

    Raises:
        MalformedError: The event is not of its form; ``path`` points to what is wrong.

    Source: docs/specs/event-v1.
    """
    if not isinstance(raw, dict):
        raise MalformedError(f"event: a {type(raw).__name__}, want an object")
    if _may_hold_null(raw):
        raw = {name: value for name, value in raw.items() if value is not None}
    try:
        event = msgspec.convert(_normalised(raw), Event)
    except (msgspec.ValidationError, TypeError) as error:
        raise refusal(str(error)) from None
    if event.context is not None and event.context.ip is not None:
        _refuse_address(event.context.ip)
    if event.changes:
        _refuse_dangling(event)
    return _lower_links(event) if event.links else event


def to_builtins(event: Event) -> dict[str, object]:
    """Write an event as JSON builtins, the inverse of :func:`parse_event`.

    Returns:
        A new object without absent fields; ``occurred_at`` in UTC with six digits.

    Raises:
        MalformedError: ``occurred_at`` has no offset, or lies outside 1970 to 2200.
    """
    members: dict[str, object] = msgspec.to_builtins(event)
    text = members["occurred_at"]
    if not isinstance(text, str) or len(text) != _MOMENT_LENGTH or text[-1] != "Z":
        members["occurred_at"] = moment_text(event.occurred_at)
    for name in _ARRAYS:
        if name in members:
            members[name] = list(cast("tuple[object, ...]", members[name]))
    if event.actor.roles:
        cast("dict[str, object]", members["actor"])["roles"] = list(event.actor.roles)
    return members


def _may_hold_null(raw: dict[str, object]) -> bool:
    """Check the size and the characters; on the way it turns up whether there is any null."""
    try:
        text = _ENCODER.encode(raw)
    except RecursionError:
        raise MalformedError("event: nested too deep to walk, want less") from None
    except (TypeError, ValueError):
        refuse_hidden(raw)  # a lone surrogate; it says where
        raise MalformedError("event: holds what JSON cannot say, want JSON values") from None
    if len(text) > MAX_EVENT:
        raise MalformedError(f"event: {len(text):,} bytes, want at most {MAX_EVENT:,}")
    has_null = b"null" in text
    if has_null or is_suspect(text):  # NaN and the infinities are written as null too
        refuse_hidden(raw)
    return has_null


def _normalised(raw: dict[str, object]) -> dict[str, object]:
    moment, identity = raw.get("occurred_at"), raw.get("id")
    if isinstance(identity, str) and not identity.islower():
        raw = {**raw, "id": identity.lower()}
    if not isinstance(moment, str | datetime) or (
        isinstance(moment, str) and is_plain_moment(moment)
    ):
        return raw
    try:
        utc, offset = parse_moment(moment) if isinstance(moment, str) else as_utc(moment)
    except MalformedError as error:
        raise MalformedError(str(error), path="/occurred_at") from None
    return {"utc_offset_minutes": offset, **raw, "occurred_at": utc}


def _refuse_address(text: str) -> None:
    if not _is_address(text):
        raise MalformedError(
            "/context/ip: no address, want an IPv4 or IPv6 address", path="/context/ip"
        )


@lru_cache(maxsize=4_096)
def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def _refuse_dangling(event: Event) -> None:
    known = len(event.targets)
    for position, change in enumerate(event.changes):
        if change.target is not None and change.target >= known:
            raise MalformedError(
                f"/changes/{position}/target: {change.target}, want a position in {known} targets",
                path=f"/changes/{position}/target",
            )


def _lower_links(event: Event) -> Event:
    links = tuple(Link(rel=link.rel, id=link.id.lower()) for link in event.links)
    return msgspec.structs.replace(event, links=links)
