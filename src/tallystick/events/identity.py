"""Event ids: UUIDs (RFC 9562) as sixteen bytes, and how they are made and written."""

import re
from hashlib import blake2b
from typing import Final

from tallystick.errors import MalformedError
from tallystick.events.framing import prefixed

# Versions 1 to 8 of the RFC's own variant. Nil and Max are left out: they are what broken
# senders put into every event, and an id must be unique for ever.
UUID_PATTERN: Final = (
    r"\A[0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[1-8][0-9A-Fa-f]{3}-[89ABab][0-9A-Fa-f]{3}"
    r"-[0-9A-Fa-f]{12}\Z"
)

_LENGTH: Final = 16
_MAX_MS: Final = 2**48 - 1
_RANDOM_LENGTH: Final = 10
_KEY_LENGTH: Final = 32
_PERSON: Final = b"external id"
_matches = re.compile(UUID_PATTERN).match


def id_text(identity: bytes) -> str:
    """Write sixteen bytes as a UUID in lower case.

    Raises:
        MalformedError: There are more or fewer bytes.
    """
    if len(identity) != _LENGTH:
        raise MalformedError(f"event id: {len(identity)} bytes, want {_LENGTH}")
    text = identity.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def id_bytes(text: str) -> bytes:
    """Read a UUID in canonical or upper-case spelling.

    Raises:
        MalformedError: The text is no UUID of RFC 9562, or nil or max.
    """
    if not _matches(text):
        raise MalformedError("event id: of another form, want an RFC 9562 UUID")
    return bytes.fromhex(text.replace("-", ""))


def uuid7(ms: int, random10: bytes) -> bytes:
    """Make a UUIDv7.

    Args:
        ms: Milliseconds since 1970-01-01 UTC, 0 ≤ ms < 2**48.
        random10: 10 random bytes, of which 74 bits are used.

    Raises:
        MalformedError: An argument is out of its range.

    Source: RFC 9562 §5.7.
    """
    if not 0 <= ms <= _MAX_MS:
        raise MalformedError(f"uuid7: {ms} ms, want 0 to {_MAX_MS}")
    if len(random10) != _RANDOM_LENGTH:
        raise MalformedError(f"uuid7: {len(random10)} random bytes, want {_RANDOM_LENGTH}")
    return _marked(ms.to_bytes(6, "big") + random10, version=7)


def external_event_id(key: bytes, door: str, source: str, external_id: str) -> bytes:
    """Derive the id of an event that came with an id of its sender's own making.

    The hash is keyed by a tenant's key: an external id may be personal (a mail address, a
    phone number), and an unkeyed hash of it could be found by trying.

    Args:
        key: 32 bytes, of the tenant.
        door: The door that the event came in by.
        source: Which of the door's senders it came from.
        external_id: The sender's id.

    Returns:
        A UUIDv8 as 16 bytes.

    Raises:
        MalformedError: The key is not 32 bytes, or a part longer than 65,535.

    Source: RFC 9562 §5.8.
    """
    if len(key) != _KEY_LENGTH:
        raise MalformedError(f"tenant key: {len(key)} bytes, want {_KEY_LENGTH}")
    parts = b"".join(prefixed(part.encode()) for part in (door, source, external_id))
    hashed = blake2b(parts, digest_size=_LENGTH, key=key, person=_PERSON).digest()
    return _marked(hashed, version=8)


def _marked(identity: bytes, *, version: int) -> bytes:
    marked = bytearray(identity)
    marked[6] = version << 4 | marked[6] & 0x0F
    marked[8] = 0x80 | marked[8] & 0x3F
    return bytes(marked)
