import hashlib
import uuid

import pytest

from tallystick.errors import MalformedError
from tallystick.events.event import external_event_id, id_bytes, id_text, uuid7

KEY = bytes(range(32))


def test_a_uuid7_is_the_one_of_the_rfc() -> None:
    # RFC 9562, appendix A.6: 2022-02-22T19:22:22Z, rand_a cc3, rand_b 18c4dc0c0c07398f.
    random10 = bytes.fromhex("0cc318c4dc0c0c07398f")

    assert id_text(uuid7(1_645_557_742_000, random10)) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"


def test_an_external_id_becomes_the_keyed_hash_of_its_parts() -> None:
    hashed = hashlib.blake2b(digest_size=16, key=KEY, person=b"external id")
    hashed.update(b"\x00\x03hec\x00\x04web1\x00\x05order")
    expected = bytearray(hashed.digest())
    expected[6] = 0x80 | expected[6] & 0x0F
    expected[8] = 0x80 | expected[8] & 0x3F

    made = external_event_id(KEY, "hec", "web1", "order")

    assert made == bytes(expected)
    assert uuid.UUID(bytes=made).version == 8
    assert uuid.UUID(bytes=made).variant == uuid.RFC_4122


def test_parts_of_an_external_id_do_not_flow_into_each_other() -> None:
    assert external_event_id(KEY, "a", "bc", "d") != external_event_id(KEY, "ab", "c", "d")


def test_text_and_bytes_of_an_id_are_inverse() -> None:
    text = "0199e0aa-1111-7abc-8def-000000000001"

    assert id_bytes(text) == uuid.UUID(text).bytes
    assert id_text(id_bytes(text.upper())) == text


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("0199e0aa11117abc8def000000000001", id="without dashes"),
        pytest.param("{0199e0aa-1111-7abc-8def-000000000001}", id="in braces"),
        pytest.param("urn:uuid:0199e0aa-1111-7abc-8def-000000000001", id="as a URN"),
        pytest.param("0199e0aa-1111-7abc-8def-000000000001\n", id="line break behind"),
        pytest.param("0199e0aa-1111-7abc-8def-00000000000g", id="no hex digit"),
        pytest.param("0199e0aa-1111-7abc-8def-00000000000\u0661", id="Arabic-Indic digit"),
        pytest.param("00000000-0000-0000-0000-000000000000", id="nil"),
        pytest.param("ffffffff-ffff-ffff-ffff-ffffffffffff", id="max"),
        pytest.param("0199e0aa-1111-7abc-cdef-000000000001", id="another variant"),
        pytest.param("0199e0aa-1111-9abc-8def-000000000001", id="version 9"),
    ],
)
def test_refuses_as_an_id(text: str) -> None:
    with pytest.raises(MalformedError, match="want an RFC 9562 UUID"):
        id_bytes(text)


def test_refuses_ids_of_another_length() -> None:
    with pytest.raises(MalformedError, match="15 bytes, want 16"):
        id_text(bytes(15))


@pytest.mark.parametrize(
    ("ms", "chance", "why"),
    [
        pytest.param(-1, bytes(10), "-1 ms", id="before 1970"),
        pytest.param(2**48, bytes(10), "ms, want 0 to", id="beyond 48 bits"),
        pytest.param(0, bytes(9), "9 random bytes, want 10", id="too little chance"),
    ],
)
def test_refuses_to_make_a_uuid7_of(ms: int, chance: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        uuid7(ms, chance)


def test_refuses_an_external_id_under_a_short_key() -> None:
    with pytest.raises(MalformedError, match="16 bytes, want 32"):
        external_event_id(bytes(16), "hec", "web1", "order")
