"""The order of events, and where a list goes on in it."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from tallystick.errors import MalformedError
from tallystick.search.columns import Bind, Column, rank
from tallystick.search.conditions import micros, moment
from tallystick.search.fields import TEXT
from tallystick.search.filters import Value
from tallystick.search.query import Sort

_MILLISECOND_US: Final = 1_000


class Key(NamedTuple):
    """By what events are sorted once: first by whether it is missing, then by its value.

    Attributes:
        missing: A condition; empty if no event is without it.
        value: What is compared.
        shown: The same, as it is given back for a cursor.
    """

    sort: Sort
    column: Column
    missing: str
    value: str
    shown: str


def key_of(sort: Sort, column: Column) -> Key:
    """Say by what events are sorted.

    Raises:
        MalformedError: The field has no order.
    """
    sql = column.sql
    if column.field.name == TEXT:
        raise MalformedError("sort: by 'text', which has no order, want another field")
    match column.shape:
        case "moment":
            cut = f"toUnixTimestamp64Milli({sql})"
            shown = f"{cut} * {_MILLISECOND_US}"
            if not sort.milliseconds:
                cut, shown = sql, f"toUnixTimestamp64Micro({sql})"
            return Key(sort, column, "", cut, shown)
        case "integer":
            return Key(sort, column, f"isNull({sql})", f"ifNull({sql}, 0)", sql)
        case "text" if column.field.ranked:
            return Key(sort, column, f"({sql} = '')", rank(column), f"nullIf({sql}, '')")
        case "text":
            return Key(sort, column, f"({sql} = '')", sql, f"nullIf({sql}, '')")
        case "texts":
            values = f"arrayFilter(v -> v != '', {sql})"
            value = f"array{'Max' if sort.descending else 'Min'}({values})"
            return Key(sort, column, f"empty({values})", value, f"nullIf({value}, '')")
        case "any":
            return _any_key(sort, column)


def behind(keys: Sequence[Key], after: Sequence[Value | None], bind: Bind) -> str:
    """Write that an event stands behind the last one that was shown; empty if none was.

    Raises:
        MalformedError: ``after`` has values that no event can have.
    """
    found: list[str] = []
    same: list[str] = []
    for key, value in zip(keys, after, strict=False):
        found.append(" AND ".join((*same, _beyond(key, value, bind))))
        same.append(_same(key, value, bind))
    if len(after) > len(keys):
        sign = "<" if keys[-1].sort.descending else ">"
        last = bind(_id_digits(after[-1]), "String")
        found.append(" AND ".join((*same, f"id {sign} toFixedString(unhex({last}), 16)")))
    if not found:
        return ""
    # One bound on the first key lets the engine leave out parts of the table.
    edge = ""
    if keys[0].column.shape == "moment":
        edge = f"{_edge(keys[0], after[0], bind)} AND "
    return f"{edge}(({') OR ('.join(found)}))"


def _edge(key: Key, value: Value | None, bind: Bind) -> str:
    if not isinstance(value, datetime):
        raise _unfit()
    if not key.sort.milliseconds:
        sign = "<=" if key.sort.descending else ">="
        return f"{key.column.sql} {sign} {moment(value, bind)}"
    first = value.replace(microsecond=value.microsecond // _MILLISECOND_US * _MILLISECOND_US)
    if key.sort.descending:
        return f"{key.column.sql} < {moment(first + timedelta(milliseconds=1), bind)}"
    return f"{key.column.sql} >= {moment(first, bind)}"


def _beyond(key: Key, value: Value | None, bind: Bind) -> str:
    missing = key.missing or "0"
    if value is None:
        return f"NOT {missing}" if key.sort.missing_first else "0"
    sign = "<" if key.sort.descending else ">"
    greater = f"(NOT {missing} AND {key.value} {sign} {_compared(key, value, bind)})"
    return greater if key.sort.missing_first else f"({greater} OR {missing})"


def _same(key: Key, value: Value | None, bind: Bind) -> str:
    missing = key.missing or "0"
    if value is None:
        return missing
    return f"NOT {missing} AND {key.value} = {_compared(key, value, bind)}"


def _compared(key: Key, value: Value | None, bind: Bind) -> str:
    column = key.column
    match column.shape:
        case "moment" if isinstance(value, datetime):
            cut = key.sort.milliseconds
            return bind(micros(value) // _MILLISECOND_US, "Int64") if cut else moment(value, bind)
        case "integer" if isinstance(value, int) and abs(value) < 2**127:
            return bind(value, "Int128")
        case "integer" if isinstance(value, float):
            return bind(value, "Float64")
        case "any" if isinstance(value, int | float) and not isinstance(value, bool):
            return f"tuple(0, {bind(float(value), 'Float64')}, '')"
        case "any" if isinstance(value, str):
            return f"tuple(1, toFloat64(0), {bind(value, 'String')})"
        case "text" | "texts" if isinstance(value, str):
            ranked = column.field.ranked
            return bind(column.field.rank_of(value), "UInt64") if ranked else bind(value, "String")
    raise _unfit()


def _unfit() -> MalformedError:
    return MalformedError("after: another value, want that of the last event", path="/after")


def _any_key(sort: Sort, column: Column) -> Key:
    """Sort numbers by their worth, and before all texts."""
    numbers = column.numbers
    others = f"arrayFilter(v -> v != '', {column.others})"
    least = "arrayMax" if sort.descending else "arrayMin"
    number = f"tuple(0, {least}({numbers}), '')"
    text = f"tuple(1, toFloat64(0), {least}({others}))"
    if sort.descending:
        value = f"if(notEmpty({others}), {text}, {number})"
    else:
        value = f"if(notEmpty({numbers}), {number}, {text})"
    missing = f"(empty({numbers}) AND empty({others}))"
    # A double does not say whether it is the key, so that both are given back.
    return Key(sort, column, missing, value, f"if({missing}, [], [{value}])")


def order(keys: Sequence[Key]) -> str:
    """Write the order, which the event's id makes total."""
    parts = [*_parts(keys), f"id {_direction(keys[-1].sort)}"]
    return ", ".join(parts)


def _parts(keys: Sequence[Key]) -> Iterator[str]:
    for key in keys:
        if key.missing:
            yield f"{key.missing} {'DESC' if key.sort.missing_first else 'ASC'}"
        yield f"{key.value} {_direction(key.sort)}"


def _direction(sort: Sort) -> str:
    return "DESC" if sort.descending else "ASC"


def _id_digits(value: Value | None) -> str:
    digits = value.replace("-", "") if isinstance(value, str) else ""
    if len(digits) != 32 or digits.strip("0123456789abcdef"):  # noqa: PLR2004
        raise MalformedError("after: another value, want the id of the last event", path="/after")
    return digits
