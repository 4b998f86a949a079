"""What the parser of Lucene's syntax gives, read piece by piece."""

from collections.abc import Iterator

from luqum import tree

from tallystick.errors import MalformedError
from tallystick.search.intervals import Bound
from tallystick.search.patterns import plain


def settled(item: tree.Item) -> tree.Item:
    """Return an item in which what stands side by side is bound least tightly.

    The parser binds ``b -c`` of ``a OR b -c`` before the OR, but ``b c`` of ``a OR b c`` after
    it. Here both are two parts, of which the first is ``a OR b``.
    """
    parts: list[tree.Item] = []
    while True:
        if isinstance(item, tree.UnknownOperation):
            parts += item.operands[:-1]
            item = item.operands[-1]
            continue
        spine = [item]
        while isinstance(spine[-1], tree.AndOperation | tree.OrOperation):
            spine.append(spine[-1].operands[-1])
        inner = spine.pop()
        if not spine or not isinstance(inner, tree.UnknownOperation):
            parts.append(item)
            return parts[0] if len(parts) == 1 else tree.UnknownOperation(*parts)
        first, *rest = inner.operands
        for outer in reversed(spine):
            first = type(outer)(*outer.operands[:-1], first, pos=outer.pos)
        parts.append(first)
        item = rest[0] if len(rest) == 1 else tree.UnknownOperation(*rest)


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
