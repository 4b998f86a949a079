"""Aggregations that give numbers."""

from typing import Final

from tallystick.search.aggregations import Cardinality, Function, Metric
from tallystick.search.elastic.leaves import time_format
from tallystick.search.elastic.members import Members
from tallystick.search.elastic.refusal import refusing
from tallystick.search.elastic.shape import Shape, field_of
from tallystick.search.fields import Field, FieldKind
from tallystick.search.filters import Value
from tallystick.search.terms import When, read_value

_FUNCTIONS: Final[dict[str, Function]] = {
    "avg": "avg",
    "max": "max",
    "min": "min",
    "stats": "stats",
    "sum": "sum",
    "value_count": "value_count",
}
_PERCENTS: Final = (1.0, 5.0, 25.0, 50.0, 75.0, 95.0, 99.0)
_MAX_PERCENTS: Final = 100


def number(members: Members, when: When) -> tuple[Metric, Shape]:
    """Read ``avg``, ``max``, ``min``, ``stats``, ``sum`` or ``value_count``."""
    function = _FUNCTIONS[members.name]
    kinds: tuple[FieldKind, ...] = ("integer", "moment", "any")
    field = field_of(members, *(() if function == "value_count" else kinds))
    shape = Shape(format=time_format(members))
    return Metric(function, field.name, missing=missing_of(members, field, when)), shape


def percentiles(members: Members, when: When) -> tuple[Metric, Shape]:
    """Read ``percentiles``; they are exact, so that hints how to estimate change nothing."""
    field = field_of(members, "integer", "moment", "any")
    value = members.take("percents")
    given = _PERCENTS if value is None else value
    if not isinstance(given, list | tuple) or not 0 < len(given) <= _MAX_PERCENTS:
        raise members.refused("percents", f"1 to {_MAX_PERCENTS} numbers")
    if not all(isinstance(each, int | float) and not isinstance(each, bool) for each in given):
        raise members.refused("percents", "numbers")
    members.pass_over("tdigest", "hdr")
    shape = Shape(keyed=members.flag("keyed", default=True), format=time_format(members))
    missing = missing_of(members, field, when)
    with refusing(members.at("percents"), "illegal_argument_exception"):
        percents = tuple(float(each) for each in given)
        return Metric("percentiles", field.name, percents, missing), shape


def cardinality(members: Members, when: When) -> tuple[Cardinality, Shape]:
    """Read ``cardinality``; it is exact, whatever threshold is given."""
    field = field_of(members)
    members.pass_over("precision_threshold", "rehash", "execution_hint")
    return Cardinality(field.name, missing_of(members, field, when)), Shape()


def missing_of(members: Members, field: Field, when: When) -> Value | None:
    """Take ``missing``: the value that stands for events without the field."""
    value = members.take("missing")
    if value is None:
        return None
    with refusing(members.at("missing"), "illegal_argument_exception"):
        if field.kind == "moment":
            return when.span(value).start
        return read_value(field, value)
