"""The 196 proofs, true and false, of transparency-dev/merkle."""

from base64 import b64decode
from typing import Any

import pytest

from kit.vectors import VECTORS, json_vector
from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.hashing import EMPTY_ROOT
from tallystick.tlog.proof import verify_consistency, verify_inclusion

FOLDER = "transparency-dev-merkle/testdata"

# Where we decide otherwise than the vectors' author, or for a reason of our own.
PLACEHOLDER_ROOTS = "consistency/additional/sizes-are-equal-one-and-proof-is-empty.json"
"""Wanted to pass, with two equal roots of 12 bytes. A hash has 32 bytes: refused."""

FROM_NOTHING = "consistency/additional/size1-is-zero-and-size2-is-not-zero.json"
"""Wanted to fail as useless. The tree of size 0 is extended by every tree (c2sp.org/tlog-witness):
accepted, once the 12-byte placeholder for which we too refuse it is a root."""

FROM_NOTHING_WITH_PROOF = (
    "consistency/additional/consistency-check-on-empty-tree-size1-is-zero-is-useless.json"
)
"""Wanted to fail, and does: from size 0 the proof must be empty."""


def cases(kind: str) -> list[str]:
    found = sorted((VECTORS / FOLDER / kind).rglob("*.json"))
    names = [path.relative_to(VECTORS / FOLDER).as_posix() for path in found]
    return names or [f"{kind}/0/happy-path.json"]  # one that skips, where there are no vectors


def decoded(hashes: list[str] | None) -> list[bytes]:
    return [b64decode(it) for it in hashes or []]


def inclusion(case: dict[str, Any]) -> None:
    leaf, root = decoded([case["leafHash"], case["root"]])
    verify_inclusion(leaf, case["leafIdx"], case["treeSize"], decoded(case["proof"]), root)


def consistency(case: dict[str, Any]) -> None:
    older, newer = decoded([case["root1"], case["root2"]])
    verify_consistency(case["size1"], case["size2"], decoded(case["proof"]), older, newer)


def test_there_are_98_vectors_of_each_kind() -> None:
    json_vector(f"{FOLDER}/{PLACEHOLDER_ROOTS}")

    assert (len(cases("inclusion")), len(cases("consistency"))) == (98, 98)


@pytest.mark.parametrize("name", cases("inclusion"))
def test_an_inclusion_proof_is_judged_as_its_author_wants(name: str) -> None:
    case = json_vector(f"{FOLDER}/{name}")

    if case["wantErr"]:
        with pytest.raises((MalformedError, VerificationError)):
            inclusion(case)
    else:
        inclusion(case)


@pytest.mark.parametrize("name", cases("consistency"))
def test_a_consistency_proof_is_judged_as_its_author_wants(name: str) -> None:
    case = json_vector(f"{FOLDER}/{name}")

    if case["wantErr"] or name == PLACEHOLDER_ROOTS:
        with pytest.raises((MalformedError, VerificationError)):
            consistency(case)
    else:
        consistency(case)


@pytest.mark.parametrize("name", [PLACEHOLDER_ROOTS, FROM_NOTHING])
def test_a_root_of_12_bytes_is_refused_for_its_length(name: str) -> None:
    with pytest.raises(MalformedError, match="root: hash of 12 bytes, want 32"):
        consistency(json_vector(f"{FOLDER}/{name}"))


def test_a_tree_provably_extends_the_empty_one_by_an_empty_proof() -> None:
    case = json_vector(f"{FOLDER}/{FROM_NOTHING}")
    _, newer = decoded([case["root1"], "bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0="])

    verify_consistency(case["size1"], case["size2"], decoded(case["proof"]), EMPTY_ROOT, newer)


def test_a_proof_from_the_empty_tree_must_be_empty() -> None:
    with pytest.raises(MalformedError, match="1 hashes, want 0 from size 0 to 1"):
        consistency(json_vector(f"{FOLDER}/{FROM_NOTHING_WITH_PROOF}"))
