"""From JSON to an event and back.

An event that parses obeys every rule of docs/specs/event-v1; nothing behind a door needs to
check its form again.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from ipaddress import ip_address
from typing import Final, cast

import msgspec

from tallystick.errors import MalformedError
from tallystick.events.event import MAX_EVENT, Event, Link
from tallystick.events.moment import as_utc, is_plain_moment, moment_text, parse_moment
from tallystick.events.refusal import refusal
from tallystick.events.wording import is_suspect, refuse_hidden

_ARRAYS: Final = ("targets", "changes", "delegation", "links")
_MOMENT_LENGTH: Final = len("2026-11-24T02:45:00.123456Z")
_TOGETHER: Final = 64
"""Events that are read at once: as many as the processor's nearer caches hold."""

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
    return checked(event)


def read_events(raws: Sequence[object]) -> list[dict[str, object] | MalformedError]:
    """Read many events, each on its own merits.

    Args:
        raws: JSON builtins; see :func:`parse_event`.

    Returns:
        For each what :func:`to_builtins` makes of the parsed event, or why it has none.
    """
    read: list[dict[str, object] | MalformedError] = []
    for start in range(0, len(raws), _TOGETHER):
        some = raws[start : start + _TOGETHER]
        read += _together(some) or [_alone(raw) for raw in some]
    return read


def to_builtins(event: Event) -> dict[str, object]:
    """Write an event as JSON builtins, the inverse of :func:`parse_event`.

    Returns:
        A new object without absent fields; ``occurred_at`` in UTC with six digits.

    Raises:
        MalformedError: ``occurred_at`` has no offset, or lies outside 1970 to 2200.
    """
    return finished(msgspec.to_builtins(event), event)


def finished(members: dict[str, object], event: Event) -> dict[str, object]:
    """Finish what msgspec made of an event: the time in its one spelling, lists for tuples.

    Raises:
        MalformedError: ``occurred_at`` has no offset, or lies outside 1970 to 2200.
    """
    text = members["occurred_at"]
    if not isinstance(text, str) or len(text) != _MOMENT_LENGTH or text[-1] != "Z":
        members["occurred_at"] = moment_text(event.occurred_at)
    for name in _ARRAYS:
        if name in members:
            members[name] = list(cast("tuple[object, ...]", members[name]))
    if event.actor.roles:
        cast("dict[str, object]", members["actor"])["roles"] = list(event.actor.roles)
    return members


def _alone(raw: object) -> dict[str, object] | MalformedError:
    try:
        return to_builtins(parse_event(raw))
    except MalformedError as error:
        return error


def _together(raws: Sequence[object]) -> list[dict[str, object]] | None:
    """Read events that are all plain at once; None if any of them needs a closer look."""
    try:
        text = _ENCODER.encode(raws)
        if len(text) > MAX_EVENT or b"null" in text or is_suspect(text):
            return None
        events = msgspec.convert([_normalised(raw) for raw in raws], list[Event])
        events = [checked(event) for event in events]
    except (MalformedError, TypeError, ValueError, RecursionError):
        return None
    return list(map(finished, msgspec.to_builtins(events), events))


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


def _normalised(raw: object) -> object:
    if not isinstance(raw, dict):
        return raw
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


def checked(event: Event) -> Event:
    """Check what the form alone can't say, and write the ids of links in lower case.

    Raises:
        MalformedError: No address of the Internet, or a change of a target that isn't there.
    """
    if event.context is not None and event.context.ip is not None:
        _refuse_address(event.context.ip)
    if event.changes:
        _refuse_dangling(event)
    return _lower_links(event) if event.links else event


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
