"""Answers aggregations: asks for one level after the other, and puts them together."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tallystick.search.aggregations import (
    Aggregation,
    DateHistogram,
    Filters,
    Histogram,
    Ranges,
    Terms,
)
from tallystick.search.compile import Statement
from tallystick.search.counted import (
    MAX_ANSWERED,
    Buckets,
    Counted,
    Key,
    KeyedBucket,
    too_many,
)
from tallystick.search.filling import shown
from tallystick.search.grid import Grid
from tallystick.search.levels import Intervals, Levels, Path, Place
from tallystick.search.measuring import MetricKind, measured, metrics_of, width
from tallystick.search.ports import Row

Ask = Callable[[Statement], Sequence[Row]]
Found = Mapping[Place, Mapping[Key, Row]]
"""The rows of a level, by the place of the buckets above and the bucket's key."""

_TOGETHER: Final = 6
"""Most statements of one question that may each take as long as a statement may."""


def share(roots: Sequence[Aggregation]) -> float:
    """Return which part of the time of one statement each one of a tree may take.

    So that all of them together take no more than six times as long as one may.
    """
    waiting, statements = [*roots], 1
    while waiting:
        asked = waiting.pop()
        waiting.extend(asked.below)
        statements += not metrics_of([asked])
    return min(1.0, _TOGETHER / statements)


class Aggregating:
    """Answers the aggregations of one question.

    Args:
        levels: Compiles it.
        ask: Asks the engine.
    """

    def __init__(self, levels: Levels, ask: Ask) -> None:
        self._levels = levels
        self._ask = ask
        self._left = MAX_ANSWERED
        self._spans: dict[str, Row] = {}

    def answer(self, roots: Sequence[Aggregation]) -> tuple[Counted, ...]:
        """Answer all, in their order.

        Raises:
            TooManyBucketsError: The answer would have more than 65,536 buckets.
        """
        found: dict[str, Counted] = {}
        metrics = metrics_of(roots)
        if metrics:
            (row,) = self._ask(self._levels.totals(roots))
            found |= _measured(metrics, row)
        for each in roots:
            if each.name not in metrics:
                found[each.name] = self._buckets((each,), {}, [()], cut=False)[()]
        return tuple(found[each.name] for each in roots)

    def _buckets(
        self, path: Path, above: Mapping[int, Intervals], places: Sequence[Place], *, cut: bool
    ) -> dict[Place, Buckets]:
        """Answer an aggregation in each bucket above it.

        Args:
            path: The aggregation, behind all above it.
            above: The intervals of the histograms over time above, by their place in the path.
            places: The buckets above.
            cut: Whether some of those that there are above are not among ``places``.
        """
        asked = path[-1]
        intervals = {**above, **self._intervals(path)}
        rows = self._ask(self._levels.level(path, intervals, places if cut else None))
        if len(rows) > MAX_ANSWERED:
            raise too_many("aggregations")
        found: defaultdict[Place, dict[Key, Row]] = defaultdict(dict)
        depth = len(path)
        for row in rows:
            found[tuple(row[: depth - 1])][row[depth - 1]] = row[depth:]
        keys: dict[Place, Sequence[Key]] = {}
        for place in places:
            keys[place] = shown(
                asked.kind, found[place].keys(), intervals.get(depth - 1), self._left
            )
            self._left -= len(keys[place])
        cut = cut or any(_is_cut(asked, each.values()) for each in found.values())
        inner = [(*place, key) for place in places for key in keys[place]]
        metrics = metrics_of(asked.below)
        deeper = {
            each.name: self._buckets((*path, each), intervals, inner, cut=cut)
            for each in asked.below
            if each.name not in metrics and inner
        }

        def bucket(place: Place, key: Key) -> KeyedBucket:
            row = found[place].get(key)
            below = _measured(metrics, row and row[2:])
            below |= {name: each[*place, key] for name, each in deeper.items()}
            answers = tuple(below[each.name] for each in asked.below)
            return KeyedBucket(_told(asked, key), row[0] if row else 0, answers)

        return {
            place: Buckets(
                tuple(bucket(place, key) for key in keys[place]),
                _others(asked, found[place].values()),
            )
            for place in places
        }

    def _intervals(self, path: Path) -> dict[int, Intervals]:
        kind = path[-1].kind
        if not isinstance(kind, DateHistogram):
            return {}
        grid = Grid(kind)
        edges = None if grid.shift is not None else self._edges(kind, grid)
        return {len(path) - 1: Intervals(grid, edges)}

    def _edges(self, kind: DateHistogram, grid: Grid) -> list[int]:
        """Find where intervals begin, from the first event to the last one."""
        if kind.field not in self._spans:
            (self._spans[kind.field],) = self._ask(self._levels.span(kind.field))
        count, *ends = self._spans[kind.field]
        ends = [int(each) - kind.offset_us for each in ends] if count else []
        if kind.hard_bounds and ends:
            # One interval more on either side takes the events outside, and is left out then.
            low, high = (grid.floor(each) - kind.offset_us for each in kind.hard_bounds)
            ends = [max(ends[0], low - 1), min(ends[1], high + 2 * grid.length)]
        if kind.extended_bounds and kind.min_count == 0:
            ends += kind.extended_bounds
        return grid.edges(min(ends), max(ends)) if ends else []


def _measured(
    metrics: Mapping[str, MetricKind], results: Sequence[Any] | None
) -> dict[str, Counted]:
    """Read the results of metrics, which stand one behind the other."""
    found: dict[str, Counted] = {}
    for name, kind in metrics.items():
        size = width(kind)
        found[name] = measured(kind, results and results[:size])
        results = results and results[size:]
    return found


def _is_cut(asked: Aggregation, rows: Any) -> bool:  # noqa: ANN401
    """Whether there are buckets that are not shown."""
    if getattr(asked.kind, "min_count", 1) > 1:
        return True
    return isinstance(asked.kind, Terms) and _others(asked, rows) > 0


def _others(asked: Aggregation, rows: Any) -> int:  # noqa: ANN401
    counts = [(int(row[0]), int(row[1])) for row in rows]
    if not counts or not isinstance(asked.kind, Terms):
        return 0
    return counts[0][1] - sum(count for count, _ in counts)


def _told(asked: Aggregation, key: Key) -> Key:
    """Return the key of a bucket as it is told."""
    match asked.kind:
        case Histogram():
            return key * asked.kind.interval + asked.kind.offset  # type: ignore[operator]
        case Filters():
            named = asked.kind.filters
            place = int(key)
            return named[place].key if place < len(named) else str(asked.kind.other_key)
        case Ranges():
            return asked.kind.ranges[int(key)].key
        case _:
            return key
