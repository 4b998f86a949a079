"""Our Ed25519 against RFC 8032's vectors, OpenSSL, and the corners where implementations differ."""

from collections import Counter

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.signatures import Signed, corners, mangled
from tallystick.verify.ed25519 import Ed25519PublicKey, InvalidSignature

# RFC 8032 §7.1: secret key, public key, message, signature.
VECTORS = [
    (
        "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
    (
        "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        (
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"
        ),
    ),
    (
        "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        (
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f"
        ),
        (
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
            "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704"
        ),
    ),
]
EVERY_CORNER = [*corners()]


def accepts(key: bytes, signed: bytes, message: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signed, message)
    except InvalidSignature:
        return False
    return True


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{len(vector[2]) // 2} bytes")
def test_a_vector_of_the_rfc_is_accepted_and_each_change_refused(
    vector: tuple[str, str, str, str],
) -> None:
    _, key, message, signed = map(bytes.fromhex, vector)

    assert accepts(key, signed, message)
    assert not accepts(key, signed, message + b"\x00")
    for place in (0, 31, 32, 63):
        changed = bytearray(signed)
        changed[place] ^= 1
        assert not accepts(key, bytes(changed), message)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda vector: f"{len(vector[2]) // 2} bytes")
def test_the_vectors_are_those_that_openssl_makes(vector: tuple[str, str, str, str]) -> None:
    secret, key, message, signed = map(bytes.fromhex, vector)
    private = Ed25519PrivateKey.from_private_bytes(secret)

    assert private.public_key().public_bytes_raw() == key
    assert private.sign(message) == signed


def differing(cases: list[Signed]) -> list[str]:
    return [it.name for it in cases if accepts(it.key, it.signature, it.message) is not it.good]


def test_it_agrees_with_openssl_about_true_and_changed_signatures() -> None:
    cases = [*mangled(60)]

    assert differing(cases) == []
    assert Counter(it.good for it in cases) == {True: 60, False: 60}


@pytest.mark.slow
def test_it_agrees_with_openssl_about_thousands() -> None:
    cases = [*mangled(1_500)]

    assert differing(cases) == []
    assert Counter(it.good for it in cases) == {True: 1_500, False: 1_500}


def test_the_corners_are_decided_as_the_module_says() -> None:
    assert differing(EVERY_CORNER) == []
    mixed = Counter(it.good for it in EVERY_CORNER if it.name.startswith("mixed"))
    assert min(mixed.values()) > 0


@pytest.mark.parametrize("size", [0, 63, 65])
def test_a_signature_of_another_length_is_refused(size: int) -> None:
    key = bytes.fromhex(VECTORS[0][1])

    assert not accepts(key, bytes.fromhex(VECTORS[0][3]).ljust(65, b"\0")[:size], b"")
    assert not accepts(key[:-1], bytes.fromhex(VECTORS[0][3]), b"")
