"""The leaves of free JSON: each scalar below an object, by its dotted path."""

from collections.abc import Iterator, Mapping
from math import nan
from typing import NamedTuple

from tallystick.events.canonical import encode


class Leaf(NamedTuple):
    """One scalar.

    Attributes:
        path: Dotted, without positions: an element of an array has the path of the array.
        text: A text as it stands, any other value as its canonical JSON.
        number: The number as a double, or NaN where it is none.
    """

    path: str
    text: str
    number: float


def leaves_of(members: Mapping[str, object]) -> Iterator[Leaf]:
    """Yield the leaves of an object in its order; a null and an empty array have none."""
    for name, value in members.items():
        yield from leaves_below(name, value)


def leaves_below(path: str, value: object) -> Iterator[Leaf]:
    """Yield the leaves of the value at a path."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves_below(f"{path}.{name}", inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves_below(path, inner)
    elif value is not None:
        yield Leaf(path, text_of(value), _number(value))


def text_of(value: object) -> str:
    """Write a value as a column holds it: a text bare, anything else as its canonical JSON."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else encode(value).decode()


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return nan
    try:
        return float(value)
    except OverflowError:  # an integer may have any size
        return nan
