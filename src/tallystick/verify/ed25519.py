"""Ed25519 verification in plain Python (RFC 8032 §5.1), for the verifier that is one file.

Slow, some milliseconds a signature, and small enough to be read before it is trusted. Nothing in
it is secret, so nothing in it has to take constant time.

A verifier of this kind has corners where implementations differ. Here:

- S must be below the group's order, and a point must have its one encoding (§5.1.7, §5.1.3);
- the equation is the one without cofactor: [S]B = R + [k]A;
- a key or an R of small order is refused: such a "key" has signed what nobody signed.

OpenSSL, which :mod:`tallystick.tlog.key` asks by way of ``cryptography``, decides alike but for
keys of small order and keys in a second encoding, and an R of small order, all of which it
accepts. That module refuses those keys before it asks; no honest signer makes such an R.
"""

from dataclasses import dataclass
from hashlib import sha512
from typing import Final, NamedTuple

_P: Final = 2**255 - 19
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_D: Final = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT_OF_MINUS_ONE: Final = pow(2, (_P - 1) // 4, _P)
_COFACTOR: Final = 8
_KEY_SIZE: Final = 32
_SIGNATURE_SIZE: Final = 64


class InvalidSignature(Exception):  # noqa: N818 - the name that the signature library gives it
    """The key did not sign this message."""


class _Point(NamedTuple):
    """A point in extended coordinates: x = X/Z, y = Y/Z, xy = T/Z (RFC 8032 §5.1.4)."""

    x: int
    y: int
    z: int
    t: int


_NEUTRAL: Final = _Point(0, 1, 1, 0)


@dataclass(frozen=True)
class Ed25519PublicKey:
    """A public key.

    Attributes:
        public: 32 bytes; whether they are a point is seen when something is verified.
    """

    public: bytes

    @classmethod
    def from_public_bytes(cls, public: bytes) -> "Ed25519PublicKey":
        """Take a public key from its 32 bytes."""
        return cls(public)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Check a signature.

        Args:
            signature: R and S, 32 bytes each.
            message: What was signed, any length.

        Raises:
            InvalidSignature: The key did not sign this message, or one of the parts is not in
                its one form.

        Source: RFC 8032 §5.1.7.
        """
        if len(signature) != _SIGNATURE_SIZE or len(self.public) != _KEY_SIZE:
            raise InvalidSignature("ed25519: a key or signature of another length")
        half = signature[:_KEY_SIZE]
        number = int.from_bytes(signature[_KEY_SIZE:], "little")
        key, nonce = _decoded(self.public), _decoded(half)
        if key is None or nonce is None or number >= _ORDER:
            raise InvalidSignature("ed25519: a part in no or in a second encoding")
        if _is_neutral(_times(_COFACTOR, key)) or _is_neutral(_times(_COFACTOR, nonce)):
            raise InvalidSignature("ed25519: a point of small order")
        challenge = int.from_bytes(sha512(half + self.public + message).digest(), "little")
        right = _sum(nonce, _times(challenge % _ORDER, key))
        if not _equal(_times(number, _GENERATOR), right):
            raise InvalidSignature("ed25519: not a signature of this message")


def _sum(one: _Point, two: _Point) -> _Point:
    """Add two points; the formula holds for equal ones too (RFC 8032 §5.1.4)."""
    a = (one.y - one.x) * (two.y - two.x) % _P
    b = (one.y + one.x) * (two.y + two.x) % _P
    c = 2 * one.t * two.t * _D % _P
    d = 2 * one.z * two.z % _P
    e, f, g, h = b - a, d - c, d + c, b + a
    return _Point(e * f % _P, g * h % _P, f * g % _P, e * h % _P)


def _times(factor: int, point: _Point) -> _Point:
    total = _NEUTRAL
    while factor:
        if factor & 1:
            total = _sum(total, point)
        point = _sum(point, point)
        factor >>= 1
    return total


def _equal(one: _Point, two: _Point) -> bool:
    return not ((one.x * two.z - two.x * one.z) % _P or (one.y * two.z - two.y * one.z) % _P)


def _is_neutral(point: _Point) -> bool:
    return _equal(point, _NEUTRAL)


def _decoded(data: bytes) -> "_Point | None":
    """Read a point from its 32 bytes; None for what is no point, or not its one encoding.

    Source: RFC 8032 §5.1.3.
    """
    number = int.from_bytes(data, "little")
    y, sign = number & (1 << 255) - 1, number >> 255
    if y >= _P:
        return None
    x = _root_of((y * y - 1) * pow(_D * y * y + 1, _P - 2, _P) % _P)
    if x is None or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = _P - x
    return _Point(x, y, 1, x * y % _P)


def _root_of(square: int) -> "int | None":
    root = pow(square, (_P + 3) // 8, _P)
    if (root * root - square) % _P:
        root = root * _ROOT_OF_MINUS_ONE % _P
    return root if root * root % _P == square else None


def _generator() -> _Point:
    y = 4 * pow(5, _P - 2, _P) % _P
    point = _decoded(y.to_bytes(_KEY_SIZE, "little"))
    if point is None:
        raise ArithmeticError("ed25519: 4/5 is not on the curve")
    return point


_GENERATOR: Final = _generator()
