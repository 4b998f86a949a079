"""What is to be counted and measured over the events that were found."""

import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from msgspec import Struct

from tallystick.errors import MalformedError
from tallystick.search.extent import check_filter
from tallystick.search.filters import Filter, Value

MAX_BUCKETS: Final = 10_000
"""Most buckets that one level of an aggregation asks for."""
MAX_LEVELS: Final = 8
"""Most aggregations within each other."""
MAX_AGGREGATIONS: Final = 128
"""Most aggregations in one question."""

CalendarUnit: TypeAlias = Literal["minute", "hour", "day", "week", "month", "quarter", "year"]
Function: TypeAlias = Literal["min", "max", "avg", "sum", "value_count", "stats", "percentiles"]

_NAME: Final = re.compile(r"[^\[\]>\x00-\x1f]{1,256}").fullmatch


class BucketOrder(Struct, frozen=True):
    """By what buckets are sorted.

    Attributes:
        by: ``_count``, ``_key``, or the name of a metric below, such as ``total`` or
            ``durations.max``.
    """

    by: str = "_count"
    descending: bool = True


class Terms(Struct, frozen=True):
    """One bucket for each value of a field, counted exactly.

    Buckets that the order leaves equal are sorted by key, ascending.

    Attributes:
        missing: The value that stands for events without the field; they are left out if None.
        include: Only values of these; a regular expression (see ``Matching``) if a text.
        exclude: Not values of these.
    """

    field: str
    size: int = 10
    order: tuple[BucketOrder, ...] = (BucketOrder(),)
    min_count: int = 1
    missing: Value | None = None
    include: str | tuple[Value, ...] | None = None
    exclude: str | tuple[Value, ...] | None = None

    def __post_init__(self) -> None:
        _check_between(self.size, 1, MAX_BUCKETS, "/size")


class DateHistogram(Struct, frozen=True):
    """One bucket for each interval of time.

    Attributes:
        calendar: A unit of the calendar in ``time_zone``; exactly one of it and ``fixed_us``.
        fixed_us: A length in microseconds, counted from 1970-01-01T00:00 in ``time_zone``.
        time_zone: A name of the IANA database, or an offset such as ``+02:00``.
        offset_us: By how much each bucket begins later, in microseconds; may be negative.
        min_count: Buckets with fewer events are left out; with 0, gaps are shown.
        extended_bounds: With ``min_count`` 0, buckets are shown from and to at least here;
            microseconds since 1970-01-01T00:00:00Z, both inclusive.
        hard_bounds: Only buckets that begin at or after the interval of the one, and before that of
            the other; in the same form.
        missing: What time stands for events without the field, in microseconds.
    """

    field: str
    calendar: CalendarUnit | None = None
    fixed_us: int | None = None
    time_zone: str = "UTC"
    offset_us: int = 0
    min_count: int = 0
    extended_bounds: tuple[int, int] | None = None
    hard_bounds: tuple[int, int] | None = None
    descending: bool = False
    missing: int | None = None

    def __post_init__(self) -> None:
        if (self.calendar is None) == (self.fixed_us is None):
            raise MalformedError("date histogram: want one interval, of the calendar or fixed")
        if self.fixed_us is not None:
            _check_between(self.fixed_us, 1_000, 10**18, "/fixed_us")


class Histogram(Struct, frozen=True):
    """One bucket for each interval of numbers, from ``offset`` on.

    Attributes:
        hard_bounds: Only buckets that begin from here to here, both inclusive, were there no
            offset.
    """

    field: str
    interval: float
    offset: float = 0.0
    min_count: int = 0
    extended_bounds: tuple[float, float] | None = None
    hard_bounds: tuple[float, float] | None = None
    descending: bool = False
    missing: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.interval < float("inf"):
            raise MalformedError("interval: want a number above 0", path="/interval")


class Range(Struct, frozen=True):
    """From ``low``, inclusive, to ``high``, exclusive; a bound that is None is open."""

    key: str
    low: Value | None = None
    high: Value | None = None


class Ranges(Struct, frozen=True):
    """One bucket for each range of a field's values; they may overlap."""

    field: str
    ranges: tuple[Range, ...]
    missing: Value | None = None

    def __post_init__(self) -> None:
        _check_between(len(self.ranges), 1, 1_024, "/ranges")


class NamedFilter(Struct, frozen=True):
    """A filter with the name of its bucket."""

    key: str
    filter: Filter


class Filters(Struct, frozen=True):
    """One bucket for each filter; they may overlap.

    Attributes:
        other_key: The name of a bucket for events that fit none of them, if wanted.
    """

    filters: tuple[NamedFilter, ...]
    other_key: str | None = None

    def __post_init__(self) -> None:
        _check_between(len(self.filters), 1, 1_024, "/filters")
        for named in self.filters:
            check_filter(named.filter)


class Cardinality(Struct, frozen=True):
    """How many different values a field has, counted exactly."""

    field: str
    missing: Value | None = None


class Metric(Struct, frozen=True):
    """A function of the values of a field.

    Attributes:
        percents: For ``percentiles``, each from 0 to 100.
        missing: The value that stands for events without the field.
    """

    function: Function
    field: str
    percents: tuple[float, ...] = ()
    missing: Value | None = None

    def __post_init__(self) -> None:
        if (self.function == "percentiles") != bool(self.percents):
            raise MalformedError("percents: want them for percentiles alone", path="/percents")
        _check_between(len(self.percents), 0, 100, "/percents")
        for position, percent in enumerate(self.percents):
            if not 0 <= percent <= 100:  # noqa: PLR2004 (a percentage)
                path = f"/percents/{position}"
                raise MalformedError("percent: want from 0 to 100", path=path)


Kind: TypeAlias = Terms | DateHistogram | Histogram | Ranges | Filters | Cardinality | Metric


class Aggregation(Struct, frozen=True):
    """An aggregation under the name that the asker gave it, and what is asked of each bucket.

    Attributes:
        meta: Given back as it is.
    """

    name: str
    kind: Kind
    below: "tuple[Aggregation, ...]" = ()
    meta: Mapping[str, object] | None = None

    def __post_init__(self) -> None:
        if not _NAME(self.name):
            raise MalformedError("name: want 1 to 256 characters without [, ] and >", path="/name")
        if self.below and isinstance(self.kind, Cardinality | Metric):
            raise MalformedError(f"{self.name}: a metric has no buckets, want nothing below it")


def check_aggregations(roots: tuple[Aggregation, ...]) -> None:
    """Check how many aggregations there are, and how deep.

    Raises:
        MalformedError: More than 128 in all, or more than 8 within each other.
    """
    waiting = [(1, root) for root in roots]
    count = 0
    while waiting:
        depth, aggregation = waiting.pop()
        count += 1
        if depth > MAX_LEVELS:
            raise MalformedError(f"aggregations: deeper than {MAX_LEVELS}, want at most that")
        if count > MAX_AGGREGATIONS:
            raise MalformedError(f"aggregations: more than {MAX_AGGREGATIONS}, want at most that")
        waiting.extend((depth + 1, below) for below in aggregation.below)


def _check_between(number: int, least: int, most: int, path: str) -> None:
    if not least <= number <= most:
        want = f"want {least:,} to {most:,}"
        raise MalformedError(f"{path[1:]}: {number:,}, {want}", path=path)
