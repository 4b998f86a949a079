r"""A Merkle tree that only grows, kept as its right edge (RFC 6962 §2.1).

Of a tree of any size at most 63 hashes are needed to let it grow and to know its root: those
of its complete subtrees, one for each 1-bit of the size. A tree of 13 = 8 + 4 + 1 entries::

            o
         /     \
        A        \         hashes = (A, B, C): of 8, of 4 and of 1 entry
       / \      /  \
      …   …    B    C      root = node(A, node(B, C))
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from tallystick.errors import MalformedError
from tallystick.tlog.hashing import (
    EMPTY_ROOT,
    HASH_SIZE,
    node_hash,
    parent_hashes,
    parent_row,
    require_hashes,
)

MAX_SIZE: Final = 2**63 - 1
"""Most entries of a tree: what a reader that counts in signed 64-bit numbers can hold."""


@dataclass(frozen=True, slots=True)
class Frontier:
    """The right edge of a tree: all that it needs to grow.

    Attributes:
        size: Number of entries.
        hashes: Roots of the complete subtrees, largest (leftmost) first, 32 bytes each; as many
            as ``size`` has 1-bits.

    Raises:
        MalformedError: The number of hashes is not that of the size, or one is not 32 bytes.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.size <= MAX_SIZE:
            raise MalformedError(f"frontier: size {self.size}, want 0 to 2^63 - 1")
        if len(self.hashes) != self.size.bit_count():
            raise MalformedError(
                f"frontier: {len(self.hashes)} hashes, want {self.size.bit_count()} "
                f"for {self.size} entries"
            )
        require_hashes("frontier", self.hashes)

    def root(self) -> bytes:
        """Return the root hash of the tree, 32 bytes."""
        if not self.hashes:
            return EMPTY_ROOT
        smallest_first = reversed(self.hashes)
        root = next(smallest_first)
        for larger in smallest_first:
            root = node_hash(larger, root)
        return root

    def extend(self, leaf_hashes: Sequence[bytes]) -> Self:
        """Return the edge of the tree that has these entries too, in this order.

        Costs about one node hash a leaf, a whole level at a time.

        Args:
            leaf_hashes: 32 bytes each; see :func:`tallystick.tlog.hashing.leaf_hash`.

        Raises:
            MalformedError: A leaf hash is not 32 bytes.
        """
        require_hashes("leaf", leaf_hashes)
        kept = list(self.hashes)
        edge: list[bytes] = []  # smallest first
        level: list[bytes] = [*leaf_hashes]
        rest = self.size
        while level:
            if rest & 1:
                level.insert(0, kept.pop())
            if len(level) & 1:
                edge.append(level[-1])
            level = parent_hashes(level)
            rest >>= 1
        return type(self)(self.size + len(leaf_hashes), (*kept, *reversed(edge)))

    def encode(self) -> bytes:
        """Return the hashes one behind the other: 32 bytes for each 1-bit of the size."""
        return b"".join(self.hashes)

    @classmethod
    def decode(cls, size: int, data: bytes) -> Self:
        """Read what :meth:`encode` wrote of a tree of ``size`` entries.

        Raises:
            MalformedError: The length of ``data`` is not that of the size.
        """
        if len(data) % HASH_SIZE:
            raise MalformedError(f"frontier: {len(data)} bytes, want a multiple of {HASH_SIZE}")
        return cls(size, split_hashes(data))


def split_hashes(data: bytes) -> tuple[bytes, ...]:
    """Cut a row of hashes into hashes of 32 bytes; the length is the caller's to check."""
    return tuple(data[at : at + HASH_SIZE] for at in range(0, len(data), HASH_SIZE))


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over these leaf hashes, or over those of any one level.

    Args:
        hashes: Neighbours from left to right, 32 bytes each, any number.

    Returns:
        32 bytes: MTH of RFC 6962 §2.1. A lone right node rises a level as it is; it is never
        paired with itself.

    Raises:
        MalformedError: A hash is not 32 bytes.
    """
    require_hashes("subtree", hashes)
    if not hashes:
        return EMPTY_ROOT
    level: Sequence[bytes] = hashes
    while len(level) > 1:
        lone = level[len(level) & ~1 :]
        level = parent_hashes(level)
        level += lone
    return level[0]


def row_root(row: bytes) -> bytes:
    """Return the root of a complete subtree, from a row of hashes one behind the other.

    Args:
        row: 32 bytes for each of 2^n neighbours of one level.

    Raises:
        MalformedError: The row is of another length.
    """
    count, rest = divmod(len(row), HASH_SIZE)
    if rest or count.bit_count() != 1:
        raise MalformedError(f"subtree: {len(row)} bytes, want {HASH_SIZE} times a power of two")
    while len(row) > HASH_SIZE:
        row = parent_row(row)
    return row
