import hashlib

import pytest

from tallystick.errors import MalformedError
from tallystick.events.commitment import DOMAIN, commit, derive_salt

KEY = bytes(range(32))
SALT = bytes(range(16))
EVENT_ID = bytes.fromhex("0199e0aa11117abc8def000000000001")
ORIGIN = "audit.example/t/7/000102030405060708090a0b0c0d0e0f"


def test_a_commitment_is_the_hash_that_the_specification_spells_out() -> None:
    hashed = hashlib.sha256()
    hashed.update(b"tallystick/commitment/v1")
    hashed.update(b"\x00")
    hashed.update(SALT)
    hashed.update(b"\x00\x0c")
    hashed.update(b"/actor/email")
    hashed.update(b'"ada@example.com"')

    assert commit(SALT, "/actor/email", b'"ada@example.com"') == hashed.digest()
    assert DOMAIN == b"tallystick/commitment/v1"


def test_the_length_of_a_path_counts_bytes_and_not_letters() -> None:
    spelled = b"tallystick/commitment/v1\x00" + SALT + b"\x00\x0c" + b"/metadata/\xc3\xbc" + b"1"

    assert commit(SALT, "/metadata/ü", b"1") == hashlib.sha256(spelled).digest()


def test_a_salt_is_the_keyed_hash_that_the_specification_spells_out() -> None:
    hashed = hashlib.blake2b(digest_size=16, key=KEY, person=b"salt" + bytes(12))
    for part in (ORIGIN.encode(), EVENT_ID, b"/actor/email"):
        hashed.update(bytes([0, len(part)]))
        hashed.update(part)

    assert derive_salt(KEY, ORIGIN, EVENT_ID, "/actor/email") == hashed.digest()


def test_parts_of_a_salt_do_not_flow_into_each_other() -> None:
    assert derive_salt(KEY, "a", b"b" * 16, "/c") != derive_salt(KEY, "ab", b"b" * 15, "/c")


@pytest.mark.parametrize("length", [0, 15, 17, 32])
def test_refuses_a_salt_of_another_length(length: int) -> None:
    with pytest.raises(MalformedError, match=f"salt: {length} bytes, want 16"):
        commit(bytes(length), "/a", b"1")


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_refuses_a_key_of_another_length(length: int) -> None:
    with pytest.raises(MalformedError, match=f"subject key: {length} bytes, want 32"):
        derive_salt(bytes(length), ORIGIN, EVENT_ID, "/a")


def test_refuses_a_path_whose_length_does_not_fit_in_two_bytes() -> None:
    assert len(commit(SALT, "/" * 65_535, b"1")) == 32
    with pytest.raises(MalformedError, match="65536 bytes, want at most 65535"):
        commit(SALT, "/" * 65_536, b"1")
