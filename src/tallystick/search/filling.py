"""Which buckets of one place are shown, in which order: also those that no event is in."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence

from tallystick.search.aggregations import DateHistogram, Filters, Histogram, Kind, Ranges, Terms
from tallystick.search.counted import Key, too_many
from tallystick.search.levels import Intervals


def shown(
    kind: Kind, found: Collection[Key], intervals: Intervals | None, most: int
) -> Sequence[Key]:
    """Return the keys of the buckets that are shown.

    Args:
        kind: What sorts events into buckets.
        found: The keys that events have; of terms, in their order.
        intervals: Of a histogram over time.
        most: How many buckets there may be.

    Raises:
        TooManyBucketsError: There are more.
    """
    match kind:
        case Terms():
            keys: Sequence[Key] = [*found]
        case Filters():
            keys = range(len(kind.filters) + (kind.other_key is not None))
        case Ranges():
            keys = range(len(kind.ranges))
        case Histogram():
            keys = _numbers(kind, found, most)
        case DateHistogram() if intervals is not None:
            keys = _times(kind, found, intervals, most)
        case _:
            raise AssertionError(kind)
    if len(keys) > most:
        raise too_many("aggregations")
    return keys


def _numbers(kind: Histogram, found: Collection[Key], most: int) -> Sequence[Key]:
    cells = sorted(int(each) for each in found)
    if kind.min_count == 0:
        ends = [*cells[:1], *cells[-1:]]
        if kind.extended_bounds:
            ends += [int(_cell(kind, each)) for each in kind.extended_bounds]
        if ends:
            if max(ends) - min(ends) >= most:
                raise too_many("histogram")
            cells = [*range(min(ends), max(ends) + 1)]
    return cells[::-1] if kind.descending else cells


def _cell(kind: Histogram, number: float) -> float:
    return (number - kind.offset) // kind.interval


def _times(
    kind: DateHistogram, found: Collection[Key], intervals: Intervals, most: int
) -> Sequence[Key]:
    starts = sorted(int(each) for each in found)
    if kind.min_count == 0:
        ends = [*starts[:1], *starts[-1:]]
        if kind.extended_bounds:
            ends += [intervals.grid.floor(at) + kind.offset_us for at in kind.extended_bounds]
        if ends:
            starts = _between(kind, min(ends), max(ends), intervals, most)
    return starts[::-1] if kind.descending else starts


def _between(
    kind: DateHistogram, first: int, last: int, intervals: Intervals, most: int
) -> list[int]:
    offset, edges = kind.offset_us, intervals.edges
    if edges is None:
        if (last - first) // intervals.grid.length >= most:
            raise too_many("date_histogram")
        return [*range(first, last + 1, intervals.grid.length)]
    low, high = bisect_left(edges, first - offset), bisect_right(edges, last - offset)
    return [edge + offset for edge in edges[low:high]]
