"""What the parser of Lucene's syntax gives, read piece by piece."""

from collections.abc import Iterator

from luqum import tree

from tallystick.errors import MalformedError
from tallystick.search.intervals import Bound
from tallystick.search.patterns import plain


def clauses(item: tree.BaseOperation) -> Iterator[tuple[str, tree.Item]]:
    """Yield the clauses of Lucene's boolean query, each with how it occurs.

    That is ``must``, ``must not`` or ``may``; what stands beside an AND must.
    """
    is_and = isinstance(item, tree.AndOperation)
    for each in item.operands:
        match each:
            case tree.AndOperation() | tree.OrOperation():
                yield from clauses(each)
            case tree.Not() | tree.Prohibit():
                yield "must not", each.a
            case tree.Plus():
                yield "must", each
            case _:
                yield ("must" if is_and else "may"), each


def bare(item: tree.Item) -> str:
    """Return the raw text of a term, with the sign before it.

    Raises:
        MalformedError: It is no term.
    """
    match item:
        case tree.Word():
            return str(item.value)
        case tree.Phrase():
            return str(item.value[1:-1])
        case tree.Prohibit() if isinstance(item.a, tree.Term):
            return f"-{bare(item.a)}"
        case tree.Plus() if isinstance(item.a, tree.Term):
            return f"+{bare(item.a)}"
        case _:
            raise MalformedError("an expression, want one value")


def interval(item: tree.Item) -> tuple[Bound | None, Bound | None]:
    """Return the bounds of a range; None where it is open."""
    if isinstance(item, tree.Range):
        return _bound(item.low, item.include_low), _bound(item.high, item.include_high)
    bound = _bound(item.a, item.include)
    return (bound, None) if isinstance(item, tree.From) else (None, bound)


def _bound(item: tree.Item, inclusive: bool) -> Bound | None:
    raw = bare(item)
    return None if raw == "*" else Bound(plain(raw), inclusive)
