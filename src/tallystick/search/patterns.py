r"""Wildcards and regular expressions as Lucene writes them, and as they are asked for here."""

import re
import warnings
from collections.abc import Iterator
from math import prod
from typing import Final

from tallystick.errors import MalformedError
from tallystick.search.filters import MAX_PATTERN, Exists, Filter, Prefix, Wildcard

MAX_REPEATS: Final = 1_000
"""RE2 refuses more; nested repeats are multiplied."""

_ESCAPED: Final = re.compile(r"\\(.)", re.DOTALL)
_PIECE: Final = re.compile(r"\\.|\*+|\?|[^\\*?]+|\\", re.DOTALL).findall
_REPEAT: Final = re.compile(r"\{(\d{0,4})(,?)(\d{0,4})\}", re.ASCII)
_SHARED_CLASSES: Final = frozenset("dDwWsS")
_OPERATORS: Final = frozenset('~&<>@#"')


def plain(raw: str) -> str:
    r"""Take the escapes out of a term: ``a\*b`` is ``a*b``; a last ``\`` stands for itself."""
    return _ESCAPED.sub(r"\1", raw)


def has_wildcard(raw: str) -> bool:
    r"""Whether a term has a ``*`` or ``?`` that is not escaped."""
    return any(piece[0] in "*?" for piece in _PIECE(raw))


def like(field: str, raw: str, *, any_case: bool = False, by_word: bool = False) -> Filter:
    r"""Turn a term with wildcards into the simplest filter that asks the same.

    Args:
        field: Its name.
        raw: The term; ``\`` escapes.
        any_case: As of :class:`~tallystick.search.filters.Wildcard`.
        by_word: As of :class:`~tallystick.search.filters.Wildcard`; words are in lower case.

    Raises:
        MalformedError: It is longer than 256 characters.
    """
    if len(raw) > 2 * MAX_PATTERN:
        raise MalformedError(f"pattern: {len(raw):,} characters, want at most {MAX_PATTERN}")
    pieces = [*_simple_pieces(raw.lower() if by_word else raw)]
    if pieces == ["*"]:
        return Exists(field)
    if pieces[-1:] == ["*"] and not any(piece in {"*", "?"} for piece in pieces[:-1]):
        return Prefix(field, plain("".join(pieces[:-1])), any_case=any_case, by_word=by_word)
    return Wildcard(field, "".join(pieces), any_case=any_case, by_word=by_word)


def read_regexp(text: str, *, operators: bool = True) -> str:
    r"""Read a regular expression of Lucene's as one that RE2 and Python's ``re`` read alike.

    Lucene has no anchors, so that ``^`` and ``$`` outside of classes are characters. Classes such
    as ``\d`` mean ASCII, and a dot any character, line breaks too.

    Args:
        text: Without slashes around it.
        operators: Whether ``~ & < > @ # "`` have Lucene's meaning, which RE2 does not know; they
            are then refused unless they are escaped.

    Raises:
        MalformedError: It is no regular expression, too long, or of a kind that takes more than
            linear time.

    Source: org.apache.lucene.util.automaton.RegExp; RE2's syntax page.
    """
    if len(text) > MAX_PATTERN:
        raise MalformedError(f"regexp: {len(text):,} characters, want at most {MAX_PATTERN}")
    found = "".join(_translated(text, operators=operators))
    if len(found) > MAX_PATTERN:
        raise MalformedError(f"regexp: too many escapes, want at most {MAX_PATTERN} characters")
    counts = [max(int(low or 0), int(high or 0), 1) for low, _, high in _REPEAT.findall(found)]
    if prod(counts) > MAX_REPEATS:
        raise MalformedError(f"regexp: too many repeats, want at most {MAX_REPEATS:,} in all")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            re.compile(found)
    except (re.error, OverflowError, RecursionError, FutureWarning, DeprecationWarning):
        raise MalformedError("regexp: of another form, want a regular expression") from None
    return found


def _simple_pieces(raw: str) -> Iterator[str]:
    """Cut a term into wildcards and runs of text, in which only what needs it is escaped."""
    for piece in _PIECE(raw):
        if piece[0] in "*?":
            yield piece[0]
        elif piece[0] == "\\":
            character = piece[1:] or "\\"
            yield f"\\{character}" if character in "*?\\" else character
        else:
            yield piece


def _translated(text: str, *, operators: bool) -> Iterator[str]:
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\\":
            yield _escape(text[position + 1 : position + 2])
            position += 2
        elif character == "[":
            end, piece = _character_class(text, position)
            yield piece
            position = end
        else:
            yield _character(text, position, operators=operators)
            position += 1


def _escape(character: str) -> str:
    if not character:
        raise MalformedError("regexp: a backslash at the end, want a character after it")
    if character in _SHARED_CLASSES:
        return f"\\{character}"
    if character.isalnum():
        raise MalformedError(r"regexp: an unknown escape, want \d, \w, \s or a sign after \ ")
    return _literal(character)


def _character(text: str, position: int, *, operators: bool) -> str:
    character = text[position]
    if operators and character in _OPERATORS:
        what = f"regexp: the operator {character}"
        raise MalformedError(rf"{what}, want \{character} for the character")
    if character == "?" and text[position - 1 : position] == "(":
        raise MalformedError("regexp: (?, want a plain group")
    # After another one, a + or ? would mean possessive or lazy, which Lucene does not have.
    if character in "+?*" and text[position - 1 : position] in {"+", "?", "*", "}"}:
        raise MalformedError("regexp: a repeat of a repeat, want a group around the first")
    return _literal(character) if character in "^$" else character


def _character_class(text: str, start: int) -> tuple[int, str]:
    """Translate ``[...]``; return where it ends, and the translation."""
    position = start + 1
    parts = ["["]
    if text[position : position + 1] == "^":
        parts.append("^")
        position += 1
    opened = len(parts)
    while position < len(text) and text[position] != "]":
        if text[position] == "\\":
            parts.append(_escape(text[position + 1 : position + 2]))
            position += 2
        elif text[position] == "-" and len(parts) > opened and parts[-1] != "-":
            parts.append("-")
            position += 1
        else:
            parts.append(_literal(text[position]))
            position += 1
    if position >= len(text) or len(parts) == opened:
        raise MalformedError("regexp: an open or empty [, want characters and ]")
    return position + 1, "".join((*parts, "]"))


def _literal(character: str) -> str:
    return re.escape(character) if character.isascii() else character
