from base64 import b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tallystick.errors import MalformedError
from tallystick.tlog.note import Note, sign_note
from tallystick.watch.witness_key import WitnessKey

SEED = bytes(range(32))
PUBLIC = Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()
KEY_ID = sha256(b"w.example/a\n\x04" + PUBLIC).hexdigest()[:8]
LINE = f"PRIVATE+KEY+w.example/a+{KEY_ID}+{b64encode(bytes([4]) + SEED).decode()}"


def note() -> Note:
    body = f"log.example\n1\n{b64encode(bytes(32)).decode()}\n"
    key = Ed25519PrivateKey.from_private_bytes(b"l" * 32)
    return sign_note(body, "log.example", key.public_key().public_bytes_raw(), key.sign)


def test_a_key_is_one_line_as_go_writes_it_with_the_algorithm_of_cosignatures() -> None:
    assert WitnessKey("w.example/a", SEED).format() == LINE


@pytest.mark.parametrize("end", ["", "\n"])
def test_what_was_written_is_read(end: str) -> None:
    assert WitnessKey.parse(LINE + end) == WitnessKey("w.example/a", SEED)


def test_its_vkey_has_the_algorithm_of_cosignatures() -> None:
    public = b64encode(b"\x04" + PUBLIC).decode()

    assert WitnessKey("w.example/a", SEED).verifier().vkey() == f"w.example/a+{KEY_ID}+{public}"


def test_it_signs_the_time_and_the_whole_text() -> None:
    line = WitnessKey("w.example/a", SEED).cosign(note(), 1_764_000_000)

    signed = f"cosignature/v1\ntime 1764000000\n{note().text}".encode()
    assert line.payload == (1_764_000_000).to_bytes(8) + Ed25519PrivateKey.from_private_bytes(
        SEED
    ).sign(signed)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "another form", id="empty"),
        pytest.param(LINE.removeprefix("PRIVATE+KEY+"), "another form", id="a vkey's form"),
        pytest.param(LINE.replace(KEY_ID, "00000000"), "id is of another key", id="other id"),
        pytest.param(LINE.replace(KEY_ID, KEY_ID.upper()), "id is of another", id="upper case"),
        pytest.param(LINE.replace("w.example/a", "w.example/b"), "another key", id="other name"),
        pytest.param(LINE.replace("w.example/a", "w example"), "key name", id="space"),
        pytest.param(LINE[:-4], "seed of 29 bytes", id="cut off"),
        pytest.param(LINE + "\n\n", "0x04", id="two lines"),
        pytest.param(
            f"PRIVATE+KEY+w.example/a+{KEY_ID}+{b64encode(bytes([1]) + SEED).decode()}",
            "not of algorithm 0x04",
            id="a log's key",
        ),
    ],
)
def test_refuses(text: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why) as refused:
        WitnessKey.parse(text)

    assert b64encode(bytes([4]) + SEED).decode()[:20] not in str(refused.value)


def test_no_seed_is_shown() -> None:
    shown = repr(WitnessKey("w.example/a", SEED))

    assert shown == "WitnessKey(name='w.example/a')"
