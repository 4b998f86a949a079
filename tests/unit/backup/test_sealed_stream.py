"""A sealed stream: opened by whom it is for, whole or not at all."""

import json
from base64 import b64encode
from hashlib import sha256
from io import BytesIO

import pytest

from kit.backup import KEY, SEALED_PIECE, opened_by_hand
from tallystick.drivers.sealed import (
    Passphrase,
    Recipient,
    RecipientKey,
    SealedReader,
    SealedWriter,
)
from tallystick.drivers.sealed.keys import OpeningKey, SealingKey
from tallystick.drivers.system import SystemEntropy
from tallystick.errors import MalformedError, TallystickError, VerificationError

PIECE = 65_536
DATA = bytes(n * 31 % 251 for n in range(2 * PIECE + 1_000))
HEAD = b"tallystick/backup/v1\n"


def sealed(data: bytes, key: SealingKey = KEY.recipient) -> bytes:
    file = BytesIO()
    writer = SealedWriter(file, key, SystemEntropy())
    writer.write(data)
    writer.finish()
    return file.getvalue()


def opened(data: bytes, key: OpeningKey = KEY) -> bytes:
    reader = SealedReader(BytesIO(data), key)
    out = bytearray()
    while piece := reader.read(10_000):
        out += piece
    return bytes(out)


FILE = sealed(DATA)
START = FILE.index(b"\n", len(HEAD)) + 1
PIECES = START + 64


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, len(DATA)])
def test_what_went_in_comes_out(size: int) -> None:
    assert opened(sealed(DATA[:size])) == DATA[:size]


@pytest.mark.parametrize("size", [0, PIECE, len(DATA)])
def test_it_is_of_the_form_that_is_told(size: int) -> None:
    assert opened_by_hand(sealed(DATA[:size]), secret=KEY.secret) == DATA[:size]


def test_a_passphrase_is_stretched_as_rfc_7914_says() -> None:
    file = sealed(b"told", Passphrase("correct horse battery"))

    assert opened_by_hand(file, words="correct horse battery") == b"told"
    assert opened(file, Passphrase("correct horse battery")) == b"told"


def test_nothing_of_the_data_stands_in_it() -> None:
    file = sealed(b"Ada Lovelace" * 10_000)

    assert b"Lovelace" not in file  # fewer letters may stand there by chance
    assert KEY.secret not in file


def test_the_same_data_is_never_sealed_the_same_way() -> None:
    again = sealed(DATA)

    assert again[PIECES:] != FILE[PIECES:]
    assert again[START:PIECES] != FILE[START:PIECES]


@pytest.mark.parametrize(
    ("place", "said"),
    [
        pytest.param(0, "another kind of file", id="magic"),
        pytest.param(len(HEAD) - 1, "another kind of file", id="end of magic"),
        pytest.param(len(HEAD) + 3, "its head was changed", id="head"),
        pytest.param(START - 1, "its head was changed", id="end of head"),
        pytest.param(START, "its head was changed", id="commitment"),
        pytest.param(START + 63, "its head was changed", id="checksum"),
        pytest.param(PIECES, "piece 0 of it was changed", id="first piece"),
        pytest.param(PIECES + SEALED_PIECE - 1, "piece 0 of it was changed", id="first tag"),
        pytest.param(PIECES + SEALED_PIECE, "piece 1 of it was changed", id="second piece"),
        pytest.param(PIECES + 2 * SEALED_PIECE, "piece 2 of it was changed", id="last piece"),
        pytest.param(len(FILE) - 1, "piece 2 of it was changed", id="last tag"),
    ],
)
@pytest.mark.parametrize("bit", [0x01, 0x80])
def test_a_bit_that_was_flipped_is_named_by_its_place(place: int, said: str, bit: int) -> None:
    changed = bytearray(FILE)
    changed[place] ^= bit

    with pytest.raises((MalformedError, VerificationError), match=said):
        opened(bytes(changed))


@pytest.mark.parametrize(
    ("length", "said"),
    [
        (0, "another kind of file"),
        (10, "another kind of file"),
        (len(HEAD), "its head was changed or cut"),
        (START, "its head was changed or cut"),
        (PIECES - 1, "its head was changed or cut"),
        (PIECES, "piece 0 of it was changed, or the end is cut off"),
        (PIECES + 10, "piece 0 of it was changed, or the end is cut off"),
        (PIECES + SEALED_PIECE, "piece 0 of it was changed, or the end is cut off"),
        (PIECES + SEALED_PIECE + 1, "piece 1 of it was changed, or the end is cut off"),
        (PIECES + 2 * SEALED_PIECE, "piece 1 of it was changed, or the end is cut off"),
        (len(FILE) - 1, "piece 2 of it was changed, or the end is cut off"),
    ],
)
def test_a_file_that_was_cut_is_refused_wherever_it_ends(length: int, said: str) -> None:
    with pytest.raises((MalformedError, VerificationError), match=said):
        opened(FILE[:length])


def pieces() -> list[bytes]:
    starts = range(PIECES, len(FILE), SEALED_PIECE)
    return [FILE[start : start + SEALED_PIECE] for start in starts]


@pytest.mark.parametrize(
    "order",
    [
        pytest.param([1, 0, 2], id="swapped"),
        pytest.param([0, 0, 1, 2], id="doubled"),
        pytest.param([1, 2], id="first left out"),
        pytest.param([0, 2], id="middle left out"),
        pytest.param([0, 1, 2, 2], id="last doubled"),
    ],
)
def test_pieces_stand_where_they_stood(order: list[int]) -> None:
    moved = FILE[:PIECES] + b"".join(pieces()[number] for number in order)

    with pytest.raises(VerificationError, match=r"piece \d of it was changed"):
        opened(moved)


def test_bytes_behind_the_last_piece_are_refused() -> None:
    with pytest.raises(VerificationError, match="piece 2 of it was changed"):
        opened(FILE + b"x")


def test_a_piece_of_another_file_does_not_fit() -> None:
    other = sealed(DATA)

    with pytest.raises(VerificationError, match="piece 1 of it was changed"):
        opened(FILE[: PIECES + SEALED_PIECE] + other[PIECES + SEALED_PIECE :])


def test_nothing_is_handed_out_of_a_piece_that_was_changed() -> None:
    changed = bytearray(FILE)
    changed[PIECES + SEALED_PIECE + 5] ^= 1
    reader = SealedReader(BytesIO(bytes(changed)), KEY)

    assert reader.read(PIECE) == DATA[:PIECE]
    with pytest.raises(VerificationError):
        reader.read(1)


@pytest.mark.parametrize(
    ("file", "key", "said"),
    [
        pytest.param(
            sealed(b"x", Passphrase("correct horse battery")),
            Passphrase("correct horse batterY"),
            "does not open, want its own passphrase",
            id="wrong passphrase",
        ),
        pytest.param(FILE, RecipientKey(bytes(32)), "sealed for tallystick-backup-", id="other"),
        pytest.param(FILE, Passphrase("some passphrase"), "sealed for a key file", id="no key"),
        pytest.param(
            sealed(b"x", Passphrase("correct horse battery")),
            KEY,
            "sealed with a passphrase",
            id="no passphrase",
        ),
    ],
)
def test_whoever_it_is_not_for_is_told_so(file: bytes, key: OpeningKey, said: str) -> None:
    with pytest.raises(VerificationError, match=said):
        opened(file, key)


def with_head(stanza: object) -> bytes:
    """A file whose head was written by somebody else, with its checksum."""
    head = HEAD + json.dumps(stanza).encode() + b"\n" + bytes(32)
    return head + sha256(head).digest() + bytes(16)


SALT = b64encode(bytes(16)).decode()


@pytest.mark.parametrize(
    "stanza",
    [
        {"kind": "scrypt", "cost": 40, "salt": SALT},
        {"kind": "scrypt", "cost": 1, "salt": SALT},
        {"kind": "scrypt", "cost": -1, "salt": SALT},
        {"kind": "scrypt", "cost": True, "salt": SALT},
        {"kind": "scrypt", "cost": 17},
        {"kind": "scrypt", "cost": 17, "salt": SALT, "more": 1},
        {"kind": "scrypt", "cost": 17, "salt": "%%"},
        {"kind": "rot13"},
        ["scrypt"],
        {},
    ],
)
def test_a_head_that_asks_for_something_else_is_refused_before_any_work(stanza: object) -> None:
    with pytest.raises(MalformedError):
        opened(with_head(stanza), Passphrase("whatever it is"))


def test_an_exchange_with_a_key_of_small_order_is_refused() -> None:
    stanza = {
        "kind": "x25519",
        "ephemeral": b64encode(bytes(32)).decode(),
        "recipient": str(KEY.recipient),
    }

    with pytest.raises(MalformedError, match="small order"):
        opened(with_head(stanza))
    with pytest.raises(MalformedError, match="small order"):
        sealed(b"x", Recipient(bytes(32)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tallystick-backup-",
        "tallystick-backup-AAAA",
        "tallystick-backup-secret-" + b64encode(bytes(32)).decode(),
        "age1qqqq",
    ],
)
def test_what_is_no_recipient_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match="recipient"):
        Recipient.parse(text)


def test_a_recipient_is_read_as_it_is_written() -> None:
    assert Recipient.parse(f" {KEY.recipient}\n") == KEY.recipient


def test_no_secret_is_shown() -> None:
    shown = f"{Passphrase('correct horse')!r} {KEY!r} {KEY.recipient!r}"
    secret = "tallystick-backup-secret-" + b64encode(b"s" * 31).decode()

    assert "correct" not in shown
    assert repr(KEY.secret) not in shown
    with pytest.raises(TallystickError) as refused:
        Recipient.parse(secret)
    assert b64encode(b"s" * 31).decode() not in str(refused.value)


def test_a_line_without_an_end_is_refused() -> None:
    reader = SealedReader(BytesIO(sealed(b"x" * 100)), KEY)

    with pytest.raises(MalformedError, match="no end of a line"):
        reader.line(1_000)


def test_lines_and_bytes_are_read_one_after_the_other() -> None:
    reader = SealedReader(BytesIO(sealed(b"one\ntwo\nrest")), KEY)

    told = [reader.line(100), reader.line(100), reader.read(100), reader.read(100)]

    assert told == [b"one", b"two", b"rest", b""]
