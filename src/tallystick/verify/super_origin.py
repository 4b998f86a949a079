"""Origins of super-logs: ``<deployment>/super``, and ``<deployment>/super/<serial>`` after it.

A deployment begins a new super-log whenever its online key changes, never continuing an old one.
"""

from typing import Final

from tallystick.errors import MalformedError

FIRST_SERIAL: Final = 1
_SUPER: Final = "/super"
_MAX_DIGITS: Final = 9


def super_origin(deployment: str, serial: int) -> str:
    """Return the origin of a super-log by its serial number, from 1."""
    return deployment + _SUPER + ("" if serial == FIRST_SERIAL else f"/{serial}")


def read_super_origin(origin: str) -> tuple[str, int]:
    """Return deployment and serial number of a super-log.

    Raises:
        MalformedError: The origin is of another form.
    """
    deployment, is_super, rest = origin.rpartition(_SUPER)
    digits = rest.removeprefix("/")
    serial = FIRST_SERIAL
    if digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS:
        serial = int(digits)
    if not (deployment and is_super and serial) or super_origin(deployment, serial) != origin:
        raise MalformedError(f"origin {origin[:200]!r}: want <deployment>/super[/<serial>]")
    return deployment, serial
