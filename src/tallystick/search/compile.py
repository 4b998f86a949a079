"""From a question to the engine's SQL.

A statement is made of fixed text and of the columns' names; whatever an asker wrote is bound. The
tenant's condition and the one that hides what was erased are added last, around what was asked.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import Any, Final, NamedTuple

from tallystick.errors import MalformedError
from tallystick.search import conditions
from tallystick.search.columns import Column, Sight, column_of
from tallystick.search.conditions import micros
from tallystick.search.fields import TEXT, find_field
from tallystick.search.filters import (
    And,
    AtLeast,
    Between,
    Equals,
    Everything,
    Exists,
    Filter,
    Ids,
    Matching,
    Not,
    Nothing,
    OneOf,
    Or,
    Phrase,
    Prefix,
    Value,
    Wildcard,
    Within,
    Words,
)
from tallystick.search.query import Search, Sort

TABLE: Final = "events"
MAX_SQL: Final = 200_000
"""Characters of a statement; the engine itself stops at 262,144."""
SHOWN: Final = (
    *("stream", "log", "index", "clear_json", "sealed_json", "sealed_fields", "action_words"),
)
"""What is read of an event beside its id and what it is sorted by."""


class Statement(NamedTuple):
    """A SELECT, and what it binds by name."""

    sql: str
    parameters: dict[str, Any]


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


class Compiler:
    """Compiles one question; each statement that it returns binds its own values.

    Args:
        search: What is asked.
        sight: What the asker may see, and of which tenant.
        table: Name of the events table.
    """

    def __init__(self, search: Search, sight: Sight, table: str = TABLE) -> None:
        self._search = search
        self._sight = sight
        self._table = table
        self._parameters: dict[str, Any] = {}
        self._numbers = count()

    def events(self) -> Statement:
        """Select the events: the values of each sort, ``id`` as text, and :data:`SHOWN`.

        There is one row more than was asked for if there are more.
        """
        self._begin()
        keys = [self._key(sort) for sort in self._search.sort]
        shown = [f"{key.shown} AS k{number}" for number, key in enumerate(keys)]
        columns = ", ".join((*shown, "UUIDNumToString(id) AS shown_id", *map("`{}`".format, SHOWN)))
        where = self._where(self._behind(keys))
        order = ", ".join((*_order(keys), f"id {_direction(keys[-1].sort)}"))
        limit = self._bind(self._search.limit + 1, "UInt64")
        skip = self._bind(self._search.skip, "UInt64")
        return self._statement(
            f"SELECT {columns} FROM {{table:Identifier}} WHERE {where} ORDER BY {order}"  # noqa: S608
            f" LIMIT {limit} OFFSET {skip}"
        )

    def total(self) -> Statement:
        """Count the events, to no more than what was asked for."""
        self._begin()
        where = self._where()
        if self._search.count is True:
            return self._statement(f"SELECT count() FROM {{table:Identifier}} WHERE {where}")  # noqa: S608
        most = self._bind(int(self._search.count), "UInt64")
        inner = f"SELECT 1 FROM {{table:Identifier}} WHERE {where} LIMIT {most}"  # noqa: S608
        return self._statement(f"SELECT count() FROM ({inner})")  # noqa: S608

    def _begin(self) -> None:
        self._parameters = {}
        self._numbers = count()

    def _statement(self, sql: str) -> Statement:
        if len(sql) > MAX_SQL:
            raise MalformedError("query: too large, want fewer filters or fields")
        return Statement(sql, {**self._parameters, "table": self._table})

    def _bind(self, value: object, kind: str) -> str:
        name = f"p{next(self._numbers)}"
        self._parameters[name] = value
        return f"{{{name}:{kind}}}"

    def _column(self, name: str) -> Column:
        return column_of(find_field(name), self._sight, self._bind)

    def _where(self, behind: str = "") -> str:
        """Write what an event must be like; what the sight adds stands around all else."""
        asked = [self._condition(self._search.filter), *self._times()]
        if behind:
            asked.append(behind)
        seen = "".join(f" AND NOT {each}" for each in self._hidden())
        tenant = self._bind(self._sight.tenant, "UInt32")
        return f"({' AND '.join(asked)}){seen} AND tenant = {tenant}"

    def _times(self) -> Iterator[str]:
        for sign, moment in ((">=", self._search.since), ("<", self._search.until)):
            if moment is not None:
                yield f"occurred_at {sign} {self._moment(moment)}"

    def _moment(self, moment: datetime) -> str:
        return f"fromUnixTimestamp64Micro({self._bind(micros(moment), 'Int64')}, 'UTC')"

    def _hidden(self) -> Iterator[str]:
        """Write which rows hold something of an erased ref that they have not let go yet."""
        people = [(at, name) for at, name in self._sight.erased if len(name) == 32]  # noqa: PLR2004
        blocks = [(at, name) for at, name in self._sight.erased if len(name) != 32]  # noqa: PLR2004
        if people:
            ats = self._bind([at for at, _ in people], "Array(UInt32)")
            refs = self._bind([name for _, name in people], "Array(String)")
            test = "g > erasures AND has(subject_refs, toFixedString(unhex(r), 16))"
            yield f"arrayExists((g, r) -> {test}, {ats}, {refs})"
        if blocks:
            ats = self._bind([at for at, _ in blocks], "Array(UInt32)")
            ids = self._bind([name[32:] for _, name in blocks], "Array(String)")
            test = "g > erasures AND id = toFixedString(unhex(r), 16)"
            yield f"arrayExists((g, r) -> {test}, {ats}, {ids})"

    def _condition(self, node: Filter) -> str:  # noqa: PLR0911 (one line a kind)
        match node:
            case Everything():
                return "1"
            case Nothing():
                return "0"
            case And():
                return f"({' AND '.join(map(self._condition, node.parts)) or '1'})"
            case Or():
                return f"({' OR '.join(map(self._condition, node.parts)) or '0'})"
            case AtLeast():
                parts = ", ".join(f"toBool({self._condition(part)})" for part in node.parts)
                least = self._bind(node.count, "UInt64")
                return f"(arrayCount(x -> x, [{parts}]) >= {least})" if parts else "0"
            case Not():
                return f"(NOT {self._condition(node.part)})"
            case Ids():
                return conditions.ids(node, self._bind)
            case Words() | Phrase():
                return f"({' OR '.join(self._worded(name, node) for name in node.fields) or '0'})"
            case _:
                return self._leaf(node)

    def _worded(self, name: str, node: Words | Phrase) -> str:
        column = self._column(name)
        if column.shape in {"integer", "moment"}:
            raise MalformedError(f"field {name!r}: has no words, want a value or a range")
        if isinstance(node, Words):
            return conditions.worded(column, node, self._bind)
        return conditions.phrased(column, node, self._bind)

    def _leaf(
        self, node: Equals | OneOf | Between | Within | Exists | Prefix | Wildcard | Matching
    ) -> str:
        column = self._column(node.field)
        match node:
            case Equals():
                return conditions.equals(column, node, self._bind)
            case OneOf():
                return conditions.one_of(column, node, self._bind)
            case Between():
                return conditions.between(column, node, self._bind)
            case Within():
                return conditions.within(column, node, self._bind)
            case Exists():
                return conditions.exists(column)
            case _:
                return conditions.patterned(column, node, self._bind)

    def _key(self, sort: Sort) -> Key:
        column = self._column(sort.field)
        sql = column.sql
        if column.field.name == TEXT:
            raise MalformedError("sort: by 'text', which has no order, want another field")
        match column.shape:
            case "moment":
                return Key(sort, column, "", sql, f"toUnixTimestamp64Micro({sql})")
            case "integer":
                return Key(sort, column, f"isNull({sql})", f"ifNull({sql}, 0)", sql)
            case "text":
                return Key(sort, column, f"({sql} = '')", sql, f"nullIf({sql}, '')")
            case "texts":
                values = f"arrayFilter(v -> v != '', {sql})"
                value = f"array{'Max' if sort.descending else 'Min'}({values})"
                return Key(sort, column, f"empty({values})", value, f"nullIf({value}, '')")
            case "any":
                return _any_key(sort, column)

    def _behind(self, keys: list[Key]) -> str:
        """Write that an event stands behind the last one that was shown."""
        after = self._search.after
        found: list[str] = []
        same: list[str] = []
        for key, value in zip(keys, after, strict=False):
            found.append(" AND ".join((*same, self._beyond(key, value))))
            same.append(self._same(key, value))
        if len(after) > len(keys):
            sign = "<" if keys[-1].sort.descending else ">"
            last = self._bind(_id_digits(after[-1]), "String")
            found.append(" AND ".join((*same, f"id {sign} toFixedString(unhex({last}), 16)")))
        if not found:
            return ""
        # One bound on the first key lets the engine leave out parts of the table.
        edge = ""
        if keys[0].column.shape == "moment":
            sign = "<=" if keys[0].sort.descending else ">="
            edge = f"{keys[0].value} {sign} {self._compared(keys[0], after[0])} AND "
        return f"{edge}(({') OR ('.join(found)}))"

    def _beyond(self, key: Key, value: Value | None) -> str:
        missing = key.missing or "0"
        if value is None:
            return f"NOT {missing}" if key.sort.missing_first else "0"
        sign = "<" if key.sort.descending else ">"
        greater = f"(NOT {missing} AND {key.value} {sign} {self._compared(key, value)})"
        return greater if key.sort.missing_first else f"({greater} OR {missing})"

    def _same(self, key: Key, value: Value | None) -> str:
        missing = key.missing or "0"
        if value is None:
            return missing
        return f"NOT {missing} AND {key.value} = {self._compared(key, value)}"

    def _compared(self, key: Key, value: Value | None) -> str:
        match key.column.shape:
            case "moment" if isinstance(value, datetime):
                return self._moment(value)
            case "integer" if isinstance(value, int) and abs(value) < 2**127:
                return self._bind(value, "Int128")
            case "integer" if isinstance(value, float):
                return self._bind(value, "Float64")
            case "any" if isinstance(value, int | float) and not isinstance(value, bool):
                return f"tuple(0, {self._bind(float(value), 'Float64')}, '')"
            case "any" if isinstance(value, str):
                return f"tuple(1, toFloat64(0), {self._bind(value, 'String')})"
            case "text" | "texts" if isinstance(value, str):
                return self._bind(value, "String")
        raise MalformedError("after: another value, want that of the last event", path="/after")


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


def _order(keys: list[Key]) -> Iterator[str]:
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
