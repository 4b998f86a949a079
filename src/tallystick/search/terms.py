"""What is asked of one field, by its kind: the meaning that all front ends share.

Nothing here knows where in a question something stood; who calls adds the place to the error.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from functools import partial
from ipaddress import ip_address, ip_network
from math import ceil, floor, isfinite
from typing import Final, Literal, NamedTuple

from tallystick.errors import MalformedError
from tallystick.search.date_math import Span, read_epoch, read_span
from tallystick.search.fields import ACTION_WORDS, TEXT, Field
from tallystick.search.filters import (
    Between,
    Equals,
    Exists,
    Filter,
    Matching,
    Nothing,
    OneOf,
    Or,
    Phrase,
    Prefix,
    Value,
    Within,
    Words,
)
from tallystick.search.patterns import like, read_regexp
from tallystick.search.words import action_names, words_of

MAX_INTEGER: Final = 2**63
MADE: Final = frozenset({TEXT, ACTION_WORDS})
"""Fields that are made of others: they have words and no value."""

_NUMBER: Final = re.compile(
    r"[+-]?\d{1,40}(?:\.\d{1,40})?(?:[eE][+-]?\d{1,3})?", re.ASCII
).fullmatch


class When(NamedTuple):
    """When, and where on Earth, a question is asked.

    Attributes:
        now: In UTC.
        zone: Of times without an offset.
        epoch: What a bare number counts since 1970; ``epoch_millis`` or ``epoch_second``.
    """

    now: datetime
    zone: tzinfo = UTC
    epoch: str = "epoch_millis"

    def span(self, asked: object, *, relative: bool = False) -> Span:
        """Read a time, or a number since 1970.

        Raises:
            MalformedError: It is no time.
        """
        if isinstance(asked, bool) or not isinstance(asked, str | int | float):
            raise MalformedError("time: of another type, want a text or milliseconds")
        if isinstance(asked, str) and (self.epoch == "epoch_millis" or not _is_number(asked)):
            return read_span(asked, now=self.now, zone=self.zone, relative=relative)
        return read_epoch(floor(_number(asked)), self.epoch)


class Bound(NamedTuple):
    """One end of an interval, as it was asked for."""

    asked: object
    inclusive: bool


def anyone(filters: Iterable[Filter]) -> Filter:
    """Return what fits where one of the filters does, without needless nesting."""
    parts = tuple(filters)
    return parts[0] if len(parts) == 1 else Or(parts)


def text_of(asked: object) -> str:
    """Spell a JSON scalar as the values of text fields are spelled.

    Raises:
        MalformedError: It is no scalar, or null.
    """
    match asked:
        case str():
            return asked
        case bool():
            return "true" if asked else "false"
        case int():
            return str(asked)
        case float() if isfinite(asked):
            return (
                str(int(asked)) if asked.is_integer() and abs(asked) < MAX_INTEGER else str(asked)
            )
        case _:
            raise MalformedError("value: of another type, want a text, number or boolean")


def read_value(field: Field, asked: object) -> Value | None:
    """Read a value of a field that is not a time; None if no event can have it.

    Raises:
        MalformedError: It is of another type.
    """
    match field.kind:
        case "integer":
            number = _number(asked)
            whole = int(number) if number == floor(number) else None
            return whole if whole is not None and abs(whole) < MAX_INTEGER else None
        case "any" if isinstance(asked, int | float) and not isinstance(asked, bool):
            return _number(asked)
        case "address":
            return _address(text_of(asked))
        case _:
            return text_of(asked).lower() if field.name == "id" else text_of(asked)


def equals(field: Field, asked: object, when: When, *, any_case: bool = False) -> Filter:
    """Ask for a whole value.

    Raises:
        MalformedError: The field's kind has no such value.
    """
    if field.name == ACTION_WORDS:
        return Words((ACTION_WORDS,), action_names(text_of(asked)), "any")
    if field.name == TEXT:
        return words((field,), text_of(asked))
    if field.kind == "moment":
        start, end = when.span(asked)
        return Between(field.name, start, end)
    if field.kind == "address" and "/" in text_of(asked):
        return Within(field.name, _network(text_of(asked)))
    value = read_value(field, asked)
    if value is None:
        return Nothing()
    return Equals(field.name, value, any_case and isinstance(value, str))


def one_of(field: Field, asked: Iterable[object], when: When) -> Filter:
    """Ask for one of several whole values.

    Raises:
        MalformedError: The field's kind has no such value.
    """
    filters = [equals(field, each, when) for each in asked]
    values = [each.value for each in filters if isinstance(each, Equals)]
    if len(values) + sum(isinstance(each, Nothing) for each in filters) < len(filters):
        return anyone(filters)
    return OneOf(field.name, tuple(dict.fromkeys(values))) if values else Nothing()


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
    numbers = field.kind == "any" and all(_is_number(asked) for asked in bounds)
    read = _number if numbers else partial(_text_value, field)
    first, last = (bound and read(bound.asked) for bound in (low, high))
    return Between(
        field.name,
        first,
        last,
        low_inclusive=low is None or low.inclusive,
        high_inclusive=high is not None and high.inclusive,
    )


def words(
    fields: Iterable[Field],
    text: str,
    *,
    need: Literal["all", "any", "phrase", "phrase_prefix"] = "all",
) -> Filter:
    """Ask the fields for the words of a text; for none, nothing fits.

    Of fields that have no words, the whole value must be the text.
    """
    names = tuple(field.name for field in fields)
    asked = action_names(text) if names == (ACTION_WORDS,) else words_of(text)
    if not asked:
        return Nothing()
    match need:
        case "phrase" | "phrase_prefix" if names != (ACTION_WORDS,):
            prefix = need == "phrase_prefix"
            one = len(asked) == 1 and not prefix
            return Words(names, asked) if one else Phrase(names, asked, prefix=prefix)
        case "phrase_prefix":
            return Or(tuple(Prefix(ACTION_WORDS, word, by_word=True) for word in asked))
        case "any":
            return Words(names, asked, "any")
        case _:
            return Words(names, asked)


def has_words(field: Field) -> bool:
    """Whether a field is looked at by its words."""
    return field.worded or field.kind == "text"


def is_prose(field: Field) -> bool:
    """Whether people mean words of a field, not its whole value, when they name it.

    Of metadata as a whole they mean words; of one of its fields they mean the value.
    """
    if field.kind == "any":
        return field.name in {"metadata", "targets.metadata"}
    return has_words(field)


def pattern(field: Field, raw: str, *, any_case: bool = False, whole: bool = False) -> Filter:
    """Ask for a value, or of a text a word, by wildcards.

    Raises:
        MalformedError: The field's kind has no patterns, or it is too long.
    """
    by_word = _by_word(field, whole=whole)
    if raw.strip("*") == "" and raw:
        return Exists(field.name)
    return like(field.name, raw, any_case=any_case and not by_word, by_word=by_word)


def beginning(field: Field, text: str, *, any_case: bool = False, whole: bool = False) -> Filter:
    """Ask for a value, or of a text a word, by how it begins.

    Raises:
        MalformedError: The field's kind has no patterns, or it is too long.
    """
    by_word = _by_word(field, whole=whole)
    asked = text.lower() if by_word else text
    return Prefix(field.name, asked, any_case=any_case and not by_word, by_word=by_word)


def regexp(
    field: Field,
    text: str,
    *,
    any_case: bool = False,
    operators: bool = True,
    whole: bool = False,
) -> Filter:
    """Ask for a value, or of a text a word, by a regular expression.

    Raises:
        MalformedError: The field's kind has no patterns, or it is no such expression.
    """
    by_word = _by_word(field, whole=whole)
    found = read_regexp(text, operators=operators)
    return Matching(field.name, found, any_case=any_case and not by_word, by_word=by_word)


def _is_number(asked: object) -> bool:
    if isinstance(asked, str):
        return _NUMBER(asked) is not None
    return isinstance(asked, int | float) and not isinstance(asked, bool)


def _text_value(field: Field, asked: object) -> str:
    return _address(text_of(asked)) if field.kind == "address" else text_of(asked)


def _by_word(field: Field, *, whole: bool) -> bool:
    if field.kind in {"integer", "moment"}:
        raise MalformedError(f"field {field.name!r}: has no patterns, want a value or a range")
    return field.kind == "text" and (not whole or field.name in MADE)


def _number(asked: object) -> int | float:
    if isinstance(asked, str) and _NUMBER(asked):
        asked = float(asked) if {*"eE."} & {*asked} else int(asked)
    if isinstance(asked, bool) or not isinstance(asked, int | float) or not isfinite(asked):
        raise MalformedError("value: of another type, want a number")
    return int(asked) if isinstance(asked, float) and asked.is_integer() else asked


def _address(text: str) -> str:
    try:
        return str(ip_address(text))
    except ValueError:
        raise MalformedError("value: of another form, want an IP address or network") from None


def _network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise MalformedError("value: of another form, want an IP address or network") from None


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
        number = _number(bound.asked)
        whole = number == floor(number)
        return min(max(ceil(number) + (whole and beyond), -MAX_INTEGER), MAX_INTEGER)

    return Between(
        field.name,
        None if low is None else edge(low, beyond=not low.inclusive),
        None if high is None else edge(high, beyond=high.inclusive),
    )
