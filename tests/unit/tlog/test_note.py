from base64 import b64encode
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.key import VerifierKey
from tallystick.tlog.note import Note, Signature, key_id, sign_note, verify_note, vkey

KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
OTHER = Ed25519PrivateKey.from_private_bytes(b"o" * 32)
LINE = f"— a.example {b64encode(b'idid' + b'payload').decode()}"
EN_DASH = "\N{EN DASH}"
NO_BREAK = "\N{NO-BREAK SPACE}ex"
EXAMPLE = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"


def spelled(name: str, algorithm: int, public: bytes, id_: bytes | None = None) -> str:
    """Write a vkey as the specification says, whether it is allowed or not."""
    data = bytes([algorithm]) + public
    id_ = id_ or sha256(name.encode() + b"\n" + data).digest()[:4]
    return f"{name}+{id_.hex()}+{b64encode(data).decode()}"


def test_a_signature_covers_the_text_with_its_last_newline_and_not_the_blank_line() -> None:
    messages: list[bytes] = []

    note = sign_note("one\ntwo\n", "a.example", PUBLIC, lambda it: messages.append(it) or b"s")

    assert messages == [b"one\ntwo\n"]
    data = b64encode(sha256(b"a.example\n\x01" + PUBLIC).digest()[:4] + b"s").decode()
    assert note.format() == f"one\ntwo\n\n\N{EM DASH} a.example {data}\n"


def test_a_text_with_empty_lines_ends_at_the_last_one() -> None:
    note = Note.parse(f"one\n\ntwo\n\n\n{LINE}\n")

    assert note.text == "one\n\ntwo\n\n"
    assert note.signatures == (Signature("a.example", b"idid", b"payload"),)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param("", "no ended signature line", id="nothing"),
        pytest.param("text\n", "no ended signature line", id="no signatures"),
        pytest.param("text\n\n", "no ended signature line", id="blank line alone"),
        pytest.param(f"text\n{LINE}\n", "no ended signature line", id="no blank line"),
        pytest.param(f"text\n\n{LINE}", "no ended signature line", id="no last newline"),
        pytest.param(f"text\n\n{LINE}\r\n", "base64 in canonical form", id="CRLF"),
        pytest.param(f"text\r\n\n{LINE}\n", r"control character '\\r'", id="CR in the text"),
        pytest.param(f"te\x00xt\n\n{LINE}\n", r"control character '\\x00'", id="NUL"),
        pytest.param(f"te\txt\n\n{LINE}\n", r"control character '\\t'", id="tab"),
        pytest.param(f"te\ud800xt\n\n{LINE}\n", "lone surrogate", id="lone surrogate"),
        pytest.param(b"te\xffxt\n\n" + LINE.encode() + b"\n", "byte 2 is no UTF-8", id="no UTF-8"),
        pytest.param(f"text\n\n{LINE}\n{LINE[1:]}\n", "want an em dash", id="no dash"),
        pytest.param(f"text\n\n{LINE.replace('—', '-')}\n", "want an em dash", id="hyphen"),
        pytest.param(f"text\n\n{LINE.replace('—', EN_DASH)}\n", "want an em dash", id="en dash"),
        pytest.param(f"text\n\n {LINE}\n", "want an em dash", id="space before the dash"),
        pytest.param(f"text\n\n{LINE} \n", "want an em dash", id="space at the end"),
        pytest.param(f"text\n\n{LINE.replace(' a', '  a')}\n", "em dash", id="two spaces"),
        pytest.param(f"text\n\n{LINE.replace('.ex', ' ex')}\n", "em dash", id="space in the name"),
        pytest.param(f"text\n\n{LINE.replace('.ex', '+ex')}\n", "key name", id="plus in the name"),
        pytest.param(f"text\n\n{LINE.replace('.ex', NO_BREAK)}\n", "key name", id="no-break"),
        pytest.param("text\n\n—  aWRpZHBheWxvYWQ=\n", "key name", id="empty name"),
        pytest.param("text\n\n— a aWRpZA==\n", "payload of 0 bytes", id="key id alone"),
        pytest.param("text\n\n— a aWQ=\n", "id of 2 and payload of 0 bytes", id="half a key id"),
        pytest.param("text\n\n— a aWRpZHA\n", "base64", id="base64 without padding"),
        pytest.param("text\n\n— a aWRpZHB=\n", "base64", id="base64 with stray bits"),
        pytest.param("text\n\n— a aWRp_-A=\n", "base64", id="base64 of the URL alphabet"),
        pytest.param("text\n\n— a ٣٣٣٣٣٣٣٣\n", "base64", id="base64 outside ASCII"),
        pytest.param(f"text\n\n{LINE}\n" + f"{LINE}\n" * 100, "101 signatures", id="101 lines"),
        pytest.param(f"{'x' * 1_000_000}\n\n{LINE}\n", "want at most 1,000,000", id="too long"),
        pytest.param(f"{'é' * 500_000}\n\n{LINE}\n", "want at most 1,000,000", id="too many bytes"),
    ],
)
def test_a_note_is_refused_for(data: str | bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Note.parse(data)


def test_a_note_may_have_a_hundred_signatures() -> None:
    assert len(Note.parse(f"text\n\n{LINE}\n" + f"{LINE}\n" * 99).signatures) == 100


@pytest.mark.parametrize(
    ("text", "signatures", "why"),
    [
        pytest.param("text", [b"idid"], "text without last newline", id="no last newline"),
        pytest.param("", [b"idid"], "text without last newline", id="no text"),
        pytest.param("text\n", [], "0 signatures, want 1 to 100", id="no signature"),
        pytest.param("text\n", [b"id"], "id of 2 and payload of 1", id="short key id"),
    ],
)
def test_there_is_no_note_with(text: str, signatures: list[bytes], why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Note(text, tuple(Signature("a", id_, b"p") for id_ in signatures))


def test_lines_of_unknown_keys_are_ignored() -> None:
    note = sign_note("text\n", "a.example", PUBLIC, KEY.sign)
    key = VerifierKey.of("a.example", 1, PUBLIC)
    unknown = Signature("a.example", b"idid", b"of another id")
    namesake = Signature("b.example", key.key_id, b"of another name")

    assert verify_note(note.with_signatures(unknown, namesake), [key]) == [key]


def test_a_key_that_signs_twice_is_named_once() -> None:
    note = sign_note("text\n", "a.example", PUBLIC, KEY.sign)
    key = VerifierKey.of("a.example", 1, PUBLIC)

    assert verify_note(note.with_signatures(*note.signatures), [key]) == [key]


def test_one_false_line_of_a_known_key_condemns_the_whole_note() -> None:
    note = sign_note("text\n", "a.example", PUBLIC, KEY.sign)
    false = sign_note("text\n", "b.example", PUBLIC, OTHER.sign).signatures
    keys = [VerifierKey.of(name, 1, PUBLIC) for name in ("a.example", "b.example")]

    with pytest.raises(VerificationError, match=r"signature of b\.example: not over this text"):
        verify_note(note.with_signatures(*false), keys)
    with pytest.raises(VerificationError, match=r"signature of a\.example: 7 bytes, want 64"):
        verify_note(note.with_signatures(Signature("a.example", keys[0].key_id, b"payload")), keys)


def test_a_note_that_no_known_key_signed_is_refused() -> None:
    note = sign_note("text\n", "a.example", PUBLIC, KEY.sign)

    with pytest.raises(VerificationError, match=r"signed by a\.example, want a known key"):
        verify_note(note, [])
    with pytest.raises(VerificationError, match=r"signed by a\.example, want b\.example"):
        verify_note(note, [VerifierKey.of("b.example", 1, PUBLIC)])


def test_two_known_keys_of_one_name_and_id_are_refused_where_they_matter() -> None:
    note = sign_note("text\n", "a.example", PUBLIC, KEY.sign)
    key, other = (VerifierKey.of(name, 1, PUBLIC) for name in ("a.example", "b.example"))

    with pytest.raises(MalformedError, match=r"keys: 2 of a\.example [0-9a-f]{8}, want 1"):
        verify_note(note, [key, key])
    assert verify_note(note, [key, other, other]) == [key]


def test_one_public_key_has_another_id_under_each_algorithm_and_name() -> None:
    ids = {key_id(name, algorithm, PUBLIC) for name in "ab" for algorithm in (1, 4)}

    assert len(ids) == 4
    assert key_id("a", 4, PUBLIC) == sha256(b"a\n\x04" + PUBLIC).digest()[:4]


def test_a_vkey_keeps_the_leading_zeroes_of_its_id() -> None:
    number = next(n for n in range(5_000) if key_id(str(n), 1, PUBLIC) < b"\x00\x20\x00\x00")

    text = vkey(str(number), 1, PUBLIC)

    assert text.split("+")[1].startswith("00")
    assert len(text.split("+")[1]) == 8
    assert VerifierKey.parse(text).vkey() == text


def test_a_vkey_whose_base64_has_plus_signs_is_read() -> None:
    public = b"\xef\xbe" + b"\xfb\xef\xbe" * 10
    text = spelled("a.example", 1, public)
    assert text.count("+") > 2

    assert VerifierKey.parse(text).public == public


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("", "1 parts, want 3", id="nothing"),
        pytest.param("a.example", "1 parts, want 3", id="name alone"),
        pytest.param("a.example+00000000", "2 parts, want 3", id="no key"),
        pytest.param(EXAMPLE.replace("530d903a", "530d903b"), "want 530d903a", id="other id"),
        pytest.param(EXAMPLE.replace("530d903a", "530D903A"), "want 530d903a", id="upper case"),
        pytest.param(EXAMPLE.replace("530d903a", "30d903a"), "want 530d903a", id="seven digits"),
        pytest.param(EXAMPLE.replace("foo", "bar"), "id '530d903a', want", id="other name"),
        pytest.param(EXAMPLE.replace("example.com/foo", ""), "key name", id="no name"),
        pytest.param(EXAMPLE.replace("/foo", " foo"), "key name", id="space in the name"),
        pytest.param(f"{EXAMPLE}=", "base64", id="other padding"),
        pytest.param(EXAMPLE[:-1] + "l", "for this key", id="other public key"),
        pytest.param("a+00000000+", "algorithm 0", id="empty key"),
        pytest.param(spelled("a", 2, PUBLIC), "algorithm 2", id="ECDSA"),
        pytest.param(spelled("a", 5, PUBLIC), "algorithm 5", id="RFC 6962 tree head"),
        pytest.param(spelled("a", 1, PUBLIC[:31]), "31 bytes, want 32", id="short Ed25519 key"),
        pytest.param(spelled("a", 6, PUBLIC), "32 bytes, want 1312", id="short ML-DSA-44 key"),
        pytest.param(spelled("a\n", 1, PUBLIC), "key name", id="newline in the name"),
        pytest.param("a\x01+00000000+AQ==", "control character", id="control character"),
    ],
)
def test_a_vkey_is_refused_for(text: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    ("id_", "algorithm", "why"),
    [
        pytest.param(b"idid", 1, "id 69646964, want", id="an id that is not its own"),
        pytest.param(b"idid", 3, "algorithm 0x03, want 0x01, 0x04 or 0x06", id="algorithm 3"),
    ],
)
def test_there_is_no_key_with(id_: bytes, algorithm: int, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        VerifierKey("a", id_, algorithm, PUBLIC)
