"""One filter on one field as a condition: an expression that is 0 or 1 and never NULL.

An empty text can't be told from an absent one, so that it fits no filter.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from tallystick.errors import MalformedError
from tallystick.search.addresses import address, all_of, network_bounds, numbered
from tallystick.search.columns import WORD, Bind, Column, rank
from tallystick.search.facts import are_facts, has_facts, spelled
from tallystick.search.fields import ACTION_WORDS, TEXT
from tallystick.search.filters import (
    Between,
    Equals,
    Ids,
    Matching,
    OneOf,
    Phrase,
    Prefix,
    Value,
    Wildcard,
    Within,
    Words,
)
from tallystick.search.words import words_of

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}").fullmatch
_LIKE: Final = str.maketrans({"%": r"\%", "_": r"\_", "\\": r"\\"})

Test = Callable[[str], str]
"""From the SQL of one text, which is not empty, to a condition on it."""


def micros(at: datetime) -> int:
    """Return the microseconds since 1970-01-01T00:00:00Z."""
    return (at - _EPOCH) // _MICROSECOND


def moment(at: datetime, bind: Bind) -> str:
    """Write a time; in UTC."""
    return f"fromUnixTimestamp64Micro({bind(micros(at), 'Int64')}, 'UTC')"


def equals(column: Column, node: Equals, bind: Bind) -> str:
    """Write that a value is this one."""
    if not node.any_case and _is_texts(column, node.value) and are_facts(column, [node.value]):
        return has_facts(column, [node.value], bind)
    return _narrowed(
        column, node.value, bind, _equal(column, node.value, bind, any_case=node.any_case)
    )


def one_of(column: Column, node: OneOf, bind: Bind) -> str:
    """Write that a value is one of these."""
    texts = [value for value in node.values if _is_texts(column, value)]
    found = [_equal(column, value, bind) for value in node.values if value not in texts]
    if texts and are_facts(column, texts):
        found.append(has_facts(column, texts, bind))
    elif texts:
        values = bind(list(dict.fromkeys(map(spelled, texts))), "Array(String)")
        found.append(_some(column, lambda text: f"has({values}, {text})"))
    return f"({' OR '.join(found) or '0'})"


def between(column: Column, node: Between, bind: Bind) -> str:
    """Write that a value lies in an interval."""
    bounds = [
        (">=" if node.low_inclusive else ">", node.low),
        ("<=" if node.high_inclusive else "<", node.high),
    ]
    given = [(sign, value) for sign, value in bounds if value is not None]
    if not given:
        return exists(column)
    if column.shape in {"integer", "moment"}:
        compared = [f"{column.sql} {sign} {_bound(column, value, bind)}" for sign, value in given]
        return f"ifNull({' AND '.join(compared)}, 0)"
    if column.field.ranked:
        ranks = [(sign, bind(column.field.rank_of(value), "UInt64")) for sign, value in given]
        return _some(column, lambda _text: all_of(rank(column), ranks))
    if column.field.kind == "address":
        numbers = [(sign, address(value, bind)) for sign, value in given]
        return _some(column, lambda text: numbered(text, numbers))
    if all(_is_number(value) for _, value in given) and column.shape == "any":
        values = [(sign, bind(float(value), "Float64")) for sign, value in given]  # type: ignore[arg-type]
        return f"arrayExists(x -> {all_of('x', values)}, {column.numbers})"
    texts = [(sign, bind(_text(column, value), "String")) for sign, value in given]
    return _some(column, lambda text: all_of(text, texts))


def within(column: Column, node: Within, bind: Bind) -> str:
    """Write that an address lies in a network."""
    bounds = network_bounds(node, bind)
    return _some(column, lambda text: numbered(text, bounds))


def ids(node: Ids, bind: Bind) -> str:
    """Write that the event's id is one of these."""
    digits = [text.replace("-", "") for text in node.ids if _is_id(text)]
    if not digits:
        return "0"
    values = bind(list(dict.fromkeys(digits)), "Array(String)")
    return f"id IN (arrayMap(x -> toFixedString(unhex(x), 16), {values}))"


def exists(column: Column) -> str:
    """Write that there is a value."""
    if column.field.name == TEXT:
        return f"match({column.sql}, '[^\\x01 ]')"  # nothing is left of it but what joins values
    match column.shape:
        case "moment":
            return "1"
        case "integer":
            return f"isNotNull({column.sql})"
        case _:
            return _some(column, lambda _text: "1")


def patterned(column: Column, node: Prefix | Wildcard | Matching, bind: Bind) -> str:
    """Write that a value, or a word, is of a form."""
    if column.shape in {"integer", "moment"}:
        raise MalformedError(
            f"field {column.field.name!r}: has no patterns, want a value or a range"
        )
    test = _form(node, bind)
    if node.by_word:
        return f"arrayExists(w -> {test('w')}, {_words(column)})"
    return _some(column, lambda text: test(f"lowerUTF8({text})" if node.any_case else text))


def worded(column: Column, node: Words, bind: Bind) -> str:
    """Write that a field has all words, or any of them."""
    if column.field.name == ACTION_WORDS and are_facts(column, node.words):
        sets = [(word,) for word in node.words] if node.need == "all" else [node.words]
        return f"({' AND '.join(has_facts(column, each, bind) for each in sets)})"
    asked = bind(list(dict.fromkeys(node.words)), "Array(String)")
    everything = node.need == "all"
    exact = f"{'hasAll' if everything else 'hasAny'}({_words(column)}, {asked})"
    if not column.indexed or column.field.name == ACTION_WORDS or not _are_words(node.words):
        return exact
    narrow = f"{'hasAllTokens' if everything else 'hasAnyTokens'}(words, {asked})"
    return narrow if column.sql == "words" else f"({narrow} AND {exact})"


def phrased(column: Column, node: Phrase, bind: Bind) -> str:
    """Write that a value has words one behind the other."""
    tail = "" if node.prefix else " "
    asked = bind(f" {' '.join(node.words)}{tail}", "String")
    if column.field.name == TEXT:
        exact = f"position(concat(' ', {column.sql}, ' '), {asked}) > 0"
    else:
        exact = _some(column, lambda text: f"position({_spaced(text)}, {asked}) > 0")
    whole = node.words[:-1] if node.prefix else node.words
    found = _with_tokens(column, whole, bind, exact)
    event_id = "-".join(node.words)
    if column.field.name == TEXT and _is_id(event_id):
        return f"({found} OR {_same_id(event_id, bind)})"  # ids are not among the words
    return found


def _equal(column: Column, value: Value, bind: Bind, *, any_case: bool = False) -> str:  # noqa: PLR0911 (one line a shape)
    if column.shape in {"integer", "moment"}:
        return f"ifNull({column.sql} = {_bound(column, value, bind)}, 0)"
    if column.shape == "any" and _is_number(value):
        return f"has({column.numbers}, {bind(float(value), 'Float64')})"  # type: ignore[arg-type]
    text = _text(column, value)
    if not text:
        return "0"
    if column.field.name == "id":
        return _same_id(text, bind)
    if any_case:
        asked = bind(text.lower(), "String")
        return _some(column, lambda found: f"lowerUTF8({found}) = {asked}")
    asked = bind(text, "String")
    if column.shape == "text":
        return f"{column.sql} = {asked}"
    return f"has({column.sql}, {asked})"


def _same_id(text: str, bind: Bind) -> str:
    if not _is_id(text):
        return "0"
    return f"id = toFixedString(unhex({bind(text.replace('-', ''), 'String')}), 16)"


def _is_id(text: str) -> bool:
    return _ID(text) is not None


def _narrowed(column: Column, value: Value, bind: Bind, exact: str) -> str:
    """Look the words of a value up first: their index is quicker than any column."""
    words = words_of(value) if isinstance(value, str) and exact != "0" else ()
    return _with_tokens(column, words, bind, exact)


def _with_tokens(column: Column, words: tuple[str, ...], bind: Bind, exact: str) -> str:
    # Scripts in which a letter's lower case depends on its neighbours are not looked up.
    sure = list(dict.fromkeys(word for word in words if word.isascii()))
    if not column.indexed or not sure:
        return exact
    return f"(hasAllTokens(words, {bind(sure, 'Array(String)')}) AND {exact})"


def _are_words(words: tuple[str, ...]) -> bool:
    return all(words_of(word) == (word,) for word in words)


def _some(column: Column, test: Test) -> str:
    """Write that one of the texts passes a test."""
    if column.shape == "text":
        return f"({column.sql} != '' AND {test(column.sql)})"
    if column.shape in {"texts", "any"}:
        return f"arrayExists(v -> v != '' AND {test('v')}, {column.sql})"
    raise MalformedError(f"field {column.field.name!r}: holds no text, want a number or a time")


def _words(column: Column) -> str:
    if column.field.name == ACTION_WORDS:
        return column.sql
    text = column.sql if column.shape == "text" else f"arrayStringConcat({column.sql}, ' ')"
    return f"extractAll(lowerUTF8({text}), '{WORD}')"


def _spaced(text: str) -> str:
    return f"concat(' ', arrayStringConcat(extractAll(lowerUTF8({text}), '{WORD}'), ' '), ' ')"


def _form(node: Prefix | Wildcard | Matching, bind: Bind) -> Test:
    lower = str.lower if node.any_case else str
    match node:
        case Prefix():
            asked = bind(lower(node.text), "String")
            return lambda text: f"startsWith({text}, {asked})"
        case Wildcard():
            asked = bind(_like(lower(node.pattern)), "String")
            return lambda text: f"{text} LIKE {asked}"
        case Matching():
            flags = "is" if node.any_case else "s"
            asked = bind(rf"\A(?{flags}:{node.regexp})\z", "String")
            return lambda text: f"match({text}, {asked})"


def _like(pattern: str) -> str:
    r"""Write a wildcard as SQL does: ``%`` for any characters, ``_`` for one."""
    parts = []
    position = 0
    while position < len(pattern):
        character = pattern[position]
        if character == "\\" and position + 1 < len(pattern):
            position += 1
            parts.append(pattern[position].translate(_LIKE))
        else:
            parts.append({"*": "%", "?": "_"}.get(character) or character.translate(_LIKE))
        position += 1
    return "".join(parts)


def _bound(column: Column, value: Value, bind: Bind) -> str:
    if column.shape == "moment":
        if not isinstance(value, datetime):
            raise MalformedError(f"field {column.field.name!r}: another value, want a time")
        return moment(value, bind)
    if not _is_number(value):
        raise MalformedError(f"field {column.field.name!r}: another value, want a number")
    if isinstance(value, int) and abs(value) < 2**127:
        return bind(value, "Int128")
    return bind(float(value), "Float64")  # type: ignore[arg-type]


def _text(column: Column, value: Value) -> str:
    if column.field.name == TEXT:
        raise MalformedError("field 'text': made of others, want words of it")
    if isinstance(value, datetime) or (_is_number(value) and column.shape != "any"):
        raise MalformedError(f"field {column.field.name!r}: another value, want a text")
    return spelled(value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_texts(column: Column, value: Value) -> bool:
    """Whether a value is a text that may be looked up in a list with others."""
    plain = column.shape in {"text", "texts", "any"} and column.field.name not in {"id", TEXT}
    return plain and not isinstance(value, datetime) and not _is_number(value)
