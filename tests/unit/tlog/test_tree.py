import re
from hashlib import sha256

import pytest

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.hashing import EMPTY_ROOT, leaf_hash, node_hash, parent_hashes
from tallystick.tlog.proof import (
    consistency_proof,
    inclusion_proof,
    tree_root,
    verify_consistency,
    verify_inclusion,
)
from tallystick.tlog.tree import Frontier, row_root, subtree_root

A, B, C, D = (bytes([letter]) * 32 for letter in b"abcd")
MOST = 2**63 - 1


def test_leaves_and_nodes_are_hashed_under_different_prefixes() -> None:
    assert leaf_hash(b"entry") == sha256(b"\x00entry").digest()
    assert node_hash(A, B) == sha256(b"\x01" + A + B).digest()
    assert leaf_hash(A + B) != node_hash(A, B)


def test_the_empty_tree_has_the_root_that_all_logs_know() -> None:
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

    assert EMPTY_ROOT.hex() == empty
    assert Frontier().root().hex() == empty
    assert subtree_root([]).hex() == empty


def test_a_lone_right_node_rises_and_is_not_doubled() -> None:
    want = sha256(b"\x01" + sha256(b"\x01" + A + B).digest() + C).digest()

    assert subtree_root([A, B, C]) == want
    assert Frontier().extend([A, B, C]).root() == want


def test_an_odd_last_hash_has_no_parent() -> None:
    assert parent_hashes([A, B, C]) == [sha256(b"\x01" + A + B).digest()]


def test_extending_leaves_the_older_edge_as_it_was() -> None:
    older = Frontier(2, (A,))

    newer = older.extend([B, C])

    assert older == Frontier(2, (A,))
    assert newer == Frontier(4, (node_hash(A, node_hash(B, C)),))
    assert older.extend([]) == older


@pytest.mark.parametrize(
    ("size", "hashes", "why"),
    [
        pytest.param(3, (A,), "1 hashes, want 2 for 3 entries", id="too few hashes"),
        pytest.param(4, (A, B), "2 hashes, want 1 for 4 entries", id="too many hashes"),
        pytest.param(0, (A,), "1 hashes, want 0", id="hash of an empty tree"),
        pytest.param(1, (A[:31],), "hash of 31 bytes, want 32", id="short hash"),
        pytest.param(1, (b"",), "hash of 0 bytes, want 32", id="empty hash"),
        pytest.param(-1, (A,), "size -1", id="negative size"),
        pytest.param(2**63, (A,), "size 9223372036854775808", id="size beyond 2^63 - 1"),
    ],
)
def test_a_frontier_refuses(size: int, hashes: tuple[bytes, ...], why: str) -> None:
    with pytest.raises(MalformedError, match=re.escape(why)):
        Frontier(size, hashes)


@pytest.mark.parametrize(
    ("size", "data", "why"),
    [
        pytest.param(1, A + b"a", "33 bytes, want a multiple of 32", id="a byte too many"),
        pytest.param(3, A, "1 hashes, want 2", id="a hash too few"),
        pytest.param(1, b"", "0 hashes, want 1", id="nothing"),
    ],
)
def test_a_stored_frontier_is_refused_for(size: int, data: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Frontier.decode(size, data)


def test_a_leaf_hash_of_another_length_is_refused() -> None:
    with pytest.raises(MalformedError, match="leaf: hash of 5 bytes, want 32"):
        Frontier().extend([A, b"entry"])
    with pytest.raises(MalformedError, match="subtree: hash of 5 bytes, want 32"):
        subtree_root([b"entry"])


@pytest.mark.parametrize("row", [b"", A[:31], A + B[:31], A + B + C], ids=len)
def test_a_row_that_is_no_complete_subtree_is_refused(row: bytes) -> None:
    with pytest.raises(MalformedError, match=f"subtree: {len(row)} bytes, want 32 times a power"):
        row_root(row)


@pytest.mark.parametrize(
    ("leaf", "index", "size", "path", "root", "why"),
    [
        pytest.param(b"", 0, 1, [], b"", "hash of 0 bytes", id="empty leaf and empty root"),
        pytest.param(A[1:], 0, 1, [], A, "leaf: hash of 31 bytes", id="short leaf"),
        pytest.param(A, 0, 2, [B[1:]], A, "proof: hash of 31 bytes", id="short sibling"),
        pytest.param(A, 0, 1, [], A + b"a", "root: hash of 33 bytes", id="long root"),
        pytest.param(A, -1, 1, [], A, "entry -1 of 1", id="negative index"),
        pytest.param(A, 1, 1, [], A, "entry 1 of 1", id="index at the end"),
        pytest.param(A, 0, 0, [], A, "entry 0 of 0", id="empty tree"),
        pytest.param(A, 0, MOST + 1, [A] * 63, A, "entry 0 of", id="size beyond 2^63 - 1"),
        pytest.param(A, 2, 3, [B, C], A, "2 hashes, want 1", id="hash too many"),
        pytest.param(A, 0, 3, [B], A, "1 hashes, want 2 for entry 0 of 3", id="hash too few"),
    ],
)
def test_an_inclusion_proof_is_malformed_for(
    leaf: bytes, index: int, size: int, path: list[bytes], root: bytes, why: str
) -> None:
    with pytest.raises(MalformedError, match=why):
        verify_inclusion(leaf, index, size, path, root)


def test_a_false_inclusion_proof_names_both_roots() -> None:
    with pytest.raises(VerificationError) as refused:
        verify_inclusion(A, 0, 1, [], B)

    assert str(refused.value) == f"inclusion proof: leads to root {A.hex()}, want {B.hex()}"


@pytest.mark.parametrize(
    ("old", "new", "path", "roots", "why"),
    [
        pytest.param(2, 1, [], (A, B), "2 and then 1", id="shrinking log"),
        pytest.param(-1, 1, [], (A, B), "-1 and then 1", id="negative size"),
        pytest.param(1, MOST + 1, [], (A, B), "1 and then", id="size beyond 2^63 - 1"),
        pytest.param(1, 2, [b""], (A, B), "proof: hash of 0 bytes", id="empty hash"),
        pytest.param(1, 1, [], (b"", b""), "root: hash of 0 bytes", id="empty roots"),
        pytest.param(3, 3, [A], (B, B), "1 hashes, want 0", id="proof between equal sizes"),
        pytest.param(0, 3, [A], (EMPTY_ROOT, B), "1 hashes, want 0", id="proof from size 0"),
        pytest.param(2, 3, [], (A, B), "0 hashes, want 1", id="no proof from a power of two"),
        pytest.param(3, 4, [], (A, B), "0 hashes, want 3", id="no proof from another size"),
        pytest.param(3, 4, [A] * 4, (A, B), "4 hashes, want 3", id="hash too many"),
    ],
)
def test_a_consistency_proof_is_malformed_for(
    old: int, new: int, path: list[bytes], roots: tuple[bytes, bytes], why: str
) -> None:
    with pytest.raises(MalformedError, match=why):
        verify_consistency(old, new, path, *roots)


@pytest.mark.parametrize(
    ("old", "new", "path", "roots", "why"),
    [
        pytest.param(3, 3, [], (A, B), "leads to older root 6262", id="two roots of one size"),
        pytest.param(0, 0, [], (A, A), "leads to older root e3b0", id="old root of size 0"),
        pytest.param(0, 5, [], (A, B), "leads to older root e3b0", id="size 0 with some root"),
        pytest.param(0, 0, [], (EMPTY_ROOT, A), "newer root e3b0", id="new root of size 0"),
        pytest.param(1, 2, [B], (A, A), "leads to newer root", id="false new root"),
        pytest.param(
            3, 4, [A, B, C], (D, node_hash(C, node_hash(A, B))), "older", id="false old root"
        ),
    ],
)
def test_a_consistency_proof_is_false_for(
    old: int, new: int, path: list[bytes], roots: tuple[bytes, bytes], why: str
) -> None:
    with pytest.raises(VerificationError, match=why):
        verify_consistency(old, new, path, *roots)


def test_every_tree_extends_the_empty_one() -> None:
    verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    verify_consistency(0, 7, [], EMPTY_ROOT, A)
    assert consistency_proof(0, 7, lambda wanted: pytest.fail(f"asked for {wanted}")) == []
    assert consistency_proof(7, 7, lambda wanted: pytest.fail(f"asked for {wanted}")) == []


def test_making_a_proof_of_what_is_not_there_is_refused() -> None:
    with pytest.raises(MalformedError, match="entry 3 of 3, want one in the tree"):
        inclusion_proof(3, 3, lambda wanted: [A] * len(wanted))
    with pytest.raises(MalformedError, match="tree sizes: 4 and then 3"):
        consistency_proof(4, 3, lambda wanted: [A] * len(wanted))
    with pytest.raises(MalformedError, match="tree sizes: 0 and then -1"):
        tree_root(-1, lambda wanted: [A] * len(wanted))


def test_a_source_that_returns_no_such_hashes_is_refused() -> None:
    with pytest.raises(MalformedError, match="hash reader: 1 hashes, want 2"):
        inclusion_proof(0, 3, lambda _: [A])
    with pytest.raises(MalformedError, match="hash reader: hash of 3 bytes, want 32"):
        tree_root(1, lambda _: [b"abc"])


def test_the_largest_tree_has_proofs_of_63_hashes() -> None:
    path = inclusion_proof(0, MOST, lambda wanted: [A] * len(wanted))

    assert len(path) == 63
