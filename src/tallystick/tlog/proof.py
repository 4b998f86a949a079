"""Proofs that a tree holds an entry, and that it extends an older tree (RFC 6962 §2.1.1-2).

Making a proof needs only the roots of complete subtrees, which never change once they exist.
A :data:`HashReader` hands them out, all that one proof needs at once; where it finds them is
its own affair. Checking a proof needs nothing but the proof.
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.hashing import EMPTY_ROOT, node_hash, require_hashes
from tallystick.tlog.tree import MAX_SIZE

HashReader = Callable[[Sequence[tuple[int, int]]], Sequence[bytes]]
"""Takes (level, index) of complete subtrees, returns their roots in that order, or raises.

Subtree (level, index) covers the entries [index · 2^level, (index + 1) · 2^level).
"""


def inclusion_proof(index: int, size: int, read: HashReader) -> list[bytes]:
    """Prove that entry ``index`` is in the tree of the first ``size`` entries.

    Args:
        index: Zero-based position, 0 ≤ index < size.
        size: Number of entries of the tree.
        read: Source of hashes; asked once.

    Returns:
        Sibling hashes from the leaf up to the root: ⌈log2(size)⌉ of 32 bytes at most.

    Raises:
        MalformedError: The index is outside the tree, or ``read`` returns no such hashes.

    Source: RFC 6962 §2.1.1, PATH(m, D[n]).
    """
    _require_index(index, size)
    siblings: list[tuple[int, int]] = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    return _range_hashes(siblings[::-1], read)


def consistency_proof(old: int, new: int, read: HashReader) -> list[bytes]:
    """Prove that the tree of ``new`` entries begins with that of ``old`` entries.

    Args:
        old: Size of the older tree, 0 ≤ old ≤ new.
        new: Size of the newer tree.
        read: Source of hashes; asked once, or not at all where there is nothing to prove.

    Returns:
        Hashes of 32 bytes; none if ``old`` is 0 or equals ``new``.

    Raises:
        MalformedError: The sizes are in the wrong order, or ``read`` returns no such hashes.

    Source: RFC 6962 §2.1.2, PROOF(m, D[n]).
    """
    _require_sizes(old, new)
    if old == 0:
        return []
    parts: list[tuple[int, int]] = []
    start, end = 0, new
    while old != end:
        middle = start + _split(end - start)
        if old <= middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((start, middle))
            start = middle
    if start:  # else the last part is the old tree, whose root the verifier knows
        parts.append((start, end))
    return _range_hashes(parts[::-1], read)


def tree_root(size: int, read: HashReader) -> bytes:
    """Return the root of the tree of the first ``size`` entries, 32 bytes.

    Raises:
        MalformedError: ``size`` is negative, or ``read`` returns no such hashes.
    """
    _require_sizes(0, size)
    return _range_hashes([(0, size)], read)[0] if size else EMPTY_ROOT


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that an inclusion proof leads to.

    Args:
        leaf: 32-byte leaf hash; see :func:`tallystick.tlog.hashing.leaf_hash`.
        index: Zero-based position, 0 ≤ index < size.
        size: Number of entries of the tree.
        path: Sibling hashes from the leaf up to the root, each 32 bytes.

    Raises:
        MalformedError: ``index``, a hash or the length of ``path`` cannot belong to ``size``.

    Source: RFC 9162 §2.1.3.2.
    """
    _require_index(index, size)
    require_hashes("leaf", [leaf])
    require_hashes("inclusion proof", path)
    # Below this level the way to the leaf and the tree's right edge differ, so each level has a
    # sibling. Above it the way runs on the edge, where only left siblings are left.
    inner = (index ^ (size - 1)).bit_length()
    want = inner + (index >> inner).bit_count()
    if len(path) != want:
        raise MalformedError(
            f"inclusion proof: {len(path)} hashes, want {want} for entry {index} of {size}"
        )
    node = _climb(leaf, path[:inner], index)
    return _climb_edge(node, path[inner:])


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> None:
    """Check that ``leaf`` is entry number ``index`` of the tree of ``size`` entries.

    Args:
        leaf: 32-byte leaf hash; see :func:`tallystick.tlog.hashing.leaf_hash`.
        index: Zero-based position, 0 ≤ index < size.
        size: Number of entries that ``root`` commits to.
        path: Sibling hashes from the leaf up to the root, each 32 bytes.
        root: 32-byte root hash, taken from a checkpoint that was verified before.

    Raises:
        MalformedError: ``index``, a hash or the length of ``path`` cannot belong to ``size``.
        VerificationError: The path leads to another root.

    Source: RFC 6962 §2.1.1; the walk is RFC 9162 §2.1.3.2.
    """
    require_hashes("root", [root])
    found = root_from_inclusion(leaf, index, size, path)
    if found != root:
        raise VerificationError(f"inclusion proof: leads to root {found.hex()}, want {root.hex()}")


def verify_consistency(
    old: int, new: int, path: Sequence[bytes], old_root: bytes, new_root: bytes
) -> None:
    """Check that the tree ``new_root`` extends the tree ``old_root``.

    Two questions on which implementations differ are decided here. Every root must have 32
    bytes, also where two placeholders would be equal. And the tree of size 0 is extended by
    every tree, by an empty proof, as c2sp.org/tlog-witness has it; a non-empty one is refused,
    and so is an old root that is not that of the empty tree.

    Args:
        old: Number of entries that ``old_root`` commits to, 0 ≤ old ≤ new.
        new: Number of entries that ``new_root`` commits to.
        path: The proof's hashes, each 32 bytes.
        old_root: 32-byte root hash that was verified before.
        new_root: 32-byte root hash, taken from a checkpoint that was verified before.

    Raises:
        MalformedError: The sizes, a hash or the length of ``path`` cannot belong together.
        VerificationError: The proof leads to another root, of the older or of the newer tree.

    Source: RFC 6962 §2.1.2; the walk is RFC 9162 §2.1.4.2.
    """
    _require_sizes(old, new)
    require_hashes("root", [old_root, new_root])
    require_hashes("consistency proof", path)
    if old in (0, new):
        _require_length(path, 0, old, new)
        _require_root("older", EMPTY_ROOT if old == 0 else new_root, old_root)
        if new == 0:
            _require_root("newer", EMPTY_ROOT, new_root)
        return

    # The walk starts at the largest subtree that ends where the old tree ends. Only if that is
    # the whole old tree, the proof need not name it.
    lowest = (old & -old).bit_length() - 1
    whole = old == 1 << lowest
    start, rest = (old_root, path) if whole else (path[0] if path else b"", path[1:])
    last = (old - 1) >> lowest
    inner = (last ^ ((new - 1) >> lowest)).bit_length()
    _require_length(path, (not whole) + inner + (last >> inner).bit_count(), old, new)

    left_only = [sibling for level, sibling in enumerate(rest[:inner]) if last >> level & 1]
    older = _climb_edge(_climb_edge(start, left_only), rest[inner:])
    newer = _climb_edge(_climb(start, rest[:inner], last), rest[inner:])
    _require_root("older", older, old_root)
    _require_root("newer", newer, new_root)


def _split(count: int) -> int:
    """Return the largest power of two below ``count``, which is at least 2."""
    return 1 << ((count - 1).bit_length() - 1)


def _complete_subtrees(start: int, end: int) -> list[tuple[int, int]]:
    """Cut the entries [start, end) of one subtree into complete ones, largest first."""
    subtrees = []
    while start < end:
        level = (end - start).bit_length() - 1
        subtrees.append((level, start >> level))
        start += 1 << level
    return subtrees


def _range_hashes(ranges: Sequence[tuple[int, int]], read: HashReader) -> list[bytes]:
    """Return the root of each range, asking ``read`` once for all of them."""
    cut = [_complete_subtrees(start, end) for start, end in ranges]
    wanted = [subtree for subtrees in cut for subtree in subtrees]
    found = read(wanted) if wanted else []
    if len(found) != len(wanted):
        raise MalformedError(f"hash reader: {len(found)} hashes, want {len(wanted)}")
    require_hashes("hash reader", found)
    hashes = iter(found)
    return [_join([*islice(hashes, len(subtrees))]) for subtrees in cut]


def _join(hashes: list[bytes]) -> bytes:
    """Join neighbouring complete subtrees, largest first, into the root above them."""
    root = hashes.pop()
    while hashes:
        root = node_hash(hashes.pop(), root)
    return root


def _climb(node: bytes, siblings: Iterable[bytes], index: int) -> bytes:
    """Climb from node ``index`` of its level; a 1-bit of the index: the sibling is left."""
    for level, sibling in enumerate(siblings):
        left = index >> level & 1
        node = node_hash(sibling, node) if left else node_hash(node, sibling)
    return node


def _climb_edge(node: bytes, siblings: Iterable[bytes]) -> bytes:
    """Climb along the right edge, where every sibling is left."""
    for sibling in siblings:
        node = node_hash(sibling, node)
    return node


def _require_index(index: int, size: int) -> None:
    if not 0 <= index < size <= MAX_SIZE:
        raise MalformedError(f"inclusion proof: entry {index} of {size}, want one in the tree")


def _require_sizes(old: int, new: int) -> None:
    if not 0 <= old <= new <= MAX_SIZE:
        raise MalformedError(f"tree sizes: {old} and then {new}, want 0 ≤ old ≤ new < 2^63")


def _require_length(path: Sequence[bytes], want: int, old: int, new: int) -> None:
    if len(path) != want:
        raise MalformedError(
            f"consistency proof: {len(path)} hashes, want {want} from size {old} to {new}"
        )


def _require_root(which: str, found: bytes, root: bytes) -> None:
    if found != root:
        raise VerificationError(
            f"consistency proof: leads to {which} root {found.hex()}, want {root.hex()}"
        )
