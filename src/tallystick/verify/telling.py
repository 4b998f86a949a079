"""Telling an event in one line, for people."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

_LAST_SECOND: Final = 253_402_300_799


def event_line(event: Mapping[str, object]) -> str:
    """Say what was done, by whom and when, as far as it stands open."""
    action = event.get("action")
    occurred_at = event.get("occurred_at")
    done = action if isinstance(action, str) else "an action that is withheld"
    when = occurred_at if isinstance(occurred_at, str) else "at a time that is withheld"
    return f"{done} by {_party(event.get('actor'))}, {when}"


def time_line(seconds: int) -> str:
    """Write seconds since 1970 as RFC 3339; a number where the calendar ends."""
    if seconds > _LAST_SECOND:
        return f"{seconds} s after 1970"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _party(party: object) -> str:
    if not isinstance(party, Mapping):
        return "somebody who is withheld"
    kind, identity = party.get("type"), party.get("id")
    name = kind if isinstance(kind, str) else "somebody"
    return f"{name}:{identity}" if isinstance(identity, str) else name
