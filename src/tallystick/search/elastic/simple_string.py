"""The little language of ``simple_query_string``, in which nothing is an error.

Source: Elasticsearch's reference, "Simple query string syntax"; of its operators, ``~`` is not
answered, as nothing fuzzy is searched.
"""

import re
from collections.abc import Callable
from typing import Final

from tallystick.errors import MalformedError
from tallystick.search.filters import And, Filter, Not, Nothing, Or
from tallystick.search.patterns import plain

ALL_FLAGS: Final = frozenset(
    {
        *("and", "or", "not", "prefix", "phrase", "precedence", "escape", "whitespace"),
        *("fuzzy", "near", "slop"),
    }
)
_MAX_DEPTH: Final = 32
_SIGNS: Final = {"+": "and", "|": "or", "-": "not", "(": "precedence", ")": "precedence"}
_FUZZY: Final = re.compile(r"~\d*\Z").search

Ask = Callable[[str, str], Filter]
"""Asks for a text, which is a ``term``, a ``phrase`` or a ``prefix``."""


class SimpleString:
    """One such text on its way to a filter."""

    def __init__(self, text: str, ask: Ask, flags: frozenset[str], *, every: bool) -> None:
        """Prepare to read.

        Args:
            text: What was typed.
            ask: Asks for one term.
            flags: Which operators have their meaning, of ``ALL_FLAGS``.
            every: Whether terms with nothing between them must all fit.
        """
        self._text = text
        self._ask = ask
        self._flags = flags
        self._join = "and" if every else "or"
        self._position = 0

    def read(self) -> Filter:
        """Read all of it; a text without a term fits nothing.

        Raises:
            MalformedError: It asks for something fuzzy, or is nested too deeply.
        """
        found = self._group(1)
        return Nothing() if found is None else found

    def _group(self, depth: int) -> Filter | None:
        if depth > _MAX_DEPTH:
            raise MalformedError(f"[simple_query_string] is deeper than {_MAX_DEPTH}")
        found: Filter | None = None
        join = negated = ""
        while self._position < len(self._text):
            sign = self._sign()
            if sign == ")":
                if depth > 1:
                    self._position += 1
                    break
                self._position += 1
            elif sign in {"+", "|"}:
                join = "and" if sign == "+" else "or"
                self._position += 1
            elif sign == "-":
                negated = "" if negated else "-"
                self._position += 1
            elif self._text[self._position].isspace():
                self._position += 1
            else:
                term = self._inner(depth) if sign == "(" else self._term()
                if term is not None:
                    term = Not(term) if negated else term
                    found = term if found is None else _joined(found, term, join or self._join)
                join = negated = ""
        return found

    def _inner(self, depth: int) -> Filter | None:
        self._position += 1
        return self._group(depth + 1)

    def _sign(self) -> str:
        character = self._text[self._position]
        flag = _SIGNS.get(character)
        return character if flag in self._flags else ""

    def _term(self) -> Filter | None:
        start = self._position
        if self._text[start] == '"' and "phrase" in self._flags:
            end = self._end_of_phrase(start + 1)
            if end is not None:
                self._position = end + 1
                self._refuse_fuzzy(self._rest_of_word(), {"near", "slop"})
                return self._ask("phrase", plain(self._text[start + 1 : end]))
            self._position += 1  # an open quote means nothing
            return None
        raw = self._rest_of_word()
        self._refuse_fuzzy(raw, {"fuzzy"})
        if raw.endswith("*") and len(raw) > 1 and "prefix" in self._flags:
            return self._ask("prefix", self._plain(raw[:-1]))
        return self._ask("term", self._plain(raw)) if raw else None

    def _rest_of_word(self) -> str:
        start = self._position
        while self._position < len(self._text):
            character = self._text[self._position]
            if character == "\\" and "escape" in self._flags:
                self._position += 2
                continue
            inside = character == "-" and self._position > start
            if character.isspace() or (self._sign() and not inside) or character == '"':
                break
            self._position += 1
        return self._text[start : self._position]

    def _end_of_phrase(self, position: int) -> int | None:
        while position < len(self._text):
            if self._text[position] == '"':
                return position
            position += 2 if self._text[position] == "\\" else 1
        return None

    def _plain(self, raw: str) -> str:
        return plain(raw) if "escape" in self._flags else raw

    def _refuse_fuzzy(self, raw: str, flags: set[str]) -> None:
        if flags & self._flags and _FUZZY(raw):
            raise MalformedError(
                "[simple_query_string] does not support [~], nothing is fuzzy here"
            )


def _joined(found: Filter, term: Filter, join: str) -> Filter:
    """Join from the left, so that a row of one operator becomes one filter."""
    if join == "and":
        return And((*found.parts, term)) if isinstance(found, And) else And((found, term))
    return Or((*found.parts, term)) if isinstance(found, Or) else Or((found, term))
