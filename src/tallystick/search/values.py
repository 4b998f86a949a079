"""The values of a field as arrays that an event is counted and measured by.

An event has a value once to be counted by, and as often as it stands there to be measured.
"""

from tallystick.errors import MalformedError
from tallystick.search.columns import Bind, Column
from tallystick.search.conditions import micros
from tallystick.search.facts import spelled
from tallystick.search.fields import TEXT
from tallystick.search.filters import Value

MILLISECOND_US = 1_000


def moment_us(column: Column) -> str:
    """Write a time, as microseconds since 1970."""
    return f"toUnixTimestamp64Micro({column.sql})"


def values(column: Column, missing: Value | None, bind: Bind) -> str:
    """Write the different values of a field: texts, integers, or microseconds since 1970.

    Raises:
        MalformedError: The field has no values that could be counted, or none like ``missing``.
    """
    match column.shape:
        case "text" if column.field.name != TEXT:
            found = f"if({column.sql} = '', [], [toString({column.sql})])"
        case "texts" | "any":
            texts = f"arrayMap(v -> toString(v), {column.sql})"
            found = f"arrayDistinct(arrayFilter(v -> v != '', {texts}))"
        case "integer":
            found = f"if(isNull({column.sql}), [], [toInt128(assumeNotNull({column.sql}))])"
        case "moment":
            found = f"[{_whole_milliseconds(column)}]"
        case _:
            raise MalformedError(
                f"field {column.field.name!r}: its values can't be counted, want another"
            )
    return _or_missing(found, column, missing, bind, type_of(column))


def numbers(column: Column, missing: Value | None, bind: Bind) -> str:
    """Write all numbers of a field, as doubles; times as microseconds since 1970.

    Raises:
        MalformedError: The field has no numbers.
    """
    match column.shape:
        case "integer":
            found = f"if(isNull({column.sql}), [], [toFloat64(assumeNotNull({column.sql}))])"
        case "moment":
            found = f"[toFloat64({_whole_milliseconds(column)})]"
        case "any":
            found = column.numbers
        case _:
            raise MalformedError(f"field {column.field.name!r}: has no numbers, want another")
    return _or_missing(found, column, missing, bind, "Float64")


def type_of(column: Column) -> str:
    """Return the type of the elements of :func:`values`."""
    return {"integer": "Int128", "moment": "Int64"}.get(column.shape, "String")


def bound_value(value: Value, kind: str, bind: Bind) -> str:
    """Bind a value as one of a type.

    Raises:
        MalformedError: It is none of it.
    """
    given = micros(value) if not isinstance(value, str | int | float) else value
    if kind == "String":
        return bind(spelled(value), kind)
    if isinstance(given, str | bool) or (kind != "Float64" and given != int(given)):
        raise MalformedError("value: of another type, want one like the field's")
    return bind(float(given) if kind == "Float64" else int(given), kind)


def _whole_milliseconds(column: Column) -> str:
    return f"intDiv({moment_us(column)}, {MILLISECOND_US}) * {MILLISECOND_US}"


def _or_missing(found: str, column: Column, missing: Value | None, bind: Bind, kind: str) -> str:
    if missing is None or column.shape == "moment":
        return found
    return f"if(empty({found}), [{bound_value(missing, kind, bind)}], {found})"
