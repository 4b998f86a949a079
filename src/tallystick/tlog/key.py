"""Verifier keys: a name and a public key (c2sp.org/signed-note, "Verifier keys").

Written as a *vkey*::

    example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k

The eight hex digits, the key's id, only help to find the key that a signature line means. They
are 32 bits that anybody can collide; never take them for an identity.
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PublicKey

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.message import cosigned_message, subtree_message
from tallystick.tlog.spelling import decode_base64, encode_base64, require_key_name

ED25519: Final = 0x01
ED25519_COSIGNATURE: Final = 0x04
MLDSA44_COSIGNATURE: Final = 0x06

KEY_ID_SIZE: Final = 4
_TIME_SIZE: Final = 8
_PUBLIC_SIZES: Final = {ED25519: 32, ED25519_COSIGNATURE: 32, MLDSA44_COSIGNATURE: 1312}
_PAYLOAD_SIZES: Final = {ED25519: 64, ED25519_COSIGNATURE: 72, MLDSA44_COSIGNATURE: 2428}

_FIELD: Final = 2**255 - 19
_OF_ORDER_8: Final = 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826
_SMALL_ORDER: Final = frozenset({0, 1, _FIELD - 1, _OF_ORDER_8, _FIELD - _OF_ORDER_8})
"""y of the eight points of edwards25519 whose order divides 8. Under each of them as a key there
are signatures that hold for texts nobody signed (RFC 8032 §5.1.7 does not refuse them)."""


def key_id(name: str, algorithm: int, public: bytes) -> bytes:
    """Return what stands before a signature: SHA-256(name, newline, algorithm, public)[:4].

    The same public key has another id under another algorithm or name.
    """
    return sha256(name.encode() + b"\n" + bytes([algorithm]) + public).digest()[:KEY_ID_SIZE]


def vkey(name: str, algorithm: int, public: bytes) -> str:
    """Write a verifier key; see :class:`VerifierKey` for the arguments.

    Raises:
        MalformedError: The name, the algorithm or the length of the public key is not allowed.
    """
    return VerifierKey.of(name, algorithm, public).vkey()


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name, for one kind of signature.

    Attributes:
        name: Whose key it is; a URL without scheme, without spaces or plus signs.
        key_id: Four bytes; see :func:`key_id`.
        algorithm: 0x01 Ed25519 over the text, 0x04 Ed25519 cosignature, 0x06 ML-DSA-44
            cosignature.
        public: 32 bytes for Ed25519, 1,312 for ML-DSA-44.

    Raises:
        MalformedError: One of them is not allowed, or the id is not that of the other three.
    """

    name: str
    key_id: bytes
    algorithm: int
    public: bytes

    def __post_init__(self) -> None:
        require_key_name(self.name)
        want = _PUBLIC_SIZES.get(self.algorithm)
        if want is None:
            raise MalformedError(
                f"key {self.name}: algorithm 0x{self.algorithm:02x}, want 0x01, 0x04 or 0x06"
            )
        if len(self.public) != want:
            raise MalformedError(f"key {self.name}: {len(self.public)} bytes, want {want}")
        if self.algorithm != MLDSA44_COSIGNATURE:
            _require_point(self.name, self.public)
        found = key_id(self.name, self.algorithm, self.public)
        if found != self.key_id:
            raise MalformedError(
                f"key {self.name}: id {self.key_id.hex()}, want {found.hex()} for this key"
            )

    @classmethod
    def of(cls, name: str, algorithm: int, public: bytes) -> Self:
        """Return the key of a name and a public key, with its id."""
        require_key_name(name)
        if algorithm not in _PUBLIC_SIZES:
            raise MalformedError(f"key {name}: algorithm {algorithm}, want 1, 4 or 6")
        return cls(name, key_id(name, algorithm, public), algorithm, public)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a vkey; each key has one spelling.

        Raises:
            MalformedError: It is none, its id is not that of its key, or its algorithm is
                unknown here.
        """
        # Base64 has plus signs of its own, so only the first two divide.
        match text.split("+", 2):
            case [name, digits, encoded]:
                data = decode_base64("vkey", encoded)
                key = cls.of(name, data[0] if data else 0, data[1:])
            case parts:
                raise MalformedError(f"vkey: {len(parts)} parts, want 3 divided by plus signs")
        if key.key_id.hex() != digits:
            raise MalformedError(
                f"vkey of {name}: id {digits[:16]!r}, want {key.key_id.hex()} for this key"
            )
        return key

    def vkey(self) -> str:
        """Write the key as :meth:`parse` reads it."""
        encoded = encode_base64(bytes([self.algorithm]) + self.public)
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def verify(self, text: str, payload: bytes) -> int:
        """Check this key's signature of a note.

        Args:
            text: Text of the note, with its last newline.
            payload: What stands behind the key id in the signature line.

        Returns:
            When it was cosigned, in seconds since 1970; 0 for a plain signature, which has no
            time, and where an ML-DSA-44 cosigner says nothing about when.

        Raises:
            VerificationError: The key did not sign this text.
        """
        want = _PAYLOAD_SIZES[self.algorithm]
        if len(payload) != want:
            raise VerificationError(f"signature of {self.name}: {len(payload)} bytes, want {want}")
        time, signature = b"", payload
        if self.algorithm != ED25519:
            time, signature = payload[:_TIME_SIZE], payload[_TIME_SIZE:]
        time_s = int.from_bytes(time)
        try:
            self._verify_message(self._message(text, time_s), signature)
        except (InvalidSignature, MalformedError) as error:
            raise VerificationError(
                f"signature of {self.name}: not over this text, want one by key {self.key_id.hex()}"
            ) from error
        return time_s

    def _message(self, text: str, time_s: int) -> bytes:
        if self.algorithm == ED25519_COSIGNATURE:
            return cosigned_message(text, time_s)
        if self.algorithm == MLDSA44_COSIGNATURE:
            return subtree_message(self.name, text, time_s)
        return text.encode()

    def _verify_message(self, message: bytes, signature: bytes) -> None:
        if self.algorithm == MLDSA44_COSIGNATURE:
            MLDSA44PublicKey.from_public_bytes(self.public).verify(signature, message)
        else:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)


def _require_point(name: str, public: bytes) -> None:
    """Refuse an Ed25519 key that has no owner, or two spellings."""
    y = int.from_bytes(public, "little") & (1 << 255) - 1
    if y % _FIELD in _SMALL_ORDER:
        raise MalformedError(f"key {name}: point of small order, want one that somebody owns")
    if y >= _FIELD:
        raise MalformedError(f"key {name}: in a second encoding, want its one (RFC 8032 §5.1.3)")
