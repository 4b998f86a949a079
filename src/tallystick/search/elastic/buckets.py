"""Aggregations that sort events into buckets."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from tallystick.search import aggregations as ours
from tallystick.search.date_math import EARLIEST
from tallystick.search.elastic.leaves import time_format
from tallystick.search.elastic.members import Members
from tallystick.search.elastic.metrics import missing_of
from tallystick.search.elastic.refusal import ElasticError, refusing
from tallystick.search.elastic.shape import Shape, field_of
from tallystick.search.elastic.target import zoned
from tallystick.search.elastic.times import spell_time
from tallystick.search.fields import Field
from tallystick.search.filters import Filter, Value
from tallystick.search.patterns import read_regexp
from tallystick.search.terms import When, read_value

_MICROSECOND: Final = timedelta(microseconds=1)
_UNITS: Final = {"ms": 1_000, "s": 10**6, "m": 60 * 10**6, "h": 3_600 * 10**6, "d": 86_400 * 10**6}
_LENGTH: Final = re.compile(r"([+-]?)(\d{1,9})(ms|s|m|h|d)", re.ASCII).fullmatch
_CALENDAR: Final[dict[str, ours.CalendarUnit]] = {
    "1m": "minute",
    "1h": "hour",
    "1d": "day",
    "1w": "week",
    "1M": "month",
    "1q": "quarter",
    "1y": "year",
    "minute": "minute",
    "hour": "hour",
    "day": "day",
    "week": "week",
    "month": "month",
    "quarter": "quarter",
    "year": "year",
}


def terms(members: Members, when: When) -> tuple[ours.Terms, Shape]:
    """Read ``terms``; counts are exact, so that hints for shards change nothing."""
    field = field_of(members)
    size = members.whole("size", 10)
    least = members.whole("min_doc_count", 1)
    if least < 1:
        raise members.refused("min_doc_count", "1 or more")
    members.pass_over("shard_size", "shard_min_doc_count", "collect_mode", "execution_hint")
    members.flag("show_term_doc_count_error")
    order = _orders(members) or (ours.BucketOrder(),)
    chosen = [_chosen(members, name, field, when) for name in ("include", "exclude")]
    missing = missing_of(members, field, when)
    shape = Shape(format=time_format(members))
    with refusing(members.path, "illegal_argument_exception"):
        return ours.Terms(field.name, size, order, least, missing, *chosen), shape


def date_histogram(members: Members, when: When) -> tuple[ours.DateHistogram, Shape]:
    """Read ``date_histogram``."""
    field = field_of(members, "moment")
    zone = members.text("time_zone", "UTC")
    calendar, fixed = _interval(members)
    offset = members.text("offset")
    shape = Shape(members.flag("keyed"), time_format(members))
    least = members.whole("min_doc_count")
    zoned_when = zoned(when, Members(members.name, {"time_zone": zone}, members.path))
    extended = _times(members, "extended_bounds", zoned_when)
    hard = _times(members, "hard_bounds", zoned_when)
    missing = missing_of(members, field, zoned_when)
    with refusing(members.path, "illegal_argument_exception"):
        found = ours.DateHistogram(
            field.name,
            calendar,
            fixed,
            "UTC" if zoned_when.zone is UTC else zone,
            _length(offset, members, "offset") if offset else 0,
            least,
            extended,
            hard,
            _is_descending(members),
            _microseconds(missing) if isinstance(missing, datetime) else None,
        )
    return found, shape


def histogram(members: Members, when: When) -> tuple[ours.Histogram, Shape]:
    """Read ``histogram``."""
    field = field_of(members, "integer", "any")
    missing = missing_of(members, field, when)
    with refusing(members.path, "illegal_argument_exception"):
        found = ours.Histogram(
            field.name,
            members.number("interval"),
            members.number("offset"),
            members.whole("min_doc_count"),
            _numbers(members, "extended_bounds"),
            _numbers(members, "hard_bounds"),
            _is_descending(members),
            float(missing) if isinstance(missing, int | float) else None,
        )
    return found, Shape(members.flag("keyed"))


def ranges(members: Members, when: When) -> tuple[ours.Ranges, Shape]:
    """Read ``range``."""
    field = field_of(members, "integer", "any")
    found = []
    for each in _each_range(members):
        low, high = each.number_or_none("from"), each.number_or_none("to")
        ends = ("*" if end is None else str(float(end)) for end in (low, high))
        found.append(ours.Range(each.text("key") or "-".join(ends), low, high))
        each.done()
    missing = missing_of(members, field, when)
    shape = Shape(members.flag("keyed"))
    with refusing(members.at("ranges"), "illegal_argument_exception"):
        return ours.Ranges(field.name, tuple(found), missing), shape


def date_ranges(members: Members, when: When) -> tuple[ours.Ranges, Shape]:
    """Read ``date_range``; both of its ends are the beginning of what is named."""
    field = field_of(members, "moment")
    zone = members.text("time_zone", "UTC")
    local = zoned(when, Members(members.name, {"time_zone": zone}, members.path))
    shape = Shape(members.flag("keyed"), time_format(members), zone)
    found = []
    for each in _each_range(members):
        low, high = _beginning(each, "from", local), _beginning(each, "to", local)
        ends = (
            "*" if end is None else spell_time(_microseconds(end), shape.format, local.zone)
            for end in (low, high)
        )
        found.append(ours.Range(each.text("key") or "-".join(ends), low, high))
        each.done()
    missing = missing_of(members, field, local)
    with refusing(members.at("ranges"), "illegal_argument_exception"):
        return ours.Ranges(field.name, tuple(found), missing), shape


def filters(members: Members, read: Callable[[object, str], Filter]) -> tuple[ours.Filters, Shape]:
    """Read ``filters``, named or in a row.

    Args:
        members: What was asked.
        read: Reads a query, given its JSON Pointer.
    """
    value = members.take("filters")
    path = members.at("filters")
    if isinstance(value, list):
        given = {str(place): each for place, each in enumerate(value)}
    elif isinstance(value, dict):
        given = value
    else:
        raise members.refused("filters", "an object or a list of queries")
    other = members.text("other_bucket_key")
    if members.flag("other_bucket") or other:
        other = other or "_other_"
    keyed = members.flag("keyed", default=isinstance(value, dict))
    with refusing(path, "illegal_argument_exception"):
        named = tuple(
            ours.NamedFilter(name, read(each, f"{path}/{name}")) for name, each in given.items()
        )
        return ours.Filters(named, other or None), Shape(keyed)


def _orders(members: Members) -> tuple[ours.BucketOrder, ...]:
    value = members.take("order")
    rows = value if isinstance(value, list) else [] if value is None else [value]
    orders = []
    for row in rows:
        if not isinstance(row, dict) or len(row) != 1:
            raise members.refused("order", "an object with one member, or a list of them")
        ((by, direction),) = row.items()
        if str(direction).lower() not in {"asc", "desc"}:
            raise members.refused("order", "asc or desc")
        orders.append(ours.BucketOrder(by, str(direction).lower() == "desc"))
    return tuple(orders)


def _is_descending(members: Members) -> bool:
    """Take the order of a histogram's buckets, which is by key."""
    orders = _orders(members) or (ours.BucketOrder("_key", descending=False),)
    if len(orders) > 1 or orders[0].by != "_key":
        raise members.refused("order", "_key alone")
    return orders[0].descending


def _chosen(
    members: Members, member: str, field: Field, when: When
) -> str | tuple[Value, ...] | None:
    """Take ``include`` or ``exclude``: a regular expression, or exact values."""
    value = members.take(member)
    if value is None:
        return None
    with refusing(members.at(member), "illegal_argument_exception"):
        if isinstance(value, str) and field.kind not in {"integer", "moment"}:
            return read_regexp(value)
        if not isinstance(value, list):
            raise members.refused(member, "a regular expression or a list of values")
        if field.kind == "moment":
            return tuple(when.span(each).start for each in value)
        found = (read_value(field, each) for each in value)
        return tuple(each for each in found if each is not None)


def _interval(members: Members) -> tuple[ours.CalendarUnit | None, int | None]:
    calendar, fixed = members.text("calendar_interval"), members.text("fixed_interval")
    if bool(calendar) == bool(fixed):
        reason = "Required one of fields [calendar_interval, fixed_interval], want one"
        raise ElasticError(reason, path=members.path, kind="illegal_argument_exception")
    if fixed:
        return None, _length(fixed, members, "fixed_interval")
    unit = _CALENDAR.get(calendar)
    if unit is None:
        raise members.refused("calendar_interval", f"one of {', '.join(_CALENDAR)}")
    return unit, None


def _length(text: str, members: Members, member: str) -> int:
    """Read a length of time such as ``30s`` as microseconds."""
    form = _LENGTH(text)
    if form is None:
        raise members.refused(member, "a length of time such as 30s, 5m, 12h or 7d")
    return int(form[2]) * _UNITS[form[3]] * (-1 if form[1] == "-" else 1)


def _times(members: Members, member: str, when: When) -> tuple[int, int] | None:
    bounds = _bounds(members, member)
    if bounds is None:
        return None
    with refusing(bounds.path, "illegal_argument_exception"):
        low, high = (when.span(bounds.take(end)).start for end in ("min", "max"))
    bounds.done()
    return _microseconds(low), _microseconds(high)


def _numbers(members: Members, member: str) -> tuple[float, float] | None:
    bounds = _bounds(members, member)
    if bounds is None:
        return None
    low, high = bounds.number("min"), bounds.number("max")
    bounds.done()
    return low, high


def _bounds(members: Members, member: str) -> Members | None:
    value = members.take(member)
    if value is None:
        return None
    if not isinstance(value, dict) or value.get("min") is None or value.get("max") is None:
        raise members.refused(member, "an object with min and max")
    return Members(member, value, members.at(member), what="aggregation")


def _each_range(members: Members) -> list[Members]:
    value = members.take("ranges")
    if not isinstance(value, list) or not value:
        raise members.refused("ranges", "a list of ranges")
    path = members.at("ranges")
    return [
        Members(members.name, each, f"{path}/{place}", what="aggregation")
        for place, each in enumerate(value)
    ]


def _beginning(members: Members, end: str, when: When) -> datetime | None:
    value = members.take(end)
    if value is None:
        return None
    with refusing(members.at(end), "illegal_argument_exception"):
        return when.span(value).start


def _microseconds(moment: datetime) -> int:
    return (moment - EARLIEST) // _MICROSECOND
