"""Whole values, looked up by the index of the column ``facts``, which holds ``field=value``."""

from collections.abc import Sequence
from typing import Final

from tallystick.search.columns import Bind, Column
from tallystick.search.filters import Value

MAX_BYTES: Final = 256
"""The longest value that stands there, in UTF-8."""


def are_facts(column: Column, values: Sequence[Value]) -> bool:
    """Whether all these texts of a field can be looked up."""
    return bool(column.fact) and all(
        0 < len(spelled(value).encode(errors="replace")) <= MAX_BYTES for value in values
    )


def has_facts(column: Column, values: Sequence[Value], bind: Bind) -> str:
    """Write that a field has one of these texts as a value."""
    facts = list(dict.fromkeys(f"{column.fact}{spelled(value)}" for value in values))
    return f"hasAny(facts, {bind(facts, 'Array(String)')})"


def spelled(value: Value) -> str:
    """Spell a value as the columns do."""
    return str(value).lower() if isinstance(value, bool) else str(value)
