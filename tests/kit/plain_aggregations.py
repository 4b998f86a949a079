"""Aggregations answered by hand: what each means, from the query model's words and its docs.

It puts one event (see ``kit.searched``) after the other into buckets, and knows no SQL. Where an
interval of time begins is found by looking at the wall clock a second earlier, again and again.
"""

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache
from ipaddress import IPv4Address, ip_address
from math import floor, fsum, inf, isnan, nan
from typing import Any

from kit.plain_search import CHANGED, Plain, fits, spelled
from kit.searched import EPOCH, micros
from tallystick.search.aggregations import (
    Aggregation,
    BucketOrder,
    Cardinality,
    DateHistogram,
    Filters,
    Histogram,
    Metric,
    Range,
    Ranges,
    Terms,
)
from tallystick.search.counted import Buckets, Counted, Distinct, KeyedBucket, Numbers
from tallystick.search.date_math import read_zone

Key = Any
Rows = dict[Key, list[Plain]]

INTEGERS = frozenset({"duration_ms", "version", "index", "targets_total"})
SPELLED_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?").fullmatch
LONGEST_S = 400 * 86_400


def counted(events: Sequence[Plain], asked: Iterable[Aggregation]) -> tuple[Counted, ...]:
    """Answer aggregations over the events that fit."""
    return tuple(answer(events, each) for each in asked)


def answer(events: Sequence[Plain], asked: Aggregation) -> Counted:
    """Answer one aggregation."""
    match asked.kind:
        case Cardinality() as kind:
            return Distinct(len({key for event in events for key in keys_of(event, kind)}))
        case Metric() as kind:
            return measured(events, kind)
        case Terms() as kind:
            return commonest(events, kind, asked.below)
        case DateHistogram() | Histogram() as kind:
            return over_intervals(events, kind, asked.below)
        case Filters() as kind:
            rows = [
                (each.key, [e for e in events if fits(e, each.filter)]) for each in kind.filters
            ]
            if kind.other_key is not None:
                ids = {event.id for _, fit in rows for event in fit}
                rows.append((kind.other_key, [e for e in events if e.id not in ids]))
        case Ranges() as kind:
            rows = [(each.key, [e for e in events if lies(e, each, kind)]) for each in kind.ranges]
    return Buckets(tuple(KeyedBucket(k, len(es), counted(es, asked.below)) for k, es in rows))


def keys_of(event: Plain, kind: Terms | Cardinality | Metric) -> set[Key]:
    """Return the different values of a field; times as microseconds of whole milliseconds."""
    found = event.of(kind.field)
    if not found and kind.missing is not None:
        found = [kind.missing]
    if kind.field in INTEGERS:
        return {int(value) for value in found}
    return {milli(v) if isinstance(v, datetime) else spelled(v) for v in found}


def numbers_of(event: Plain, field: str, missing: Any) -> list[float]:  # noqa: ANN401 (a value)
    """Return all numbers of a field; those of changes also where they are spelled."""
    found = []
    for value in event.of(field):
        if isinstance(value, datetime):
            found.append(float(milli(value)))
        elif not isinstance(value, bool) and is_number(field, value):
            found.append(float(value))
    return found or ([] if missing is None else [float(missing)])


def is_number(field: str, value: Any) -> bool:  # noqa: ANN401 (a value)
    """Whether a value counts as a number: of changes, texts and numbers are kept alike."""
    text = field in CHANGED and isinstance(value, str)
    return isinstance(value, int | float) or (text and SPELLED_NUMBER(value) is not None)


def milli(moment: datetime) -> int:
    """Return microseconds since 1970, of whole milliseconds."""
    return micros(moment) // 1_000 * 1_000


def measured(events: Sequence[Plain], kind: Metric) -> Numbers:
    """Measure the numbers of a field."""
    if kind.function == "value_count":
        return Numbers(sum(len(keys_of(event, kind)) for event in events))
    numbers = sorted(n for event in events for n in numbers_of(event, kind.field, kind.missing))
    if kind.function == "percentiles":
        found = tuple(percentile(numbers, percent) for percent in kind.percents)
        return Numbers(len(numbers), percentiles=found)
    if not numbers:
        return Numbers(0)
    return Numbers(len(numbers), numbers[0], numbers[-1], fsum(numbers))


def percentile(numbers: Sequence[float], percent: float) -> float | None:
    """Return the value at a place between the first number and the last one."""
    if not numbers:
        return None
    place = (len(numbers) - 1) * percent / 100
    low = floor(place)
    high = min(low + 1, len(numbers) - 1)
    return numbers[low] + (numbers[high] - numbers[low]) * (place - low)


def commonest(events: Sequence[Plain], kind: Terms, below: Sequence[Aggregation]) -> Buckets:
    """Answer ``Terms``."""
    rows: Rows = defaultdict(list)
    for event in events:
        for key in keys_of(event, kind):
            if is_chosen(key, kind):
                rows[key].append(event)
    fit = [
        KeyedBucket(key, len(each), counted(each, below))
        for key, each in rows.items()
        if len(each) >= kind.min_count
    ]
    fit.sort(key=lambda bucket: rank(bucket.key, kind.field))
    for order in reversed(kind.order):  # a stable sort, by the least important first
        keyed = [(worth(bucket, order, kind.field, below), bucket) for bucket in fit]
        numbers = [each for each in keyed if not is_nan(each[0])]
        numbers.sort(key=lambda each: each[0], reverse=order.descending)
        fit = [bucket for _, bucket in (*numbers, *(each for each in keyed if is_nan(each[0])))]
    return Buckets(tuple(fit[: kind.size]), sum(bucket.events for bucket in fit[kind.size :]))


def is_chosen(key: Key, kind: Terms) -> bool:
    """Whether a value is to be counted."""

    def among(asked: Any) -> bool:  # noqa: ANN401 (a regular expression or values)
        if isinstance(asked, str):
            return re.fullmatch(asked, key, re.DOTALL) is not None
        return key in asked

    wanted = kind.include is None or among(kind.include)
    return wanted and (kind.exclude is None or not among(kind.exclude))


def rank(key: Key, field: str) -> Key:
    """Return what buckets are sorted by: bytes, numbers, or addresses as IPv6."""
    if field == "context.ip":
        address = ip_address(key)
        return int(address) + (0xFFFF << 32 if isinstance(address, IPv4Address) else 0)
    return key.encode() if isinstance(key, str) else key


def is_nan(value: Key) -> bool:
    """Whether it is no number."""
    return isinstance(value, float) and isnan(value)


def worth(bucket: KeyedBucket, order: BucketOrder, field: str, below: Sequence[Aggregation]) -> Key:
    """Return what a bucket is sorted by."""
    if order.by == "_count":
        return bucket.events
    if order.by == "_key":
        return rank(bucket.key, field)
    name, _, member = order.by.partition(".")
    ((kind, result),) = [
        (each.kind, result)
        for each, result in zip(below, bucket.below, strict=True)
        if each.name == name
    ]
    if isinstance(result, Distinct):
        return result.values
    assert isinstance(kind, Metric)
    assert isinstance(result, Numbers)
    if kind.function == "percentiles":
        value = result.percentiles[kind.percents.index(float(member))]
        return nan if value is None else value
    return {
        "value_count": result.values,
        "count": result.values,
        "min": inf if result.least is None else result.least,
        "max": -inf if result.greatest is None else result.greatest,
        "avg": nan if result.mean is None else result.mean,
        "sum": result.total,
    }[member if kind.function == "stats" else kind.function]


def lies(event: Plain, asked: Range, kind: Ranges) -> bool:
    """Whether one of the values of a field lies in a range."""

    def edge(value: Any) -> float | None:  # noqa: ANN401 (a value)
        return float(micros(value)) if isinstance(value, datetime) else value

    if kind.field == "occurred_at":
        values = [float(micros(event.of(kind.field)[0]))]
    else:
        values = numbers_of(event, kind.field, kind.missing)
    low, high = edge(asked.low), edge(asked.high)
    return any((low is None or value >= low) and (high is None or value < high) for value in values)


def over_intervals(
    events: Sequence[Plain], kind: DateHistogram | Histogram, below: Sequence[Aggregation]
) -> Buckets:
    """Answer a histogram."""
    rows: Rows = defaultdict(list)
    for event in events:
        for key in set(starts_of(event, kind)):
            rows[key].append(event)
    shown = sorted(key for key, each in rows.items() if len(each) >= kind.min_count)
    if kind.min_count == 0:
        ends = [*shown[:1], *shown[-1:]]
        if kind.extended_bounds:
            ends += [start_at(each, kind) for each in kind.extended_bounds]
        shown = steps(min(ends), max(ends), kind) if ends else []
    shown = shown[::-1] if kind.descending else shown
    cells = [
        KeyedBucket(told(key, kind), len(rows[key]), counted(rows[key], below)) for key in shown
    ]
    return Buckets(tuple(cells))


def told(key: Key, kind: DateHistogram | Histogram) -> Key:
    """Return the key of a bucket: where it begins."""
    return key if isinstance(kind, DateHistogram) else key * kind.interval + kind.offset


def starts_of(event: Plain, kind: DateHistogram | Histogram) -> Iterable[Key]:
    """Return in which buckets an event is."""
    if isinstance(kind, Histogram):
        for number in numbers_of(event, kind.field, kind.missing):
            cell = floor((number - kind.offset) / kind.interval)
            low, high = kind.hard_bounds or (-inf, inf)
            if low <= cell * kind.interval <= high:
                yield cell
        return
    at = micros(event.of(kind.field)[0])
    start = interval_start(at - kind.offset_us, *clock_of(kind)) + kind.offset_us
    if kind.hard_bounds is None:
        yield start
        return
    low, high = (interval_start(each, *clock_of(kind)) for each in kind.hard_bounds)
    if low <= start < high:
        yield start


def start_at(bound: Key, kind: DateHistogram | Histogram) -> Key:
    """Return the bucket of a bound, which the offset does not move but moves along."""
    if isinstance(kind, Histogram):
        return floor((bound - kind.offset) / kind.interval)
    return interval_start(bound, *clock_of(kind)) + kind.offset_us


def steps(first: Key, last: Key, kind: DateHistogram | Histogram) -> list[Key]:
    """Return all buckets between two."""
    if isinstance(kind, Histogram):
        return [*range(first, last + 1)]
    found, at = {first, last}, last - kind.offset_us
    while at > first - kind.offset_us:  # from the end on, a second before each start
        at = interval_start(at, *clock_of(kind))
        found.add(at + kind.offset_us)
        at -= 1_000_000
    return sorted(each for each in found if first <= each <= last)


def clock_of(kind: DateHistogram) -> tuple[str, int, str]:
    """Return what intervals depend on."""
    return kind.calendar or "", kind.fixed_us or 0, kind.time_zone


@cache
def interval_start(at: int, unit: str, fixed_us: int, zone: str) -> int:
    """Return the first second from which on the clock shows the same interval as at a time."""
    clock = read_zone(zone)
    here = label(at, unit, fixed_us, clock)
    whole = at // 1_000_000
    seconds = range(whole - LONGEST_S, whole + 1)
    place = bisect_left(
        seconds,
        1,
        key=lambda second: int(label(second * 1_000_000, unit, fixed_us, clock) == here),
    )
    return seconds[place] * 1_000_000


def label(at: int, unit: str, fixed_us: int, zone: tzinfo) -> tuple[object, object]:
    """Name an interval: what its first time is on the wall clock, and if twice, which of them."""
    local = (EPOCH + timedelta(microseconds=at)).astimezone(zone)
    naive = local.replace(tzinfo=None)
    start = LABELS[unit](naive) if unit else fixed(naive, fixed_us)
    if unit in {"", "hour", "minute"} and is_twice(start, zone):
        return start, local.utcoffset()
    return start, None


def fixed(naive: datetime, length_us: int) -> datetime:
    """Return the last multiple of a length since 1970, by the wall clock."""
    zero = datetime(1970, 1, 1)  # noqa: DTZ001 (the wall clock's)
    length = timedelta(microseconds=length_us)
    return zero + (naive - zero) // length * length


def is_twice(naive: datetime, zone: tzinfo) -> bool:
    """Whether the wall clock shows a time twice."""
    first, second = (naive.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    return first.astimezone(UTC) < second.astimezone(UTC)


LABELS: dict[str, Callable[[datetime], datetime]] = {
    "minute": lambda at: at.replace(second=0, microsecond=0),
    "hour": lambda at: at.replace(minute=0, second=0, microsecond=0),
    "day": lambda at: datetime(at.year, at.month, at.day),  # noqa: DTZ001
    "week": lambda at: datetime(at.year, at.month, at.day) - timedelta(days=at.weekday()),  # noqa: DTZ001
    "month": lambda at: datetime(at.year, at.month, 1),  # noqa: DTZ001
    "quarter": lambda at: datetime(at.year, (at.month - 1) // 3 * 3 + 1, 1),  # noqa: DTZ001
    "year": lambda at: datetime(at.year, 1, 1),  # noqa: DTZ001
}
