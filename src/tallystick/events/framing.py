"""Putting parts one behind the other so that none can flow into the next."""

from typing import Final

from tallystick.errors import MalformedError

MAX_PART: Final = 65_535


def prefixed(part: bytes) -> bytes:
    """Put the length of ``part`` before it, as two bytes, the high one first.

    Raises:
        MalformedError: The part is longer than 65,535 bytes.
    """
    if len(part) > MAX_PART:
        raise MalformedError(f"hashed part: {len(part)} bytes, want at most {MAX_PART}")
    return len(part).to_bytes(2, "big") + part
