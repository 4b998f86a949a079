import pytest

from tallystick.errors import MalformedError
from tallystick.events.canonical import decode, decode_lines


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"", "truncated", id="nothing"),
        pytest.param(b"{} {}", "want strict JSON", id="two values"),
        pytest.param(b"{'a':1}", "want strict JSON", id="single quotes"),
        pytest.param(b'{"a":1,}', "want strict JSON", id="comma at the end"),
        pytest.param(b"[1] // one", "want strict JSON", id="a comment"),
        pytest.param(b"01", "want strict JSON", id="leading zero"),
        pytest.param(b"+1", "want strict JSON", id="plus sign"),
        pytest.param(b"1.", "want strict JSON", id="point without digits"),
        pytest.param(b"NaN", "want strict JSON", id="NaN"),
        pytest.param(b"[Infinity]", "want strict JSON", id="Infinity"),
        pytest.param(b"[-Infinity]", "want strict JSON", id="minus Infinity"),
        pytest.param(b"1e400", "out of range", id="a double beyond all bounds"),
        pytest.param(b"-1e400", "out of range", id="a double below all bounds"),
        pytest.param(b"1.7976931348623159e308", "out of range", id="just beyond all bounds"),
        pytest.param(b"1" * 5_000, "out of range", id="an integer too long to read"),
        pytest.param(b'"\n"', "want strict JSON", id="line break in a string"),
        pytest.param(b'"\\x41"', "want strict JSON", id="unknown escape"),
        pytest.param(b'"\\ud800"', "want strict JSON", id="lone high surrogate"),
        pytest.param(b'"\\udc00x"', "surrogate", id="lone low surrogate"),
        pytest.param(b'"\\ud800\\ud800"', "surrogate", id="two high surrogates"),
        pytest.param(b'{"\\ud800":1}', "want strict JSON", id="lone surrogate in a name"),
        pytest.param(b'"\xed\xa0\x80"', "no UTF-8", id="surrogate in UTF-8"),
        pytest.param(b'"\xff"', "no UTF-8", id="no UTF-8"),
        pytest.param(b'"\xc0\x80"', "no UTF-8", id="overlong UTF-8"),
        pytest.param(b"\xef\xbb\xbf1", "want strict JSON", id="byte order mark"),
        pytest.param(b'"a"'.decode().encode("utf-16-le"), "want strict JSON", id="UTF-16"),
        pytest.param(b"[" * 65 + b"]" * 65, "deeper than 64", id="65 arrays"),
        pytest.param(b'{"a":' * 65 + b"1" + b"}" * 65, "deeper than 64", id="65 objects"),
        pytest.param(b"[" * 100_000, "deeper than 64", id="deep and torn off"),
        pytest.param(b'{"a":' * 90_000, "deeper than 64", id="deep objects, torn off"),
    ],
)
def test_refuses(data: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        decode(data)


@pytest.mark.parametrize(
    ("data", "path"),
    [
        pytest.param(b'{"a":1,"a":1}', "/a", id="at once"),
        pytest.param(b'{"a":1,"b":2,"a":3}', "/a", id="later"),
        pytest.param(b'{"a" :1,"a":1}', "/a", id="blank before the colon"),
        pytest.param(b'{"a"\n:\t1 ,\r"a" : 1}', "/a", id="all white space"),
        pytest.param(b'{"a":1,"\\u0061":1}', "/a", id="escaped letter"),
        pytest.param(b'{"/":1,"\\/":1}', "/~1", id="escaped slash"),
        pytest.param(b'{":":1,"\\u003a":1}', "/:", id="escaped colon"),
        pytest.param(
            b'{"a":1,"a":2,"b":"\\u003A"}', "/a", id="an escaped colon that fills the gap"
        ),
        pytest.param(b'{"a":":","a":":::"}', "/a", id="colons in values"),
        pytest.param(b'{"":1,"":2}', "/", id="empty name"),
        pytest.param(b'[0,{"x":{"~":1,"~":2}}]', "/1/x/~0", id="deep inside"),
        pytest.param(b'{"o":{"a":1,"a":2},"o":1}', "/o", id="outer before inner"),
        pytest.param(
            '{"\U0001f600":1,"\\ud83d\\ude00":2}'.encode(), "/\U0001f600", id="escaped emoji"
        ),
    ],
)
def test_finds_a_member_name_that_stands_twice(data: bytes, path: str) -> None:
    with pytest.raises(MalformedError, match="two members") as caught:
        decode(data)

    assert caught.value.path == path


@pytest.mark.parametrize(
    ("data", "value"),
    [
        pytest.param(b" [1 , 2]\r\n\t", [1, 2], id="white space outside"),
        pytest.param(b'{"a":{"a":{"a":1}}}', {"a": {"a": {"a": 1}}}, id="one name by level"),
        pytest.param(b'[{"a":1},{"a":1}]', [{"a": 1}, {"a": 1}], id="one name by object"),
        pytest.param(b'{"a":"\\":\\":","b":":"}', {"a": '":":', "b": ":"}, id="colons"),
        pytest.param(b'{"a":"\\\\u003a"}', {"a": "\\u003a"}, id="what looks like an escape"),
        pytest.param(b'{"a":"\\u003a"}', {"a": ":"}, id="an escaped colon"),
        pytest.param(b'"\\ud83d\\ude00"', "\U0001f600", id="surrogate pair"),
        pytest.param(b"9007199254740993", 2**53 + 1, id="beyond 53 bits"),
        pytest.param(b"-123456789012345678901", -123456789012345678901, id="beyond 64 bits"),
        pytest.param(b'"\\u0000"', "\0", id="NUL, escaped"),
        pytest.param(b'["' + b"[" * 70 + b'"]', ["[" * 70], id="brackets in a string"),
    ],
)
def test_reads(data: bytes, value: object) -> None:
    assert decode(data) == value


def test_reads_nesting_up_to_the_bound_and_no_further() -> None:
    assert decode(b"[[[]]]", max_depth=3) == [[[]]]
    with pytest.raises(MalformedError, match="deeper than 2 levels"):
        decode(b"[[[]]]", max_depth=2)


def test_many_shallow_values_are_not_deep() -> None:
    assert decode(b"[" + b"[[]]," * 500 + b"1]") == [*[[[]]] * 500, 1]


def test_reads_an_integer_as_it_stands_and_not_as_a_double() -> None:
    value = decode(b"[1, 1.0]")

    assert isinstance(value, list)
    assert [type(number) for number in value] == [int, float]


def test_a_bad_line_does_not_spoil_the_good_ones() -> None:
    first, second, third, fourth = decode_lines(b'{"a":1}\r\n\n \t\n{x}\n[2]\n{"b":1,"b":1}')

    assert first == {"a": 1}
    assert isinstance(second, MalformedError)
    assert third == [2]
    assert isinstance(fourth, MalformedError)
    assert fourth.path == "/b"


def test_a_line_is_no_place_to_hide_other_white_space() -> None:
    (only,) = decode_lines(b"\x0b\n")

    assert isinstance(only, MalformedError)
