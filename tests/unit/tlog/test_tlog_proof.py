from base64 import b64encode

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.rfc6962 import mth, path
from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.note import sign_note, vkey
from tallystick.tlog.policy import Policy
from tallystick.tlog.tlog_proof import TlogProof

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
POLICY = Policy.parse(f"log {vkey('a.example', 1, PUBLIC)}\nquorum none\n")
ENTRIES = [b"entry %d" % index for index in range(7)]
HASH = b64encode(b"h" * 32).decode()
HEADER = "c2sp.org/tlog-proof@v1"


def proof_of(index: int) -> TlogProof:
    body = Checkpoint("a.example", 7, mth(ENTRIES)).format()
    note = sign_note(body, "a.example", PUBLIC, KEY.sign).format()
    return TlogProof(index, tuple(path(index, ENTRIES)), note)


def test_a_proof_is_written_as_the_specification_shows_it() -> None:
    proof = TlogProof(73_894, (b"h" * 32,), "a\n1\nroot\n\n— a sig\n", b"extra")

    assert proof.format() == (
        f"{HEADER}\nextra ZXh0cmE=\nindex 73894\n{HASH}\n\na\n1\nroot\n\n— a sig\n"
    )
    assert TlogProof.parse(proof.format().encode()) == proof


def test_a_proof_without_hashes_or_extra_is_written_without_their_lines() -> None:
    assert TlogProof(0, (), "note\n").format() == f"{HEADER}\nindex 0\n\nnote\n"


def test_an_empty_extra_is_not_no_extra() -> None:
    proof = TlogProof(0, (), "note\n", b"")

    assert TlogProof.parse(proof.format()) == proof
    assert TlogProof.parse(TlogProof(0, (), "note\n").format()) != proof


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "no blank line", id="nothing"),
        pytest.param(f"{HEADER}\nindex 0\nnote\n", "no blank line", id="no blank line"),
        pytest.param("c2sp.org/tlog-proof@v2\nindex 0\n\nnote\n", "header", id="other version"),
        pytest.param(f" {HEADER}\nindex 0\n\nnote\n", "header", id="space before the header"),
        pytest.param(f"{HEADER}\n\nnote\n", "no index line", id="no index"),
        pytest.param(f"{HEADER}\nindex 0\nextra eA==\n\nn\n", "hash: 'extra", id="late extra"),
        pytest.param(f"{HEADER}\nextra eA==\n\nn\n", "no index line", id="extra without index"),
        pytest.param(f"{HEADER}\nextra eA\nindex 0\n\nn\n", "extra: 'eA'", id="extra unpadded"),
        pytest.param(f"{HEADER}\nindex 007\n\nn\n", "canonical", id="leading zeroes"),
        pytest.param(f"{HEADER}\nindex -7\n\nn\n", "canonical", id="negative index"),
        pytest.param(f"{HEADER}\nindex  7\n\nn\n", "canonical", id="two spaces"),
        pytest.param(f"{HEADER}\nindex 7 \n\nn\n", "canonical", id="space at the end"),
        pytest.param(f"{HEADER}\nindex 7\r\n\nn\n", "canonical", id="CR"),
        pytest.param(f"{HEADER}\nindex 9223372036854775808\n\nn\n", "below", id="huge index"),
        pytest.param(f"{HEADER}\nindex 7\nAAAA\n\nn\n", "hash of 3 bytes", id="short hash"),
        pytest.param(f"{HEADER}\nindex 7\n{HASH[:-2]}i=\n\nn\n", "base64", id="stray bits"),
        pytest.param(f"{HEADER}\nindex 7\n{HASH}\n\nn", "without last newline", id="cut note"),
        pytest.param(f"{HEADER}\nindex 7\n\n", "without last newline", id="no note"),
        pytest.param(
            f"{HEADER}\nindex 7\n" + f"{HASH}\n" * 64 + "\nn\n", "64 hashes", id="64 hashes"
        ),
        pytest.param(b"\xff\n\nn\n", "byte 0 is no UTF-8", id="no UTF-8"),
    ],
)
def test_a_proof_is_refused_for(text: str | bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        TlogProof.parse(text)


@pytest.mark.parametrize(
    ("index", "count", "why"),
    [
        pytest.param(-1, 0, "index -1", id="negative index"),
        pytest.param(2**63, 0, "index 9223372036854775808", id="huge index"),
        pytest.param(0, 64, "64 hashes, want at most 63", id="64 hashes"),
    ],
)
def test_there_is_no_proof_with(index: int, count: int, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        TlogProof(index, (b"h" * 32,) * count, "note\n")


@pytest.mark.parametrize("index", range(7))
def test_every_entry_is_proved_by_its_file(index: int) -> None:
    trusted = TlogProof.parse(proof_of(index).format()).verify(leaf_hash(ENTRIES[index]), POLICY)

    assert trusted.checkpoint == Checkpoint("a.example", 7, mth(ENTRIES))


def test_another_entry_or_place_is_not_proved() -> None:
    proof = proof_of(3)
    moved = TlogProof(2, proof.hashes, proof.checkpoint_note)
    longer = TlogProof(3, (*proof.hashes, b"h" * 32), proof.checkpoint_note)

    with pytest.raises(VerificationError, match="inclusion proof: leads to root"):
        proof.verify(leaf_hash(ENTRIES[2]), POLICY)
    with pytest.raises(VerificationError, match="inclusion proof: leads to root"):
        moved.verify(leaf_hash(ENTRIES[3]), POLICY)
    with pytest.raises(MalformedError, match="4 hashes, want 3 for entry 3 of 7"):
        longer.verify(leaf_hash(ENTRIES[3]), POLICY)


def test_a_checkpoint_that_nobody_vouches_for_proves_nothing() -> None:
    proof = proof_of(3)
    unsigned = TlogProof(3, proof.hashes, Checkpoint("a.example", 7, mth(ENTRIES)).format())
    strangers = Policy.parse(f"log {vkey('b.example', 1, PUBLIC)}\nquorum none\n")

    with pytest.raises(MalformedError, match="note: no ended signature line"):
        unsigned.verify(leaf_hash(ENTRIES[3]), POLICY)
    with pytest.raises(VerificationError, match="want a log of the policy"):
        proof.verify(leaf_hash(ENTRIES[3]), strangers)


def test_what_is_not_vouched_for_is_judged_before_the_path() -> None:
    proof = TlogProof(3, (), proof_of(3).checkpoint_note.replace("\n7\n", "\n1\n"))

    with pytest.raises(VerificationError, match=r"signature of a\.example: not over this text"):
        proof.verify(leaf_hash(ENTRIES[3]), POLICY)
