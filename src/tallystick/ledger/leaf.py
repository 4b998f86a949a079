"""The bytes of an entry: what the tree covers.

The time of receipt is set when the entry gets its index, so that time never runs backwards in a
log (ADR 0011). Until then a leaf is kept as the bytes before and after it.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

import msgspec

ENTRY_VERSION: Final = 1
MAX_LEAF: Final = 65_535
STAMP_LENGTH: Final = len('"received_at":"2026-11-24T02:45:00.123456Z"')

_NO_TIME: Final = b'"received_at":""'
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_write = msgspec.json.Encoder(order="sorted").encode


class Via(NamedTuple):
    """How an event came in: the credential's id, and the door."""

    key_id: str
    door: str


def stamp_of(received_at: int) -> bytes:
    """Write a time of receipt (microseconds) as the leaf member that holds it."""
    return f'"received_at":"{time_text(received_at)}"'.encode()


def time_text(microseconds: int) -> str:
    """Write a time as RFC 3339 in UTC with six digits."""
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def halves(clear: Mapping[str, object], retention: str, refs: list[str]) -> tuple[bytes, bytes]:
    """Write what stands in clear, up to the time of receipt and from there to "via".

    What stands in clear are closed words, tokens and integers, whose sorted JSON is their
    canonical form. The empty time of receipt is found again by its text: no token is empty.
    "sealed" belongs right behind it in canonical order; "via" is the last member of all.
    """
    members = {**clear, "class": retention, "received_at": "", "v": ENTRY_VERSION}
    if refs:
        members["subject_refs"] = refs
    before, _, after = _write(members)[:-1].partition(_NO_TIME)
    return before, after


def via_member(via: Via) -> bytes:
    """Write the member that ends the leaf."""
    return b',"via":%b}' % _write({"door": via.door, "key_id": via.key_id})


def sealed_object(members: Iterable[bytes]) -> bytes:
    """Write the member that holds the commitments; empty when there are none."""
    inner = b",".join(members)
    return b',"sealed":{%b}' % inner if inner else b""


def sealed_member(key: bytes, slot: int, code: bytes) -> bytes:
    """Write one commitment; ``key`` is its path as a JSON member name with the colon."""
    return b'%b[%d,"%b"]' % (key, slot, code)
