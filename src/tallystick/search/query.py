"""The query model: one question, whichever language it was asked in.

Nothing here knows of a tenant: the compiler adds that condition last, where no input reaches it.
"""

from datetime import UTC, datetime
from typing import Final

from msgspec import Struct

from tallystick.errors import MalformedError
from tallystick.search.aggregations import (
    MAX_BUCKETS,
    Aggregation,
    BucketOrder,
    Cardinality,
    DateHistogram,
    Filters,
    Histogram,
    Metric,
    NamedFilter,
    Range,
    Ranges,
    Terms,
    check_aggregations,
)
from tallystick.search.extent import MAX_CLAUSES, MAX_DEPTH, check_filter, each_filter, parts_of
from tallystick.search.filters import (
    MAX_PATTERN,
    And,
    AtLeast,
    Between,
    Equals,
    Everything,
    Exists,
    Filter,
    Ids,
    Matching,
    Not,
    Nothing,
    OneOf,
    Or,
    Phrase,
    Prefix,
    Value,
    Wildcard,
    Within,
    Words,
)

__all__ = [
    "MAX_BUCKETS",
    "MAX_CLAUSES",
    "MAX_DEPTH",
    "MAX_LIMIT",
    "MAX_PATTERN",
    "MAX_SKIP",
    "Aggregation",
    "And",
    "AtLeast",
    "Between",
    "BucketOrder",
    "Cardinality",
    "DateHistogram",
    "Equals",
    "Everything",
    "Exists",
    "Filter",
    "Filters",
    "Histogram",
    "Ids",
    "Matching",
    "Metric",
    "NamedFilter",
    "Not",
    "Nothing",
    "OneOf",
    "Or",
    "Phrase",
    "Prefix",
    "Range",
    "Ranges",
    "Search",
    "Sort",
    "Terms",
    "Value",
    "Wildcard",
    "Within",
    "Words",
    "check_aggregations",
    "check_filter",
    "each_filter",
    "parts_of",
]

MAX_LIMIT: Final = 10_000
"""Most events in one answer."""
MAX_SKIP: Final = 10_000
"""Most events that are skipped and shown together; beyond it, a cursor must be used."""
MAX_SORTS: Final = 8


class Sort(Struct, frozen=True):
    """By which field events are sorted.

    Of a field with many values the least counts, or descending the greatest.

    Attributes:
        missing_first: Whether events without the field come first, in either direction.
        milliseconds: Of times, whether those of one millisecond are equal: clients that know a
            time by its milliseconds then lose no event between two pages.
    """

    field: str
    descending: bool = False
    missing_first: bool = False
    milliseconds: bool = False


NEWEST_FIRST: Final = (Sort("occurred_at", descending=True),)


class Search(Struct, frozen=True, kw_only=True):
    """One question.

    Attributes:
        since: Only events that occurred at this time or later; in UTC.
        until: Only events that occurred before this time; in UTC.
        sort: The compiler adds the event's id, in the direction of the last sort, so that the
            order is total.
        limit: How many events are wanted; 0 for none.
        after: Values of ``sort`` and of the id in the last event that was shown; only events
            behind it are wanted. None stands for an absent value. It may be shorter than
            ``sort``: then only events that differ in the values given are behind it.
        skip: How many events are left out at the beginning.
        count: Whether to count all events that fit, exactly; a number to count no further
            than that.
    """

    filter: Filter = Everything()
    since: datetime | None = None
    until: datetime | None = None
    sort: tuple[Sort, ...] = NEWEST_FIRST
    limit: int = 50
    after: tuple[Value | None, ...] = ()
    skip: int = 0
    count: bool | int = True
    aggregations: tuple[Aggregation, ...] = ()

    def __post_init__(self) -> None:
        check_filter(self.filter)
        check_aggregations(self.aggregations)
        self._check_window()
        for moment, path in ((self.since, "/since"), (self.until, "/until")):
            if moment is not None and moment.tzinfo is not UTC:
                raise MalformedError("time: in another zone, want UTC", path=path)
        if not 1 <= len(self.sort) <= MAX_SORTS:
            what = f"sort: {len(self.sort)} fields"
            raise MalformedError(f"{what}, want 1 to {MAX_SORTS}", path="/sort")
        if len(self.after) > len(self.sort) + 1:
            raise MalformedError(
                f"after: {len(self.after)} values, want at most {len(self.sort) + 1}",
                path="/after",
            )

    def _check_window(self) -> None:
        if not 0 <= self.limit <= MAX_LIMIT:
            what = f"limit: {self.limit:,}"
            raise MalformedError(f"{what}, want 0 to {MAX_LIMIT:,}", path="/limit")
        if self.skip < 0 or self.skip + self.limit > MAX_SKIP:
            what = f"skip and limit: {self.skip + self.limit:,}"
            raise MalformedError(f"{what}, want 0 to {MAX_SKIP:,}", path="/skip")
        if self.skip and self.after:
            raise MalformedError("skip: beside a cursor, want one of them", path="/skip")
