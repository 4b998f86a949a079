"""Numbers, bytes and names in text: one spelling each, as the C2SP formats have it."""

import re
from base64 import b64decode, b64encode
from typing import Final

from tallystick.errors import MalformedError
from tallystick.tlog.tree import MAX_SIZE

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}").fullmatch
_CONTROL: Final = re.compile(r"[\x00-\x1f]").search


def parse_decimal(what: str, text: str) -> int:
    """Read ASCII digits without sign, grouping or leading zeroes, at most 2^63 - 1.

    Raises:
        MalformedError: It is anything else, such as what ``int`` alone accepts.
    """
    if _DECIMAL(text) and int(text) <= MAX_SIZE:
        return int(text)
    raise MalformedError(f"{what}: {text[:40]!r}, want a decimal below 2^63 in canonical form")


def encode_base64(data: bytes) -> str:
    """Write bytes in the alphabet of RFC 4648 §4, with padding."""
    return b64encode(data).decode("ascii")


def decode_base64(what: str, text: str) -> bytes:
    """Read what :func:`encode_base64` wrote.

    Raises:
        MalformedError: It has other letters, other padding, or stray bits behind the last byte.
    """
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        data = b""
    if encode_base64(data) != text:
        raise MalformedError(f"{what}: {text[:60]!r}, want base64 in canonical form")
    return data


def require_text(what: str, text: str) -> None:
    """Refuse control characters other than newline, and what has no UTF-8.

    Raises:
        MalformedError: There is one.
    """
    if control := _CONTROL(text.replace("\n", "")):
        raise MalformedError(f"{what}: control character {control[0]!r}, want only newlines")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MalformedError(f"{what}: lone surrogate, want valid UTF-8") from error


def require_key_name(name: str) -> None:
    """Refuse what c2sp.org/signed-note does not allow as the name of a key.

    Raises:
        MalformedError: It is empty, has a plus sign, a control character or any Unicode space.
    """
    if not name or "+" in name or any(map(str.isspace, name)):
        raise MalformedError(f"key name: {name[:80]!r}, want one without spaces or plus signs")
    require_text("key name", name)
