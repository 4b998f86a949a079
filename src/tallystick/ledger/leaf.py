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
_NO_REF: Final = b'[""]'
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


class ClearText(NamedTuple):
    """What stands in clear in a leaf: the texts around what is put in later.

    Attributes:
        before: Up to the time of receipt; behind that stand the commitments.
        between: From there up to the subjects' refs, whose own text is :func:`refs_text`.
        after: From there up to "via".
    """

    before: bytes
    between: bytes
    after: bytes


def clear_text(clear: Mapping[str, object], retention: str, *, has_refs: bool) -> ClearText:
    """Write what stands in clear.

    What stands in clear are closed words, tokens and integers, whose sorted JSON is their
    canonical form. The empty time of receipt and the empty ref are found again by their text: no
    token is empty. "sealed" belongs right behind the time; "via" is the last member of all.
    """
    members = {**clear, "class": retention, "received_at": "", "v": ENTRY_VERSION}
    if has_refs:
        members["subject_refs"] = [""]
    before, _, rest = _write(members)[:-1].partition(_NO_TIME)
    between, no_ref, after = rest.partition(_NO_REF)
    return ClearText(before, between + no_ref[:2], no_ref[2:] + after)


def refs_text(refs: Iterable[str]) -> bytes:
    """Write refs in hex, as they stand between the first and the last quote of "subject_refs"."""
    return '","'.join(refs).encode()


def via_member(via: Via) -> bytes:
    """Write the member that ends the leaf."""
    return b',"via":%b}' % _write({"door": via.door, "key_id": via.key_id})


def sealed_text(members: Iterable[tuple[bytes, int]]) -> bytes:
    """Write the member that holds the commitments, with a gap ``%b`` for each in base64.

    Args:
        members: In canonical order: the path as a JSON member name with the colon, the slot.

    Returns:
        Nothing when there are none.
    """
    inner = b",".join(b'%b[%d,"%%b"]' % (name.replace(b"%", b"%%"), slot) for name, slot in members)
    return b',"sealed":{%b}' % inner if inner else b""
