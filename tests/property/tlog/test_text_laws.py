from base64 import b64encode
from collections.abc import Callable
from typing import Protocol

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.checkpoint import Checkpoint, parse_foreign
from tallystick.tlog.cosignature import cosign, verify_cosignature
from tallystick.tlog.key import VerifierKey
from tallystick.tlog.note import Note, Signature, sign_note, verify_note
from tallystick.tlog.tlog_proof import TlogProof

LOG = Ed25519PrivateKey.from_private_bytes(b"l" * 32)
WITNESS = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
LOG_PUBLIC = LOG.public_key().public_bytes_raw()
WITNESS_PUBLIC = WITNESS.public_key().public_bytes_raw()

letters = st.characters(codec="utf-8", exclude_categories=["Cc"])
lines = st.text(letters, min_size=1, max_size=20)
names = st.text(letters, min_size=1, max_size=20).filter(
    lambda name: "+" not in name and not any(letter.isspace() for letter in name)
)
hashes = st.binary(min_size=32, max_size=32)
# No y of a point of small order begins with this byte, and no second encoding.
publics = st.binary(min_size=31, max_size=31).map(b"\x02".__add__)
sizes = st.integers(0, 2**63 - 1)
checkpoints = st.builds(Checkpoint, lines, sizes, hashes)
texts = st.lists(st.text(letters, max_size=12), min_size=1).map(lambda it: "\n".join(it) + "\n")
signatures = st.builds(
    Signature, names, st.binary(min_size=4, max_size=4), st.binary(min_size=1, max_size=90)
)
notes = st.builds(Note, texts, st.lists(signatures, min_size=1, max_size=5).map(tuple))
proofs = st.builds(
    TlogProof,
    sizes,
    st.lists(hashes, max_size=63).map(tuple),
    notes.map(Note.format),
    st.none() | st.binary(max_size=20),
)


class Written(Protocol):
    """What has a text."""

    def format(self) -> str:
        """Write it."""


PARSERS: dict[str, tuple[Callable[[str], Written], st.SearchStrategy[Written]]] = {
    "checkpoint": (Checkpoint.parse, checkpoints),
    "note": (Note.parse, notes),
    "proof": (TlogProof.parse, proofs),
    "signature line": (Signature.parse, signatures),
}


@pytest.mark.parametrize("form", PARSERS)
@given(st.data())
def test_whatever_is_written_is_read_back(form: str, data: st.DataObject) -> None:
    parse, values = PARSERS[form]
    value = data.draw(values)

    assert parse(value.format()) == value


@pytest.mark.parametrize("form", PARSERS)
@given(st.data())
def test_whatever_parses_is_written_back_letter_for_letter(form: str, data: st.DataObject) -> None:
    parse, values = PARSERS[form]
    text = data.draw(values).format()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(start + 3, len(text))))
    mutated = text[:start] + data.draw(st.text(max_size=3)) + text[end:]

    try:
        value = parse(mutated)
    except MalformedError:
        return

    assert value.format() == mutated


@given(checkpoints, st.lists(lines, max_size=3))
def test_a_foreign_checkpoint_keeps_its_extension_lines(
    checkpoint: Checkpoint, extensions: list[str]
) -> None:
    text = checkpoint.format() + "".join(f"{line}\n" for line in extensions)

    assert parse_foreign(text) == (checkpoint, tuple(extensions))


@given(names, st.sampled_from([1, 4]), publics)
def test_a_vkey_leads_back_to_its_key(name: str, algorithm: int, public: bytes) -> None:
    key = VerifierKey.of(name, algorithm, public)

    assert VerifierKey.parse(key.vkey()) == key
    assert key.vkey().startswith(f"{name}+")
    assert key.vkey().endswith(f"+{b64encode(bytes([algorithm]) + public).decode()}")


@given(names, st.sampled_from([1, 4]), publics, st.data())
def test_a_vkey_of_which_one_letter_changed_is_no_vkey_of_that_key(
    name: str, algorithm: int, public: bytes, data: st.DataObject
) -> None:
    key = VerifierKey.of(name, algorithm, public)
    text = key.vkey()
    at = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(letters.filter(lambda drawn: drawn != text[at]))

    # The id is a hash over all the rest, so that only one change in 2^32 goes unseen.
    with pytest.raises(MalformedError):
        VerifierKey.parse(text[:at] + letter + text[at + 1 :])


@given(texts, names, st.data())
def test_a_signed_text_verifies_and_no_other_does(
    text: str, name: str, data: st.DataObject
) -> None:
    note = sign_note(text, name, LOG_PUBLIC, LOG.sign)
    key = VerifierKey.of(name, 1, LOG_PUBLIC)
    other = data.draw(texts.filter(lambda drawn: drawn != text))

    assert verify_note(Note.parse(note.format()), [key]) == [key]
    with pytest.raises(VerificationError, match="not over this text"):
        verify_note(Note(other, note.signatures), [key])


@given(checkpoints, names, sizes, st.data())
def test_a_cosignature_verifies_with_its_time_and_no_other_checkpoint(
    checkpoint: Checkpoint, name: str, time_s: int, data: st.DataObject
) -> None:
    note = sign_note(checkpoint.format(), "log", LOG_PUBLIC, LOG.sign)
    signature = cosign(note, name, WITNESS_PUBLIC, WITNESS.sign, time_s)
    key = VerifierKey.of(name, 4, WITNESS_PUBLIC)
    other = data.draw(checkpoints.filter(lambda drawn: drawn != checkpoint))

    assert verify_cosignature(note.text, signature, key) == time_s
    assert verify_note(note.with_signatures(signature), [key]) == [key]
    with pytest.raises(VerificationError, match="not over this text"):
        verify_cosignature(other.format(), signature, key)


@given(checkpoints, st.integers(0, 72 * 8 - 1))
def test_a_cosignature_of_which_one_bit_changed_is_refused(
    checkpoint: Checkpoint, bit: int
) -> None:
    note = sign_note(checkpoint.format(), "log", LOG_PUBLIC, LOG.sign)
    signature = cosign(note, "w", WITNESS_PUBLIC, WITNESS.sign, 1_700_000_000)
    key = VerifierKey.of("w", 4, WITNESS_PUBLIC)
    payload = (int.from_bytes(signature.payload) ^ 1 << bit).to_bytes(72)

    with pytest.raises(VerificationError, match="not over this text"):
        verify_cosignature(note.text, Signature("w", signature.key_id, payload), key)


@settings(max_examples=10)
@given(checkpoints.filter(lambda it: len(it.origin.encode()) < 256), st.integers(0, 2**63 - 1))
def test_an_ml_dsa_44_cosignature_verifies_and_binds_the_cosigner_s_name(
    checkpoint: Checkpoint, time_s: int
) -> None:
    private = MLDSA44PrivateKey.from_seed_bytes(b"m" * 32)
    public = private.public_key().public_bytes_raw()
    # The message spelled out from c2sp.org/tlog-cosignature.
    origin = checkpoint.origin.encode()
    message = (
        b"subtree/v1\n\x00" + b"\x01w" + time_s.to_bytes(8) + bytes([len(origin)]) + origin
    ) + (bytes(8) + checkpoint.size.to_bytes(8) + checkpoint.root)
    payload = time_s.to_bytes(8) + private.sign(message)
    key, other = VerifierKey.of("w", 6, public), VerifierKey.of("v", 6, public)

    signature = Signature("w", key.key_id, payload)
    renamed = Signature("v", other.key_id, payload)

    assert verify_cosignature(checkpoint.format(), signature, key) == time_s
    with pytest.raises(VerificationError, match="not over this text"):
        verify_cosignature(checkpoint.format(), renamed, other)
