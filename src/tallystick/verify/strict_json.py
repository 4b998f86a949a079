"""JSON read so that two readers can't differ, and the one spelling of what we write.

A text with a member name twice, or with a number that overflows, means one thing to one reader
and another to the next; a verifier that lets it pass can be shown something else than it checked.
"""

import json
from math import isfinite
from typing import Final

from tallystick.errors import MalformedError

MAX_DEPTH: Final = 128
"""How many arrays and objects may stand inside each other: twice what an event may have."""


def read(data: bytes, what: str) -> object:
    """Read one JSON text.

    Args:
        data: UTF-8 without a byte order mark.
        what: What it is, for the error's text.

    Raises:
        MalformedError: Not UTF-8, no RFC 8259 JSON, a member name twice in one object, a number
            out of range, or nesting too deep to read.
    """
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_members,
            parse_float=_double,
            parse_constant=_double,
        )
    except MalformedError as error:
        raise MalformedError(f"{what}: {error}") from None
    except RecursionError:
        raise MalformedError(f"{what}: nested too deep to read") from None
    except UnicodeDecodeError as error:
        raise MalformedError(f"{what}: byte {error.start:,}, want UTF-8") from None
    except json.JSONDecodeError as error:
        raise MalformedError(f"{what}: no JSON at character {error.pos:,}") from None
    except ValueError:
        raise MalformedError(f"{what}: an integer too long to read") from None
    _refuse_deeper(value, what)
    return value


def write(value: object) -> bytes:
    """Write strings, integers, arrays and objects in the form of RFC 8785.

    Raises:
        MalformedError: A string holds a lone surrogate.
    """
    text = json.dumps(_in_order(value), ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise MalformedError("json: a lone surrogate, want Unicode text") from None


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise MalformedError(f"two members {name[:80]!r} in one object, want one")
        members[name] = value
    return members


def _refuse_deeper(value: object, what: str) -> None:
    layer = [value]
    for _ in range(MAX_DEPTH + 1):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not layer:
            return
    raise MalformedError(f"{what}: nested deeper than {MAX_DEPTH} levels")


def _double(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise MalformedError(f"number {text[:40]}, want a finite double")
    return value


def _in_order(value: object) -> object:
    if isinstance(value, dict):
        names = sorted(value, key=_utf16)
        return {name: _in_order(value[name]) for name in names}
    if isinstance(value, list | tuple):
        return [_in_order(inner) for inner in value]
    return value


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")
