import json

import pytest

from kit.plain_receipt import Deployment, Json, b64, plain_commitment, plain_text, unb64
from tallystick.errors import MalformedError, VerificationError
from tallystick.verify.entry import EntryText

LEAF = Deployment().entries[3]
SALT = bytes(range(16))


def entry_with(**members: object) -> bytes:
    return plain_text({**json.loads(LEAF), **members}).encode()


def sealed(values: Json) -> Json:
    return {path: [0, b64(plain_commitment(SALT, path, text))] for path, text in values.items()}


def opened(clear: Json, values: dict[str, str]) -> dict[str, object]:
    leaf = {"v": 1, "received_at": "now", "subject_refs": ["0" * 32], "sealed": sealed(values)}
    entry = EntryText.parse(plain_text({**leaf, **clear}).encode())
    assert entry.open({path: (SALT, text) for path, text in values.items()}) == {}
    return {name: entry.clear[name] for name in entry.clear if name not in {"v", "received_at"}}


def test_an_entry_is_read() -> None:
    entry = EntryText.parse(LEAF)

    assert entry.received_at == "2026-11-24T02:45:00.000003Z"
    assert entry.refs == json.loads(LEAF)["subject_refs"]
    assert {path: [it.slot, b64(it.commitment)] for path, it in entry.sealed.items()} == (
        json.loads(LEAF)["sealed"]
    )
    assert {"sealed", "subject_refs"} & set(entry.clear) == set()


@pytest.mark.parametrize(
    ("clear", "values", "event"),
    [
        pytest.param({"a": {}}, {"/a/b": "1"}, {"a": {"b": 1}}, id="a member"),
        pytest.param({}, {"/a/b": "1"}, {"a": {"b": 1}}, id="in an object that is not there"),
        pytest.param({"a": [{}, {}]}, {"/a/1": "[2]"}, {"a": [{}, [2]]}, id="a whole element"),
        pytest.param({"a": [{"c": 0}]}, {"/a/0/b": "1"}, {"a": [{"b": 1, "c": 0}]}, id="in one"),
        pytest.param({}, {"/a": '{"b":{}}'}, {"a": {"b": {}}}, id="a folded group"),
        pytest.param({}, {"/a~1b/c~0d": '""'}, {"a/b": {"c~d": ""}}, id="an escaped name"),
    ],
)
def test_a_value_opens_at_its_place(clear: Json, values: dict[str, str], event: Json) -> None:
    assert opened(clear, values) == event


@pytest.mark.parametrize(
    ("clear", "values", "why"),
    [
        pytest.param({"a": 1}, {"/a": "1"}, "/a stands in clear and sealed", id="occupied"),
        pytest.param({"a": None}, {"/a": "1"}, "/a stands in clear and sealed", id="by null"),
        pytest.param({"a": ["x"]}, {"/a/0": "1"}, "stands in clear and sealed", id="in a list"),
        pytest.param({}, {"/v": "2"}, "/v stands in clear and sealed", id="by the version"),
        pytest.param({"a": 1}, {"/a/b": "1"}, "/a/b is no place of this", id="in a number"),
        pytest.param({"a": [{}]}, {"/a/7": "1"}, "/a/7 is no place of", id="beyond a list"),
        pytest.param({"a": [{}]}, {"/a/00": "1"}, "is no place of", id="a leading zero"),
        pytest.param({"a": [{}]}, {"/a/" + "1" * 5_000: "1"}, "is no place", id="far beyond"),
        pytest.param({}, {"/a" * 129: "1"}, "leads too deep", id="too deep"),
        pytest.param({}, {"/a": "[" * 130 + "]" * 130}, "nested deeper", id="a deep value"),
        pytest.param({}, {"/a": "{"}, "disclosure: /a: no JSON", id="a value that is no JSON"),
        pytest.param({}, {"/a": '{"b":1,"b":2}'}, "two members 'b'", id="a value that is torn"),
        pytest.param({}, {"/a": "NaN"}, "number NaN", id="not a number"),
        pytest.param({}, {"/a": "1e999"}, "number 1e999", id="a double without end"),
    ],
)
def test_a_sealed_value_that_has_no_one_meaning_is_refused(
    clear: Json, values: dict[str, str], why: str
) -> None:
    with pytest.raises(MalformedError, match=why):
        opened(clear, values)


@pytest.mark.parametrize(
    ("leaf", "why"),
    [
        pytest.param(b"[]", "want an object", id="a list"),
        pytest.param(LEAF[:-1], "entry: no JSON", id="cut short"),
        pytest.param(entry_with(v=2), "version 2, want 1", id="a later version"),
        pytest.param(entry_with(v=True), "version True, want 1", id="a version that is true"),
        pytest.param(entry_with(v=1.0), "version 1.0, want 1", id="a version that is a double"),
        pytest.param(entry_with(received_at=5), "received_at, want a time", id="no time"),
        pytest.param(entry_with(subject_refs={}), "subject_refs, want a list", id="refs"),
        pytest.param(entry_with(subject_refs=["A" * 32]), "32 hex digits", id="upper case"),
        pytest.param(entry_with(subject_refs=["a" * 31]), "32 hex digits", id="a short ref"),
        pytest.param(entry_with(sealed=[]), "sealed, want an object", id="sealed list"),
        pytest.param(entry_with(sealed={"a": [0, "AA=="]}), "leading slash", id="no pointer"),
        pytest.param(entry_with(sealed={"/a": [0]}), "want .slot, commit", id="no commitment"),
        pytest.param(entry_with(sealed={"/a": [True, ""]}), "want .slot", id="true as slot"),
        pytest.param(entry_with(sealed={"/a": [-1, ""]}), "want .slot", id="slot below zero"),
        pytest.param(entry_with(sealed={"/a": [0, "AA=="]}), "hash of 1 bytes", id="one byte"),
        pytest.param(entry_with(sealed={"/a": [0, "A"]}), "base64", id="no base64"),
        pytest.param(entry_with(x="x" * 65_535), "want at most 65,535", id="too large"),
        pytest.param(LEAF.replace(b'"v":1', b'"v":1,"v":1'), "two members 'v'", id="torn"),
    ],
)
def test_refuses(leaf: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        EntryText.parse(leaf)


def test_a_value_of_another_path_is_refused() -> None:
    entry, disclosure = EntryText.parse(LEAF), Deployment().disclosure
    salt, text = disclosure["/actor/name"]

    with pytest.raises(VerificationError, match="the value at /actor/id is not the one"):
        entry.open({"/actor/id": (unb64(salt), text)})
