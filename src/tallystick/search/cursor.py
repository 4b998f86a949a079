"""Where a list goes on: opaque to the asker, and good for the question that it came with.

A cursor holds the values of the last event shown, so that events that arrive meanwhile neither
move nor double what follows; and the time of the first answer, so that ``now`` stays what it was.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from hmac import compare_digest
from typing import Final, NamedTuple

from tallystick.errors import MalformedError
from tallystick.search.filters import Value

MAX_CURSOR: Final = 65_536
"""Most characters of a cursor."""

_HASH_BYTES: Final = 16
_PERSON: Final = b"tallystick/curs1"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_WANT: Final = "want a next of this question"


class Cursor(NamedTuple):
    """Where a list goes on.

    Attributes:
        asked_at: When the first part was asked for; in UTC.
        after: As of :class:`~tallystick.search.query.Search`.
    """

    asked_at: datetime
    after: tuple[Value | None, ...]


def write_cursor(cursor: Cursor, question: Sequence[str]) -> str:
    """Write a cursor as text.

    Args:
        cursor: What it says.
        question: All that makes the question, the tenant too.
    """
    told = [_told(cursor.asked_at), *map(_told, cursor.after)]
    body = json.dumps(told, separators=(",", ":")).encode()
    return urlsafe_b64encode(_hash(body, question) + body).decode().rstrip("=")


def read_cursor(text: str, question: Sequence[str]) -> Cursor:
    """Read a cursor.

    Raises:
        MalformedError: It is none, or that of another question.
    """
    try:
        if len(text) > MAX_CURSOR:
            raise MalformedError(f"after: too long, {_WANT}", path="/after")
        raw = urlsafe_b64decode(f"{text}{'=' * (-len(text) % 4)}")
    except (Base64Error, ValueError):
        raise MalformedError(f"after: another form, {_WANT}", path="/after") from None
    mark, body = raw[:_HASH_BYTES], raw[_HASH_BYTES:]
    if not compare_digest(mark, _hash(body, question)):
        raise MalformedError(f"after: of another question, {_WANT}", path="/after")
    try:
        asked_at, *after = map(_read, json.loads(body))
    except (ValueError, TypeError, LookupError, OverflowError, RecursionError):
        raise MalformedError(f"after: another form, {_WANT}", path="/after") from None
    if not isinstance(asked_at, datetime):
        raise MalformedError(f"after: another form, {_WANT}", path="/after")
    return Cursor(asked_at, tuple(after))


def _hash(body: bytes, question: Sequence[str]) -> bytes:
    # No key: who writes a cursor of their own can put any values into it, as into a filter.
    hashed = blake2b(digest_size=_HASH_BYTES, person=_PERSON)
    for part in (body, *(text.encode("utf-8", "surrogatepass") for text in question)):
        hashed.update(len(part).to_bytes(8, "big") + part)
    return hashed.digest()


def _told(value: Value | None) -> object:
    if isinstance(value, datetime):
        return {"us": (value - _EPOCH) // _MICROSECOND}
    return value


def _read(told: object) -> Value | None:
    match told:
        case {"us": int(count)} if not isinstance(count, bool):
            return _EPOCH + count * _MICROSECOND
        case str() | int() | float() | None:
            return told
        case _:
            raise TypeError
