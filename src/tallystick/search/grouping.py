"""By what events are put into buckets: each kind of aggregation as SQL of its key."""

import sys
from collections.abc import Callable
from typing import Final, NamedTuple, Protocol

from tallystick.search.aggregations import DateHistogram, Filters, Histogram, Range, Ranges, Terms
from tallystick.search.columns import Bind, Column
from tallystick.search.filters import Between, Exists, Filter, Not, Or, Value
from tallystick.search.grid import Grid
from tallystick.search.values import bound_value, moment_us, numbers, type_of, values

_LARGEST: Final = sys.float_info.max


class Key(NamedTuple):
    """What an event is grouped by.

    Attributes:
        sql: The key, or an array of an event's different keys.
        type: The key's type in the engine.
        many: Whether it is an array.
        when: A condition that an event must fit to have a key; empty for none.
        test: From the SQL of one key to the condition that it is wanted; empty for none.
        order: From the SQL of one key to what it is sorted by.
    """

    sql: str
    type: str
    many: bool = False
    when: str = ""
    test: Callable[[str], str] = lambda _key: ""
    order: Callable[[str], str] = lambda key: key


class Writing(Protocol):
    """How parts of a statement are written."""

    def bind(self, value: object, kind: str) -> str:
        """Bind a value."""
        ...

    def column(self, name: str) -> Column:
        """Find the column of a field."""
        ...

    def fits(self, node: Filter) -> str:
        """Write a filter as a condition."""
        ...


def terms_key(kind: Terms, writing: Writing) -> Key:
    """Group by a field's different values.

    Raises:
        MalformedError: The field has no values that could be counted.
    """
    column = writing.column(kind.field)
    of = type_of(column)

    def test(key: str) -> str:
        chosen = [
            (sign, _chosen(key, asked, of, writing.bind))
            for sign, asked in (("", kind.include), ("NOT ", kind.exclude))
            if asked is not None
        ]
        return " AND ".join(f"{sign}{condition}" for sign, condition in chosen)

    def order(key: str) -> str:
        # Addresses are in the order of their numbers, IPv4 as mapped IPv6.
        return f"(toIPv6OrDefault({key}), {key})" if column.field.kind == "address" else key

    found = values(column, kind.missing, writing.bind)
    if kind.missing is None and column.shape == "text":
        sql = column.sql
        return Key(sql, of, when=f"{sql} != ''", test=test, order=order)
    return Key(found, of, many=True, test=test, order=order)


def date_key(kind: DateHistogram, grid: Grid, edges: list[int] | None, writing: Writing) -> Key:
    """Group by the interval of a time.

    Args:
        kind: What is asked.
        grid: Its intervals.
        edges: Where they begin, all that there are; None if they are of one length.
        writing: Writes the statement.
    """
    column, bind = writing.column(kind.field), writing.bind
    at = f"{moment_us(column)} - {bind(kind.offset_us, 'Int64')}"
    if edges is not None:
        start = f"roundDown({at}, {bind(edges or [0], 'Array(Int64)')})"
    else:
        shift = bind((grid.shift or 0) - grid.phase, "Int64")
        start = f"{at} - positiveModulo({at} + {shift}, {bind(grid.length, 'Int64')})"
    key = f"toInt64({start} + {bind(kind.offset_us, 'Int64')})"
    if kind.hard_bounds is None:
        return Key(key, "Int64")
    low, high = (bind(grid.floor(each), "Int64") for each in kind.hard_bounds)
    return Key(key, "Int64", test=lambda start: f"{start} >= {low} AND {start} < {high}")


def number_key(kind: Histogram, writing: Writing) -> Key:
    """Group by the interval of a number, which is counted from 0 at the offset."""
    bind = writing.bind
    found = numbers(writing.column(kind.field), kind.missing, bind)
    offset, interval = bind(float(kind.offset), "Float64"), bind(float(kind.interval), "Float64")
    # Adding 0 makes -0.0 and 0.0 one key.
    key = f"arrayDistinct(arrayMap(v -> floor((v - {offset}) / {interval}) + 0.0, {found}))"
    if kind.hard_bounds is None:
        return Key(key, "Float64", many=True)
    low, high = (bind(float(each), "Float64") for each in kind.hard_bounds)

    def test(cell: str) -> str:
        return f"{cell} * {interval} >= {low} AND {cell} * {interval} <= {high}"

    return Key(key, "Float64", many=True, test=test)


def filters_key(kind: Filters | Ranges, writing: Writing) -> Key:
    """Group by the place of each filter, or range, that an event fits."""
    if isinstance(kind, Ranges):
        column = writing.column(kind.field)
        nodes = [_within(kind, each, column) for each in kind.ranges]
        other = False
    else:
        nodes = [named.filter for named in kind.filters]
        other = kind.other_key is not None
    fits = ", ".join(f"toBool({writing.fits(node)})" for node in nodes)
    places = f"arrayFilter((place, fits) -> fits, range({len(nodes)}), [{fits}])"
    key = f"arrayMap(place -> toUInt16(place), {places})"
    if other:
        key = f"if(empty({key}), [toUInt16({len(nodes)})], {key})"
    return Key(key, "UInt16", many=True)


def _within(kind: Ranges, asked: Range, column: Column) -> Filter:
    low, high = asked.low, asked.high
    if low is None and high is None and column.shape == "any":
        low, high = -_LARGEST, None  # a number, not any value
    node: Filter = Between(kind.field, low, high)
    if kind.missing is None or column.shape == "moment":
        return node
    if not _lies(kind.missing, asked):
        return node
    absent = Between(kind.field, -_LARGEST) if column.shape == "any" else Exists(kind.field)
    return Or((node, Not(absent)))


def _lies(value: Value, asked: Range) -> bool:
    above = asked.low is None or value >= asked.low  # type: ignore[operator]
    return above and (asked.high is None or value < asked.high)  # type: ignore[operator]


def _chosen(key: str, asked: str | tuple[Value, ...], of: str, bind: Bind) -> str:
    if isinstance(asked, str):
        regexp = rf"\A(?s:{asked})\z"
        return f"match({key}, {bind(regexp, 'String')})"
    bound = ", ".join(bound_value(each, of, bind) for each in asked)
    return f"has([{bound}], {key})" if asked else "0"
