"""The disclosure of an entry: its sealed values, encrypted for as long as somebody may read them.

One section a subject::

    slot u8 | nonce 12 | key commitment 32 | length u32be | AES-256-GCM ciphertext and tag

AES key and key commitment are the two halves of a keyed BLAKE2b (person ``enc``) under the
subject key, so a section opens under exactly one subject key: plain AES-GCM would let one
ciphertext open to two texts under two keys (Dodis et al. 2018, "invisible salamanders"). The
entry's identity is the associated data. The plaintext is a JSON object from JSON Pointer to
canonical value.
"""

import hmac
from hashlib import blake2b
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from tallystick.errors import MalformedError, VerificationError

_NONCE = 12
_COMMITMENT = 32
_HEADER = 1 + _NONCE + _COMMITMENT + 4


class Section(NamedTuple):
    """The sealed values of one subject in one entry.

    Attributes:
        slot: Position of the subject in the entry's ``subject_refs``.
        nonce: 12 random bytes.
        commitment: 32 bytes that bind the section to its subject key.
        ciphertext: AES-256-GCM ciphertext with its 16-byte tag.
    """

    slot: int
    nonce: bytes
    commitment: bytes
    ciphertext: bytes


class Cipher:
    """Encrypts and decrypts the sections of one subject.

    Nonces are random, so a key serves 2^32 sections (NIST SP 800-38D §8.3).

    Args:
        key: The 32-byte subject key, or the key of one event.
    """

    __slots__ = ("_aead", "_commitment")

    def __init__(self, key: bytes) -> None:
        keys = blake2b(key=key, person=b"enc").digest()
        self._aead = AESGCM(keys[:32])
        self._commitment = keys[32:]

    def seal(self, identity: bytes, slot: int, nonce: bytes, plaintext: bytes) -> bytes:
        """Encrypt the values of the subject in one entry, and return the encoded section.

        Args:
            identity: Origin of the log and event id, each behind its length in 2 bytes.
            slot: Position of the subject in ``subject_refs``, 0 to 255.
            nonce: 12 fresh random bytes.
            plaintext: JSON array of canonical values, as the entry's ``sealed`` orders them.
        """
        ciphertext = self._aead.encrypt(nonce, plaintext, identity)
        length = len(ciphertext).to_bytes(4, "big")
        return b"".join((bytes((slot,)), nonce, self._commitment, length, ciphertext))

    def open(self, identity: bytes, section: Section) -> bytes:
        """Decrypt one section.

        Raises:
            VerificationError: The section was not sealed under this key for this entry, or a
                byte of it was changed.
        """
        if not hmac.compare_digest(self._commitment, section.commitment):
            raise VerificationError("disclosure: sealed under another key than the subject's")
        try:
            return self._aead.decrypt(section.nonce, section.ciphertext, identity)
        except InvalidTag:
            raise VerificationError("disclosure: ciphertext was changed") from None


def sections(disclosure: bytes | None) -> list[Section]:
    """Split a stored disclosure into its sections.

    Raises:
        MalformedError: The bytes end in the middle of a section.
    """
    data = disclosure or b""
    found: list[Section] = []
    start, size = 0, len(data)
    while start < size:
        nonce, body = start + 1, start + _HEADER
        end = body + int.from_bytes(data[body - 4 : body], "big")
        if body > size or end > size:
            raise MalformedError(f"disclosure: {size} bytes, want {end}")
        commitment = data[nonce + _NONCE : body - 4]
        section = Section(data[start], data[nonce : nonce + _NONCE], commitment, data[body:end])
        found.append(section)
        start = end
    return found


def without(disclosure: bytes | None, slots: frozenset[int]) -> bytes | None:
    """Return the disclosure without the sections of the given slots; None when nothing stays."""
    kept = [
        bytes((section.slot,))
        + section.nonce
        + section.commitment
        + len(section.ciphertext).to_bytes(4, "big")
        + section.ciphertext
        for section in sections(disclosure)
        if section.slot not in slots
    ]
    return b"".join(kept) or None
