"""What an event is: its form."""

from datetime import datetime
from typing import Annotated, Any, Final, Literal, TypeAlias

from msgspec import UNSET, Meta, Struct

from tallystick.events.identity import (
    UUID_PATTERN,
    external_event_id,
    id_bytes,
    id_text,
    uuid7,
)

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
    "uuid7",
]

EVENT_VERSION: Final = 1

MAX_EVENT: Final = 1_048_576
"""Largest event, in bytes of its JSON without white space."""

ACTION_PATTERN: Final = r"\A[a-z0-9_]+(\.[a-z0-9_]+)+\Z"


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
        occurred_at: With an offset; :func:`~tallystick.events.parsing.parse_event` gives it in UTC.
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
