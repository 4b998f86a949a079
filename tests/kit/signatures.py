"""Signatures, true ones and ones with a change, with what OpenSSL says of each.

Where no verifier of ours agrees with OpenSSL, the case says so: keys and halves of small order,
and keys in a second encoding.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)

from kit.plain_ed25519 import (
    GENERATOR,
    ORDER,
    ORDER_8,
    SMALL_ORDER,
    P,
    add,
    decoded,
    encoded,
    signature,
    times,
)


@dataclass(frozen=True)
class Signed:
    """A key, a signature and a message, with the verdict."""

    name: str
    key: bytes
    signature: bytes
    message: bytes
    good: bool


def openssl_accepts(key: bytes, signed: bytes, message: bytes) -> bool:
    """Ask the signature library."""
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed, message)
    except InvalidSignature:
        return False
    return True


def mangled(amount: int) -> Iterator[Signed]:
    """True signatures, and for each a flipped bit, another half or a second spelling."""
    for turn in range(amount):
        private = Ed25519PrivateKey.from_private_bytes(sha256(b"%d" % turn).digest())
        key, message = private.public_key().public_bytes_raw(), b"message " * (turn % 40)
        signed = private.sign(message)
        place, bit = turn * 13 % 64, 1 << turn % 8
        flipped = bytearray(signed)
        flipped[place] ^= bit
        other_key = bytearray(key)
        other_key[turn % 32] ^= bit
        number = int.from_bytes(signed[32:], "little")
        second = signed[:32] + (number + ORDER).to_bytes(32, "little")
        negated = signed[:32] + (ORDER - number).to_bytes(32, "little")
        tries = [
            ("as it is", key, signed, message),
            ("flipped", key, bytes(flipped), message),
            ("another key", bytes(other_key), signed, message),
            ("another message", key, signed, message + b"!"),
            ("second spelling", key, second, message),
            ("negated", key, negated, message),
            ("halves exchanged", key, signed[32:] + signed[:32], message),
            ("any", key, sha256(signed).digest() * 2, message),
        ]
        for name, *rest in (tries[0], tries[1 + turn % 7]):
            yield Signed(f"{turn} {name}", *rest, openssl_accepts(*rest))


def _mixed() -> Iterator[Signed]:
    """A key with a part of order 8: whether it holds depends on the message, without cofactor."""
    secret, nonce = 123_456_789, 987_654_321
    key = encoded(add(times(secret, GENERATOR), decoded(ORDER_8)))
    half = encoded(times(nonce, GENERATOR))
    for turn in range(24):
        message = b"mixed %d" % turn
        signed = signature(secret, nonce, key, half, message)
        yield Signed(
            f"mixed order {turn}", key, signed, message, openssl_accepts(key, signed, message)
        )


def corners() -> Iterator[Signed]:
    """Cases at which implementations differ; ``good`` is what ours must say."""
    yield from _mixed()
    one = encoded(GENERATOR) + (1).to_bytes(32, "little")
    neutral = SMALL_ORDER[0]
    assert openssl_accepts(neutral, one, b"anything")
    yield Signed("a key that signs everything", neutral, one, b"anything", good=False)
    for number, key in enumerate(SMALL_ORDER):
        for turn in range(8):
            message = b"small %d" % turn
            signed = key + bytes(32)
            yield Signed(f"small order {number} {turn}", key, signed, message, good=False)
    secret = 123_456_789
    key = encoded(times(secret, GENERATOR))
    signed = signature(secret, 0, key, neutral, b"m")
    assert openssl_accepts(key, signed, b"m")
    yield Signed("an R of small order", key, signed, b"m", good=False)
    for y in (P, P + 1):
        for sign in (0, 1):
            second = (y | sign << 255).to_bytes(32, "little")
            yield Signed(f"a key's second encoding {y - P} {sign}", second, one, b"m", good=False)
            bad = second + (1).to_bytes(32, "little")
            yield Signed(f"an R's second encoding {y - P} {sign}", key, bad, b"m", good=False)
    for data in (b"\x01" + bytes(30) + b"\x80", b"\xec" + b"\xff" * 31):
        yield Signed(f"a zero with a sign {data[0]}", data, one, b"m", good=False)
    off = b"\x02" + bytes(31)
    yield Signed("a key that is no point", off, one, b"m", good=False)
