"""Which statements the embedded engine takes.

As a library the engine has no users and no rights: in it, ``file('/etc/passwd')`` reads that file,
even when told ``readonly``, and ``INTO OUTFILE`` writes one. So each statement is read here,
token by token, and refused unless it is of a known kind and calls nothing that reaches outside.
"""

import re
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tallystick.errors import ForbiddenError

MAX_SQL: Final = 4 << 20

_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+|--[^\n]*(?:\n|\Z))
      | (?P<text>'(?:[^'\\]|\\.|'')*')
      | (?P<name>`[^`\\]*`|"[^"\\]*")
      | (?P<bound>\{[A-Za-z_][A-Za-z0-9_]*:[A-Za-z0-9_(), ']*\})
      | (?P<word>[A-Za-z0-9_]+)
      | (?P<sign>->|[-+*/%<>=!.,()\[\]:?|&^@])""",
    re.VERBOSE | re.DOTALL,
)
_FORMAT: Final = re.compile(r"\s+FORMAT\s+(\w+)\s*\Z")
_COMMENTS: Final = ("/*", "//")
_NOWHERE: Final = frozenset({"outfile", "infile"})
_READS: Final = frozenset({"select", "with"})
_TELLS: Final = frozenset({"describe", "exists"})
_CHANGES: Final = frozenset(
    {"alter", "create", "delete", "drop", "exchange", "optimize", "rename", "truncate"}
)
_KILL: Final = re.compile(r"KILL QUERY WHERE query_id = \{(\w+):String\}(?: A?SYNC)?\Z")
# The client library asks which settings it may send, and gets no true answer when read-only.
_HANDSHAKE: Final = re.compile(
    r"SELECT name, value, readonly FROM system\.settings(?: LIMIT [0-9]+)?\Z"
)


class Kind(Enum):
    """What a statement does."""

    READ = "read"
    TELL = "tell"
    INSERT = "insert"
    CHANGE = "change"
    KILL = "kill"


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement that was found harmless.

    Attributes:
        kind: What it does.
        sql: Its text, without FORMAT.
        format: How the answer is to be written, or how the rows of an insert are.
    """

    kind: Kind
    sql: str
    format: str


class Guard:
    """Reads statements.

    Args:
        tables: Functions after FROM that reach outside of the engine's own tables, in lower case.
        values: Functions of values that do; their names may not occur at all, for a function can
            be named without being called, as in ``* APPLY file``.
    """

    def __init__(self, tables: frozenset[str], values: frozenset[str]) -> None:
        self._tables = tables
        self._values = values | _NOWHERE

    def read(self, text: str) -> Statement:
        """Find out what a statement does.

        Raises:
            ForbiddenError: It is of no known kind, more than one, or reaches outside.
        """
        if len(text) > MAX_SQL:
            raise ForbiddenError(f"statement: {len(text):,} characters, want at most {MAX_SQL:,}")
        found = _FORMAT.search(text)
        sql = text[: found.start()] if found else text.rstrip()
        if _KILL.match(sql):
            return Statement(Kind.KILL, sql, "TabSeparated")
        if found and _HANDSHAKE.match(sql):
            return Statement(Kind.TELL, sql, found[1])
        words = self._words(sql)
        kind = _kind(words[0] if words else "")
        if kind is Kind.READ and "settings" in words:
            raise ForbiddenError("statement: has SETTINGS, want none")
        return Statement(kind, sql, found[1] if found else "TabSeparated")

    def _words(self, sql: str) -> list[str]:
        """Return the bare words, in lower case; those behind a dot, which are columns, not."""
        words: list[str] = []
        last = before = ""
        for kind, text in _tokens(sql):
            if last + text in _COMMENTS:
                raise ForbiddenError("statement: has a comment, want none")
            name = text.strip('`"').lower() if kind in {"word", "name"} else ""
            if (text == "(" and last in self._tables) or (before != "." and name in self._values):
                raise ForbiddenError(f"{(name or last)[:40]}: reaches outside of the tables")
            if kind == "word" and before != ".":
                words.append(name)
            last, before = name or text, text
        return words


def _tokens(sql: str) -> list[tuple[str, str]]:
    tokens: list[tuple[str, str]] = []
    place = 0
    while place < len(sql):
        found = _TOKEN.match(sql, place)
        if found is None:
            raise ForbiddenError(f"statement: a character at {place:,} that has no place there")
        place = found.end()
        if found.lastgroup != "space":
            tokens.append((str(found.lastgroup), found[0]))
    return tokens


def _kind(word: str) -> Kind:
    if word in _READS:
        return Kind.READ
    if word in _TELLS:
        return Kind.TELL
    if word == "insert":
        return Kind.INSERT
    if word in _CHANGES:
        return Kind.CHANGE
    raise ForbiddenError(f"statement: begins with {word[:20]!r}, want one that reads or changes")
