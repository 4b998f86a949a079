"""What is asked of one field, by its kind: the meaning that all front ends share.

Nothing here knows where in a question something stood; who calls adds the place to the error.
"""

import re
from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from ipaddress import ip_address, ip_network
from math import floor, isfinite
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
        if isinstance(asked, str) and (self.epoch == "epoch_millis" or not is_number(asked)):
            return read_span(asked, now=self.now, zone=self.zone, relative=relative)
        return read_epoch(floor(number_of(asked)), self.epoch)


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
            number = number_of(asked)
            whole = int(number) if number == floor(number) else None
            return whole if whole is not None and abs(whole) < MAX_INTEGER else None
        case "any" if isinstance(asked, int | float) and not isinstance(asked, bool):
            return number_of(asked)
        case "address":
            return address_of(text_of(asked))
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
        return field.worded and field.name in {"metadata", "targets.metadata"}
    return has_words(field)


def pattern(field: Field, raw: str, *, any_case: bool = False, whole: bool = False) -> Filter:
    """Ask for a value, or of a text a word, by wildcards.

    Raises:
        MalformedError: The field's kind has no patterns, or it is too long.
    """
    if raw.strip("*") == "" and raw:
        return Exists(field.name)
    by_word = _by_word(field, whole=whole)
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


def is_number(asked: object) -> bool:
    """Whether something is a number or spells one."""
    if isinstance(asked, str):
        return _NUMBER(asked) is not None
    return isinstance(asked, int | float) and not isinstance(asked, bool)


def _by_word(field: Field, *, whole: bool) -> bool:
    if field.kind in {"integer", "moment"}:
        raise MalformedError(f"field {field.name!r}: has no patterns, want a value or a range")
    return field.kind == "text" and (not whole or field.name in MADE)


def number_of(asked: object) -> int | float:
    """Read a number, or its spelling; whole ones as an integer.

    Raises:
        MalformedError: It is none, or not finite.
    """
    if isinstance(asked, str) and _NUMBER(asked):
        asked = float(asked) if {*"eE."} & {*asked} else int(asked)
    if isinstance(asked, bool) or not isinstance(asked, int | float) or not isfinite(asked):
        raise MalformedError("value: of another type, want a number")
    return int(asked) if isinstance(asked, float) and asked.is_integer() else asked


def address_of(text: str) -> str:
    """Spell an IP address in its shortest form.

    Raises:
        MalformedError: It is none.
    """
    try:
        return str(ip_address(text))
    except ValueError:
        raise MalformedError("value: of another form, want an IP address or network") from None


def _network(text: str) -> str:
    try:
        return str(ip_network(text, strict=False))
    except ValueError:
        raise MalformedError("value: of another form, want an IP address or network") from None
