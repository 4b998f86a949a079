"""Points of time as events tell them."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

from tallystick.errors import MalformedError

FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2200

_FORM: Final = re.compile(
    r"(\d{4}-\d\d-\d\d)[Tt]((?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60))(?:\.(\d+))?"
    r"([Zz]|[+-](?:[01]\d|2[0-3]):[0-5]\d)",
    re.ASCII,
).fullmatch
_PLAIN: Final = re.compile(
    r"(?:19[7-9]\d|2[01]\d\d|2200)-\d\d-\d\dT\d\d:\d\d:[0-5]\d(?:\.\d{1,6})?Z", re.ASCII
).fullmatch
_WANT: Final = "want RFC 3339 such as 2026-11-24T02:45:00.123456Z"
_DIGITS: Final = 6
_LENGTH: Final = len("2026-11-24T02:45:00.123456Z")


def is_plain_moment(text: str) -> bool:
    """Whether a time is spelled so plainly that any reader of RFC 3339 reads it alike.

    That is UTC with a Z, at most six digits, no leap second and a year from 1970 to 2200; the
    day and the hour may still be none of the calendar.
    """
    return _PLAIN(text) is not None


def parse_moment(text: str) -> tuple[datetime, int]:
    """Read an RFC 3339 time with an offset.

    Digits beyond the sixth of a fraction are cut off, not rounded: a rounded time could lie
    after the moment at which it was told.

    Returns:
        The time in UTC, and its offset from UTC in minutes.

    Raises:
        MalformedError: Another form, no offset, a leap second, no day of the calendar, or a
            year outside 1970 to 2200.

    Source: RFC 3339 §5.6.
    """
    form = _FORM(text)
    if form is None:
        raise MalformedError(f"time: of another form, {_WANT}")
    day, clock, fraction, zone = form.groups()
    if clock.endswith("60"):
        raise MalformedError("time: leap second 60, want 00 to 59")
    try:
        local = datetime.fromisoformat(
            f"{day}T{clock}.{(fraction or '0')[:_DIGITS]:0<6}{zone.upper()}"
        )
        return as_utc(local)
    except ValueError:
        raise MalformedError(f"time: {day} is no day of the calendar") from None


def as_utc(local: datetime) -> tuple[datetime, int]:
    """Turn a time with an offset to UTC.

    Returns:
        The time in UTC, and its offset from UTC in whole minutes.

    Raises:
        MalformedError: The time has no offset, or its year lies outside 1970 to 2200.
    """
    offset = local.utcoffset()
    if offset is None:
        raise MalformedError(f"time: without an offset from UTC, {_WANT}")
    # Turning the first or last day that Python knows to UTC would leave its calendar.
    if not FIRST_YEAR - 1 <= local.year <= LAST_YEAR + 1:
        raise MalformedError(_year(local.year))
    moment = local.replace(tzinfo=UTC) - offset
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise MalformedError(_year(moment.year))
    return moment, offset // timedelta(minutes=1)


def moment_text(moment: datetime) -> str:
    """Write a time in UTC with six digits and a Z.

    Raises:
        MalformedError: The time has no offset, or its year lies outside 1970 to 2200.
    """
    return as_utc(moment)[0].isoformat(timespec="microseconds")[: _LENGTH - 1] + "Z"


def _year(year: int) -> str:
    return f"time: year {year}, want {FIRST_YEAR} to {LAST_YEAR}"
