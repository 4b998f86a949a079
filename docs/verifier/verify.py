#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# ruff: noqa: B905, E501, FURB161, N816, N818, PLR2004, RET503, RET505, RUF007, SIM114, TID251
# ruff: noqa: UP017, UP037, UP042
# fmt: off
"""Verifies receipts of Tallystick, offline, with nothing but Python 3.9 or later.

    python3 -I -S verify.py RECEIPT… --pins PINS [--json]

A receipt shows one entry of an audit log, and proves that the log holds it. The pins say whom you
believe: you must have got them by another way than the receipt. Exit codes: 0 every receipt is
intact; 1 one was tampered with; 2 wrong usage; 3 a file can't be read; 4 one can't be decided on.

Made by tests/kit/verifier_file.py from src/tallystick/{tlog,events,verify}: change those.
The format is docs/specs/receipt-v1.md. Every line below is there to be read.
"""

from __future__ import annotations

import json
import re
import sys
from argparse import ArgumentParser
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum
from functools import lru_cache
from hashlib import sha256, sha512, shake_128, shake_256
from math import isfinite
from pathlib import Path
from typing import Final, NamedTuple

UTC = timezone.utc


class StrEnum(str, Enum):
    """Members that are texts; Python has it since 3.11."""

    __str__ = str.__str__


# ---- tallystick/errors.py ----------------------------------------------------------------------
#
# Errors, sorted by what the caller can do about them.
#
# A message has the form ``what: observed, want expected``, starts in lower case, has no full stop
# and never holds a secret. ``api.problems`` maps each class to an HTTP status, ``cli`` to an exit
# code; no class here knows of either.


class TallystickError(Exception):
    """Anything that Tallystick raises on purpose."""


class MalformedError(TallystickError):
    """The input is not of its form: mend the input.

    Attributes:
        path: JSON Pointer (RFC 6901) of the guilty value, or ``""`` for the whole input.
    """

    def __init__(self, message: str, *, path: str = "") -> None:
        super().__init__(message)
        self.path = path


class VerificationError(TallystickError):
    """Something does not prove what it claims: do not rely on it."""


# ---- tallystick/tlog/hashing.py ----------------------------------------------------------------
#
# Hashes of a Merkle tree (RFC 6962 §2.1).
#
# Leaves and inner nodes are hashed under different prefixes, so that no node can be passed off as
# an entry, nor an entry as a node.

HASH_SIZE: Final = 32
# Copying a state that has read its prefix is a fifth faster than hashing prefix + entry.
_LEAF: Final = sha256(b"\x00")
_NODE: Final = b"\x01"


def leaf_hash(entry: bytes) -> bytes:
    """Hash an entry: SHA-256(0x00, entry), 32 bytes."""
    state = _LEAF.copy()
    state.update(entry)
    return state.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two neighbouring subtrees: SHA-256(0x01, left, right), 32 bytes."""
    return sha256(_NODE + left + right).digest()


def require_hashes(what: str, hashes: Iterable[bytes]) -> None:
    """Refuse anything that is not a hash: an empty one would equal another empty one.

    Args:
        what: What they belong to, for the message.
        hashes: The would-be hashes.

    Raises:
        MalformedError: One of them is not 32 bytes.
    """
    if wrong := {*map(len, hashes)} - {HASH_SIZE}:
        raise MalformedError(f"{what}: hash of {min(wrong)} bytes, want {HASH_SIZE}")


# ---- tallystick/tlog/tree.py -------------------------------------------------------------------
#
# A Merkle tree that only grows, kept as its right edge (RFC 6962 §2.1).
#
# Of a tree of any size at most 63 hashes are needed to let it grow and to know its root: those
# of its complete subtrees, one for each 1-bit of the size. A tree of 13 = 8 + 4 + 1 entries::
#
#             o
#          /     \
#         A        \         hashes = (A, B, C): of 8, of 4 and of 1 entry
#        / \      /  \
#       …   …    B    C      root = node(A, node(B, C))

MAX_SIZE: Final = 2**63 - 1
"""Most entries of a tree: what a reader that counts in signed 64-bit numbers can hold."""


# ---- tallystick/verify/fsck.py -----------------------------------------------------------------
#
# Recompute a whole log from its entries, and compare with everything that is said about it.
#
# Nothing is believed: leaf hashes come from leaf bytes, tiles and roots from leaf hashes. Where an
# entry is pruned, its stored leaf hash takes the place of its bytes; the root then tells whether
# it is the right one.


class Verdict(StrEnum):
    """What can be said of something that was checked."""

    INTACT = "intact"
    TAMPERED = "tampered"
    INCOMPLETE = "incomplete"
    STALE = "stale"
    UNVERIFIABLE = "unverifiable"


# ---- tallystick/tlog/spelling.py ---------------------------------------------------------------
#
# Numbers, bytes and names in text: one spelling each, as the C2SP formats have it.

_DECIMAL: Final = re.compile(r"0|[1-9][0-9]{0,18}").fullmatch
_CONTROL: Final = re.compile(r"[\x00-\x1f]").search


def parse_decimal(what: str, text: str) -> int:
    """Read ASCII digits without sign, grouping or leading zeroes, at most 2^63 - 1.

    Raises:
        MalformedError: It is anything else, such as what ``int`` alone accepts.
    """
    if _DECIMAL(text) and int(text) <= MAX_SIZE:
        return int(text)
    raise MalformedError(f"{what}: {text[:40]!r}, want a decimal below 2^63 in canonical form")


def encode_base64(data: bytes) -> str:
    """Write bytes in the alphabet of RFC 4648 §4, with padding."""
    return b64encode(data).decode("ascii")


def decode_base64(what: str, text: str) -> bytes:
    """Read what :func:`encode_base64` wrote.

    Raises:
        MalformedError: It has other letters, other padding, or stray bits behind the last byte.
    """
    try:
        data = b64decode(text, validate=True)
    except ValueError:
        data = b""
    if encode_base64(data) != text:
        raise MalformedError(f"{what}: {text[:60]!r}, want base64 in canonical form")
    return data


def require_text(what: str, text: str) -> None:
    """Refuse control characters other than newline, and what has no UTF-8.

    Raises:
        MalformedError: There is one.
    """
    if control := _CONTROL(text.replace("\n", "")):
        raise MalformedError(f"{what}: control character {control[0]!r}, want only newlines")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MalformedError(f"{what}: lone surrogate, want valid UTF-8") from error


def require_key_name(name: str) -> None:
    """Refuse what c2sp.org/signed-note does not allow as the name of a key.

    Raises:
        MalformedError: It is empty, has a plus sign, a control character or any Unicode space.
    """
    if not name or "+" in name or any(map(str.isspace, name)):
        raise MalformedError(f"key name: {name[:80]!r}, want one without spaces or plus signs")
    require_text("key name", name)


# ---- tallystick/tlog/checkpoint.py -------------------------------------------------------------
#
# A checkpoint: which log, how many entries, which root (c2sp.org/tlog-checkpoint).
#
# ::
#
#     example.com/behind-the-sofa
#     20852163
#     CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=
#
# It is the text of a signed note; unsigned it proves nothing.


@dataclass(frozen=True)
class Checkpoint:
    """A log's name, size and root.

    Attributes:
        origin: The log's permanent name: one line, a URL without scheme.
        size: Number of entries.
        root: Root hash of the tree of that size, 32 bytes.

    Raises:
        MalformedError: One of them cannot stand in a checkpoint.
    """

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not self.origin or "\n" in self.origin:
            raise MalformedError(f"origin: {self.origin[:80]!r}, want one non-empty line")
        require_text("origin", self.origin)
        if not 0 <= self.size <= MAX_SIZE:
            raise MalformedError(f"checkpoint: size {self.size}, want 0 to 2^63 - 1")
        require_hashes("root", [self.root])

    def format(self) -> str:
        """Return the three lines, each ended by a newline."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Checkpoint:
        """Read a checkpoint of exactly three lines, which is how our logs write theirs.

        Raises:
            MalformedError: It has other lines, or is not spelled as :meth:`format` would.
        """
        matched = text.split("\n")
        if (
            isinstance(matched, list)
            and len(matched) == 4
            and matched[3] == ""
            and [origin := matched[0], size := matched[1], root := matched[2]]
        ):
            return cls(origin, parse_decimal("size", size), decode_base64("root", root))
        elif [lines := matched]:
            raise MalformedError(f"checkpoint: {len(lines) - 1} lines, want 3")


def parse_foreign(text: str) -> tuple[Checkpoint, tuple[str, ...]]:
    """Read any log's checkpoint, which may have extension lines.

    Nobody audits extension lines, and no ML-DSA-44 cosignature covers them: rely on none.

    Returns:
        The checkpoint and its extension lines, without newlines.

    Raises:
        MalformedError: It has fewer than three lines, an empty one, or another spelling.
    """
    matched = text.split("\n")
    if (
        isinstance(matched, list)
        and len(matched) >= 4
        and matched[-1] == ""
        and [origin := matched[0], size := matched[1], root := matched[2], extensions := matched[3:-1]]
        and all(extensions)
    ):
        require_text("extension line", "\n".join(extensions))
        return Checkpoint.parse(f"{origin}\n{size}\n{root}\n"), tuple(extensions)
    elif [lines := matched]:
        raise MalformedError(
            f"checkpoint: {len(lines) - 1} lines, want 3 or more, all non-empty and ended"
        )


# ---- tallystick/tlog/message.py ----------------------------------------------------------------
#
# What a cosigner signs (c2sp.org/tlog-cosignature).
#
# An Ed25519 cosigner signs a time and the whole text, but not its own name, so that each needs a
# key of its own. An ML-DSA-44 cosigner signs its name too, but no extension lines.

_SUBTREE: Final = b"subtree/v1\n\x00"
_MAX_NAME_BYTES: Final = 255


def cosigned_message(body: str, time_s: int) -> bytes:
    """Return what an Ed25519 cosignature (``cosignature/v1``) covers.

    Args:
        body: Text of the checkpoint's note, with its last newline and its extension lines.
        time_s: When it was cosigned, in seconds since 1970.

    Raises:
        MalformedError: The time is negative or beyond 2^63 - 1.
    """
    _require_time(time_s)
    return f"cosignature/v1\ntime {time_s}\n{body}".encode()


def subtree_message(cosigner: str, body: str, time_s: int) -> bytes:
    """Return what an ML-DSA-44 cosignature of a checkpoint covers.

    Args:
        cosigner: Name of the cosigner's key, 1 to 255 bytes.
        body: Text of the checkpoint's note.
        time_s: When it was cosigned, in seconds since 1970; 0 says nothing about when.

    Raises:
        MalformedError: The time, a name's length or the checkpoint cannot be written so.
    """
    _require_time(time_s)
    checkpoint, _ = parse_foreign(body)
    return b"".join(
        [
            _SUBTREE,
            _short("cosigner", cosigner),
            time_s.to_bytes(8, "big"),
            _short("origin", checkpoint.origin),
            0 .to_bytes(8, "big"),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        ]
    )


def _short(what: str, name: str) -> bytes:
    data = name.encode()
    if not 0 < len(data) <= _MAX_NAME_BYTES:
        raise MalformedError(f"{what}: {len(data)} bytes, want 1 to {_MAX_NAME_BYTES}")
    return bytes([len(data)]) + data


def _require_time(time_s: int) -> None:
    if not 0 <= time_s <= MAX_SIZE:
        raise MalformedError(f"cosignature: time {time_s}, want 0 to 2^63 - 1")


# ---- tallystick/verify/ed25519.py --------------------------------------------------------------
#
# Ed25519 verification in plain Python (RFC 8032 §5.1), for the verifier that is one file.
#
# Slow, some milliseconds a signature, and small enough to be read before it is trusted. Nothing in
# it is secret, so nothing in it has to take constant time.
#
# A verifier of this kind has corners where implementations differ. Here:
#
# - S must be below the group's order, and a point must have its one encoding (§5.1.7, §5.1.3);
# - the equation is the one without cofactor: [S]B = R + [k]A;
# - a key or an R of small order is refused: such a "key" has signed what nobody signed.
#
# OpenSSL, which :mod:`tallystick.tlog.key` asks by way of ``cryptography``, decides alike but for
# keys of small order and keys in a second encoding, and an R of small order, all of which it
# accepts. That module refuses those keys before it asks; no honest signer makes such an R.

_P: Final = 2**255 - 19
_ORDER: Final = 2**252 + 27742317777372353535851937790883648493
_ed25519_D: Final = -121665 * pow(121666, _P - 2, _P) % _P
_ROOT_OF_MINUS_ONE: Final = pow(2, (_P - 1) // 4, _P)
_COFACTOR: Final = 8
_KEY_SIZE: Final = 32
_ed25519_SIGNATURE_SIZE: Final = 64


class InvalidSignature(Exception):
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
        if len(signature) != _ed25519_SIGNATURE_SIZE or len(self.public) != _KEY_SIZE:
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
    c = 2 * one.t * two.t * _ed25519_D % _P
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
    x = _root_of((y * y - 1) * pow(_ed25519_D * y * y + 1, _P - 2, _P) % _P)
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


# ---- tallystick/verify/mldsa44.py --------------------------------------------------------------
#
# ML-DSA-44 verification in plain Python (FIPS 204), for the verifier that is one file.
#
# Some witnesses cosign with it. The letters are those of the standard; a polynomial is a list of
# 256 coefficients below q.

_Q: Final = 8_380_417
_N: Final = 256
_K: Final = 4
_L: Final = 4
_mldsa44_D: Final = 13
_TAU: Final = 39
_OMEGA: Final = 80
_GAMMA1: Final = 1 << 17
_GAMMA2: Final = (_Q - 1) // 88
_BETA: Final = 78
_SEED: Final = 32
_Z_BITS: Final = 18
_Z_SIZE: Final = _L * _N * _Z_BITS // 8
_PUBLIC_SIZE: Final = 1_312
_mldsa44_SIGNATURE_SIZE: Final = 2_420
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
        if len(signature) != _mldsa44_SIGNATURE_SIZE or len(self.public) != _PUBLIC_SIZE:
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
            t = _ntt([v << _mldsa44_D for v in _numbers(t1[row], 10)])
            total = [-c * v for c, v in zip(challenge, t)]
            for column in range(_L):
                a = _uniform(rho + bytes([column, row]))
                total = [s + x * y for s, x, y in zip(total, a, vector[column])]
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
        if not at <= end <= _OMEGA or any(low >= high for low, high in zip(row, row[1:])):
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


# ---- tallystick/tlog/key.py --------------------------------------------------------------------
#
# Verifier keys: a name and a public key (c2sp.org/signed-note, "Verifier keys").
#
# Written as a *vkey*::
#
#     example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k
#
# The eight hex digits, the key's id, only help to find the key that a signature line means. They
# are 32 bits that anybody can collide; never take them for an identity.

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


@dataclass(frozen=True)
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
    def of(cls, name: str, algorithm: int, public: bytes) -> VerifierKey:
        """Return the key of a name and a public key, with its id."""
        require_key_name(name)
        if algorithm not in _PUBLIC_SIZES:
            raise MalformedError(f"key {name}: algorithm {algorithm}, want 1, 4 or 6")
        return cls(name, key_id(name, algorithm, public), algorithm, public)

    @classmethod
    def parse(cls, text: str) -> VerifierKey:
        """Read a vkey; each key has one spelling.

        Raises:
            MalformedError: It is none, its id is not that of its key, or its algorithm is
                unknown here.
        """
        # Base64 has plus signs of its own, so only the first two divide.
        matched = text.split("+", 2)
        if (
            isinstance(matched, list)
            and len(matched) == 3
            and [name := matched[0], digits := matched[1], encoded := matched[2]]
        ):
            data = decode_base64("vkey", encoded)
            key = cls.of(name, data[0] if data else 0, data[1:])
        elif [parts := matched]:
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
        time_s = int.from_bytes(time, "big")
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


# ---- tallystick/tlog/note.py -------------------------------------------------------------------
#
# Signed notes: a text and lines of signatures (c2sp.org/signed-note).
#
# ::
#
#     This is an example message.
#
#     — example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3…
#
# A signature covers the text with its last newline, and not the blank line behind it. Who reads a
# note looks only at the lines of keys known beforehand; all others are ignored, so that logs and
# witnesses can sign side by side.

MAX_NOTE_BYTES: Final = 1_000_000
MAX_SIGNATURES: Final = 100
_DASH: Final = "\N{EM DASH} "


@dataclass(frozen=True)
class Signature:
    """One signature line.

    Attributes:
        name: Name of the key.
        key_id: Four bytes that tell keys of one name apart; a hint, not an identity.
        payload: What the algorithm made, at least one byte; a cosignature begins with its time.

    Raises:
        MalformedError: One of them cannot stand in a line.
    """

    name: str
    key_id: bytes
    payload: bytes

    def __post_init__(self) -> None:
        require_key_name(self.name)
        if len(self.key_id) != KEY_ID_SIZE or not self.payload:
            raise MalformedError(
                f"signature of {self.name}: id of {len(self.key_id)} and payload of "
                f"{len(self.payload)} bytes, want {KEY_ID_SIZE} and at least 1"
            )

    def format(self) -> str:
        """Return the line, without newline."""
        return f"{_DASH}{self.name} {encode_base64(self.key_id + self.payload)}"

    @classmethod
    def parse(cls, line: str) -> Signature:
        """Read a line, without newline.

        Raises:
            MalformedError: It is not spelled as :meth:`format` would.
        """
        matched = line.removeprefix(_DASH).split(" ")
        if (
            isinstance(matched, list)
            and len(matched) == 2
            and [name := matched[0], encoded := matched[1]]
            and line.startswith(_DASH)
        ):
            data = decode_base64("signature", encoded)
            return cls(name, data[:KEY_ID_SIZE], data[KEY_ID_SIZE:])
        raise MalformedError(f"signature line: {line[:80]!r}, want an em dash, a name and base64")


@dataclass(frozen=True)
class Note:
    """A text with the signatures that it carries, verified or not.

    Attributes:
        text: Ends in a newline; no control characters but newlines.
        signatures: 1 to 100.

    Raises:
        MalformedError: It would be no note, or one of more than 1,000,000 bytes.
    """

    text: str
    signatures: tuple[Signature, ...]

    def __post_init__(self) -> None:
        if not self.text.endswith("\n"):
            raise MalformedError("note: text without last newline, want one")
        require_text("note", self.text)
        if not 0 < len(self.signatures) <= MAX_SIGNATURES:
            raise MalformedError(
                f"note: {len(self.signatures)} signatures, want 1 to {MAX_SIGNATURES}"
            )
        if (size := len(self.format().encode())) > MAX_NOTE_BYTES:
            raise MalformedError(f"note: {size:,} bytes, want at most {MAX_NOTE_BYTES:,}")

    def format(self) -> str:
        """Return text, blank line and signature lines."""
        lines = "".join(f"{signature.format()}\n" for signature in self.signatures)
        return f"{self.text}\n{lines}"

    def with_signatures(self, *more: Signature) -> Note:
        """Return the same text with further signatures behind those that it carries."""
        return type(self)(self.text, (*self.signatures, *more))

    @classmethod
    def parse(cls, data: bytes | str) -> Note:
        """Read a note. Whether its signatures are true is left to :func:`verify_note`.

        Raises:
            MalformedError: It is none, passes a limit, or :meth:`format` would spell it otherwise.
        """
        if len(data) > MAX_NOTE_BYTES:
            raise MalformedError(f"note: {len(data):,}, want at most {MAX_NOTE_BYTES:,} bytes")
        written = data if isinstance(data, str) else _note_decode(data)
        # The text may have empty lines of its own: the last one divides.
        text, blank, lines = written.rpartition("\n\n")
        if not blank or not lines.endswith("\n"):
            raise MalformedError("note: no ended signature line, want one behind a blank line")
        # Counted before any is read: a stranger could send a hundred thousand.
        if (count := lines.count("\n")) > MAX_SIGNATURES:
            raise MalformedError(f"note: {count} signatures, want 1 to {MAX_SIGNATURES}")
        signatures = tuple(Signature.parse(line) for line in lines[:-1].split("\n"))
        return cls(f"{text}\n", signatures)


def verify_note(note: Note, keys: Sequence[VerifierKey]) -> list[VerifierKey]:
    """Check every signature that a known key should have made.

    Args:
        note: The note; lines of unknown keys in it are ignored.
        keys: The keys that are known, from somewhere else than the note.

    Returns:
        The keys that signed, each once, in the order of their lines; at least one.

    Raises:
        MalformedError: Two known keys have the name and id of one signature line.
        VerificationError: No known key signed, or a line that claims to be of one is not.
    """
    signed: dict[VerifierKey, None] = {}
    for signature in note.signatures:
        named = (signature.name, signature.key_id)
        known = [key for key in keys if (key.name, key.key_id) == named]
        if len(known) > 1:
            raise MalformedError(
                f"keys: {len(known)} of {signature.name} {signature.key_id.hex()}, want 1"
            )
        for key in known:
            key.verify(note.text, signature.payload)
            signed[key] = None
    if not signed:
        raise VerificationError(
            f"note: signed by {', '.join(sorted({s.name for s in note.signatures}))}, "
            f"want {' or '.join(sorted({key.name for key in keys})) or 'a known key'}"
        )
    return [*signed]


def _note_decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(f"note: byte {error.start} is no UTF-8, want UTF-8") from error


# ---- tallystick/tlog/policy.py -----------------------------------------------------------------
#
# Whom to believe: logs, witnesses and how many of them (c2sp.org/tlog-policy).
#
# ::
#
#     log example.com/log+…
#     witness W1 w1.example+…
#     witness W2 w2.example+… https://w2.example/
#     witness W3 w3.example+…
#     group most 2 W1 W2 W3
#     quorum most

NO_QUORUM: Final = "none"
_MAX_LINES: Final = 10_000
_LOG_ALGORITHMS: Final = (ED25519, MLDSA44_COSIGNATURE)
_WITNESS_ALGORITHMS: Final = (ED25519_COSIGNATURE, MLDSA44_COSIGNATURE)


@dataclass(frozen=True)
class PolicyKey:
    """A key of a policy, with the address where its owner is reached, or ``""``."""

    key: VerifierKey
    url: str = ""


@dataclass(frozen=True)
class Group:
    """Members of which ``threshold`` must have witnessed; a member is a witness or a group."""

    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True)
class TrustedCheckpoint:
    """What a note proves under a policy.

    Attributes:
        checkpoint: Signed by its log, cosigned by the policy's quorum.
        extensions: Extension lines, on which nothing relies.
        cosigned_at_s: Name of each witness that cosigned, also beyond the quorum, and when it
            says it did so last, in seconds since 1970.
    """

    checkpoint: Checkpoint
    extensions: tuple[str, ...]
    cosigned_at_s: Mapping[str, int]


@dataclass(frozen=True)
class Policy:
    """The rule that makes a checkpoint believable.

    Attributes:
        logs: Keys of the logs; the key's name is the log's origin.
        witnesses: Keys of the witnesses, by their names in the policy.
        groups: Groups, by name; each after its members.
        quorum: Name of the witness or group that must have witnessed, or ``none``.
    """

    logs: tuple[PolicyKey, ...]
    witnesses: Mapping[str, PolicyKey]
    groups: Mapping[str, Group]
    quorum: str

    @classmethod
    def parse(cls, text: str | bytes) -> Policy:
        """Read a policy file.

        Raises:
            MalformedError: A line is not of the format, a name or key stands twice, a member
                or the quorum is not defined on an earlier line; the message has the line.
        """
        written = text if isinstance(text, str) else text.decode(errors="surrogateescape")
        lines = written.split("\n")
        if len(lines) > _MAX_LINES:
            raise MalformedError(f"policy: {len(lines):,} lines, want at most {_MAX_LINES:,}")
        reader = _Reader()
        for number, line in enumerate(lines, 1):
            try:
                reader.read(line)
            except MalformedError as error:
                raise MalformedError(f"policy line {number}: {error}") from error
        if not reader.quorum:
            raise MalformedError("policy: no quorum line, want one")
        return cls(tuple(reader.logs), reader.witnesses, reader.groups, reader.quorum)

    def satisfied_by(self, cosigners: Iterable[VerifierKey]) -> bool:
        """Tell whether these cosigners, whose cosignatures were verified, are the quorum.

        A key counts only for the witness that the policy gives it to; other keys count for
        nobody.
        """
        valid = {*cosigners}
        return self._quorum_in({name for name, it in self.witnesses.items() if it.key in valid})

    def verify(self, note: Note) -> TrustedCheckpoint:
        """Check a checkpoint's note.

        Raises:
            MalformedError: The text is no checkpoint.
            VerificationError: The log is unknown, it has not signed, a signature of a known key
                is false, or too few witnesses have cosigned.
        """
        checkpoint, extensions = parse_foreign(note.text)
        # A log's key speaks for its own origin only: else one log could sign for another.
        logs = [it.key for it in self.logs if it.key.name == checkpoint.origin]
        if not logs:
            raise VerificationError(
                f"checkpoint: of {checkpoint.origin!r}, want a log of the policy"
            )
        verify_note(note, logs)
        cosigned_at_s = self._cosigned_at_s(note)
        if not self._quorum_in({*cosigned_at_s}):
            raise VerificationError(
                f"checkpoint of {checkpoint.origin}: cosigned by "
                f"{', '.join(sorted(cosigned_at_s)) or 'nobody'}, want quorum {self.quorum}"
            )
        return TrustedCheckpoint(checkpoint, extensions, cosigned_at_s)

    def _cosigned_at_s(self, note: Note) -> dict[str, int]:
        known = {(it.key.name, it.key.key_id): name for name, it in self.witnesses.items()}
        latest: dict[str, int] = {}
        for signature in note.signatures:
            if witness := known.get((signature.name, signature.key_id)):
                time_s = self.witnesses[witness].key.verify(note.text, signature.payload)
                latest[witness] = max(time_s, latest.get(witness, 0))
        return latest

    def _quorum_in(self, witnessed: Collection[str]) -> bool:
        if self.quorum == NO_QUORUM:
            return True
        names = {*witnessed}
        for name, group in self.groups.items():
            if len(names.intersection(group.members)) >= group.threshold:
                names.add(name)
        return self.quorum in names


@dataclass
class _Reader:
    """What the lines read so far define."""

    logs: list[PolicyKey] = field(default_factory=list)
    witnesses: dict[str, PolicyKey] = field(default_factory=dict)
    groups: dict[str, Group] = field(default_factory=dict)
    quorum: str = ""
    members: set[str] = field(default_factory=set)

    def read(self, line: str) -> None:
        if any((letter < " " and letter != "\t") or letter == "\x7f" for letter in line):
            raise MalformedError("control character, want only tabs and newlines")
        # Only spaces and tabs divide: a name may hold any other space of Unicode.
        matched = [word for word in line.replace("\t", " ").split(" ") if word]
        if isinstance(matched, list) and len(matched) == 0:
            pass
        elif (
            isinstance(matched, list)
            and len(matched) >= 1
            and [word := matched[0]]
            and word.startswith("#")
        ):
            pass
        elif (
            isinstance(matched, list)
            and len(matched) >= 2
            and matched[0] == "log"
            and [key := matched[1], url := matched[2:]]
            and len(url) <= 1
        ):
            self._read_log(_policy_key(key, url, _LOG_ALGORITHMS))
        elif (
            isinstance(matched, list)
            and len(matched) >= 3
            and matched[0] == "witness"
            and [name := matched[1], key := matched[2], url := matched[3:]]
            and len(url) <= 1
        ):
            self._read_witness(name, _policy_key(key, url, _WITNESS_ALGORITHMS))
        elif (
            isinstance(matched, list)
            and len(matched) >= 3
            and matched[0] == "group"
            and [name := matched[1], threshold := matched[2], members := matched[3:]]
            and members
        ):
            self._read_group(name, threshold, members)
        elif (
            isinstance(matched, list)
            and len(matched) == 2
            and matched[0] == "quorum"
            and [name := matched[1]]
        ):
            self._read_quorum(name)
        elif (
            isinstance(matched, list)
            and len(matched) >= 1
            and [word := matched[0], rest := matched[1:]]
        ):
            raise MalformedError(
                f"{word[:40]!r} with {len(rest)} words, want 'log', 'witness', 'group' or "
                f"'quorum' with theirs"
            )

    def _read_log(self, log: PolicyKey) -> None:
        if any(log.key.public == it.key.public for it in self.logs):
            raise MalformedError(f"key of log {log.key.name}: stands twice, want once")
        self.logs.append(log)

    def _read_witness(self, name: str, witness: PolicyKey) -> None:
        self._require_new(name)
        # One key under two names would let one witness count for two.
        if any(witness.key.public == it.key.public for it in self.witnesses.values()):
            raise MalformedError(f"key of witness {name}: stands twice, want once")
        self.witnesses[name] = witness

    def _read_group(self, name: str, threshold: str, members: list[str]) -> None:
        self._require_new(name)
        for member in members:
            self._require_defined(member)
            if member in self.members:
                raise MalformedError(f"member {member!r}: stands twice, want once in all groups")
            self.members.add(member)
        words = {"any": 1, "all": len(members)}
        count = words.get(threshold) or parse_decimal("threshold", threshold)
        if not 1 <= count <= len(members):
            raise MalformedError(f"threshold: {count}, want 1 to {len(members)} members")
        self.groups[name] = Group(count, tuple(members))

    def _read_quorum(self, name: str) -> None:
        if self.quorum:
            raise MalformedError("quorum: a second one, want one")
        if name != NO_QUORUM:
            self._require_defined(name)
        self.quorum = name

    def _require_new(self, name: str) -> None:
        if name == NO_QUORUM or name in self.witnesses or name in self.groups:
            raise MalformedError(f"name {name!r}: taken, want another")

    def _require_defined(self, name: str) -> None:
        if name not in self.witnesses and name not in self.groups:
            raise MalformedError(f"name {name!r}: unknown, want one of an earlier line")


def _policy_key(vkey: str, url: list[str], algorithms: Collection[int]) -> PolicyKey:
    key = VerifierKey.parse(vkey)
    if key.algorithm not in algorithms:
        want = " or ".join(f"0x{algorithm:02x}" for algorithm in algorithms)
        raise MalformedError(f"key {key.name}: algorithm 0x{key.algorithm:02x}, want {want}")
    return PolicyKey(key, *url)


# ---- tallystick/verify/super_origin.py ---------------------------------------------------------
#
# Origins of super-logs: ``<deployment>/super``, and ``<deployment>/super/<serial>`` after it.
#
# A deployment begins a new super-log whenever its online key changes, never continuing an old one.

FIRST_SERIAL: Final = 1
_SUPER: Final = "/super"
_MAX_DIGITS: Final = 9


def super_origin(deployment: str, serial: int) -> str:
    """Return the origin of a super-log by its serial number, from 1."""
    return deployment + _SUPER + ("" if serial == FIRST_SERIAL else f"/{serial}")


def read_super_origin(origin: str) -> tuple[str, int]:
    """Return deployment and serial number of a super-log.

    Raises:
        MalformedError: The origin is of another form.
    """
    deployment, is_super, rest = origin.rpartition(_SUPER)
    digits = rest.removeprefix("/")
    serial = FIRST_SERIAL
    if digits.isascii() and digits.isdigit() and len(digits) <= _MAX_DIGITS:
        serial = int(digits)
    if not (deployment and is_super and serial) or super_origin(deployment, serial) != origin:
        raise MalformedError(f"origin {origin[:200]!r}: want <deployment>/super[/<serial>]")
    return deployment, serial


# ---- tallystick/verify/statement.py ------------------------------------------------------------
#
# What a deployment's root key says about its online keys; docs/specs/receipt-v1.md has the form.
#
# The root key stands on no server. It signs one *statement* for each new super-log: under which key
# it is signed, why it follows the one before, and how far that one is still to be believed. Who
# has pinned the root follows a change of keys without asking anybody else.

_ROOT: Final = "/root"


def require_root(key: VerifierKey) -> str:
    """Return the deployment whose root a key is.

    Raises:
        MalformedError: It is the key of something else.
    """
    if key.algorithm != ED25519 or not key.name.endswith(_ROOT):
        raise MalformedError(f"root key {key.name}: want <deployment>{_ROOT} with algorithm 0x01")
    return key.name.removesuffix(_ROOT)


# ---- tallystick/verify/strict_json.py ----------------------------------------------------------
#
# JSON read so that two readers can't differ, and the one spelling of what we write.
#
# A text with a member name twice, or with a number that overflows, means one thing to one reader
# and another to the next; a verifier that lets it pass can be shown something else than it checked.

strict_json_MAX_DEPTH: Final = 128
"""How many arrays and objects may stand inside each other: twice what an event may have."""


def strict_json_read(data: bytes, what: str) -> object:
    """Read one JSON text.

    Args:
        data: UTF-8 without a byte order mark.
        what: What it is, for the error's text.

    Raises:
        MalformedError: Not UTF-8, no RFC 8259 JSON, a member name twice in one object, a number
            out of range, or nesting too deep to read.
    """
    try:
        value = json.loads(
            data.decode(),
            object_pairs_hook=_members,
            parse_float=_double,
            parse_constant=_double,
        )
    except MalformedError as error:
        raise MalformedError(f"{what}: {error}") from None
    except RecursionError:
        raise MalformedError(f"{what}: nested too deep to read") from None
    except UnicodeDecodeError as error:
        raise MalformedError(f"{what}: byte {error.start:,}, want UTF-8") from None
    except json.JSONDecodeError as error:
        raise MalformedError(f"{what}: no JSON at character {error.pos:,}") from None
    except ValueError:
        raise MalformedError(f"{what}: an integer too long to read") from None
    _refuse_deeper(value, what)
    return value


def strict_json_write(value: object) -> bytes:
    """Write strings, integers, arrays and objects in the form of RFC 8785.

    Raises:
        MalformedError: A string holds a lone surrogate.
    """
    text = json.dumps(_in_order(value), ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise MalformedError("json: a lone surrogate, want Unicode text") from None


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members: dict[str, object] = {}
    for name, value in pairs:
        if name in members:
            raise MalformedError(f"two members {name[:80]!r} in one object, want one")
        members[name] = value
    return members


def _refuse_deeper(value: object, what: str) -> None:
    layer = [value]
    for _ in range(strict_json_MAX_DEPTH + 1):
        layer = [
            inner
            for outer in layer
            if isinstance(outer, (dict, list))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not layer:
            return
    raise MalformedError(f"{what}: nested deeper than {strict_json_MAX_DEPTH} levels")


def _double(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise MalformedError(f"number {text[:40]}, want a finite double")
    return value


def _in_order(value: object) -> object:
    if isinstance(value, dict):
        names = sorted(value, key=_utf16)
        return {name: _in_order(value[name]) for name in names}
    if isinstance(value, (list, tuple)):
        return [_in_order(inner) for inner in value]
    return value


def _utf16(name: str) -> bytes:
    return name.encode("utf-16-be", "surrogatepass")


# ---- tallystick/verify/pins.py -----------------------------------------------------------------
#
# Pins: what a verifier believes beforehand, from elsewhere than the thing that it verifies.

_pins_NAMES: Final = {"super", "origins", "policy", "auditors", "max_age_s", "root"}
_FROZEN: Final = {"vkey", "max_size"}


@dataclass(frozen=True)
class Pins:
    """What must hold for a receipt to be believed.

    Attributes:
        keys: Keys of super-logs; a key's name is the origin of the log that it may sign.
        origins: The logs that receipts may come from; empty for every log of the deployment.
        policy: Which witnesses must have cosigned, or None where none is needed.
        max_age_s: Greatest age of the epoch that a receipt proves, or None for any.
        auditors: Names of those of the policy's witnesses that audit epochs before they cosign;
            if there are any, one of them must have cosigned.
        frozen: Keys that are believed only up to a size of their super-log, with that size: they
            were stolen, or their log was lost.
        root: The deployment's root key, by which pins follow a change of keys; it signs no log.

    Raises:
        MalformedError: There is no key, or one that cannot sign a log's checkpoints, or an
            auditor that is no witness of the policy, or a root that is none.
    """

    keys: tuple[VerifierKey, ...]
    origins: frozenset[str] = frozenset()
    policy: Policy | None = None
    max_age_s: int | None = None
    auditors: frozenset[str] = frozenset()
    frozen: Mapping[VerifierKey, int] = field(default_factory=dict)
    root: VerifierKey | None = None

    def __post_init__(self) -> None:
        if not self.keys:
            raise MalformedError("pins: no key, want at least one", path="/super")
        for key in (*self.keys, *self.frozen):
            if key.algorithm != ED25519:
                raise MalformedError(
                    f"pins: key {key.name} of algorithm 0x{key.algorithm:02x}, want 0x01",
                    path="/super",
                )
        if both := self.frozen.keys() & set(self.keys):
            name = min(key.name for key in both)
            raise MalformedError(f"pins: key {name} with and without max_size", path="/super")
        if self.root is not None:
            require_root(self.root)
        witnesses = () if self.policy is None else self.policy.witnesses
        for name in sorted(self.auditors):
            if name not in witnesses:
                raise MalformedError(
                    f"pins: auditor {name[:80]!r}, want a witness of the policy",
                    path="/auditors",
                )

    @classmethod
    def of_key(cls, vkey: str) -> Pins:
        """Pin one super-log's key, and nothing else.

        Raises:
            MalformedError: The text is no vkey of a log.
        """
        return cls((VerifierKey.parse(vkey),))

    @classmethod
    def parse(cls, data: bytes) -> Pins:
        """Read a file of pins; docs/specs/receipt-v1.md has its form.

        Raises:
            MalformedError: It is of another form; ``path`` points to what is wrong. A member
                that is not known is refused: a rule that is misspelled must not be passed over.
        """
        members = strict_json_read(data, "pins")
        if not isinstance(members, dict):
            raise MalformedError("pins: want an object")
        for name in members:
            if name not in _pins_NAMES:
                raise MalformedError(f"pins: unknown member {name[:80]!r}", path=f"/{name}")
        keys, frozen = _super(members.get("super"))
        root = members.get("root")
        if root is not None and not isinstance(root, str):
            raise MalformedError("pins: root, want a vkey", path="/root")
        policy = members.get("policy")
        if policy is not None and not isinstance(policy, str):
            raise MalformedError("pins: policy, want the text of a policy", path="/policy")
        return cls(
            keys,
            frozenset(_texts(members["origins"], "origins") if "origins" in members else ()),
            None if policy is None else Policy.parse(policy),
            _age(members.get("max_age_s")),
            frozenset(_texts(members["auditors"], "auditors") if "auditors" in members else ()),
            frozen,
            None if root is None else VerifierKey.parse(root),
        )

    def keys_of(self, origin: str, size: int | None = None) -> list[VerifierKey]:
        """Return the keys that may sign the super-log of that origin, each once.

        Args:
            origin: Of the super-log.
            size: How many records the checkpoint has; None for one that is not known yet, for
                which no frozen key speaks.
        """
        frozen = [] if size is None else [key for key, most in self.frozen.items() if size <= most]
        return [key for key in dict.fromkeys((*self.keys, *frozen)) if key.name == origin]


def _super(value: object) -> tuple[tuple[VerifierKey, ...], dict[VerifierKey, int]]:
    """Read the keys of super-logs: those that are believed, and those up to a size only."""
    if not isinstance(value, list) or not value:
        raise MalformedError("pins: super, want a list of keys, at least one", path="/super")
    keys: list[VerifierKey] = []
    frozen: dict[VerifierKey, int] = {}
    for given in value:
        if isinstance(given, str):
            keys.append(VerifierKey.parse(given))
            continue
        key, most = _bounded(given)
        if key in frozen:
            raise MalformedError(f"pins: key {key.name} frozen twice", path="/super")
        frozen[key] = most
    return tuple(keys), frozen


def _bounded(given: object) -> tuple[VerifierKey, int]:
    if isinstance(given, dict) and given.keys() == _FROZEN:
        vkey, most = given["vkey"], given["max_size"]
        if isinstance(vkey, str) and type(most) is int and most > 0:
            return VerifierKey.parse(vkey), most
    text = "pins: super, want a list of keys: vkeys, or objects with vkey and max_size"
    raise MalformedError(text, path="/super")


def _texts(value: object, name: str) -> Sequence[str]:
    if isinstance(value, list) and value and all(isinstance(text, str) for text in value):
        return value
    raise MalformedError(f"pins: {name}, want a list of texts, at least one", path=f"/{name}")


def _age(value: object) -> int | None:
    if value is None or (type(value) is int and value > 0):
        return value
    raise MalformedError("pins: max_age_s, want seconds above 0", path="/max_age_s")


# ---- tallystick/verify/report.py ---------------------------------------------------------------
#
# What a verifier found: facts, and the verdict that follows from them.

_LAST_LINE: Final = {
    Verdict.INTACT: "verified",
    Verdict.TAMPERED: "not verified",
    Verdict.INCOMPLETE: "not verified",
}
_WEIGHT: Final = (
    Verdict.INTACT,
    Verdict.STALE,
    Verdict.UNVERIFIABLE,
    Verdict.INCOMPLETE,
    Verdict.TAMPERED,
)


class State(StrEnum):
    """How a fact came out; NONE where it could not be, or was not to be, found out."""

    OK = "ok"
    FAIL = "FAIL"
    NONE = "none"


class Fact(NamedTuple):
    """One thing that was checked.

    Attributes:
        state: How it came out.
        name: One word: event and opened say what stands there; recorded, published, witnessed,
            epoch-audited and fresh who vouches for it, and since when; origin what is pinned.
        text: What was observed, and where it failed what was expected.
    """

    state: State
    name: str
    text: str


@dataclass
class Report:
    """What was found out about one receipt.

    Attributes:
        origin: Log that the receipt names.
        index: Place of the entry in it.
        size: Entries that the log had in the epoch.
        verdict: The worst that was found.
        reason: Why it is not intact; None when it is.
        facts: In the order in which they were checked.
        event: The event as far as it was opened; to be relied on only if the verdict says so.
        withheld: Paths that stay closed, with the slot of their subject in the entry.
        received_at: When the log took the event, or None where the entry can't be read.
        epoch: Number of the epoch, and when it was made.
        cosigned_at_s: The pinned policy's witnesses that cosigned, and when each says it did, in
            seconds since 1970; 0 for one that says no time.
    """

    origin: str
    index: int
    size: int
    epoch: int
    epoch_time_s: int
    verdict: Verdict = Verdict.INTACT
    reason: str | None = None
    facts: list[Fact] = field(default_factory=list)
    event: Mapping[str, object] | None = None
    withheld: Mapping[str, int] = field(default_factory=dict)
    received_at: str | None = None
    cosigned_at_s: Mapping[str, int] = field(default_factory=dict)

    def note(self, state: State, name: str, text: str) -> None:
        """Add a fact that speaks neither against the receipt nor hinders its verification."""
        self.facts.append(Fact(state, name, text))

    def object_to(self, verdict: Verdict, name: str, text: str, reason: str) -> None:
        """Add a fact that speaks against the receipt; the worst verdict stands, once."""
        failed = verdict in {Verdict.TAMPERED, Verdict.STALE}
        self.facts.append(Fact(State.FAIL if failed else State.NONE, name, text))
        if _WEIGHT.index(verdict) > _WEIGHT.index(self.verdict):
            self.verdict, self.reason = verdict, reason

    def lines(self) -> list[str]:
        """Write the facts, one a line, and the verdict last."""
        lines = [f"{fact.state:<5} {fact.name:<13} {printable(fact.text)}" for fact in self.facts]
        if self.verdict is Verdict.TAMPERED:
            lines.append("      Do not rely on this receipt: it does not show what was logged.")
        last = _LAST_LINE.get(self.verdict, str(self.verdict))
        why = "" if self.reason is None or self.verdict is Verdict.TAMPERED else self.reason
        return [*lines, f"{last} ({printable(why)})" if why else last]

    def to_builtins(self) -> dict[str, object]:
        """Write the report as JSON builtins: the contract of ``--json``."""
        return {
            "verdict": str(self.verdict),
            "reason": self.reason,
            "origin": self.origin,
            "index": self.index,
            "size": self.size,
            "epoch": self.epoch,
            "epoch_time_s": self.epoch_time_s,
            "received_at": self.received_at,
            "event": self.event,
            "withheld": dict(self.withheld),
            "cosigned_at_s": dict(self.cosigned_at_s),
            "facts": [
                {"state": str(fact.state), "name": fact.name, "text": fact.text}
                for fact in self.facts
            ],
        }


def printable(text: str) -> str:
    """Write a text so that it can't steer a terminal, nor reorder what is read on it."""
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in text
    )


# ---- tallystick/tlog/cosignature.py ------------------------------------------------------------
#
# Cosignatures: a witness's word that it saw this checkpoint extend all earlier ones.
#
# Source: c2sp.org/tlog-cosignature. The time in it is the cosigner's claim; without a rule about
# its greatest age it says nothing about freshness.


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


# ---- tallystick/tlog/proof.py ------------------------------------------------------------------
#
# Proofs that a tree holds an entry, and that it extends an older tree (RFC 6962 §2.1.1-2).
#
# Making a proof needs only the roots of complete subtrees, which never change once they exist.
# A :data:`HashReader` hands them out, all that one proof needs at once; where it finds them is
# its own affair. Checking a proof needs nothing but the proof.


def root_from_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes:
    """Return the root that an inclusion proof leads to.

    Args:
        leaf: 32-byte leaf hash; see :func:`tallystick.tlog.hashing.leaf_hash`.
        index: Zero-based position, 0 ≤ index < size.
        size: Number of entries of the tree.
        path: Sibling hashes from the leaf up to the root, each 32 bytes.

    Raises:
        MalformedError: ``index``, a hash or the length of ``path`` cannot belong to ``size``.

    Source: RFC 9162 §2.1.3.2.
    """
    _require_index(index, size)
    require_hashes("leaf", [leaf])
    require_hashes("inclusion proof", path)
    # Below this level the way to the leaf and the tree's right edge differ, so each level has a
    # sibling. Above it the way runs on the edge, where only left siblings are left.
    inner = (index ^ (size - 1)).bit_length()
    want = inner + bin(index >> inner).count("1")
    if len(path) != want:
        raise MalformedError(
            f"inclusion proof: {len(path)} hashes, want {want} for entry {index} of {size}"
        )
    node = _climb(leaf, path[:inner], index)
    return _climb_edge(node, path[inner:])


def verify_inclusion(
    leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
) -> None:
    """Check that ``leaf`` is entry number ``index`` of the tree of ``size`` entries.

    Args:
        leaf: 32-byte leaf hash; see :func:`tallystick.tlog.hashing.leaf_hash`.
        index: Zero-based position, 0 ≤ index < size.
        size: Number of entries that ``root`` commits to.
        path: Sibling hashes from the leaf up to the root, each 32 bytes.
        root: 32-byte root hash, taken from a checkpoint that was verified before.

    Raises:
        MalformedError: ``index``, a hash or the length of ``path`` cannot belong to ``size``.
        VerificationError: The path leads to another root.

    Source: RFC 6962 §2.1.1; the walk is RFC 9162 §2.1.3.2.
    """
    require_hashes("root", [root])
    found = root_from_inclusion(leaf, index, size, path)
    if found != root:
        raise VerificationError(f"inclusion proof: leads to root {found.hex()}, want {root.hex()}")


def _climb(node: bytes, siblings: Iterable[bytes], index: int) -> bytes:
    """Climb from node ``index`` of its level; a 1-bit of the index: the sibling is left."""
    for level, sibling in enumerate(siblings):
        left = index >> level & 1
        node = node_hash(sibling, node) if left else node_hash(node, sibling)
    return node


def _climb_edge(node: bytes, siblings: Iterable[bytes]) -> bytes:
    """Climb along the right edge, where every sibling is left."""
    for sibling in siblings:
        node = node_hash(sibling, node)
    return node


def _require_index(index: int, size: int) -> None:
    if not 0 <= index < size <= MAX_SIZE:
        raise MalformedError(f"inclusion proof: entry {index} of {size}, want one in the tree")


# ---- tallystick/events/framing.py --------------------------------------------------------------
#
# Putting parts one behind the other so that none can flow into the next.

MAX_PART: Final = 65_535


def prefixed(part: bytes) -> bytes:
    """Put the length of ``part`` before it, as two bytes, the high one first.

    Raises:
        MalformedError: The part is longer than 65,535 bytes.
    """
    if len(part) > MAX_PART:
        raise MalformedError(f"hashed part: {len(part)} bytes, want at most {MAX_PART}")
    return len(part).to_bytes(2, "big") + part


# ---- tallystick/events/commitment.py -----------------------------------------------------------
#
# Salted commitments: what an entry says about a value that it does not show.
#
# Only who knows salt and value can tell that they belong to a commitment. Destroying the key from
# which the salt is derived makes the commitment say nothing, and changes no hash of the log.

DOMAIN: Final = b"tallystick/commitment/v1"
SALT_LENGTH: Final = 16


def commit(salt: bytes, path: str, value: bytes) -> bytes:
    """Commit to the value at a place of an event.

    Args:
        salt: 16 bytes, used for this place of this event only; see :func:`derive_salt`.
        path: JSON Pointer of the place.
        value: The value's bytes from :func:`tallystick.events.canonical.encode`.

    Returns:
        32 bytes: SHA-256(domain, 0x00, salt, length of path in 2 bytes, path, value). Path and
        value cannot flow into each other, because the path's length stands before it.

    Raises:
        MalformedError: The salt is not 16 bytes, or the path longer than 65,535.

    Source: docs/specs/entry-v1; the pattern is that of RFC 9901 (SD-JWT) §4.2.
    """
    if len(salt) != SALT_LENGTH:
        raise MalformedError(f"salt: {len(salt)} bytes, want {SALT_LENGTH}")
    return sha256(DOMAIN + b"\x00" + salt + prefixed(path.encode()) + value).digest()


# ---- tallystick/events/pointer.py --------------------------------------------------------------
#
# JSON Pointers (RFC 6901): how an entry names the places of its sealed values.

_POSITION = re.compile(r"0|[1-9][0-9]{0,8}").fullmatch
"""A position in its one spelling; longer ones lie beyond every array."""


def tokens(pointer: str) -> list[str]:
    """Split a pointer into member names and positions, unescaped (RFC 6901 §4).

    Raises:
        MalformedError: The pointer does not start with a slash.
    """
    if not pointer.startswith("/"):
        raise MalformedError(f"pointer {pointer!r}: want a leading slash")
    return [token.replace("~1", "/").replace("~0", "~") for token in pointer.split("/")[1:]]


def put(document: dict[str, object], pointer: str, value: object) -> None:
    """Set the value at ``pointer``; objects on the way are made where they are missing.

    An object that meets an object there is merged into it: members in clear and members that
    were sealed together make up one object again.

    Raises:
        MalformedError: The pointer leads through a scalar or beyond an array.
    """
    outer, last = _steps(pointer)
    place: object = document
    for token in outer:
        place = _enter(place, token, pointer)
    if isinstance(place, dict):
        there = place.get(last)
        if isinstance(there, dict) and isinstance(value, dict):
            there.update(value)
        else:
            place[last] = value
    elif isinstance(place, list) and _is_position(last, place):
        place[int(last)] = value
    else:
        raise MalformedError(f"pointer {pointer!r}: leads into no object or array")


@lru_cache(maxsize=1_024)
def _steps(pointer: str) -> tuple[tuple[str, ...], str]:
    """Split a pointer into what leads to a place and the place: few are met again and again."""
    *outer, last = tokens(pointer)
    return tuple(outer), last


def _enter(place: object, token: str, pointer: str) -> object:
    if isinstance(place, dict):
        return place.setdefault(token, {})
    if isinstance(place, list) and _is_position(token, place):
        return place[int(token)]
    raise MalformedError(f"pointer {pointer!r}: {token!r} is no place in this document")


def _is_position(token: str, array: list[object]) -> bool:
    # Each position has one spelling; a token of thousands of digits is not even read.
    return _POSITION(token) is not None and int(token) < len(array)


# ---- tallystick/verify/entry.py ----------------------------------------------------------------
#
# The entry of a log, as somebody reads it who holds no keys.
#
# Its bytes were hashed; here they are only read. Every form that could be read in two ways is
# refused, so that what a verifier shows is what the log holds.

ENTRY_VERSION: Final = 1
MAX_ENTRY: Final = 65_535
_REF: Final = 32
_HEX: Final = "0123456789abcdef"


@dataclass(frozen=True)
class SealedValue:
    """What an entry says about a value that it does not show.

    Attributes:
        slot: Position of its subject in the entry's ``subject_refs``.
        commitment: 32 bytes.
    """

    slot: int
    commitment: bytes


@dataclass(frozen=True)
class EntryText:
    """An entry, read.

    Attributes:
        clear: All members but ``subject_refs`` and ``sealed``; opening puts values into it.
        refs: The subjects that the entry names, 32 hex digits each.
        sealed: By path.
        received_at: When it got its place, RFC 3339 in UTC.
    """

    clear: dict[str, object]
    refs: list[str]
    sealed: dict[str, SealedValue]
    received_at: str

    @classmethod
    def parse(cls, leaf: bytes) -> "EntryText":
        """Read the leaf bytes of an entry.

        Raises:
            MalformedError: The bytes are no entry of version 1.

        Source: docs/specs/entry-v1.
        """
        if len(leaf) > MAX_ENTRY:
            raise MalformedError(f"entry: {len(leaf):,} bytes, want at most {MAX_ENTRY:,}")
        members = strict_json_read(leaf, "entry")
        if not isinstance(members, dict):
            raise MalformedError("entry: want an object")
        version = members.get("v")
        if type(version) is not int or version != ENTRY_VERSION:
            raise MalformedError(f"entry: version {version!r}, want {ENTRY_VERSION}")
        refs = _refs(members.pop("subject_refs", []))
        sealed = dict(_sealed(members.pop("sealed", {}), len(refs)))
        _refuse_nested(sealed)
        received_at = members.get("received_at")
        if not isinstance(received_at, str):
            raise MalformedError("entry: received_at, want a time")
        return cls(members, refs, sealed, received_at)

    def open(self, disclosure: Mapping[str, tuple[bytes, str]]) -> dict[str, int]:
        """Put disclosed values into the clear part, each checked against its commitment.

        Args:
            disclosure: Path → (16-byte salt, canonical JSON text of the value).

        Returns:
            The paths that stay closed, with the slot of their subject.

        Raises:
            VerificationError: A value is not the one that was sealed there.
            MalformedError: A value is no JSON, or its path is no place of this entry.
        """
        for path, (salt, text) in disclosure.items():
            sealed = self.sealed.get(path)
            if sealed is None:
                raise VerificationError(f"disclosure: {path} is not sealed in this entry")
            if commit(salt, path, text.encode()) != sealed.commitment:
                raise VerificationError(f"disclosure: the value at {path} is not the one committed")
            # The text is shown as the value it says, but only its bytes were ever hashed.
            value = strict_json_read(text.encode(), f"disclosure: {path}")
            _refuse_occupied(self.clear, path, value)
            put(self.clear, path, value)
        return {path: sealed.slot for path, sealed in self.sealed.items() if path not in disclosure}


def _refs(refs: object) -> list[str]:
    if not isinstance(refs, list) or not all(_is_ref(ref) for ref in refs):
        raise MalformedError(f"entry: subject_refs, want a list of {_REF} hex digits each")
    return refs


def _is_ref(ref: object) -> bool:
    return isinstance(ref, str) and len(ref) == _REF and not ref.strip(_HEX)


def _sealed(sealed: object, slots: int) -> Iterator[tuple[str, SealedValue]]:
    if not isinstance(sealed, dict):
        raise MalformedError("entry: sealed, want an object")
    for path, pair in sealed.items():
        if len(tokens(path)) > strict_json_MAX_DEPTH:
            raise MalformedError(f"entry: sealed {path[:80]}, leads too deep")
        matched = pair
        if (
            isinstance(matched, list)
            and len(matched) == 2
            and isinstance(matched[0], int)
            and isinstance(matched[1], str)
            and [slot := matched[0], text := matched[1]]
            and type(slot) is int and 0 <= slot < slots
        ):
            code = decode_base64(f"entry: sealed {path}", text)
            require_hashes(f"entry: sealed {path}", [code])
            yield path, SealedValue(slot, code)
        else:
            raise MalformedError(f"entry: sealed {path}, want [slot, commitment]")


def _refuse_nested(sealed: Mapping[str, SealedValue]) -> None:
    """Refuse a sealed place inside a sealed place: the order of opening would decide."""
    for path in sealed:
        *outer, _ = path.split("/")
        for end in range(2, len(outer) + 1):
            if "/".join(outer[:end]) in sealed:
                raise MalformedError(f"entry: sealed {path} lies inside another sealed value")


def _refuse_occupied(clear: object, path: str, value: object) -> None:
    """Refuse a sealed value at a place that stands in clear too.

    Two objects without a common member make up one: metadata that is in part declared clear.
    """
    place = clear
    for token in tokens(path):
        if isinstance(place, list):
            # One spelling a position: else two paths could mean one place.
            if token not in map(str, range(len(place))):
                raise MalformedError(f"entry: {path} is no place of this entry")
            place = place[int(token)]
        elif isinstance(place, dict) and token in place:
            place = place[token]
        elif isinstance(place, dict):
            return
        else:
            raise MalformedError(f"entry: {path} is no place of this entry")
    if not isinstance(place, dict) or (not isinstance(value, dict) and place):
        raise MalformedError(f"entry: {path} stands in clear and sealed")
    if isinstance(value, dict) and place.keys() & value.keys():
        raise MalformedError(f"entry: {path} stands in clear and sealed")


# ---- tallystick/tlog/tlog_proof.py -------------------------------------------------------------
#
# A proof in a file: an entry's place, its path and the checkpoint (c2sp.org/tlog-proof).
#
# ::
#
#     c2sp.org/tlog-proof@v1
#     extra ZXhhbXBsZQ==
#     index 73894
#     gSKyXoYZUgZ6jduWYrkDOARinOMGJveXjgMkBTcdPlQ=
#     …
#
#     example.com/fancylog
#     109482
#     sFodV/vSp5O8n9a8QpW6PRY97tfOSW5bsc2Xl/EQi08=
#
#     — example.com/fancylog hI2DJw…

HEADER: Final = "c2sp.org/tlog-proof@v1"
MAX_HASHES: Final = 63
"""Longest path: the height of the largest tree."""


@dataclass(frozen=True)
class TlogProof:
    """A proof that stands alone: nothing of the log is needed to check it.

    Attributes:
        index: Zero-based position of the entry.
        hashes: Inclusion proof: the leaf's sibling first, the root's child last.
        checkpoint_note: Note of the checkpoint whose tree has the entry, byte for byte.
        extra: Bytes that the proof carries along and nothing vouches for; ``None`` is none.

    Raises:
        MalformedError: One of them cannot stand in a proof.
    """

    index: int
    hashes: tuple[bytes, ...]
    checkpoint_note: str
    extra: bytes | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.index <= MAX_SIZE:
            raise MalformedError(f"tlog-proof: index {self.index}, want 0 to 2^63 - 1")
        if len(self.hashes) > MAX_HASHES:
            raise MalformedError(
                f"tlog-proof: {len(self.hashes)} hashes, want at most {MAX_HASHES}"
            )
        require_hashes("tlog-proof", self.hashes)
        if not self.checkpoint_note.endswith("\n"):
            raise MalformedError("tlog-proof: checkpoint without last newline, want one")

    def format(self) -> str:
        """Return the proof as a file has it."""
        extra = [] if self.extra is None else [f"extra {encode_base64(self.extra)}"]
        lines = [HEADER, *extra, f"index {self.index}", *map(encode_base64, self.hashes)]
        return "\n".join([*lines, "", self.checkpoint_note])

    @classmethod
    def parse(cls, data: bytes | str) -> TlogProof:
        """Read a proof. What it proves is left to :meth:`verify`.

        Raises:
            MalformedError: It is none, or is not spelled as :meth:`format` would.
        """
        # The note has a blank line of its own: the first one divides.
        head, blank, note = _tlog_proof_decode(data).partition("\n\n")
        if not blank:
            raise MalformedError("tlog-proof: no blank line, want one before the checkpoint")
        header, *lines = head.split("\n")
        if header != HEADER:
            raise MalformedError(f"tlog-proof: header {header[:40]!r}, want {HEADER!r}")
        extra = None
        if lines and lines[0].startswith("extra "):
            extra = decode_base64("extra", lines.pop(0).removeprefix("extra "))
        if not lines or not lines[0].startswith("index "):
            raise MalformedError("tlog-proof: no index line, want one")
        index = parse_decimal("index", lines.pop(0).removeprefix("index "))
        if len(lines) > MAX_HASHES:
            raise MalformedError(f"tlog-proof: {len(lines)} hashes, want at most {MAX_HASHES}")
        return cls(index, tuple(decode_base64("hash", it) for it in lines), note, extra)

    def verify(self, leaf: bytes, policy: Policy) -> TrustedCheckpoint:
        """Check that the log has the entry, as far as the policy's logs and witnesses go.

        Args:
            leaf: Leaf hash of the entry, made by the caller from the entry itself.
            policy: Whom to believe.

        Returns:
            The checkpoint, believable under ``policy``, and who cosigned it.

        Raises:
            MalformedError: The note is none, or the path cannot belong to index and size.
            VerificationError: The checkpoint is not believable, or the path leads elsewhere.

        Source: c2sp.org/tlog-proof, "Verification", in its order: origin and the log's
        signature, witnesses, inclusion.
        """
        trusted = policy.verify(Note.parse(self.checkpoint_note))
        checkpoint = trusted.checkpoint
        verify_inclusion(leaf, self.index, checkpoint.size, self.hashes, checkpoint.root)
        return trusted


def _tlog_proof_decode(data: bytes | str) -> str:
    if isinstance(data, str):
        return data
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MalformedError(f"tlog-proof: byte {error.start} is no UTF-8, want UTF-8") from error


# ---- tallystick/verify/records.py --------------------------------------------------------------
#
# The records of the super-log, and the heads that an epoch commits to.
#
# Each is a few lines of text with exactly one spelling; docs/specs/receipt-v1.md gives the grammar.
# An *epoch tree* is an RFC 6962 tree whose leaf at each slot is the head of the log there, so that
# an epoch holds exactly one head a log.

EPOCH = "tallystick/epoch/v1"
_MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True)
class EpochRecord:
    """What one epoch says about all logs at once.

    Attributes:
        epoch: Number of the epoch, from 0, without gaps.
        time_s: When it was made, seconds since 1970-01-01T00:00:00Z.
        slots: Number of slots, the size of the epoch tree.
        root: Root of the epoch tree, 32 bytes.
        previous: SHA-256 of the super-checkpoint note published before; nobody could know it
            earlier. 32 zero bytes in epoch 0.
    """

    epoch: int
    time_s: int
    slots: int
    root: bytes
    previous: bytes

    def format(self) -> str:
        """Write the record, with a newline after each of its six lines."""
        lines = (
            EPOCH,
            self.epoch,
            self.time_s,
            self.slots,
            b64encode(self.root).decode(),
            b64encode(self.previous).decode(),
        )
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> "EpochRecord":
        """Read a record.

        Raises:
            MalformedError: The text is not exactly what :meth:`format` writes.
        """
        matched = text.split("\n")
        if (
            isinstance(matched, list)
            and len(matched) == 7
            and matched[6] == ""
            and [kind := matched[0], epoch := matched[1], time_s := matched[2], slots := matched[3], root := matched[4], previous := matched[5]]
            and kind == EPOCH
        ):
            record = cls(
                _records_number(epoch),
                _records_number(time_s),
                _records_number(slots),
                _hash(root),
                _hash(previous),
            )
        elif [lines := matched]:
            raise MalformedError(f"epoch record: {len(lines) - 1} lines, want 6 of {EPOCH}")
        if record.format() != text:
            raise MalformedError("epoch record: not in canonical form")
        return record


def head_body(origin: str, size: int, root: bytes) -> bytes:
    """Return the leaf of an epoch tree: the body of the checkpoint that a log has there."""
    return Checkpoint(origin, size, root).format().encode()


def slot_of(origin: str) -> int:
    """Read a log's slot from its origin ``<deployment>/t/<slot>/<32 hex digits>``.

    A verifier takes the slot from here and demands the proof for it, so that an epoch can hold
    only one head for each log.

    Raises:
        MalformedError: The origin has another form.
    """
    matched = origin.rsplit("/", 3)
    if (
        isinstance(matched, list)
        and len(matched) == 4
        and matched[1] == "t"
        and [deployment := matched[0], slot := matched[2], name := matched[3]]
        and deployment and _is_hex(name)
    ):
        number = _records_number(slot)
        if str(number) == slot:
            return number
    else:
        pass
    raise MalformedError(f"origin {origin!r}: want <deployment>/t/<slot>/<32 hex digits>")


def _is_hex(name: str) -> bool:
    return len(name) == HASH_SIZE and not name.strip("0123456789abcdef")


def _records_number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(_MAX_NUMBER)):
        raise MalformedError(f"record: {text[:40]!r}, want a decimal number")
    number = int(text)
    if number > _MAX_NUMBER:
        raise MalformedError(f"record: {number}, want a number below 2^63")
    return number


def _hash(text: str) -> bytes:
    try:
        value = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        value = b""
    if len(value) != HASH_SIZE:
        raise MalformedError(f"record: a hash of {len(value)} bytes, want {HASH_SIZE} in base64")
    return value


# ---- tallystick/verify/receipt.py --------------------------------------------------------------
#
# A receipt: an entry, what may be read of it, and all that proves it, in one file.
#
# Its form is docs/specs/receipt-v1.md. Parsing says nothing about truth; see
# :func:`tallystick.verify.verification.verify_receipt`.

RECEIPT: Final = "tallystick/receipt/v1"
MAX_RECEIPT: Final = 8_388_608
"""Largest receipt in bytes: an event of 1 MiB, escaped once more, and its proofs."""
_MAX_HASHES: Final = 63
_receipt_NAMES: Final = {
    "disclosure", "entry", "epoch_proof", "epoch_record", "inclusion", "index", "origin",
    "receipt", "size", "slots_proof",
}


@dataclass(frozen=True)
class Receipt:
    """A receipt, verified or not.

    Attributes:
        origin: Origin of the entry's log.
        index: Place of the entry in it.
        size: Entries that the log had in the epoch.
        entry: Leaf bytes.
        disclosure: Path → (16-byte salt, canonical JSON text of the value); what is not in it is
            withheld or erased.
        inclusion: From the leaf to the log's root at ``size``.
        slots_proof: From the log's head to the root of the epoch.
        epoch_record: What the super-log holds about the epoch.
        epoch_proof: That it does, with the super-checkpoint.

    Raises:
        MalformedError: A part cannot stand in a receipt.
    """

    origin: str
    index: int
    size: int
    entry: bytes
    disclosure: Mapping[str, tuple[bytes, str]]
    inclusion: Sequence[bytes]
    slots_proof: Sequence[bytes]
    epoch_record: EpochRecord
    epoch_proof: TlogProof

    def __post_init__(self) -> None:
        slot_of(self.origin)
        if not 0 <= self.index < self.size <= MAX_SIZE:
            raise MalformedError(f"receipt: entry {self.index:,} of {self.size:,}")
        for name, hashes in (("inclusion", self.inclusion), ("slots_proof", self.slots_proof)):
            if len(hashes) > _MAX_HASHES:
                raise MalformedError(
                    f"receipt: {name}, {len(hashes)} hashes, want at most {_MAX_HASHES}"
                )
            require_hashes(f"receipt: {name}", hashes)
        for path, (salt, _) in self.disclosure.items():
            if len(salt) != SALT_LENGTH:
                raise MalformedError(
                    f"receipt: salt of {path}, {len(salt)} bytes, want {SALT_LENGTH}"
                )
        if self.epoch_proof.extra is not None:
            raise MalformedError("receipt: extra in epoch_proof, which nothing vouches for")
        _ = self.checkpoint

    @property
    def note(self) -> Note:
        """The super-checkpoint's note."""
        return Note.parse(self.epoch_proof.checkpoint_note)

    @property
    def checkpoint(self) -> Checkpoint:
        """The super-checkpoint, believed only once its note is verified."""
        return Checkpoint.parse(self.note.text)

    def format(self) -> bytes:
        """Write the receipt in its one spelling."""
        return strict_json_write(
            {
                "receipt": RECEIPT,
                "origin": self.origin,
                "index": self.index,
                "size": self.size,
                "entry": encode_base64(self.entry),
                "disclosure": {
                    path: [encode_base64(salt), text]
                    for path, (salt, text) in self.disclosure.items()
                },
                "inclusion": [encode_base64(node) for node in self.inclusion],
                "slots_proof": [encode_base64(node) for node in self.slots_proof],
                "epoch_record": self.epoch_record.format(),
                "epoch_proof": self.epoch_proof.format(),
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Receipt:
        """Read a receipt.

        Raises:
            MalformedError: The bytes are not exactly what :meth:`format` writes.
        """
        if len(data) > MAX_RECEIPT:
            raise MalformedError(f"receipt: {len(data):,} bytes, want at most {MAX_RECEIPT:,}")
        members = strict_json_read(data, "receipt")
        if not isinstance(members, dict) or members.get("receipt") != RECEIPT:
            raise MalformedError(f"receipt: want an object of {RECEIPT}")
        if members.keys() != _receipt_NAMES:
            wrong = sorted(members.keys() ^ _receipt_NAMES)
            raise MalformedError(f"receipt: member {wrong[0][:80]!r} missing or unknown")
        receipt = cls(
            _text(members, "origin"),
            _receipt_number(members, "index"),
            _receipt_number(members, "size"),
            decode_base64("receipt: entry", _text(members, "entry")),
            _disclosure(members["disclosure"]),
            _hashes(members, "inclusion"),
            _hashes(members, "slots_proof"),
            EpochRecord.parse(_text(members, "epoch_record")),
            TlogProof.parse(_text(members, "epoch_proof")),
        )
        if receipt.format() != data:
            raise MalformedError("receipt: not in canonical form")
        return receipt


def _text(members: Mapping[str, object], name: str) -> str:
    value = members[name]
    if not isinstance(value, str):
        raise MalformedError(f"receipt: {name}, want a text", path=f"/{name}")
    return value


def _receipt_number(members: Mapping[str, object], name: str) -> int:
    value = members[name]
    if type(value) is not int:
        raise MalformedError(f"receipt: {name}, want an integer", path=f"/{name}")
    return value


def _hashes(members: Mapping[str, object], name: str) -> tuple[bytes, ...]:
    value = members[name]
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise MalformedError(f"receipt: {name}, want a list of base64", path=f"/{name}")
    return tuple(decode_base64(f"receipt: {name}", text) for text in value)


def _disclosure(value: object) -> dict[str, tuple[bytes, str]]:
    if not isinstance(value, dict):
        raise MalformedError("receipt: disclosure, want an object", path="/disclosure")
    disclosure: dict[str, tuple[bytes, str]] = {}
    for path, pair in value.items():
        matched = pair
        if (
            isinstance(matched, list)
            and len(matched) == 2
            and isinstance(matched[0], str)
            and isinstance(matched[1], str)
            and [salt := matched[0], text := matched[1]]
        ):
            disclosure[path] = (decode_base64("receipt: salt", salt), text)
        else:
            raise MalformedError(f"receipt: disclosure {path[:80]!r}, want [salt, text]")
    return disclosure


# ---- tallystick/verify/telling.py --------------------------------------------------------------
#
# Telling an event in one line, for people.

_LAST_SECOND: Final = 253_402_300_799


def event_line(event: Mapping[str, object]) -> str:
    """Say what was done, by whom and when, as far as it stands open."""
    action = event.get("action")
    occurred_at = event.get("occurred_at")
    done = action if isinstance(action, str) else "an action that is withheld"
    when = occurred_at if isinstance(occurred_at, str) else "at a time that is withheld"
    return f"{done} by {_party(event.get('actor'))}, {when}"


def time_line(seconds: int) -> str:
    """Write seconds since 1970 as RFC 3339; a number where the calendar ends."""
    if seconds > _LAST_SECOND:
        return f"{seconds} s after 1970"
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _party(party: object) -> str:
    if not isinstance(party, Mapping):
        return "somebody who is withheld"
    kind, identity = party.get("type"), party.get("id")
    name = kind if isinstance(kind, str) else "somebody"
    return f"{name}:{identity}" if isinstance(identity, str) else name


# ---- tallystick/verify/verification.py ---------------------------------------------------------
#
# Verifying a receipt, offline: from the entry's bytes up to a key that was known before.
#
# No link is believed by itself. The entry's hash and the first proof only *compute* a root; that
# root only computes the log's head; the head must be in the epoch tree at the log's own slot; the
# epoch's record must be in the super-log; and the super-log's checkpoint must be signed by a pinned
# key. So each fact but the last is worth what the ones after it are worth.


def verify_receipt(data: bytes, pins: Pins | None, now_s: int | None = None) -> Report:
    """Say what a receipt proves.

    Args:
        data: The receipt.
        pins: What is believed beforehand. Without pins the best verdict is *unverifiable*.
        now_s: Seconds since 1970, needed where the pins limit the age.

    Returns:
        The report. *Tampered* wins over *unverifiable*, that over *stale*.

    Raises:
        MalformedError: The bytes are no receipt. That is no verdict on the log: whatever spoiled
            the file may have happened on its way.

    Source: docs/specs/receipt-v1.md.
    """
    receipt = Receipt.parse(data)
    record = receipt.epoch_record
    report = Report(receipt.origin, receipt.index, receipt.size, record.epoch, record.time_s)
    _check_entry(report, receipt)
    _check_inclusion(report, receipt)
    _check_origin(report, receipt, pins)
    _check_published(report, receipt, pins)
    _check_witnesses(report, receipt, pins)
    _check_age(report, pins, now_s)
    _tell(report)
    return report


def _check_entry(report: Report, receipt: Receipt) -> None:
    try:
        entry = EntryText.parse(receipt.entry)
    except MalformedError as error:
        report.object_to(Verdict.UNVERIFIABLE, "opened", str(error), str(error))
        return
    report.event, report.received_at = entry.clear, entry.received_at
    try:
        report.withheld = entry.open(receipt.disclosure)
    except (MalformedError, VerificationError) as error:
        report.object_to(Verdict.TAMPERED, "opened", str(error), str(error))
        return
    if not entry.sealed:
        return
    text = f"{len(receipt.disclosure):,} of {len(entry.sealed):,} sealed values"
    if report.withheld:
        text += f"; withheld or erased: {', '.join(report.withheld)}"
    report.note(State.OK, "opened", text)


def _check_inclusion(report: Report, receipt: Receipt) -> None:
    """Compute the log's root from the entry, and find the head that it makes in the epoch."""
    record, slot = receipt.epoch_record, slot_of(receipt.origin)
    try:
        root = root_from_inclusion(
            leaf_hash(receipt.entry), receipt.index, receipt.size, receipt.inclusion
        )
        head = leaf_hash(head_body(receipt.origin, receipt.size, root))
        # The place in the epoch tree comes from the origin, never from the receipt: a second
        # head of one log would have to stand at a second slot.
        verify_inclusion(head, slot, record.slots, receipt.slots_proof, record.root)
    except (MalformedError, VerificationError) as error:
        reason = f"entry, log or slot are not those of epoch {record.epoch:,}: {error}"
        report.object_to(Verdict.TAMPERED, "recorded", str(error), reason)
        return
    since = "" if report.received_at is None else f", since {report.received_at}"
    text = f"entry {receipt.index:,} of {receipt.size:,} in {receipt.origin}{since}"
    report.note(State.OK, "recorded", text)


def _check_published(report: Report, receipt: Receipt, pins: Pins | None) -> None:
    """Find the epoch in the super-log, and the super-log's head under a pinned key."""
    found = [_check_record(report, receipt), _check_signature(report, receipt, pins)]
    if all(found):
        record = receipt.epoch_record
        text = f"epoch {record.epoch:,}, since {time_line(record.time_s)}"
        report.note(State.OK, "published", f"{text}, signed by {receipt.checkpoint.origin}")


def _check_record(report: Report, receipt: Receipt) -> bool:
    record, proof, checkpoint = receipt.epoch_record, receipt.epoch_proof, receipt.checkpoint
    leaf = leaf_hash(record.format().encode())
    try:
        verify_inclusion(leaf, proof.index, checkpoint.size, proof.hashes, checkpoint.root)
    except (MalformedError, VerificationError) as error:
        reason = f"epoch record is not in the super-log: {error}"
        report.object_to(Verdict.TAMPERED, "published", str(error), reason)
        return False
    return True


def _check_origin(report: Report, receipt: Receipt, pins: Pins | None) -> None:
    deployment = receipt.origin.rsplit("/", 3)[0]
    if not _is_super_log_of(deployment, receipt.checkpoint.origin):
        text = f"log of {deployment}, super-checkpoint of {receipt.checkpoint.origin}"
        report.object_to(Verdict.TAMPERED, "origin", text, text)
    if pins is not None and pins.origins and receipt.origin not in pins.origins:
        text = f"{receipt.origin} is none of the pinned logs"
        report.object_to(Verdict.UNVERIFIABLE, "origin", text, text)


def _is_super_log_of(deployment: str, origin: str) -> bool:
    try:
        return read_super_origin(origin)[0] == deployment
    except MalformedError:
        return False


def _check_signature(report: Report, receipt: Receipt, pins: Pins | None) -> bool:
    origin, size = receipt.checkpoint.origin, receipt.checkpoint.size
    keys = [] if pins is None else pins.keys_of(origin, size)
    if not keys:
        text = "no pinned key" if pins is None else f"no pinned key for {origin}"
        frozen = () if pins is None else [n for key, n in pins.frozen.items() if key.name == origin]
        if frozen:
            text += f" beyond {max(frozen):,} records, checkpoint has {size:,}"
        report.object_to(Verdict.UNVERIFIABLE, "published", text, text)
        return False
    try:
        _require_signature(receipt.note, keys)
    except VerificationError as error:
        reason = f"super-checkpoint is not signed by the pinned key: {error}"
        report.object_to(Verdict.TAMPERED, "published", str(error), reason)
        return False
    return True


def _require_signature(note: Note, keys: Sequence[VerifierKey]) -> None:
    named = {(signature.name, signature.key_id) for signature in note.signatures}
    if not {(key.name, key.key_id) for key in keys} & named:
        ids = " or ".join(key.key_id.hex() for key in keys)
        raise VerificationError(f"no signature of {keys[0].name} by key {ids}")
    verify_note(note, keys)


def _check_witnesses(report: Report, receipt: Receipt, pins: Pins | None) -> None:
    if pins is None or pins.policy is None:
        report.note(State.NONE, "witnessed", "not proven, no policy is pinned")
        report.note(State.NONE, "epoch-audited", "not proven, no auditor is pinned")
        return
    policy = pins.policy
    try:
        report.cosigned_at_s = _cosigned_at_s(receipt.note, policy)
    except VerificationError as error:
        reason = f"a pinned witness did not cosign this: {error}"
        report.object_to(Verdict.TAMPERED, "witnessed", str(error), reason)
        return
    told = _names_and_times(report.cosigned_at_s)
    text = f"{len(report.cosigned_at_s)} of {len(policy.witnesses)} (quorum {policy.quorum}){told}"
    if policy.satisfied_by(policy.witnesses[name].key for name in report.cosigned_at_s):
        report.note(State.OK, "witnessed", text)
    else:
        reason = f"witnessed by {text}, want the quorum"
        report.object_to(Verdict.UNVERIFIABLE, "witnessed", text, reason)
    _check_auditors(report, pins.auditors)


def _check_auditors(report: Report, auditors: Collection[str]) -> None:
    """Tell who has compared the epoch with the one before, slot by slot, before cosigning it.

    A plain witness vouches for nothing but that the super-log only grows.
    """
    audited = {name: at for name, at in report.cosigned_at_s.items() if name in auditors}
    if audited:
        text = f"{len(audited)} of {len(auditors)}{_names_and_times(audited)}"
        report.note(State.OK, "epoch-audited", text)
    elif auditors:
        text = f"cosigned by none of {', '.join(sorted(auditors))}"
        report.object_to(Verdict.UNVERIFIABLE, "epoch-audited", text, f"epoch-audited: {text}")
    else:
        report.note(State.NONE, "epoch-audited", "not proven, no auditor is pinned")


def _cosigned_at_s(note: Note, policy: Policy) -> dict[str, int]:
    """Return the policy's witnesses that cosigned, and when each says it did so last."""
    latest: dict[str, int] = {}
    for signature in note.signatures:
        for name, witness in policy.witnesses.items():
            key = witness.key
            if (signature.name, signature.key_id) == (key.name, key.key_id):
                time_s = verify_cosignature(note.text, signature, key)
                latest[name] = max(time_s, latest.get(name, 0))
    return latest


def _names_and_times(cosigned_at_s: Mapping[str, int]) -> str:
    """Write names with times; 0 is the time of a cosigner that says none."""
    told = [
        f"{name} at {time_line(time_s)}" if time_s else name
        for name, time_s in sorted(cosigned_at_s.items())
    ]
    return f": {', '.join(told)}" if told else ""


def _check_age(report: Report, pins: Pins | None, now_s: int | None) -> None:
    most_s = None if pins is None else pins.max_age_s
    if now_s is None:
        text = "age limited by the pins, but no time is given"
        if most_s is not None:
            report.object_to(Verdict.UNVERIFIABLE, "fresh", text, text)
        return
    age_s = now_s - report.epoch_time_s
    text = f"epoch made {abs(age_s):,} s {'ahead' if age_s < 0 else 'ago'}"
    if most_s is None:
        report.note(State.NONE, "fresh", f"{text}, no age is pinned")
    # An epoch dated ahead would stay fresh for as long as its maker likes.
    elif abs(age_s) > most_s:
        text += f", want at most {most_s:,} s"
        report.object_to(Verdict.STALE, "fresh", text, text)
    else:
        report.note(State.OK, "fresh", text)


def _tell(report: Report) -> None:
    """Put the event first, and call it ok only if it may be relied on."""
    if report.event is None:
        return
    known = report.verdict in {Verdict.INTACT, Verdict.STALE}
    line = event_line(report.event)
    state, text = (State.OK, line) if known else (State.NONE, f"not proven: {line}")
    report.facts.insert(0, Fact(state, "event", text))


# ---- tallystick/verify/__main__.py -------------------------------------------------------------
#
# ``python -m tallystick.verify``: receipts checked offline, on the base install.
#
# Exit codes: 0 all verified; 1 one was tampered with; 2 usage; 3 one can't be read; 4 one can't be
# decided on (no pin for it, too few witnesses, too old). Of several, the first of 1, 3, 4 counts.

VERIFIED, NOT_VERIFIED, USAGE, UNREADABLE, UNDECIDED = range(5)
_CODES: Final = {
    Verdict.INTACT: VERIFIED,
    Verdict.TAMPERED: NOT_VERIFIED,
    Verdict.INCOMPLETE: NOT_VERIFIED,
    Verdict.STALE: UNDECIDED,
    Verdict.UNVERIFIABLE: UNDECIDED,
}
_WORST_FIRST: Final = (NOT_VERIFIED, UNREADABLE, UNDECIDED, VERIFIED)


def main(argv: Sequence[str] | None = None) -> int:
    """Verify the receipts that the arguments name, and return the exit code."""
    parser = ArgumentParser("tallystick verify", description="Verify receipts offline.")
    parser.add_argument("file", nargs="+", type=Path, help="a receipt")
    parser.add_argument("--pins", type=Path, help="what to believe: super-log keys, policy")
    parser.add_argument("--json", action="store_true", help="write one JSON object a receipt")
    try:
        given = parser.parse_args(argv)
    except SystemExit as stop:
        return USAGE if stop.code else VERIFIED
    try:
        pins = None if given.pins is None else Pins.parse(given.pins.read_bytes())
    except (OSError, MalformedError) as error:
        _complain(given.pins, error)
        return UNREADABLE
    now_s = int(datetime.now(UTC).timestamp())
    several = len(given.file) > 1
    codes = {_verify(path, pins, now_s, given.json, several) for path in given.file}
    return next(code for code in _WORST_FIRST if code in codes)


def _verify(path: Path, pins: Pins | None, now_s: int, as_json: bool, several: bool) -> int:
    try:
        report = verify_receipt(path.read_bytes(), pins, now_s)
    except (OSError, MalformedError) as error:
        _complain(path, error)
        if as_json:
            _write_json({"file": str(path), "verdict": None, "reason": str(error)})
        return UNREADABLE
    if as_json:
        _write_json({"file": str(path), **report.to_builtins()})
    else:
        title = [f"{printable(str(path))}:"] if several else []
        sys.stdout.write("\n".join([*title, *report.lines(), ""]))
    return _CODES[report.verdict]


def _write_json(members: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(members) + "\n")


def _complain(path: Path, error: Exception) -> None:
    sys.stderr.write(f"{printable(str(path))}: unreadable: {printable(str(error))}\n")


if __name__ == "__main__":
    sys.exit(main())
