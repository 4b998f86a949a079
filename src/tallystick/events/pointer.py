"""JSON Pointers (RFC 6901): how an entry names the places of its sealed values."""

import re
from functools import lru_cache

from tallystick.errors import MalformedError

_POSITION = re.compile(r"0|[1-9][0-9]{0,8}").fullmatch
"""A position in its one spelling; longer ones lie beyond every array."""


def escape(name: str) -> str:
    """Write a member name as a reference token (RFC 6901 §3)."""
    return name.replace("~", "~0").replace("/", "~1") if "~" in name or "/" in name else name


def tokens(pointer: str) -> list[str]:
    """Split a pointer into member names and positions, unescaped (RFC 6901 §4).

    Raises:
        MalformedError: The pointer does not start with a slash.
    """
    if not pointer.startswith("/"):
        raise MalformedError(f"pointer {pointer!r}: want a leading slash")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def put(document: dict[str, object], pointer: str, value: object) -> None:
    """Set the value at ``pointer``; objects on the way are made where they are missing.

    An object that meets an object there is merged into it: members in clear and members that
    were sealed together make up one object again.

    Raises:
        MalformedError: The pointer leads through a scalar or beyond an array.
    """
    outer, last = _steps(pointer)
    place: object = document
    for token in outer:
        place = _enter(place, token, pointer)
    if isinstance(place, dict):
        there = place.get(last)
        if isinstance(there, dict) and isinstance(value, dict):
            there.update(value)
        else:
            place[last] = value
    elif isinstance(place, list) and _is_position(last, place):
        place[int(last)] = value
    else:
        raise MalformedError(f"pointer {pointer!r}: leads into no object or array")


@lru_cache(maxsize=1_024)
def _steps(pointer: str) -> tuple[tuple[str, ...], str]:
    """Split a pointer into what leads to a place and the place: few are met again and again."""
    *outer, last = tokens(pointer)
    return tuple(outer), last


def _enter(place: object, token: str, pointer: str) -> object:
    if isinstance(place, dict):
        return place.setdefault(token, {})
    if isinstance(place, list) and _is_position(token, place):
        return place[int(token)]
    raise MalformedError(f"pointer {pointer!r}: {token!r} is no place in this document")


def _is_position(token: str, array: list[object]) -> bool:
    # Each position has one spelling; a token of thousands of digits is not even read.
    return _POSITION(token) is not None and int(token) < len(array)
