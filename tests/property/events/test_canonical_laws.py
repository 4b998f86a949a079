import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kit.jcs import written
from tallystick.errors import MalformedError
from tallystick.events.canonical import _write_slowly as encode_slowly
from tallystick.events.canonical import decode, encode

doubles = st.floats(allow_nan=False, allow_infinity=False)
# Letters on both sides of every border that matters: quotes, controls, surrogates, U+FFFF.
letters = st.sampled_from(
    '"\\/:,[]{}.e05a \x00\x08\t\n\x0c\r\x1f\x7f\x80\xe9\u2028\ud7ff\ue000\uffff\U00010000\U0010ffff'
)
texts = st.text(st.characters(codec="utf-8")) | st.text(letters, max_size=6)
scalars = (
    st.none() | st.booleans() | st.integers() | st.integers(-(2**70), 2**70) | doubles | texts
    | st.sampled_from([1e21, 1e20, 1e-6, 1e-7, 203, 0xCB << 8, "1.5", ",1.5", '":1e5', "null"])
)  # fmt: skip
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_the_canonical_form_is_that_of_the_rfc(value: object) -> None:
    assert encode(value) == written(value).encode()


@given(values)
def test_the_slow_way_leads_to_the_same_bytes(value: object) -> None:
    assert encode_slowly(value) == encode(value)


@given(st.binary(min_size=8, max_size=8))
def test_every_double_is_written_as_ecmascript_does(bits: bytes) -> None:
    (value,) = struct.unpack(">d", bits)
    if value - value == 0:
        assert encode(value) == written(value).encode()
        assert float(encode(value)) == value
    else:
        with pytest.raises(MalformedError, match="want a finite double"):
            encode(value)


@given(values)
def test_canonical_bytes_read_and_written_again_are_the_same(value: object) -> None:
    text = encode(value)

    assert encode(decode(text)) == text


@given(st.dictionaries(texts, scalars, min_size=2, max_size=8), st.randoms())
def test_the_order_of_members_changes_no_byte(members: dict[str, object], chance: object) -> None:
    names = list(members)
    chance.shuffle(names)  # type: ignore[attr-defined]

    assert encode({name: members[name] for name in names}) == encode(members)


@given(values, st.booleans(), st.sampled_from([None, 1, "\t"]))
def test_reads_what_the_standard_library_writes(
    value: object, ascii_only: bool, indent: int | str | None
) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)

    read = decode(text.encode())

    assert read == value
    assert encode(read) == encode(value)


@given(st.text(st.sampled_from('{}[]":,\\u003a019.eE+-ntfalsrue \n\x00\x7fé'), max_size=24))
def test_accepts_nothing_that_the_standard_library_refuses(text: str) -> None:
    try:
        value = decode(text.encode())
    except MalformedError:
        return
    assert json.loads(text) == value


spaces = st.text(st.sampled_from(" \t\r\n"), max_size=2)


@st.composite
def spellings(draw: st.DrawFn, text: str) -> str:
    """A JSON string for ``text``, each letter as it stands or escaped."""
    spelled = []
    for letter in text:
        units = letter.encode("utf-16-be")
        escaped = "".join(f"\\u{units[i]:02x}{units[i + 1]:02x}" for i in range(0, len(units), 2))
        plain = json.dumps(letter, ensure_ascii=False)[1:-1]
        spelled.append(draw(st.sampled_from([plain, escaped, escaped.upper().replace("U", "u")])))
    return '"' + "".join(spelled) + '"'


@st.composite
def torn(draw: st.DrawFn) -> tuple[str, list[str | int]]:
    """A JSON text with a name twice in one object, and the steps that lead there."""
    name = draw(texts)
    others = draw(st.dictionaries(texts, values, max_size=3))
    members = [(name, draw(values)), *others.items()]
    members.insert(draw(st.integers(1, len(members))), (name, draw(values)))
    seen: set[str] = set()
    first = next(key for key, _ in members if key in seen or seen.add(key))  # type: ignore[func-returns-value]
    pieces = [
        f"{draw(spaces)}{draw(spellings(key))}{draw(spaces)}:{draw(spaces)}"
        f"{json.dumps(value, ensure_ascii=draw(st.booleans()))}{draw(spaces)}"
        for key, value in members
    ]
    text, steps = "{" + ",".join(pieces) + "}", [first]
    for outer in draw(st.lists(texts | st.integers(0, 2), max_size=3)):
        if isinstance(outer, int):
            text = "[" + "0," * outer + text + draw(st.sampled_from(["]", ",{}]"]))
        else:
            text = "{" + draw(spellings(outer)) + ":" + text + "}"
        steps.insert(0, outer)
    return text, steps


@given(torn())
def test_a_name_that_stands_twice_is_always_found(case: tuple[str, list[str | int]]) -> None:
    text, steps = case

    with pytest.raises(MalformedError, match="two members") as caught:
        decode(text.encode())

    pointer = "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in steps)
    assert caught.value.path == pointer


@given(st.integers(1, 40), st.integers(1, 40))
def test_depth_is_counted_exactly(depth: int, bound: int) -> None:
    data = b'{"":' * (depth - 1) + b"[]" + b"}" * (depth - 1)
    if depth <= bound:
        decode(data, max_depth=bound)
    else:
        with pytest.raises(MalformedError, match=f"deeper than {bound} levels"):
            decode(data, max_depth=bound)
