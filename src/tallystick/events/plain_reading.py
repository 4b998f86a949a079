"""Events that are spelled plainly, read from their bytes at once.

What this reads, it reads as :func:`tallystick.events.canonical.decode` and
:func:`tallystick.events.parsing.read_events` do one after the other, in two thirds of the time.
Whatever could make a difference (an escape, a member twice, a time with an offset, a mistake) is
left to them: they say what is wrong, and where.
"""

import re
from collections.abc import Sequence
from typing import Final

import msgspec

from tallystick.errors import MalformedError
from tallystick.events.canonical import MAX_DEPTH, may_be_deeper
from tallystick.events.event import MAX_EVENT, Event
from tallystick.events.parsing import checked, finished
from tallystick.events.wording import is_suspect

_TOGETHER: Final = 64
"""Events whose JSON is looked at once: as many as the processor's nearer caches hold."""

_ONE: Final = msgspec.json.Decoder(Event)
_MANY: Final = msgspec.json.Decoder(list[Event])
_write: Final = msgspec.json.Encoder().encode

_MOMENT: Final = b'"occurred_at"'
_PLAIN_MOMENT: Final = re.compile(
    rb'"occurred_at" ?: ?"(?:19[7-9]\d|2[01]\d\d|2200)-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d{1,6})?Z"'
).findall


def read_plainly(
    data: bytes, *, as_lines: bool, max_depth: int = MAX_DEPTH
) -> list[dict[str, object]] | None:
    """Read events if all of them are spelled plainly.

    Args:
        data: One event or an array of events in JSON, or one event a line.
        as_lines: Whether it is one a line.
        max_depth: How many arrays and objects may stand inside each other in one event.

    Returns:
        Their normalised builtins in order, never an empty list; None if anything in them needs a
        closer look.
    """
    # One byte alone is found several times faster than two.
    if (b"\\" in data and b"\\u" in data) or may_be_deeper(data, max_depth + (not as_lines)):
        return None
    try:
        events = _decoded(data, as_lines=as_lines)
        if not (events and _moments_are_plain(data, len(events))):
            return None
        members, colons = [], 0
        for start in range(0, len(events), _TOGETHER):
            some = [checked(event) for event in events[start : start + _TOGETHER]]
            if any(event.id and event.id != event.id.lower() for event in some):
                return None
            built = list(map(finished, msgspec.to_builtins(some), some))
            text = _write(built)
            if len(text) > MAX_EVENT or is_suspect(text):
                return None
            colons += text.count(b":")
            members += built
    except (MalformedError, ValueError, RecursionError):
        return None
    # A member that stood there twice, or told what is so anyway, is not written again.
    return members if colons == data.count(b":") else None


def _decoded(data: bytes, *, as_lines: bool) -> Sequence[Event]:
    if not as_lines:
        return _MANY.decode(data) if data[:1] == b"[" else [_ONE.decode(data)]
    events = _ONE.decode_lines(data)
    # The reader takes white space for the end of a line; here each line must hold one event.
    ends = data.removesuffix(b"\n").count(b"\n")
    return events if len(events) - 1 == ends == data.count(b"}\n{") else []


def _moments_are_plain(data: bytes, events: int) -> bool:
    # As many mentions as events, and no escapes: so each is an event's own, not one in metadata.
    return data.count(_MOMENT) == events == len(_PLAIN_MOMENT(data))
