"""Salted commitments: what an entry says about a value that it does not show.

Only who knows salt and value can tell that they belong to a commitment. Destroying the key from
which the salt is derived makes the commitment say nothing, and changes no hash of the log.
"""

from hashlib import blake2b, sha256
from typing import Final

from tallystick.errors import MalformedError
from tallystick.events.framing import prefixed

DOMAIN: Final = b"tallystick/commitment/v1"
SALT_LENGTH: Final = 16
KEY_LENGTH: Final = 32

_PERSON: Final = b"salt"


def commit(salt: bytes, path: str, value: bytes) -> bytes:
    """Commit to the value at a place of an event.

    Args:
        salt: 16 bytes, used for this place of this event only; see :func:`derive_salt`.
        path: JSON Pointer of the place.
        value: The value's bytes from :func:`tallystick.events.canonical.encode`.

    Returns:
        32 bytes: SHA-256(domain, 0x00, salt, length of path in 2 bytes, path, value). Path and
        value cannot flow into each other, because the path's length stands before it.

    Raises:
        MalformedError: The salt is not 16 bytes, or the path longer than 65,535.

    Source: docs/specs/entry-v1; the pattern is that of RFC 9901 (SD-JWT) §4.2.
    """
    if len(salt) != SALT_LENGTH:
        raise MalformedError(f"salt: {len(salt)} bytes, want {SALT_LENGTH}")
    return sha256(DOMAIN + b"\x00" + salt + prefixed(path.encode()) + value).digest()


def derive_salt(key: bytes, origin: str, event_id: bytes, path: str) -> bytes:
    """Derive the salt of one place of one event from its subject's key.

    Args:
        key: The subject's key, 32 bytes.
        origin: Origin of the log that the entry stands in.
        event_id: 16 bytes.
        path: JSON Pointer of the place.

    Returns:
        16 bytes of BLAKE2b keyed by ``key``, personalised ``salt``, over the three parts, each
        behind its length in 2 bytes.

    Raises:
        MalformedError: The key is not 32 bytes, or a part longer than 65,535.

    Source: RFC 7693 §2.8 (keyed mode); BLAKE2 §2.8 (personalisation).
    """
    if len(key) != KEY_LENGTH:
        raise MalformedError(f"subject key: {len(key)} bytes, want {KEY_LENGTH}")
    parts = prefixed(origin.encode()) + prefixed(event_id) + prefixed(path.encode())
    return blake2b(parts, digest_size=SALT_LENGTH, key=key, person=_PERSON).digest()
