"""Private keys, each in a line as Go's ``x/mod/sumdb/note`` writes them.

::

    PRIVATE+KEY+<name>+<key id, 8 hex digits>+<base64 of the algorithm and the 32-byte seed>

The line is a secret: no error shows any of what stands behind the name.
"""

from typing import Final, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tallystick.errors import MalformedError
from tallystick.tlog.key import VerifierKey
from tallystick.tlog.spelling import decode_base64, encode_base64

SEED_BYTES: Final = 32
_PREFIX: Final = "PRIVATE+KEY+"


class PrivateKey(NamedTuple):
    """What a line holds: whose key, and the 32 bytes that nobody else may know."""

    name: str
    seed: bytes


def verifier_of(what: str, name: str, algorithm: int, seed: bytes) -> VerifierKey:
    """Return the public half of a private key.

    Args:
        what: Names the key in errors.
        name: Whose key it is.
        algorithm: One of those with Ed25519; see :class:`~tallystick.tlog.key.VerifierKey`.
        seed: 32 bytes.

    Raises:
        MalformedError: The name is not allowed, or the seed is not 32 bytes.
    """
    if len(seed) != SEED_BYTES:
        raise MalformedError(f"{what}: seed of {len(seed)} bytes, want {SEED_BYTES}")
    public = Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    return VerifierKey.of(name, algorithm, public)


def format_private_key(key: VerifierKey, seed: bytes) -> str:
    """Return the line, without newline: a secret."""
    encoded = encode_base64(bytes([key.algorithm]) + seed)
    return f"{_PREFIX}{key.name}+{key.key_id.hex()}+{encoded}"


def parse_private_key(what: str, text: str, algorithm: int) -> PrivateKey:
    """Read the line, with or without its newline; each key has one spelling.

    Args:
        what: Names the key in errors.
        text: What :func:`format_private_key` wrote.
        algorithm: The only one that is wanted.

    Raises:
        MalformedError: It is none, is of another algorithm, or its id is not that of its key.
    """
    # Base64 has plus signs of its own, so only the first two divide.
    match text.removesuffix("\n").removeprefix(_PREFIX).split("+", 2):
        case [name, digits, encoded] if text.startswith(_PREFIX):
            pass
        case _:
            raise MalformedError(f"{what}: another form, want PRIVATE+KEY+name+id+base64")
    try:
        data = decode_base64(what, encoded)
    except MalformedError:  # whose message shows what it read
        data = b""
    if data[:1] != bytes([algorithm]):
        raise MalformedError(f"{what}: not of algorithm 0x{algorithm:02x}, want one of it")
    if verifier_of(what, name, algorithm, data[1:]).key_id.hex() != digits:
        raise MalformedError(f"{what} of {name}: its id is of another key, want its own")
    return PrivateKey(name, data[1:])
