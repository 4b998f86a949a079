"""How large a filter may grow with all that is in it."""

from collections.abc import Iterator
from typing import Final

from tallystick.errors import MalformedError
from tallystick.search.filters import And, AtLeast, Filter, Not, Or

MAX_CLAUSES: Final = 1_024
"""Most filters in one question."""
MAX_DEPTH: Final = 32
"""Most filters within each other."""


def parts_of(node: Filter) -> "tuple[Filter, ...]":
    """Return the filters that stand directly in a filter."""
    match node:
        case And() | Or() | AtLeast():
            return node.parts
        case Not():
            return (node.part,)
        case _:
            return ()


def each_filter(root: Filter) -> Iterator[tuple[int, Filter]]:
    """Yield a filter and all within it, each with its depth from 1."""
    waiting = [(1, root)]
    while waiting:
        depth, node = waiting.pop()
        yield depth, node
        waiting.extend((depth + 1, part) for part in parts_of(node))


def check_filter(root: Filter) -> None:
    """Check how large a filter is.

    Raises:
        MalformedError: More than 1,024 filters in all, or more than 32 within each other.
    """
    for count, (depth, _) in enumerate(each_filter(root), 1):
        if depth > MAX_DEPTH:
            raise MalformedError(f"filter: deeper than {MAX_DEPTH}, want at most {MAX_DEPTH}")
        if count > MAX_CLAUSES:
            what = f"filter: more than {MAX_CLAUSES:,} clauses"
            raise MalformedError(f"{what}, want at most {MAX_CLAUSES:,}")
