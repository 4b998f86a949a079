"""Asks the engine, and makes of its rows what an asker is shown."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from tallystick.errors import MalformedError, NotFoundError
from tallystick.search.aggregate import Aggregating, share
from tallystick.search.columns import Sight
from tallystick.search.compile import TABLE, Compiler, Statement
from tallystick.search.counted import Counted
from tallystick.search.fields import find_field
from tallystick.search.filters import Filter, Value
from tallystick.search.levels import Levels
from tallystick.search.ports import (
    Answer,
    Asking,
    EngineAwayError,
    Limits,
    Question,
    RefusedError,
    Row,
)
from tallystick.search.query import Search
from tallystick.search.shown import JsonEvent, Place, Show

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Found(NamedTuple):
    """What was found.

    Attributes:
        events: Those of this part of the list.
        after: Where the next part begins, for :class:`~tallystick.search.query.Search`; None if
            there is none.
        total: How many events fit altogether, to no more than was asked for; None if not asked.
        masked: Fields of shown events whose values the asker may not see.
        keys: Of each event the values by which it is sorted, and its id; as of ``after``.
    """

    events: list[JsonEvent]
    after: tuple[Value | None, ...] | None
    total: int | None
    masked: list[str]
    keys: list[tuple[Value | None, ...]]


class Bucket(NamedTuple):
    """How many ``events`` occurred from ``start`` on and before ``end``; both in UTC."""

    start: datetime
    end: datetime
    events: int


class Facet(NamedTuple):
    """The commonest values of a field.

    Attributes:
        values: Each with the number of events that have it, the commonest first.
        distinct: How many different values there are.
    """

    field: str
    values: list[tuple[str | int, int]]
    distinct: int


class Searcher:
    """Asks questions about one tenant.

    Args:
        engine: Whom to ask.
        sight: What the asker may see.
        show: Shows what was found.
        table: Name of the events table.
        limits: What each statement may use.
    """

    def __init__(
        self,
        engine: Asking,
        sight: Sight,
        show: Show,
        table: str = TABLE,
        limits: Limits | None = None,
    ) -> None:
        self._engine = engine
        self._sight = sight
        self._show = show
        self._table = table
        self._limits = limits or Limits()

    def find(self, search: Search) -> Found:
        """Find events.

        Raises:
            MalformedError: The question can't be put.
            LimitError: It needs more than its limits.
            EngineAwayError: The engine is not there, or too busy.
        """
        compiler = self._compiler(search)
        rows: Sequence[tuple[Any, ...]] = ()
        if search.limit:
            rows = self._ask(compiler.events()).rows
        total = None
        if search.count is not False:
            total = int(self._ask(compiler.total()).rows[0][0])
        keys = len(search.sort)
        places = [
            Place(int(row[keys + 1]), int(row[keys + 2]), str(row[keys]))
            for row in rows[: search.limit]
        ]
        shown = self._show(places)
        sorted_by = [self._after(search, row) for row in rows[: search.limit]]
        after = sorted_by[-1] if len(rows) > search.limit > 0 else None
        masked = frozenset[str]().union(*(each.masked for each in shown))
        return Found([each.event for each in shown], after, total, sorted(masked), sorted_by)

    def extent(self, search: Search) -> tuple[int, datetime, datetime]:
        """Return how many events fit, and the first and the last time among them."""
        count, first, last = self._ask(self._compiler(search).extent()).rows[0]
        return int(count), _moment(first), _moment(last)

    def histogram(self, search: Search, edges: Sequence[datetime]) -> list[Bucket]:
        """Count the events between edges, of which the last one ends the last bucket."""
        marks = [(edge - _EPOCH) // timedelta(microseconds=1) for edge in edges]
        rows = self._ask(self._compiler(search).histogram(marks)).rows
        counts = {int(edge): int(count) for edge, count in rows}
        return [
            Bucket(start, end, counts.get(mark, 0))
            for mark, start, end in zip(marks, edges, edges[1:], strict=False)
        ]

    def facet(self, search: Search, field: str, size: int) -> Facet:
        """Return the commonest values of a field among the events that fit."""
        compiler = self._compiler(search)
        values = self._ask(compiler.top_values(field, size)).rows
        distinct = self._ask(compiler.distinct(field)).rows
        return Facet(field, [(value, int(count)) for value, count in values], int(distinct[0][0]))

    def aggregate(self, search: Search) -> tuple[Counted, ...]:
        """Answer the aggregations of a question, in their order.

        Raises:
            TooManyBucketsError: The answer would have more than 65,536 buckets.
            MalformedError: A field has no values of the kind that is wanted.
            LimitError: They need more than the limits.
            EngineAwayError: As of :meth:`find`.
        """
        # The engine refuses a time of more digits than it can hold.
        seconds = max(0.001, round(self._limits.seconds * share(search.aggregations), 3))
        limits = replace(self._limits, seconds=seconds)
        levels = Levels(search, self._sight, self._table)

        def ask(statement: Statement) -> Sequence[Row]:
            return self._ask(statement, limits).rows

        return Aggregating(levels, ask).answer(search.aggregations)

    def why_empty(self, search: Search, among: Filter, *, lag_ms: int) -> str:
        """Say why nothing was found.

        Args:
            search: What was asked.
            among: Which events were looked at, whatever was asked of them.
            lag_ms: How far the index is behind.
        """
        everything, first, last = self.extent(Search(filter=among, limit=0))
        if not everything:
            late = f"; it is {lag_ms:,} ms behind" if lag_ms else ""
            return f"the index holds no such event of this tenant{late}"
        if search.since is not None and search.since > last:
            return f"the time range begins after the last event, of {last.isoformat()}"
        if search.until is not None and search.until <= first:
            return f"the time range ends before the first event, of {first.isoformat()}"
        if search.since is not None or search.until is not None:
            elsewhere = self.extent(Search(filter=search.filter, limit=0))[0]
            if elsewhere:
                return f"{elsewhere:,} events fit, all outside of the time range"
        return f"none of the tenant's {everything:,} events fits"

    def _compiler(self, search: Search) -> Compiler:
        return Compiler(search, self._sight, self._table)

    def _ask(self, statement: Statement, limits: Limits | None = None) -> Answer:
        question = Question(statement.sql, statement.parameters, limits or self._limits)
        try:
            return self._engine.ask(question)
        except RefusedError as error:
            raise MalformedError(f"query: not one that can be answered ({error})") from None
        except NotFoundError:
            raise EngineAwayError("search: the index is not made yet, want to wait") from None

    def _after(self, search: Search, row: tuple[Any, ...]) -> tuple[Value | None, ...]:
        return (*map(_key_value, (sort.field for sort in search.sort), row), row[len(search.sort)])


def _key_value(name: str, shown: object) -> Value | None:
    """Read what an event is sorted by, as it is given back to the compiler."""
    if find_field(name).kind == "moment":
        return _moment(shown)
    match shown:
        case [] | None:
            return None
        case [(rank, number, text)]:
            return str(text) if rank else float(str(number))
        case str() | int() | float():
            return shown
        case _:
            return str(shown)


def _moment(shown: Any) -> datetime:  # noqa: ANN401 (the engine's)
    return _EPOCH + int(shown) * timedelta(microseconds=1)
