"""Notes, keys, checkpoints and proofs that other projects test themselves with, and real ones."""

import struct
from base64 import b64decode
from hashlib import sha256
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.vectors import VECTORS, json_vector, text_vector, vector
from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.checkpoint import Checkpoint, parse_foreign
from tallystick.tlog.cosignature import verify_cosignature
from tallystick.tlog.note import Note, VerifierKey, sign_note, verify_note, vkey
from tallystick.tlog.proof import verify_consistency
from tallystick.tlog.tlog_proof import TlogProof

SUMDB = "notes/sumdb-note.json"
FORMATS = "notes/formats-tlog-proof-and-checkpoint.json"
SKYLIGHT = "sunlight/skylight-testdata"
ROME = sha256(b"rome2026h1.example.org").hexdigest()
MILAN = sha256(b"milan2026h1.example.org").hexdigest()
SUM_GOLANG_ORG = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"


def listed(name: str, *keys: str) -> list[Any]:
    """Return a list of cases, or one ``None`` that skips where there are no vectors."""
    if not (VECTORS / name).exists():
        return [None]
    found = json_vector(name)
    for key in keys:
        found = found[key]
    return list(found)


def named(case: Any) -> str:  # noqa: ANN401 - of JSON
    return case["name"] if isinstance(case, dict) and "name" in case else repr(case)[:60]


def seed_of(skey: str) -> bytes:
    """Take the private seed out of a signing key in Go's form."""
    *_, encoded = skey.removeprefix("PRIVATE+KEY+").split("+", 2)
    return b64decode(encoded)[1:]


@pytest.mark.parametrize("case", listed(SUMDB, "open"), ids=named)
def test_a_note_is_judged_as_golang_org_x_mod_does(case: dict[str, Any] | None) -> None:
    vector(SUMDB)
    assert case is not None
    keys = [VerifierKey.parse(text) for text in case["vkeys"]]
    data = bytes.fromhex(case["note_hex"]) if "note_hex" in case else case["note"]

    if case["ok"]:
        signed = verify_note(Note.parse(data), keys)
        assert [key.name for key in signed] == case["verified"]
    else:
        wanted = {
            "malformed": MalformedError,
            "ambiguous key": MalformedError,
            "unverified": VerificationError,
            "invalid signature": VerificationError,
        }[case["error"]]
        with pytest.raises(wanted):
            verify_note(Note.parse(data), keys)


def test_signing_makes_the_note_that_go_makes() -> None:
    case = json_vector(SUMDB)["sign"]
    private = Ed25519PrivateKey.from_private_bytes(seed_of(case["skey"]))
    public = private.public_key().public_bytes_raw()

    note = sign_note(case["text"], "PeterNeumann", public, private.sign)

    assert note.format() == case["signed"]


@pytest.mark.parametrize("case", listed(SUMDB, "skey_vkey"), ids=named)
def test_a_vkey_is_written_as_go_writes_it(case: dict[str, str] | None) -> None:
    vector(SUMDB)
    assert case is not None
    private = Ed25519PrivateKey.from_private_bytes(seed_of(case["skey"]))
    name = case["vkey"].split("+")[0]

    assert vkey(name, 1, private.public_key().public_bytes_raw()) == case["vkey"]


@pytest.mark.parametrize("text", listed(SUMDB, "bad_vkeys"), ids=named)
def test_a_vkey_that_go_refuses_is_refused(text: str | None) -> None:
    vector(SUMDB)
    assert text is not None

    with pytest.raises(MalformedError):
        VerifierKey.parse(text)


@pytest.mark.parametrize("text", listed(FORMATS, "cosig_vkeys_good"), ids=named)
def test_a_vkey_of_a_cosigner_is_read(text: str | None) -> None:
    vector(FORMATS)
    assert text is not None

    assert VerifierKey.parse(text).vkey() == text


def test_the_example_of_the_specification_verifies() -> None:
    case = json_vector("notes/c2sp-signed-note-example.json")
    note = Note.parse(vector("notes/c2sp-example.note").read_bytes())

    assert note.format() == case["note"]
    assert [key.name for key in verify_note(note, [VerifierKey.parse(case["vkey"])])] == [
        "example.com/foo"
    ]


def test_a_real_checkpoint_of_sum_golang_org_verifies() -> None:
    note = Note.parse(vector("notes/sum.golang.org-35225469.note").read_bytes())

    verify_note(note, [VerifierKey.parse(SUM_GOLANG_ORG)])

    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("go.sum database tree", 35_225_469)


def test_two_checkpoints_of_a_log_are_consistent() -> None:
    case = json_vector("notes/witness-monkeys.json")
    key = VerifierKey.parse(case["log_vkey"])
    notes = [Note.parse(case[which]) for which in ("init", "next")]
    older, newer = (Checkpoint.parse(note.text) for note in notes)
    proof = [bytes.fromhex(it) for it in case["consistency_proof_hex"]]

    assert [verify_note(note, [key]) for note in notes] == [[key], [key]]
    assert (older.size, newer.size) == (5, 8)
    verify_consistency(5, 8, proof, older.root, newer.root)
    with pytest.raises(VerificationError):
        verify_consistency(5, 8, proof, newer.root, newer.root)
    with pytest.raises(VerificationError, match="signed by monkeys, want bananas"):
        verify_note(notes[0], [VerifierKey.parse(case["other_vkey"])])


@pytest.mark.parametrize("case", listed(FORMATS, "bad"), ids=named)
def test_a_proof_that_transparency_dev_refuses_is_refused(case: dict[str, str] | None) -> None:
    vector(FORMATS)
    assert case is not None

    with pytest.raises(MalformedError):
        TlogProof.parse(case["proof"])


@pytest.mark.parametrize("case", listed(FORMATS, "good"), ids=named)
def test_a_proof_that_transparency_dev_reads_is_read(case: dict[str, Any] | None) -> None:
    vector(FORMATS)
    assert case is not None

    assert TlogProof.parse(case["proof"]) == TlogProof(
        case["index"], tuple(case["hashes"]), case["checkpoint"]
    )


@pytest.mark.parametrize("text", listed(FORMATS, "checkpoint_bodies", "bad"), ids=named)
def test_a_checkpoint_that_transparency_dev_refuses_is_refused(text: str | None) -> None:
    vector(FORMATS)
    assert text is not None

    with pytest.raises(MalformedError):
        parse_foreign(text)


@pytest.mark.parametrize(
    ("folder", "keys_in"),
    [
        pytest.param(f"witness/{ROME}", "witness/witness.v0.json", id="witness"),
        pytest.param(f"witness2/{MILAN}", "witness2/witness.v0.json", id="second witness"),
        pytest.param(f"witness/mirror/{ROME}", "witness/mirror/mirror.v0.json", id="mirror"),
    ],
)
def test_a_checkpoint_that_sunlight_cosigned_verifies(folder: str, keys_in: str) -> None:
    """The folder is named after the hash of the origin, as the protocol's monitors expect."""
    note = Note.parse(text_vector(f"{SKYLIGHT}/{folder}/checkpoint"))
    [key] = map(VerifierKey.parse, json_vector(f"{SKYLIGHT}/{keys_in}")["verifier_keys"])

    assert verify_note(note, [key]) == [key]
    [signature] = [it for it in note.signatures if it.key_id == key.key_id]
    # 2025-12-31T00:00:00Z: the time in the line's first eight bytes.
    assert verify_cosignature(note.text, signature, key) == 1_767_139_200
    assert struct.unpack(">Q", signature.payload[:8]) == (1_767_139_200,)
    origin = Checkpoint.parse(note.text).origin
    assert folder.endswith(sha256(origin.encode()).hexdigest())
