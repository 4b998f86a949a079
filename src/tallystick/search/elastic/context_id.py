"""Ids of scrolls and points in time: opaque to the client, and good for whom they were made."""

import json
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from collections.abc import Sequence
from hashlib import blake2b
from hmac import compare_digest
from typing import Any, Final

from tallystick.search.elastic.refusal import ElasticError, ElasticMissingError

MAX_ID: Final = 65_536
"""Most characters of an id."""

_MAX_TOLD: Final = 1_048_576
_HASH_BYTES: Final = 16
_PERSON: Final = b"tallystick/view1"
_SHOWN: Final = 64


def write_id(told: object, whose: Sequence[str]) -> str:
    """Write an id.

    Args:
        told: What it says, as JSON builtins.
        whose: Who may use it, and for what.

    Raises:
        ElasticError: What it says is too long for an id.
    """
    body = zlib.compress(json.dumps(told, separators=(",", ":")).encode(), 6)
    text = urlsafe_b64encode(_hash(body, whose) + body).decode().rstrip("=")
    if len(text) > MAX_ID:
        reason = f"question too long to go on with, want one that fits {MAX_ID:,} characters"
        raise ElasticError(reason, kind="illegal_argument_exception")
    return text


def read_id(text: str, whose: Sequence[str]) -> Any:  # noqa: ANN401 (any JSON)
    """Read an id.

    Raises:
        ElasticMissingError: It is none, or somebody else's.
    """
    try:
        if len(text) > MAX_ID:
            raise missing_context(text)
        raw = urlsafe_b64decode(f"{text}{'=' * (-len(text) % 4)}")
        mark, body = raw[:_HASH_BYTES], raw[_HASH_BYTES:]
        if not compare_digest(mark, _hash(body, whose)):
            raise missing_context(text)
        # Anybody can make an id of their own: what it expands to has a bound.
        return json.loads(zlib.decompressobj().decompress(body, _MAX_TOLD))
    except (Base64Error, ValueError, RecursionError, zlib.error):
        raise missing_context(text) from None


def missing_context(text: str) -> ElasticMissingError:
    """Say that nothing is under way by an id: it expired, or never was."""
    shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
    return ElasticMissingError(
        f"No search context found for id [{shown}], want one that has not expired",
        kind="search_context_missing_exception",
    )


def _hash(body: bytes, whose: Sequence[str]) -> bytes:
    # No key: who writes an id of their own gets what they could ask for without one, for the
    # tenant and what is masked are those of the credential.
    hashed = blake2b(digest_size=_HASH_BYTES, person=_PERSON)
    for part in (body, *(text.encode("utf-8", "surrogatepass") for text in whose)):
        hashed.update(len(part).to_bytes(8, "big") + part)
    return hashed.digest()
