import math
import struct

import pytest

from tallystick.errors import MalformedError
from tallystick.events.canonical import encode

# RFC 8785, appendix B.
NUMBERS = [
    ("0000000000000000", "0"),
    ("8000000000000000", "0"),
    ("0000000000000001", "5e-324"),
    ("8000000000000001", "-5e-324"),
    ("7fefffffffffffff", "1.7976931348623157e+308"),
    ("ffefffffffffffff", "-1.7976931348623157e+308"),
    ("4340000000000000", "9007199254740992"),
    ("c340000000000000", "-9007199254740992"),
    ("4430000000000000", "295147905179352830000"),
    ("44b52d02c7e14af5", "9.999999999999997e+22"),
    ("44b52d02c7e14af6", "1e+23"),
    ("44b52d02c7e14af7", "1.0000000000000001e+23"),
    ("444b1ae4d6e2ef4e", "999999999999999700000"),
    ("444b1ae4d6e2ef4f", "999999999999999900000"),
    ("444b1ae4d6e2ef50", "1e+21"),
    ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
    ("3eb0c6f7a0b5ed8d", "0.000001"),
    ("41b3de4355555553", "333333333.3333332"),
    ("41b3de4355555554", "333333333.33333325"),
    ("41b3de4355555555", "333333333.3333333"),
    ("41b3de4355555556", "333333333.3333334"),
    ("41b3de4355555557", "333333333.33333343"),
    ("becbf647612f3696", "-0.0000033333333333333333"),
    ("43143ff3c1cb0959", "1424953923781206.2"),
]


@pytest.mark.parametrize(("bits", "text"), NUMBERS)
def test_writes_the_numbers_of_the_rfc(bits: str, text: str) -> None:
    (value,) = struct.unpack(">d", bytes.fromhex(bits))

    assert encode(value) == text.encode()
    assert encode([value]) == f"[{text}]".encode()
    assert encode({"n": [0, value]}) == f'{{"n":[0,{text}]}}'.encode()


def test_writes_the_sample_object_of_the_rfc() -> None:
    value = {
        "numbers": [333333333.33333329, 1e30, 4.50, 2e-3, 0.000000000000000000000000001],
        "string": '€$\u000f\nA\'B"\\\\"/',
        "literals": [None, True, False],
    }

    # RFC 8785 §3.2.4 gives these bytes in hexadecimal.
    assert encode(value) == bytes.fromhex(
        "7b226c69746572616c73223a5b6e756c6c2c747275652c66616c73655d2c226e"
        "756d62657273223a5b3333333333333333332e333333333333332c31652b3330"
        "2c342e352c302e3030322c31652d32375d2c22737472696e67223a22e282ac24"
        "5c75303030665c6e4127425c225c5c5c5c5c222f227d"
    )


def test_sorts_names_as_the_rfc_does() -> None:
    value = {
        "€": "Euro Sign",
        "\r": "Carriage Return",
        "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One",
        "\U0001f600": "Emoji: Grinning Face",
        "\u0080": "Control",
        "ö": "Latin Small Letter O With Diaeresis",
    }

    assert (
        encode(value)
        == (
            '{"\\r":"Carriage Return","1":"One","\u0080":"Control",'
            '"ö":"Latin Small Letter O With Diaeresis","€":"Euro Sign",'
            '"\U0001f600":"Emoji: Grinning Face","\ufb33":"Hebrew Letter Dalet With Dagesh"}'
        ).encode()
    )


@pytest.mark.parametrize(
    ("value", "text"),
    [
        pytest.param(2**53 + 1, b"9007199254740993", id="an integer that no double holds"),
        pytest.param({"n": 10**30}, b'{"n":1' + b"0" * 30 + b"}", id="beyond 64 bits"),
        pytest.param([-(10**30), 1.0], b"[-1" + b"0" * 30 + b",1]", id="beside a double"),
        pytest.param("\x7f/\u2028", '"\x7f/\u2028"'.encode(), id="what needs no escape"),
        pytest.param({"n": 203}, b'{"n":203}', id="an integer that looks like a packed double"),
        pytest.param([{}, [], ""], b'[{},[],""]', id="empty containers"),
        pytest.param([1.5, {}, []], b"[1.5,{},[]]", id="empty containers, slowly"),
    ],
)
def test_writes(value: object, text: bytes) -> None:
    assert encode(value) == text


@pytest.mark.parametrize(
    ("value", "why"),
    [
        pytest.param(math.nan, "nan, want a finite", id="NaN"),
        pytest.param({"a": [math.inf]}, "inf, want a finite", id="infinity inside"),
        pytest.param([-math.inf], "-inf, want a finite", id="minus infinity"),
        pytest.param({"a": "\ud800"}, "lone surrogate", id="lone surrogate in a value"),
        pytest.param({"\udfff": 1}, "lone surrogate", id="lone surrogate in a name"),
        pytest.param({1: 2}, "member name of type int", id="number as a name"),
        pytest.param({"a": {None: 2}}, "member name of type NoneType", id="null as a name"),
        pytest.param([1.5, object()], "object, want a JSON value", id="no JSON value"),
        pytest.param(10**5000, "integer too long", id="an integer too long to write"),
    ],
)
def test_refuses(value: object, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        encode(value)


def test_refuses_what_is_nested_too_deep_to_walk() -> None:
    value: list[object] = []
    for _ in range(100_000):
        value = [value]

    with pytest.raises(MalformedError, match="nested too deep"):
        encode(value)
