"""Events as CSV (RFC 4180), for people with a spreadsheet; what must be exact is NDJSON's.

A cell that begins with ``= + - @``, a tab, CR or LF is run as a formula by spreadsheets (OWASP,
CSV Injection), so an apostrophe is put in front of it. A program that splits lines at another
character than the comma makes cells of the inside of ours; so the apostrophe is put behind each
``, ; |``, tab, CR and LF within a cell, too, where one of these would follow. All cells are quoted.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from tallystick.events.canonical import encode

COLUMNS: Final = (
    *("tenant", "stream", "log", "index", "leaf_hash", "id", "received_at", "occurred_at"),
    *("action", "outcome", "severity", "actor.type", "actor.id", "actor.name", "actor.email"),
    *("targets", "changes", "message", "reason.code", "reason.text", "delegation"),
    *("context.ip", "context.user_agent", "context.session_id", "context.request_id"),
    *("purpose.code", "purpose.text", "metadata", "erased", "absent"),
)
"""The columns, in their order: fields as a search names them, lists and objects as JSON."""

_FORMULA: Final = "=+\\-@\uff1d\uff0b\uff0d\uff20"
"""What begins a formula; the wide forms too, which some spreadsheets take for the others."""
_DANGER: Final = re.compile(rf"\A(?=\n)|(?:\A|[,;|\t\r\n])[ \"']*(?=[{_FORMULA}\t\r])")


def header() -> bytes:
    """Return the first line: the names of the columns."""
    return line_of([_quoted(name) for name in COLUMNS])


def row(event: Mapping[str, Any]) -> bytes:
    """Write one event as a line, which ends with CRLF."""
    return line_of([_cell(_value(event, name.split("."))) for name in COLUMNS])


def line_of(cells: Sequence[str]) -> bytes:
    """Join cells that are quoted already."""
    return f"{','.join(cells)}\r\n".encode("utf-8", "replace")


def harmless(text: str) -> str:
    """Return a text that no spreadsheet runs, and that still reads the same to people."""
    return _DANGER.sub(lambda found: f"{found[0]}'", text)


def _value(event: Mapping[str, Any], path: Sequence[str]) -> object:
    value: Any = event
    for step in path:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def _cell(value: object) -> str:
    match value:
        case None:
            return '""'
        case bool() | int() | float():
            return _quoted(encode(value).decode())  # a number is what it is, and no formula
        case str():
            return _quoted(harmless(value))
        case _:
            return _quoted(harmless(encode(value).decode()))


def _quoted(text: str) -> str:
    return '"{}"'.format(text.replace('"', '""'))
