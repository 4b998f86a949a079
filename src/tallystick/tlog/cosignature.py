"""Cosignatures: a witness's word that it saw this checkpoint extend all earlier ones.

Source: c2sp.org/tlog-cosignature. The time in it is the cosigner's claim; without a rule about
its greatest age it says nothing about freshness.
"""

from collections.abc import Callable

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.checkpoint import parse_foreign
from tallystick.tlog.key import ED25519, ED25519_COSIGNATURE, VerifierKey
from tallystick.tlog.message import cosigned_message, subtree_message
from tallystick.tlog.note import Note, Signature

__all__ = ["cosign", "cosigned_message", "subtree_message", "verify_cosignature"]


def cosign(
    note: Note, name: str, public: bytes, sign: Callable[[bytes], bytes], time_s: int
) -> Signature:
    """Make an Ed25519 cosignature (``cosignature/v1``) of a checkpoint.

    Args:
        note: The checkpoint's note, whose consistency the caller has checked.
        name: Name of the cosigner's key, which signs under no other name.
        public: Its public key, 32 bytes.
        sign: Returns the 64-byte signature of a message by the private key.
        time_s: Now, in seconds since 1970.

    Raises:
        MalformedError: The text is no checkpoint, or name, key or time are not allowed.
    """
    parse_foreign(note.text)
    key = VerifierKey.of(name, ED25519_COSIGNATURE, public)
    message = cosigned_message(note.text, time_s)
    return Signature(name, key.key_id, time_s.to_bytes(8) + sign(message))


def verify_cosignature(note_text: str, signature: Signature, key: VerifierKey) -> int:
    """Check one cosignature of a checkpoint.

    Args:
        note_text: Text of the checkpoint's note.
        signature: One line of the note.
        key: The cosigner's key, of algorithm 0x04 or 0x06.

    Returns:
        When the cosigner says it signed, in seconds since 1970.

    Raises:
        MalformedError: The text is no checkpoint, or the key is none of a cosigner.
        VerificationError: The line is not of this key, or not over this checkpoint.
    """
    parse_foreign(note_text)
    if key.algorithm == ED25519:
        raise MalformedError(f"key {key.name}: algorithm 0x01, want 0x04 or 0x06")
    if (signature.name, signature.key_id) != (key.name, key.key_id):
        raise VerificationError(
            f"cosignature: of {signature.name} {signature.key_id.hex()}, "
            f"want {key.name} {key.key_id.hex()}"
        )
    return key.verify(note_text, signature.payload)
