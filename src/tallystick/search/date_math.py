"""Times as people ask for them: ``now-7d/d``, ``2026-11-24``, milliseconds.

What is asked for is a span: ``2026-11-24`` is a whole day, ``now/h`` a whole hour, ``12:30:00`` a
whole second. So each comparison has one meaning: at or after is from the first microsecond of
the span on, after is from its end on, and likewise before.

Source: Elasticsearch's "date math" and its rounding in ranges; the parts that a shorter time
leaves out are filled up there in the same way.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tallystick.errors import MalformedError

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2201, 1, 1, tzinfo=UTC)
"""No event lies before the one or at or after the other; spans are cut there."""

MAX_TEXT: Final = 128
_MICROSECOND: Final = timedelta(microseconds=1)
_MONTHS: Final = 12
_FIXED: Final = {
    "w": timedelta(weeks=1),
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "H": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
}
_EPOCH_UNITS: Final = {"epoch_millis": 1_000, "epoch_second": 1_000_000}

_ISO: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[Tt ](?:(\d\d)(?::(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?)?"
    r"(Z|z|[+-]\d\d(?::?\d\d)?)?)?)?)?",
    re.ASCII,
).fullmatch
_STEP: Final = re.compile(r"([+-])(\d{0,6})([yMwdhHms])|/([yMwdhHms])", re.ASCII)
_OFFSET: Final = re.compile(r"([+-])(\d\d)(?::?([0-5]\d))?", re.ASCII).fullmatch
_MILLISECONDS: Final = re.compile(r"-?\d{5,16}", re.ASCII).fullmatch
_WANT: Final = "want one such as now-7d/d, 2026-11-24 or 2026-11-24T02:45:00Z"


class Span(NamedTuple):
    """From ``start``, inclusive, to ``end``, exclusive; both in UTC."""

    start: datetime
    end: datetime


def read_zone(name: str) -> tzinfo:
    """Read a time zone: a name of the IANA database, or an offset such as ``+02:00``.

    Raises:
        MalformedError: There is no such zone.
    """
    if offset := _OFFSET(name):
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        if minutes == 0:
            return UTC
        if minutes < 24 * 60:
            return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    if name.upper() in {"Z", "UTC", "GMT"}:
        return UTC
    try:
        # A name of another form could be a path; the database's own look like this.
        if re.fullmatch(r"[A-Za-z][A-Za-z0-9_+-]{0,30}(/[A-Za-z0-9_+-]{1,30}){0,2}", name):
            return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    raise MalformedError("time zone: unknown, want one such as Europe/Berlin or +02:00")


def read_span(text: str, *, now: datetime, zone: tzinfo = UTC, relative: bool = False) -> Span:
    """Read a time as a span.

    Args:
        text: ``now``, or an ISO date or time, or milliseconds since 1970; then steps such as
            ``-7d`` or ``/d``, after an ISO time with ``||`` between.
        now: The time at which it was asked; in UTC.
        zone: Of times without an offset, and where days and months begin.
        relative: Whether steps alone are taken, from ``now`` on: ``-7d``.

    Raises:
        MalformedError: It is of another form, or no time of the calendar.
    """
    if len(text) > MAX_TEXT:
        raise MalformedError(f"time: {len(text):,} characters, want at most {MAX_TEXT}")
    anchor, steps = _anchor(text, relative=relative)
    span = _anchor_span(anchor, now, zone)
    if not steps:
        return _cut(span)
    try:
        return _cut(_walk(span.start.astimezone(zone), steps))
    except (OverflowError, ValueError):
        raise MalformedError("time: beyond the calendar, want 1970 to 2200") from None


def read_epoch(number: int, unit: str = "epoch_millis") -> Span:
    """Read milliseconds, or seconds for ``epoch_second``, since 1970-01-01T00:00:00Z."""
    size = _EPOCH_UNITS[unit]
    most = (LATEST - EARLIEST) // _MICROSECOND // size
    start = EARLIEST + timedelta(microseconds=min(max(number, -1), most) * size)
    return _cut(Span(start, start + timedelta(microseconds=size)))


def _anchor(text: str, *, relative: bool) -> tuple[str, str]:
    if text.startswith("now"):
        return "now", text[3:]
    if relative and text[:1] in {"+", "-"} and _STEP.match(text):
        return "now", text
    anchor, _, steps = text.partition("||")
    return anchor, steps


def _anchor_span(anchor: str, now: datetime, zone: tzinfo) -> Span:
    if anchor == "now":
        return Span(now, now + _MICROSECOND)
    if _MILLISECONDS(anchor):
        return read_epoch(int(anchor))
    form = _ISO(anchor)
    if form is None:
        raise MalformedError(f"time: of another form, {_WANT}")
    try:
        return _iso_span(form, zone)
    except (OverflowError, ValueError):
        raise MalformedError("time: no day or hour of the calendar") from None


def _iso_span(form: re.Match[str], zone: tzinfo) -> Span:
    year, month, day, hour, minute, second, fraction, offset = form.groups()
    digits = (fraction or "")[:6]
    start = datetime(
        int(year),
        int(month or 1),
        int(day or 1),
        int(hour or 0),
        int(minute or 0),
        int(second or 0),
        int(f"{digits:0<6}"),
        tzinfo=read_zone(offset.upper()) if offset else zone,
    )
    if fraction:
        end = start + timedelta(microseconds=10 ** (6 - len(digits)))
    else:
        units = zip("yMdhms", (year, month, day, hour, minute, second), strict=True)
        unit = [unit for unit, told in units if told is not None][-1]
        end = _move(start, 1, unit)
    return Span(start.astimezone(UTC), end.astimezone(UTC))


def _walk(moment: datetime, steps: str) -> Span:
    end = None
    position = 0
    while position < len(steps):
        step = _STEP.match(steps, position)
        if step is None or end is not None:
            raise MalformedError(f"time: of another form, {_WANT}")
        position = step.end()
        if step[4]:
            moment = _floor(moment, step[4])
            # A unit that is rounded to is a span of its own when nothing follows it.
            if position == len(steps):
                end = _move(moment, 1, step[4])
        else:
            sign = -1 if step[1] == "-" else 1
            moment = _move(moment, sign * int(step[2] or 1), step[3])
    start = moment.astimezone(UTC)
    return Span(start, end.astimezone(UTC) if end is not None else start + _MICROSECOND)


def _move(moment: datetime, count: int, unit: str) -> datetime:
    if unit in "yM":
        return _by_months(moment, count * (_MONTHS if unit == "y" else 1))
    if unit in "wd":
        return moment + count * _FIXED[unit]  # the same time of another day, by the wall clock
    return (moment.astimezone(UTC) + count * _FIXED[unit]).astimezone(moment.tzinfo)


def _by_months(moment: datetime, count: int) -> datetime:
    year, month = divmod(moment.year * _MONTHS + moment.month - 1 + count, _MONTHS)
    following = datetime(year + month // 11, (month + 1) % _MONTHS + 1, 1)  # noqa: DTZ001
    last = (following - timedelta(days=1)).day
    return moment.replace(year=year, month=month + 1, day=min(moment.day, last))


def _floor(moment: datetime, unit: str) -> datetime:
    floors: dict[str, Callable[[], datetime]] = {
        "y": lambda: moment.replace(month=1, day=1, hour=0, minute=0),
        "M": lambda: moment.replace(day=1, hour=0, minute=0),
        "w": lambda: (moment - timedelta(days=moment.weekday())).replace(hour=0, minute=0),
        "d": lambda: moment.replace(hour=0, minute=0),
        "h": lambda: moment.replace(minute=0),
        "H": lambda: moment.replace(minute=0),
        "m": lambda: moment,
    }
    if unit == "s":
        return moment.replace(microsecond=0)
    return floors[unit]().replace(second=0, microsecond=0)


def _cut(span: Span) -> Span:
    return Span(*(min(max(moment, EARLIEST), LATEST) for moment in span))
