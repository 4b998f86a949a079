"""The line that people type, and Elasticsearch's query strings: Lucene's syntax.

``action:document.deleted actor.email:*@acme.com -outcome:success "quarterly report" since:-7d``
"""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, tzinfo
from decimal import DecimalException
from typing import Final, Literal

from luqum import tree
from luqum.exceptions import ParseError
from luqum.thread import parse
from msgspec import Struct

from tallystick.errors import MalformedError
from tallystick.search import terms
from tallystick.search.extent import MAX_DEPTH, check_filter
from tallystick.search.fields import ACTION_WORDS, FIELDS, TEXT, Field, find_fields
from tallystick.search.filters import (
    And,
    Everything,
    Exists,
    Filter,
    Not,
    Nothing,
    Or,
)
from tallystick.search.intervals import between
from tallystick.search.lucene_items import bare, clauses, interval, settled
from tallystick.search.lucene_text import Rewritten
from tallystick.search.patterns import has_wildcard, plain
from tallystick.search.terms import When, anyone
from tallystick.search.words import words_of

MAX_LINE: Final = 8_192
"""Most characters of a line."""

_MAX_NESTING: Final = 2 * MAX_DEPTH
_POSITION: Final = re.compile(r"position (\d+)").search
_WILDCARDS: Final = re.compile(r"[*?]").sub
_BLANK: Final = re.compile(r"\s*").fullmatch


class LineError(MalformedError):
    """A line is not of its form.

    Attributes:
        column: Where, counted from 1.
    """

    def __init__(self, message: str, column: int) -> None:
        super().__init__(f"column {column}: {message}")
        self.column = column


class Line(Struct, frozen=True):
    """What a line asks for.

    Attributes:
        since: From here on, in UTC; the beginning of what ``since:`` says.
        until: Before here, in UTC; the beginning of what ``until:`` says.
    """

    filter: Filter = Everything()
    since: datetime | None = None
    until: datetime | None = None


class Dialect(Struct, frozen=True):
    """How a query string is to be read.

    Attributes:
        fields: Where terms without a field are looked for.
        implicit: What stands between terms with nothing between them.
        lenient: A term that a field can't have fits nothing, instead of being refused.
        phrases: Whether a term of several words is a phrase of them.
    """

    fields: tuple[Field, ...] = (FIELDS[TEXT],)
    implicit: Literal["and", "or"] = "and"
    lenient: bool = False
    phrases: bool = True


def parse_line(line: str, *, now: datetime, zone: tzinfo = UTC) -> Line:
    """Read the line that people type; a blank one asks for everything.

    Args:
        line: The line.
        now: The time at which it was typed; in UTC.
        zone: Where days begin, and of times without an offset.

    Raises:
        LineError: It is not of the form, at its column.
        MalformedError: It asks for too much.
    """
    return _Reading(line, When(now, zone), Dialect(), typed=True).line()


def parse_query_string(text: str, dialect: Dialect, when: When) -> Filter:
    """Read a query string as Elasticsearch's ``query_string`` does.

    Raises:
        LineError: It is not of the form, at its column.
        MalformedError: It asks for too much.
    """
    return _Reading(text, when, dialect, typed=False).line().filter


class _Reading:
    """One line on its way to a filter."""

    def __init__(self, line: str, when: When, dialect: Dialect, *, typed: bool) -> None:
        if len(line) > MAX_LINE:
            raise LineError(f"{len(line):,} characters, want at most {MAX_LINE:,}", MAX_LINE + 1)
        self._length = len(line)
        self._text = Rewritten(line)
        self._when = when
        self._dialect = dialect
        self._typed = typed

    def line(self) -> Line:
        """Read the whole line."""
        if _BLANK(self._text.text):
            return Line()
        root = self._parsed()
        bounds: dict[str, datetime] = {}
        parts = []
        for item in self._conjuncts(root):
            name = item.name if isinstance(item, tree.SearchField) else ""
            if self._typed and name in {"since", "until"}:
                if name in bounds:
                    raise self._error(f"{name}: a second time, want one", item)
                with self._at(item):
                    bounds[name] = self._when.span(plain(bare(item.expr)), relative=True).start
            else:
                parts.append(item)
        found = self._top(root, parts)
        check_filter(found)
        return Line(found, bounds.get("since"), bounds.get("until"))

    def _parsed(self) -> tree.Item:
        try:
            return settled(parse(self._text.text))
        except ParseError as error:
            place = _POSITION(str(error))
            column = self._text.column(int(place[1])) if place else self._length + 1
            found = "an unexpected character" if place else "an unexpected end"
            raise LineError(f"{found}, want a term", column) from None
        except DecimalException:
            raise LineError("~ or ^ with no number, want a number after it", 1) from None

    def _conjuncts(self, root: tree.Item) -> tuple[tree.Item, ...]:
        """Return the items that must all fit, those of an AND between others among them."""
        if isinstance(root, tree.AndOperation):
            return tuple(root.operands)
        if isinstance(root, tree.UnknownOperation) and self._dialect.implicit == "and":
            return tuple(each for part in root.operands for each in self._conjuncts(part))
        return (root,)

    def _top(self, root: tree.Item, parts: list[tree.Item]) -> Filter:
        if not parts:
            return Everything()
        if self._conjuncts(root) == (root,):
            return self._filter(root, None, 1)
        return _all(self._filter(part, None, 2) for part in parts)

    def _filter(self, item: tree.Item, fields: tuple[Field, ...] | None, depth: int) -> Filter:
        """Turn an item into a filter on ``fields``, or on the dialect's own."""
        if depth > _MAX_NESTING:
            raise self._error(f"deeper than {_MAX_NESTING}, want at most that", item)
        match item:
            case tree.SearchField():
                return self._field(item, fields, depth)
            case tree.BaseGroup() | tree.Boost() | tree.Plus():
                inner = item.a if isinstance(item, tree.Unary) else item.expr
                return self._filter(settled(inner), fields, depth + 1)
            case tree.Not() | tree.Prohibit():
                return Not(self._filter(item.a, fields, depth + 1))
            case tree.AndOperation():
                return _all(self._filter(each, fields, depth + 1) for each in item.operands)
            case tree.OrOperation() | tree.UnknownOperation():
                return self._several(item, fields, depth)
            case _:
                return self._leaf(item, fields)

    def _several(
        self, item: tree.BaseOperation, fields: tuple[Field, ...] | None, depth: int
    ) -> Filter:
        implicit_and = isinstance(item, tree.UnknownOperation) and self._dialect.implicit == "and"
        if self._typed or implicit_and:
            every = tuple(self._filter(each, fields, depth + 1) for each in item.operands)
            return _all(every) if implicit_and else Or(every)
        # Lucene's own: a clause must, must not or may occur, AND makes its neighbours such that
        # must; what may has no effect beside what must, as nothing is scored.
        found: dict[str, list[Filter]] = {"must": [], "must not": [], "may": []}
        for occurs, each in clauses(item):
            found[occurs].append(self._filter(each, fields, depth + 1))
        must = found["must"] or ([anyone(found["may"])] if found["may"] else [])
        return _all((*must, *map(Not, found["must not"])))

    def _field(
        self, item: tree.SearchField, fields: tuple[Field, ...] | None, depth: int
    ) -> Filter:
        name = plain(item.name)
        if fields is not None:
            raise self._error("a field within a field, want one", item)
        if self._typed and name in {"since", "until"}:
            raise self._error(f"{name}: within something, want it at the top", item)
        with self._at(item):
            if name == "_exists_":
                return anyone(Exists(each.name) for each in find_fields(plain(bare(item.expr))))
            if name == "*" and isinstance(item.expr, tree.Word) and item.expr.value == "*":
                return Everything()
            found = find_fields(name)
            if isinstance(item.expr, tree.Prohibit | tree.Plus):
                raw = bare(item.expr)
                return self._on_each(found, lambda field: self._word(field, raw))
        return self._filter(item.expr, found, depth + 1)

    def _leaf(self, item: tree.Item, fields: tuple[Field, ...] | None) -> Filter:
        if isinstance(item, tree.Word) and item.value == "*" and fields is None:
            return Everything()
        with self._at(item):
            ask = self._asker(item)
            return self._on_each(self._dialect.fields if fields is None else fields, ask)

    def _asker(self, item: tree.Item) -> Callable[[Field], Filter]:
        """Return what turns a field and the item into a filter."""
        match item:
            case tree.Word():
                return lambda field: self._word(field, item.value)
            case tree.Phrase():
                return lambda field: self._phrase(field, plain(item.value[1:-1]))
            case tree.Proximity() if item.degree == 0:
                return lambda field: self._phrase(field, plain(item.term.value[1:-1]))
            case tree.Regex():
                text = item.value[1:-1].replace(r"\/", "/")
                return lambda field: terms.regexp(field, text, operators=not self._typed)
            case tree.Range() | tree.From() | tree.To():
                low, high = interval(item)
                return lambda field: between(field, low, high, self._when)
            case _:
                raise MalformedError("a term with ~, want it without: nothing fuzzy is searched")

    def _on_each(self, fields: Iterable[Field], ask: Callable[[Field], Filter]) -> Filter:
        """Ask each field; those of several that can't have such a value fit nothing."""
        found = []
        refused: MalformedError | None = None
        for field in fields:
            try:
                found.append(ask(field))
            except MalformedError as error:
                refused = error
        if refused is not None and not found and not self._dialect.lenient:
            raise refused
        return anyone(found) if found else Nothing()

    def _word(self, field: Field, raw: str) -> Filter:
        if has_wildcard(raw):
            if field.name == TEXT and len(words_of(_WILDCARDS("", raw))) != 1:
                raise MalformedError("a pattern of no one word, want field:pattern")
            return terms.pattern(field, raw, any_case=field.worded or field.any_case)
        return self._value(field, plain(raw), "phrase" if self._dialect.phrases else "any")

    def _phrase(self, field: Field, text: str) -> Filter:
        if field.name == "action":
            return terms.equals(field, text, self._when)
        return self._value(field, text, "phrase")

    def _value(self, field: Field, text: str, need: Literal["phrase", "any"]) -> Filter:
        asked = FIELDS[ACTION_WORDS] if field.name == "action" else field
        if asked.name == ACTION_WORDS or not terms.is_prose(asked):
            return terms.equals(asked, text, self._when, any_case=asked.any_case)
        found = terms.words((asked,), text, need=need)
        if self._typed and found == Nothing():
            raise MalformedError("no letter or digit, want a word")
        return found

    @contextmanager
    def _at(self, item: tree.Item) -> Iterator[None]:
        """Say of what is refused inside where it stood."""
        try:
            yield
        except LineError:
            raise
        except MalformedError as error:
            raise self._error(str(error), item) from None

    def _error(self, message: str, item: tree.Item) -> LineError:
        return LineError(message, self._text.column(item.pos or 0))


def _all(filters: Iterable[Filter]) -> Filter:
    parts = tuple(filters)
    return parts[0] if len(parts) == 1 else And(parts)
