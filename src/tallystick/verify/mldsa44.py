"""ML-DSA-44 verification in plain Python (FIPS 204), for the verifier that is one file.

Some witnesses cosign with it. The letters are those of the standard; a polynomial is a list of
256 coefficients below q.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import shake_128, shake_256
from typing import Final

from tallystick.verify.ed25519 import InvalidSignature

_Q: Final = 8_380_417
_N: Final = 256
_K: Final = 4
_L: Final = 4
_D: Final = 13
_TAU: Final = 39
_OMEGA: Final = 80
_GAMMA1: Final = 1 << 17
_GAMMA2: Final = (_Q - 1) // 88
_BETA: Final = 78
_SEED: Final = 32
_Z_BITS: Final = 18
_Z_SIZE: Final = _L * _N * _Z_BITS // 8
_PUBLIC_SIZE: Final = 1_312
_SIGNATURE_SIZE: Final = 2_420
_BUCKETS: Final = 44

Polynomial = Sequence[int]


@dataclass(frozen=True)
class MLDSA44PublicKey:
    """A public key.

    Attributes:
        public: 1,312 bytes.
    """

    public: bytes

    @classmethod
    def from_public_bytes(cls, public: bytes) -> "MLDSA44PublicKey":
        """Take a public key from its bytes."""
        return cls(public)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Check a signature that was made without a context.

        Args:
            signature: 2,420 bytes.
            message: What was signed, any length.

        Raises:
            InvalidSignature: The key did not sign this message, or the signature is not in its
                one form.

        Source: FIPS 204, algorithms 3 and 8.
        """
        if len(signature) != _SIGNATURE_SIZE or len(self.public) != _PUBLIC_SIZE:
            raise InvalidSignature("ml-dsa-44: a key or signature of another length")
        seed, packed = signature[:_SEED], signature[_SEED : _SEED + _Z_SIZE]
        z = [[_GAMMA1 - v for v in _numbers(part, _Z_BITS)] for part in _parts(packed, _L)]
        hints = _hints(signature[_SEED + _Z_SIZE :])
        if hints is None or max(abs(v) for poly in z for v in poly) >= _GAMMA1 - _BETA:
            raise InvalidSignature("ml-dsa-44: a signature out of its form")
        mu = shake_256(shake_256(self.public).digest(64) + b"\x00\x00" + message).digest(64)
        if shake_256(mu + self._commitment(seed, z, hints)).digest(_SEED) != seed:
            raise InvalidSignature("ml-dsa-44: not a signature of this message")

    def _commitment(self, seed: bytes, z: Sequence[Polynomial], hints: Sequence[set[int]]) -> bytes:
        """Compute w1 of the equation w = A z - c t1 2^d, rounded as the hints say, packed."""
        rho, t1 = self.public[:_SEED], _parts(self.public[_SEED:], _K)
        challenge = _ntt(_ball(seed))
        vector = [_ntt(poly) for poly in z]
        packed = bytearray()
        for row in range(_K):
            t = _ntt([v << _D for v in _numbers(t1[row], 10)])
            total = [-c * v for c, v in zip(challenge, t)]  # noqa: B905 (both have 256)
            for column in range(_L):
                a = _uniform(rho + bytes([column, row]))
                total = [s + x * y for s, x, y in zip(total, a, vector[column])]  # noqa: B905
            packed += _rounded(_inverse_ntt(total), hints[row])
        return bytes(packed)


def _parts(data: bytes, count: int) -> list[bytes]:
    size = len(data) // count
    return [data[at * size : (at + 1) * size] for at in range(count)]


def _numbers(data: bytes, bits: int) -> list[int]:
    """Unpack 256 numbers, the first in the lowest bits (FIPS 204, algorithm 18)."""
    whole = int.from_bytes(data, "little")
    return [whole >> bits * at & (1 << bits) - 1 for at in range(_N)]


def _hints(data: bytes) -> "list[set[int]] | None":
    """Unpack the positions of the hints; None for a second spelling (algorithm 21)."""
    found: list[set[int]] = []
    at = 0
    for end in data[_OMEGA:]:
        row = data[at:end]
        if not at <= end <= _OMEGA or any(low >= high for low, high in zip(row, row[1:])):  # noqa: B905, RUF007
            return None
        found.append(set(row))
        at = end
    return None if any(data[at:_OMEGA]) else found


def _ball(seed: bytes) -> list[int]:
    """Draw a polynomial of 39 coefficients that are 1 or -1 (algorithm 29)."""
    stream = shake_256(seed).digest(4_096)
    signs = int.from_bytes(stream[:8], "little")
    poly, at = [0] * _N, 8
    for place in range(_N - _TAU, _N):
        while stream[at] > place:
            at += 1
        poly[place] = poly[stream[at]]
        poly[stream[at]] = 1 - 2 * (signs & 1)
        signs >>= 1
        at += 1
    return poly


def _uniform(seed: bytes) -> list[int]:
    """Draw a polynomial of numbers below q, in the form that the NTT has (algorithm 30)."""
    # One draw in a thousand is refused; 4,096 bytes are five times what is needed.
    stream = shake_128(seed).digest(4_096)
    draws = (
        int.from_bytes(stream[at : at + 3], "little") & (1 << 23) - 1
        for at in range(0, len(stream) - 2, 3)
    )
    return [draw for draw in draws if draw < _Q][:_N]


def _rounded(poly: Polynomial, hints: set[int]) -> bytes:
    """Round each coefficient to one of 44 buckets, moved by its hint; pack them by 6 bits.

    Source: FIPS 204, algorithms 36, 40 and 28.
    """
    whole = 0
    for at, value in enumerate(poly):
        low = value % (2 * _GAMMA2)
        low -= 2 * _GAMMA2 if low > _GAMMA2 else 0
        bucket = (value - low) // (2 * _GAMMA2)
        if value - low == _Q - 1:
            bucket, low = 0, low - 1
        if at in hints:
            bucket = (bucket + (1 if low > 0 else -1)) % _BUCKETS
        whole |= bucket << 6 * at
    return whole.to_bytes(_N * 6 // 8, "little")


def _reversed_bits(number: int) -> int:
    return int(f"{number:08b}"[::-1], 2)


_ZETAS: Final = [pow(1753, _reversed_bits(number), _Q) for number in range(_N)]


def _ntt(poly: Polynomial) -> list[int]:
    """Transform a polynomial, so that products become pointwise (algorithm 41)."""
    w, m, length = list(poly), 0, _N // 2
    while length:
        for start in range(0, _N, 2 * length):
            m += 1
            for j in range(start, start + length):
                t = _ZETAS[m] * w[j + length] % _Q
                w[j], w[j + length] = (w[j] + t) % _Q, (w[j] - t) % _Q
        length //= 2
    return w


def _inverse_ntt(poly: Polynomial) -> list[int]:
    """Undo :func:`_ntt`; the coefficients are below q (algorithm 42)."""
    w, m, length = list(poly), _N, 1
    while length < _N:
        for start in range(0, _N, 2 * length):
            m -= 1
            for j in range(start, start + length):
                t = w[j]
                w[j] = (t + w[j + length]) % _Q
                w[j + length] = -_ZETAS[m] * (t - w[j + length]) % _Q
        length *= 2
    return [v * 8_347_681 % _Q for v in w]
