"""Intervals of the calendar: which, and where they begin."""

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Final

from tallystick.errors import MalformedError
from tallystick.search.date_math import read_span

MAX_BUCKETS: Final = 2_000
AUTO_BUCKETS: Final = 100
UNITS: Final[Mapping[str, str]] = {
    "second": "s",
    "minute": "m",
    "hour": "h",
    "day": "d",
    "week": "w",
    "month": "M",
    "year": "y",
}
"""Lengths of intervals, each with its letter in date math."""


def finest(start: datetime, end: datetime) -> str:
    """Choose the finest interval that makes no more than a hundred buckets."""
    lengths = {"second": 1, "minute": 60, "hour": 3_600, "day": 86_400, "week": 604_800}
    for unit, seconds in {**lengths, "month": 2_592_000}.items():
        if (end - start).total_seconds() / seconds <= AUTO_BUCKETS:
            return unit
    return "year"


def edges_of(start: datetime, end: datetime, unit: str, zone: tzinfo) -> list[datetime]:
    """Return where intervals begin, from the one of ``start`` to behind the one of ``end``.

    Raises:
        MalformedError: There are too many, or none.
    """
    if start >= end:
        raise MalformedError("until: not after since, want a later time", path="/until")
    edges: list[datetime] = []
    at = start
    while at < end:
        span = read_span(f"{at.isoformat()}||/{UNITS[unit]}", now=at, zone=zone)
        edges.append(span.start)
        if len(edges) > MAX_BUCKETS:
            what = f"interval: more than {MAX_BUCKETS:,} in the time range"
            raise MalformedError(f"{what}, want a longer one", path="/interval")
        if span.end <= at:
            break  # the end of the calendar
        at = span.end
    return [*edges, at]
