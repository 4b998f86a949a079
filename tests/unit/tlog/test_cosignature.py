from base64 import b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.cosignature import (
    cosign,
    cosigned_message,
    subtree_message,
    verify_cosignature,
)
from tallystick.tlog.note import Note, Signature, VerifierKey, sign_note

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
ROOT = bytes(range(32))
BODY = f"a.example/log\n7\n{b64encode(ROOT).decode()}\n"
NOTE = sign_note(BODY, "a.example/log", PUBLIC, KEY.sign)
COSIGNER = VerifierKey.of("w.example", 4, PUBLIC)


def test_an_ed25519_cosigner_signs_the_time_and_the_whole_text() -> None:
    assert cosigned_message(BODY + "extension\n", 1_679_315_147) == (
        b"cosignature/v1\ntime 1679315147\na.example/log\n7\n"
        b"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\nextension\n"
    )


def test_an_ml_dsa_44_cosigner_signs_its_name_and_no_extension_lines() -> None:
    message = subtree_message("w.example", BODY + "extension\n", 258)

    assert message == (
        b"subtree/v1\n\x00"
        b"\x09w.example"
        b"\x00\x00\x00\x00\x00\x00\x01\x02"
        b"\x0da.example/log"
        b"\x00\x00\x00\x00\x00\x00\x00\x00"
        b"\x00\x00\x00\x00\x00\x00\x00\x07" + ROOT
    )


def test_a_cosignature_line_begins_with_its_time() -> None:
    signature = cosign(NOTE, "w.example", PUBLIC, KEY.sign, 258)

    message = b"cosignature/v1\ntime 258\n" + BODY.encode()
    assert signature == Signature(
        "w.example",
        sha256(b"w.example\n\x04" + PUBLIC).digest()[:4],
        b"\x00\x00\x00\x00\x00\x00\x01\x02" + KEY.sign(message),
    )
    assert verify_cosignature(BODY, signature, COSIGNER) == 258


@pytest.mark.parametrize("time_s", [-1, 2**63])
def test_there_is_no_cosignature_at_a_time_that_its_line_cannot_hold(time_s: int) -> None:
    with pytest.raises(MalformedError, match=f"time {time_s}, want 0 to"):
        cosign(NOTE, "w.example", PUBLIC, KEY.sign, time_s)
    with pytest.raises(MalformedError, match=f"time {time_s}, want 0 to"):
        subtree_message("w.example", BODY, time_s)


@pytest.mark.parametrize(
    ("cosigner", "origin", "why"),
    [
        pytest.param("", "a", "cosigner: 0 bytes, want 1 to 255", id="no cosigner"),
        pytest.param("w" * 256, "a", "cosigner: 256 bytes", id="long name of the cosigner"),
        pytest.param("w", "é" * 128, "origin: 256 bytes, want 1 to 255", id="long origin"),
    ],
)
def test_an_ml_dsa_44_message_is_not_written_for(cosigner: str, origin: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        subtree_message(cosigner, BODY.replace("a.example/log", origin), 1)


def test_only_checkpoints_are_cosigned() -> None:
    note = Note("some text\n", NOTE.signatures)

    with pytest.raises(MalformedError, match="checkpoint: 1 lines"):
        cosign(note, "w.example", PUBLIC, KEY.sign, 1)
    with pytest.raises(MalformedError, match="checkpoint: 1 lines"):
        verify_cosignature(note.text, NOTE.signatures[0], COSIGNER)


@pytest.mark.parametrize(
    ("change", "why"),
    [
        pytest.param({"name": "v.example"}, "of v.example", id="another name"),
        pytest.param({"key_id": b"idid"}, "of w.example 69646964", id="another key id"),
        pytest.param({"payload": b"short"}, "5 bytes, want 72", id="short payload"),
        pytest.param({"payload": bytes(72)}, "not over this text", id="payload of zeroes"),
        pytest.param({"payload": b"\xff" * 72}, "not over this text", id="time beyond 2^63"),
    ],
)
def test_a_cosignature_is_refused_for(change: dict[str, str | bytes], why: str) -> None:
    made = cosign(NOTE, "w.example", PUBLIC, KEY.sign, 1)
    fields = {"name": made.name, "key_id": made.key_id, "payload": made.payload}

    with pytest.raises(VerificationError, match=why):
        verify_cosignature(BODY, Signature(**{**fields, **change}), COSIGNER)  # type: ignore[arg-type]


def test_a_plain_signature_is_no_cosignature() -> None:
    plain = VerifierKey.of("a.example/log", 1, PUBLIC)

    with pytest.raises(MalformedError, match="algorithm 0x01, want 0x04 or 0x06"):
        verify_cosignature(BODY, NOTE.signatures[0], plain)


def test_extension_lines_that_were_not_cosigned_are_noticed() -> None:
    signature = cosign(NOTE, "w.example", PUBLIC, KEY.sign, 1)

    with pytest.raises(VerificationError, match="not over this text"):
        verify_cosignature(BODY + "extension\n", signature, COSIGNER)
