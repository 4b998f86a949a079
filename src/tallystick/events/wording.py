"""Characters that make a text look like another one, and where they are refused."""

import re
from math import isfinite
from typing import Final

from tallystick.errors import MalformedError
from tallystick.events.pointer import escape

# In free text people may write right to left; in a name or an id the same characters make
# "exe.gnp" of "png.exe" (Unicode TR 36 §2.5).
_FREE: Final = frozenset({"message", "text", "metadata", "before", "after"})

_CONTROL: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff]").search
_HIDDEN: Final = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\u202a-\u202e\u2066-\u2069]"
).search

# The same in JSON as msgspec writes it.
_SUSPECT: Final = re.compile(rb"\\[ubf]|\xe2\x80[\xaa-\xae]|\xe2\x81[\xa6-\xa9]").search


def is_suspect(text: bytes) -> bool:
    """Whether a JSON text may hold a character that :func:`refuse_hidden` refuses."""
    if text.isascii() and b"\\" not in text:
        return False
    return _SUSPECT(text) is not None


def refuse_hidden(value: object, path: str = "", *, free: bool = False) -> None:
    """Check every string of a JSON value, and every number.

    Args:
        value: JSON builtins.
        path: JSON Pointer of the value.
        free: Whether the value is free text, in which right-to-left marks are allowed.

    Raises:
        MalformedError: A control character other than tab and line breaks, a lone surrogate,
            outside free text a bidirectional override or isolate, or a double that is not
            finite.
    """
    if isinstance(value, str):
        _refuse_characters(value, path, free=free)
    elif isinstance(value, dict):
        for name, inner in value.items():
            _refuse_characters(name, path, free=False)
            below = free or name in _FREE or (name == "reason" and isinstance(inner, str))
            refuse_hidden(inner, f"{path}/{escape(name)}", free=below)
    elif isinstance(value, list | tuple):
        for position, inner in enumerate(value):
            refuse_hidden(inner, f"{path}/{position}", free=free)
    elif isinstance(value, float) and not isfinite(value):
        raise MalformedError(f"{path}: {value}, want a finite number", path=path)


def _refuse_characters(text: str, path: str, *, free: bool) -> None:
    found = _CONTROL(text) if free else _HIDDEN(text)
    if found is not None:
        raise MalformedError(
            f"{path or 'event'}: character U+{ord(found[0]):04X} at {found.start()},"
            " want none that controls or hides",
            path=path,
        )
