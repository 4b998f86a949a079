"""One level of an aggregation's tree as one statement.

A level is the buckets of one aggregation within those of all above it. Each has a statement of
its own, for what it reads depends on which buckets above it are shown; metrics are computed by
the statement of the buckets that they stand in.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tallystick.search.aggregations import (
    Aggregation,
    BucketOrder,
    DateHistogram,
    Filters,
    Histogram,
    Ranges,
    Terms,
)
from tallystick.search.columns import Column
from tallystick.search.compile import Compiler, Statement
from tallystick.search.counted import MAX_ANSWERED, Key
from tallystick.search.filters import Filter
from tallystick.search.grid import Grid
from tallystick.search.grouping import Key as GroupKey
from tallystick.search.grouping import date_key, filters_key, number_key, terms_key
from tallystick.search.matching import condition
from tallystick.search.measuring import Measure, measure, metrics_of, sorted_by
from tallystick.search.values import moment_us

Path = tuple[Aggregation, ...]
Place = tuple[Key, ...]
"""The keys of a bucket and of all above it, the outermost first."""


class Intervals(NamedTuple):
    """The intervals of a histogram over time, where they begin; None if of one length."""

    grid: Grid
    edges: list[int] | None


class Levels(Compiler):
    """Compiles the levels of one question's aggregations."""

    def bind(self, value: object, kind: str) -> str:
        """See :class:`~tallystick.search.grouping.Writing`."""
        return self._bind(value, kind)

    def column(self, name: str) -> Column:
        """See :class:`~tallystick.search.grouping.Writing`."""
        return self._column(name)

    def fits(self, node: Filter) -> str:
        """See :class:`~tallystick.search.grouping.Writing`."""
        return condition(node, self._column, self._bind)

    def span(self, name: str) -> Statement:
        """Select how many events there are, the first time of a field and the last one.

        Times are microseconds since 1970.
        """
        self._begin()
        at = moment_us(self._column(name))
        return self._statement(
            f"SELECT count(), min({at}), max({at}) FROM {{table:Identifier}}"  # noqa: S608
            f" WHERE {self._where()}"
        )

    def totals(self, roots: Sequence[Aggregation]) -> Statement:
        """Select the results of all metrics among the roots, one after the other."""
        self._begin()
        measures = self._measures(roots)
        results = ", ".join(result for each in measures for result in each.results)
        return self._statement(f"SELECT {results} FROM ({self._source((), measures)})")  # noqa: S608

    def level(
        self,
        path: Path,
        intervals: Mapping[int, Intervals],
        among: Sequence[Place] | None,
    ) -> Statement:
        """Select the buckets of the last aggregation of a path, with their metrics.

        A row has the keys of the path, the number of events, the number in all buckets of the
        same place above that might be shown, and the results of the metrics.

        Args:
            path: The aggregation, behind all above it.
            intervals: Of each histogram over time in the path, by its place there.
            among: The buckets above that are shown; None if those that there are all are.
        """
        self._begin()
        keys = [self._key(each, intervals.get(place)) for place, each in enumerate(path)]
        measures = self._measures(path[-1].below)
        names = [f"k{place}" for place in range(len(keys))]
        above, last = names[:-1], names[-1]
        results = [
            f"{result} AS r{number}_{place}"
            for number, each in enumerate(measures)
            for place, result in enumerate(each.results)
        ]
        tests = [key.test(name) for key, name in zip(keys, names, strict=True)]
        if among is not None:
            tests.append(self._among(above, keys, among))
        where = " AND ".join(filter(None, tests)) or "1"
        grouped = (
            f"SELECT {', '.join((*names, 'count() AS n', *results))}"  # noqa: S608
            f" FROM ({self._source(keys, measures)}) WHERE {where} GROUP BY {', '.join(names)}"
        )
        kind = path[-1].kind
        least = self._bind(getattr(kind, "min_count", 1), "UInt64")
        most = self._bind(MAX_ANSWERED + 1, "UInt64")
        shown = ", ".join((*names, "n", f"sum(n) OVER ({_partition(above)}) AS total"))
        rest = "".join(f", r{number}_{place}" for number, place in _places(measures))
        ordered, limit = last, ""
        if isinstance(kind, Terms):
            ordered = self._order(kind, keys[-1], last, measures)
            size = self._bind(kind.size, "UInt64")
            limit = f" LIMIT {size} BY {', '.join(above)}" if above else f" LIMIT {size}"
        statement = (
            f"SELECT {shown}{rest} FROM ({grouped}) WHERE n >= {least} ORDER BY {ordered}{limit}"  # noqa: S608
        )
        if not isinstance(kind, Terms) or above:
            statement += f" LIMIT {most}"
        return self._statement(statement)

    def _source(self, keys: Sequence[GroupKey], measures: Sequence[Measure]) -> str:
        """Select from the events their keys and the values that are measured.

        Each array of keys is unfolded by a SELECT of its own: two equal ones in the same SELECT
        would be unfolded together, and not each with each.
        """
        columns = [
            *(f"{key.sql} AS {'a' if key.many else 'k'}{i}" for i, key in enumerate(keys)),
            *(f"{each.of} AS m{number}" for number, each in enumerate(measures)),
        ]
        where = self._where(" AND ".join(key.when for key in keys if key.when))
        sql = f"SELECT {', '.join(columns) or '1'} FROM {{table:Identifier}} WHERE {where}"  # noqa: S608
        names = [f"{'a' if key.many else 'k'}{place}" for place, key in enumerate(keys)]
        values = [f"m{number}" for number in range(len(measures))]
        for place, key in enumerate(keys):
            if key.many:
                names[place] = f"arrayJoin(a{place}) AS k{place}"
                sql = f"SELECT {', '.join((*names, *values))} FROM ({sql})"  # noqa: S608
                names[place] = f"k{place}"
        return sql

    def _measures(self, asked: Sequence[Aggregation]) -> list[Measure]:
        return [
            measure(name, kind, f"m{number}", self._column(kind.field), self._bind)
            for number, (name, kind) in enumerate(metrics_of(asked).items())
        ]

    def _key(self, asked: Aggregation, intervals: Intervals | None) -> GroupKey:
        match asked.kind:
            case Terms():
                return terms_key(asked.kind, self)
            case DateHistogram() if intervals is not None:
                return date_key(asked.kind, intervals.grid, intervals.edges, self)
            case Histogram():
                return number_key(asked.kind, self)
            case Filters() | Ranges():
                return filters_key(asked.kind, self)
        raise AssertionError(asked.kind)

    def _among(self, names: Sequence[str], keys: Sequence[GroupKey], among: Sequence[Place]) -> str:
        bound = [
            self._bind([place[number] for place in among], f"Array({keys[number].type})")
            for number in range(len(names))
        ]
        return f"tuple({', '.join(names)}) IN (arrayZip({', '.join(bound)}))"

    def _order(self, kind: Terms, key: GroupKey, name: str, measures: Sequence[Measure]) -> str:
        results: list[list[str]] = [[] for _ in measures]
        for number, place in _places(measures):
            results[number].append(f"r{number}_{place}")
        orders = [*kind.order]
        if all(order.by != "_key" for order in orders):
            orders.append(BucketOrder("_key", descending=False))
        parts = []
        for order in orders:
            if order.by == "_count":
                by = "n"
            elif order.by == "_key":
                by = key.order(name)
            else:
                # The engine puts what is no number last, in either direction.
                by = sorted_by(measures, results, order.by)
            parts.append(f"{by} {'DESC' if order.descending else 'ASC'}")
        return ", ".join(parts)


def _places(measures: Sequence[Measure]) -> list[tuple[int, int]]:
    return [
        (number, place)
        for number, each in enumerate(measures)
        for place in range(len(each.results))
    ]


def _partition(above: Sequence[str]) -> str:
    return f"PARTITION BY {', '.join(above)}" if above else ""
