"""Intervals of a field's values, by its kind."""

from functools import partial
from math import ceil, floor
from typing import NamedTuple

from tallystick.errors import MalformedError
from tallystick.search.fields import Field
from tallystick.search.filters import Between, Exists, Filter, Nothing, OneOf
from tallystick.search.terms import (
    MADE,
    MAX_INTEGER,
    When,
    address_of,
    is_number,
    number_of,
    text_of,
)


class Bound(NamedTuple):
    """One end of an interval, as it was asked for."""

    asked: object
    inclusive: bool


def between(field: Field, low: Bound | None, high: Bound | None, when: When) -> Filter:
    """Ask for an interval; a bound that is None is open.

    Raises:
        MalformedError: The field's kind has no such values, or no order.
    """
    if field.name in MADE:
        raise MalformedError(f"field {field.name!r}: has no order, want words")
    if low is None and high is None:
        return Exists(field.name)
    if field.kind == "moment":
        return _times_between(field, low, high, when)
    if field.name == "severity":
        return _ranks_between(field, low, high)
    if field.kind == "integer":
        return _integers_between(field, low, high)
    bounds = [bound.asked for bound in (low, high) if bound is not None]
    numbers = field.kind == "any" and all(is_number(asked) for asked in bounds)
    read = number_of if numbers else partial(_text_value, field)
    first, last = (bound and read(bound.asked) for bound in (low, high))
    return Between(
        field.name,
        first,
        last,
        low_inclusive=low is None or low.inclusive,
        high_inclusive=high is not None and high.inclusive,
    )


def _times_between(field: Field, low: Bound | None, high: Bound | None, when: When) -> Filter:
    after = before = None
    if low is not None:
        span = when.span(low.asked)
        after = span.start if low.inclusive else span.end
    if high is not None:
        span = when.span(high.asked)
        before = span.end if high.inclusive else span.start
    return Between(field.name, after, before)


def _ranks_between(field: Field, low: Bound | None, high: Bound | None) -> Filter:
    ranks = {word: rank for rank, word in enumerate(field.vocabulary)}

    def rank_of(bound: Bound) -> int:
        rank = ranks.get(text_of(bound.asked).lower())
        if rank is None:
            raise MalformedError(f"value: unknown, want {', '.join(field.vocabulary)}")
        return rank

    first = 0 if low is None else rank_of(low) + (not low.inclusive)
    end = len(ranks) if high is None else rank_of(high) + high.inclusive
    found = field.vocabulary[first:end]
    return OneOf(field.name, found) if found else Nothing()


def _integers_between(field: Field, low: Bound | None, high: Bound | None) -> Filter:
    """Write bounds as integers, the lower one inclusive: above 1.5 is 2 or more."""

    def edge(bound: Bound, *, beyond: bool) -> int:
        number = number_of(bound.asked)
        whole = number == floor(number)
        return min(max(ceil(number) + (whole and beyond), -MAX_INTEGER), MAX_INTEGER)

    return Between(
        field.name,
        None if low is None else edge(low, beyond=not low.inclusive),
        None if high is None else edge(high, beyond=high.inclusive),
    )


def _text_value(field: Field, asked: object) -> str:
    return address_of(text_of(asked)) if field.kind == "address" else text_of(asked)
