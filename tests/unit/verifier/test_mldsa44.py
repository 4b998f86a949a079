"""Our ML-DSA-44 against OpenSSL's: true signatures, and each with a change somewhere."""

from hashlib import sha256

import pytest
from cryptography.exceptions import InvalidSignature as OpensslRefuses
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from tallystick.verify import mldsa44
from tallystick.verify.ed25519 import InvalidSignature

SIZE = 2_420
HINTS = range(2_336, SIZE)


def private(turn: int) -> MLDSA44PrivateKey:
    return MLDSA44PrivateKey.from_seed_bytes(sha256(b"seed %d" % turn).digest())


def openssl_accepts(key: bytes, signed: bytes, message: bytes) -> bool:
    try:
        MLDSA44PublicKey.from_public_bytes(key).verify(signed, message)
    except OpensslRefuses:
        return False
    return True


def accepts(key: bytes, signed: bytes, message: bytes) -> bool:
    try:
        mldsa44.MLDSA44PublicKey.from_public_bytes(key).verify(signed, message)
    except InvalidSignature:
        return False
    return True


def changed(data: bytes, place: int, by: int) -> bytes:
    copy = bytearray(data)
    copy[place] = (copy[place] + by) % 256
    return bytes(copy)


@pytest.mark.parametrize("turn", range(8))
def test_a_signature_of_openssl_is_accepted_and_of_another_message_refused(turn: int) -> None:
    key, message = private(turn).public_key().public_bytes_raw(), b"m" * turn * 100
    signed = private(turn).sign(message)

    assert accepts(key, signed, message)
    assert not accepts(key, signed, message + b"!")
    assert not accepts(private(turn + 1).public_key().public_bytes_raw(), signed, message)


@pytest.mark.parametrize("place", [*range(0, SIZE, 97), 31, 32, 2_335])
def test_a_change_anywhere_is_refused(place: int) -> None:
    key, signed = private(0).public_key().public_bytes_raw(), private(0).sign(b"m")

    assert not openssl_accepts(key, changed(signed, place, 1), b"m")
    assert not accepts(key, changed(signed, place, 1), b"m")


@pytest.mark.slow
@pytest.mark.parametrize("by", [1, 255, 128])
def test_the_hints_have_one_spelling_as_with_openssl(by: int) -> None:
    key, signed = private(1).public_key().public_bytes_raw(), private(1).sign(b"hints")
    cases = [changed(signed, place, by) for place in HINTS]

    ours = [accepts(key, it, b"hints") for it in cases]

    assert ours == [openssl_accepts(key, it, b"hints") for it in cases]
    assert not any(ours)


def test_hints_in_another_order_are_refused() -> None:
    key, signed = private(2).public_key().public_bytes_raw(), private(2).sign(b"order")
    two = signed[: HINTS[0]] + bytes([signed[HINTS[1]], signed[HINTS[0]]]) + signed[HINTS[2] :]

    assert signed[HINTS[0] + 80] >= 2
    assert not accepts(key, two, b"order")


@pytest.mark.parametrize("size", [0, SIZE - 1, SIZE + 1])
def test_a_signature_of_another_length_is_refused(size: int) -> None:
    key, signed = private(3).public_key().public_bytes_raw(), private(3).sign(b"")

    assert not accepts(key, signed.ljust(SIZE + 1, b"\0")[:size], b"")
    assert not accepts(key[:-1], signed, b"")
