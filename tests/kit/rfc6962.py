"""RFC 6962 §2.1 as it is written: slow, recursive, obvious. Tests compare the product with it."""

from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256


def mth(d: Sequence[bytes]) -> bytes:
    """MTH(D[n]): the Merkle Tree Hash of a list of n entries."""
    n = len(d)
    if n == 0:
        return sha256(b"").digest()
    if n == 1:
        return sha256(b"\x00" + d[0]).digest()
    k = largest_power_of_two_smaller_than(n)
    return sha256(b"\x01" + mth(d[0:k]) + mth(d[k:n])).digest()


def path(m: int, d: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n]): the audit path of the (m+1)th entry of a list of n."""
    n = len(d)
    if n == 1:
        return []
    k = largest_power_of_two_smaller_than(n)
    if m < k:
        return [*path(m, d[0:k]), mth(d[k:n])]
    return [*path(m - k, d[k:n]), mth(d[0:k])]


def proof(m: int, d: Sequence[bytes]) -> list[bytes]:
    """PROOF(m, D[n]): the consistency proof of the first m entries with all n; 0 < m < n."""
    return subproof(m, d, known=True)


def subproof(m: int, d: Sequence[bytes], *, known: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b), where b is ``known``: the verifier has MTH(D[0:m])."""
    n = len(d)
    if m == n:
        return [] if known else [mth(d)]
    k = largest_power_of_two_smaller_than(n)
    if m <= k:
        return [*subproof(m, d[0:k], known=known), mth(d[k:n])]
    return [*subproof(m - k, d[k:n], known=False), mth(d[0:k])]


def largest_power_of_two_smaller_than(n: int) -> int:
    """Return k with k < n ≤ 2k."""
    k = 1
    while 2 * k < n:
        k *= 2
    return k


def subtrees_of(d: Sequence[bytes]) -> Callable[[Sequence[tuple[int, int]]], list[bytes]]:
    """Return a reader of the complete subtrees (level, index) of these entries' tree."""

    @cache
    def subtree(level: int, index: int) -> bytes:
        if level == 0:
            return mth([d[index]])
        left, right = subtree(level - 1, 2 * index), subtree(level - 1, 2 * index + 1)
        return sha256(b"\x01" + left + right).digest()

    return lambda wanted: [subtree(level, index) for level, index in wanted]
