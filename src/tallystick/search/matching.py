"""A filter, with all that is in it, as one condition."""

from collections.abc import Callable
from typing import TypeAlias

from tallystick.errors import MalformedError
from tallystick.search import conditions
from tallystick.search.columns import Bind, Column
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
    Wildcard,
    Within,
    Words,
)

Find: TypeAlias = Callable[[str], Column]
"""From the name of a field to its column."""


def condition(node: Filter, find: Find, bind: Bind) -> str:  # noqa: PLR0911 (one a kind)
    """Write a filter as an expression that is 0 or 1.

    Raises:
        MalformedError: It asks of a field what the field has not.
    """
    match node:
        case Everything() | Nothing():
            return "1" if isinstance(node, Everything) else "0"
        case And() | Or():
            word, empty = (" AND ", "1") if isinstance(node, And) else (" OR ", "0")
            return f"({word.join(condition(part, find, bind) for part in node.parts) or empty})"
        case AtLeast():
            return _at_least(node, find, bind)
        case Not():
            return f"(NOT {condition(node.part, find, bind)})"
        case Ids():
            return conditions.ids(node, bind)
        case Words() | Phrase():
            parts = (_worded(find(name), node, bind) for name in node.fields)
            return f"({' OR '.join(parts) or '0'})"
        case _:
            return _of_field(node, find(node.field), bind)


def _at_least(node: AtLeast, find: Find, bind: Bind) -> str:
    if node.count > len(node.parts):
        return "0"
    parts = ", ".join(f"toBool({condition(part, find, bind)})" for part in node.parts)
    return f"(arrayCount(x -> x, [{parts}]) >= {bind(node.count, 'UInt64')})"


def _worded(column: Column, node: Words | Phrase, bind: Bind) -> str:
    if column.shape in {"integer", "moment"}:
        name = column.field.name
        raise MalformedError(f"field {name!r}: has no words, want a value or a range")
    if isinstance(node, Words):
        return conditions.worded(column, node, bind)
    return conditions.phrased(column, node, bind)


def _of_field(
    node: Equals | OneOf | Between | Within | Exists | Prefix | Wildcard | Matching,
    column: Column,
    bind: Bind,
) -> str:
    match node:
        case Equals():
            return conditions.equals(column, node, bind)
        case OneOf():
            return conditions.one_of(column, node, bind)
        case Between():
            return conditions.between(column, node, bind)
        case Within():
            return conditions.within(column, node, bind)
        case Exists():
            return conditions.exists(column)
        case _:
            return conditions.patterned(column, node, bind)
