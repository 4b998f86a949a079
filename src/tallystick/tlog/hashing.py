"""Hashes of a Merkle tree (RFC 6962 §2.1).

Leaves and inner nodes are hashed under different prefixes, so that no node can be passed off as
an entry, nor an entry as a node.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from struct import Struct
from typing import Final

from tallystick.errors import MalformedError

HASH_SIZE: Final = 32

EMPTY_ROOT: Final = sha256(b"").digest()
"""Root of the tree without entries."""

# Copying a state that has read its prefix is a fifth faster than hashing prefix + entry.
_LEAF: Final = sha256(b"\x00")
_NODE: Final = b"\x01"
_pairs: Final = Struct(f"{2 * HASH_SIZE}s").iter_unpack


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry: SHA-256(0x00, entry), 32 bytes."""
    state = _LEAF.copy()
    state.update(entry)
    return state.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbouring subtrees: SHA-256(0x01, left, right), 32 bytes."""
    return sha256(_NODE + left + right).digest()


def parent_hashes(hashes: Sequence[bytes]) -> list[bytes]:
    """Hash each two neighbours of a level: ⌊n/2⌋ hashes; an odd last one has no parent here."""
    one = iter(hashes)
    pairs = zip(one, one, strict=False)
    return [sha256(_NODE + left + right).digest() for left, right in pairs]


def parent_row(row: bytes) -> bytes:
    """Hash each two neighbours of a level, given and returned as one row of an even number."""
    return b"".join([sha256(_NODE + pair).digest() for (pair,) in _pairs(row)])


def require_hashes(what: str, hashes: Iterable[bytes]) -> None:
    """Refuse anything that is not a hash: an empty one would equal another empty one.

    Args:
        what: What they belong to, for the message.
        hashes: The would-be hashes.

    Raises:
        MalformedError: One of them is not 32 bytes.
    """
    if wrong := {*map(len, hashes)} - {HASH_SIZE}:
        raise MalformedError(f"{what}: hash of {min(wrong)} bytes, want {HASH_SIZE}")
