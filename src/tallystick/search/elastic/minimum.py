"""How many optional clauses must fit: ``minimum_should_match``."""

import re
from collections.abc import Iterable
from typing import Final

from tallystick.search.elastic.refusal import ElasticError
from tallystick.search.filters import And, AtLeast, Filter, Nothing, Or

_SPEC: Final = re.compile(r"(-?\d{1,6})(%?)", re.ASCII).fullmatch
_CONDITION: Final = re.compile(r"(\d{1,6})<(-?\d{1,6}%?)", re.ASCII).fullmatch


def required(spec: object, count: int, path: str) -> int:
    """Compute how many of ``count`` clauses must fit; it may be more than there are.

    Args:
        spec: Such as ``2``, ``"-1"``, ``"75%"``, ``"-25%"`` or ``"2<-25% 9<-3"``.
        count: How many optional clauses there are.
        path: JSON Pointer of the specification.

    Raises:
        ElasticError: It is of another form.

    Source: Elasticsearch's reference, "minimum_should_match parameter".
    """
    text = str(spec).strip() if isinstance(spec, int | str) and not isinstance(spec, bool) else ""
    if "<" in text:
        rule = str(count)
        for condition in text.split():
            bound = _CONDITION(condition)
            if bound is None:
                raise _refused(path)
            if count <= int(bound[1]):
                break
            rule = bound[2]
        text = rule
    form = _SPEC(text)
    if form is None:
        raise _refused(path)
    number = int(form[1])
    if form[2]:
        number = int(count * abs(number) / 100) * (-1 if number < 0 else 1)
        return count + number if text.startswith("-") else number
    return max(count + number, 0) if number < 0 else number


def at_least(count: int, filters: Iterable[Filter]) -> Filter:
    """Return the simplest filter that fits where ``count`` or more of the filters do."""
    parts = tuple(filters)
    if count > len(parts):
        return Nothing()
    if count == len(parts):
        return parts[0] if len(parts) == 1 else And(parts)
    return Or(parts) if count <= 1 else AtLeast(count, parts)


def _refused(path: str) -> ElasticError:
    want = "want a number, a percentage, or conditions such as 2<75%"
    return ElasticError(f"failed to parse [minimum_should_match], {want}", path=path)
