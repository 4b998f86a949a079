"""The one spelling of a JSON value, and a strict reader of all its spellings.

The form is that of RFC 8785, except that integers of any size stand in plain decimal: an audit
trail that rounds an id of 19 digits to the nearest double has changed it.
"""

import re
from collections.abc import Iterator
from typing import Final

import msgspec

from tallystick.errors import MalformedError
from tallystick.events.duplicates import refuse_duplicates
from tallystick.events.number import number_text

MAX_DEPTH: Final = 64

_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"{}[]"))
_SORTED = msgspec.json.Encoder(order="sorted")
_AS_READ = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder()
_PACKED = msgspec.msgpack.Encoder()
_PACKED_DOUBLE: Final = 0xCB

# A number with a fraction or an exponent, or a null, behind a member name, a comma or a
# bracket. Three patterns instead of one: each starts with a literal, which is found fast.
_DOUBLE_OR_NULL = rb"(?:-?[0-9]+[.e]|nu)"
_AFTER_NAME = re.compile(rb':(?<=":)' + _DOUBLE_OR_NULL).search
_AFTER_COMMA = re.compile(rb"," + _DOUBLE_OR_NULL).search
_AFTER_BRACKET = re.compile(rb"\[" + _DOUBLE_OR_NULL).search


def encode(value: object) -> bytes:
    """Write a value in its one spelling.

    Args:
        value: JSON builtins, as :func:`decode` returns them: dict, list, str, int, float, bool,
            None. Other types have no canonical form; they are not looked for.

    Returns:
        UTF-8 without white space, member names sorted by UTF-16 code units.

    Raises:
        MalformedError: NaN or an infinity, a lone surrogate, a member name that is no string,
            or nesting too deep to walk.

    Source: RFC 8785 §3.2.
    """
    try:
        text = _SORTED.encode(value)
    except (TypeError, ValueError, RecursionError):
        return _write_slowly(value)  # which finds what it is and says so
    return text if _is_canonical(value, text) else _write_slowly(value)


def decode(data: bytes, *, max_depth: int = MAX_DEPTH) -> object:
    """Read one JSON text strictly.

    Args:
        data: UTF-8 without a byte order mark.
        max_depth: How many arrays and objects may stand inside each other.

    Returns:
        Builtins; integers are exact whatever their size.

    Raises:
        MalformedError: No RFC 8259 JSON, not UTF-8, a member name twice in one object (``path``
            points to it), nested too deep, a double that would be infinite, a lone surrogate.
    """
    try:
        value = _DECODER.decode(data)
    except RecursionError:
        raise MalformedError(_too_deep(max_depth)) from None
    except UnicodeDecodeError:
        raise MalformedError("json: bytes that are no UTF-8, want UTF-8") from None
    except msgspec.DecodeError as error:
        raise MalformedError(f"json: {_finding(error)}, want strict JSON") from None
    colons = data.count(b":")
    if may_be_deeper(data, max_depth) and _is_deeper(value, max_depth):
        raise MalformedError(_too_deep(max_depth))
    if _may_have_lost_members(data, colons, value):
        refuse_duplicates(data)
    return value


def decode_lines(data: bytes, *, max_depth: int = MAX_DEPTH) -> Iterator[object | MalformedError]:
    """Read newline-delimited JSON; a bad line does not spoil the good ones.

    Yields:
        For each line that is not blank its value, or the error that says why it has none.
    """
    for line in data.split(b"\n"):
        if not line.strip(b" \t\r"):
            continue
        try:
            yield decode(line, max_depth=max_depth)
        except MalformedError as error:
            yield error


def _is_canonical(value: object, text: bytes) -> bool:
    # The fast encoder writes strings, integers, literals and punctuation as RFC 8785 does. It
    # differs in doubles, in NaN and infinities (null), and in the order of names: it sorts by
    # code points, which is another order than UTF-16's only where a name lies beyond U+FFFF,
    # and then a byte from F0 to F4 stands in the text.
    if not text.isascii() and any(lead in text for lead in range(0xF0, 0xF5)):
        return False
    return not _may_hold_double(value, text)


def _may_hold_double(value: object, text: bytes) -> bool:
    # In MessagePack each double, NaN too, starts with CB, so that without that byte there is
    # none. It may also be part of an integer, a length or a letter: then the text tells, since
    # the fast encoder gives each double a fraction or an exponent ("1.0", "1e20"). A string
    # that merely looks like one costs time, not correctness.
    try:
        if _PACKED_DOUBLE not in _PACKED.encode(value):
            return False
    except OverflowError:
        pass  # an integer of more than 64 bits
    if isinstance(value, float):
        return True
    return bool(_AFTER_NAME(text) or _AFTER_COMMA(text) or _AFTER_BRACKET(text))


def _may_have_lost_members(data: bytes, colons: int, value: object) -> bool:
    # The reader keeps one of two members with one name. Outside strings there is one colon a
    # member, whatever white space surrounds it; inside strings a colon stands for itself,
    # unless it is spelled \u003a. So without that spelling the colons of ``data`` are those of
    # the value written anew, plus at least one for each member that was dropped.
    if b"\\" in data and b"\\u003" in data:
        return True
    return colons != _AS_READ.encode(value).count(b":")


def may_be_deeper(data: bytes, levels: int) -> bool:
    """Whether the brackets of a JSON text alone leave open that it is nested too deep.

    Each pass removes what is innermost, two levels at most (``[{}]``). What is empty after half
    as many passes as there may be levels is not too deep; brackets inside strings only make the
    answer more careful.
    """
    marks = data.translate(None, _NO_BRACKETS)
    for _ in range(levels // 2):
        if not marks:
            return False
        marks = marks.replace(b"{}", b"").replace(b"[]", b"")
    return bool(marks)


def _is_deeper(value: object, levels: int) -> bool:
    layer = [value] if isinstance(value, dict | list) else []
    for _ in range(levels):
        layer = [
            inner
            for outer in layer
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not layer:
            return False
    return bool(layer)


def _too_deep(max_depth: int) -> str:
    return f"json: nested deeper than {max_depth} levels, want at most {max_depth}"


def _finding(error: msgspec.DecodeError) -> str:
    text = str(error).removeprefix("JSON is malformed: ")
    return text[:1].lower() + text[1:]


def _write_slowly(value: object) -> bytes:
    pieces: list[bytes] = []
    try:
        _write(value, pieces)
    except RecursionError:
        raise MalformedError("canonical form: nested too deep to walk, want less") from None
    return b"".join(pieces)


def _write(value: object, pieces: list[bytes]) -> None:
    if isinstance(value, dict):
        _write_object(value, pieces)
    elif isinstance(value, list | tuple):
        mark = b"["
        for inner in value:
            pieces.append(mark)
            _write(inner, pieces)
            mark = b","
        pieces.append(b"]" if value else b"[]")
    elif isinstance(value, float):
        pieces.append(number_text(value).encode())
    elif value is None or isinstance(value, bool | int | str):
        pieces.append(_scalar(value))
    else:
        raise MalformedError(f"canonical form: a {type(value).__name__}, want a JSON value")


def _write_object(members: dict[object, object], pieces: list[bytes]) -> None:
    mark = b"{"
    for name in sorted(members, key=_utf16):
        pieces.append(mark + _scalar(name) + b":")
        _write(members[name], pieces)
        mark = b","
    pieces.append(b"}" if members else b"{}")


def _utf16(name: object) -> bytes:
    if not isinstance(name, str):
        raise MalformedError(
            f"canonical form: a member name of type {type(name).__name__}, want a string"
        )
    return name.encode("utf-16-be", "surrogatepass")


def _scalar(value: object) -> bytes:
    try:
        return _SORTED.encode(value)
    except UnicodeEncodeError:
        raise MalformedError("canonical form: a lone surrogate, want Unicode text") from None
    except ValueError:
        raise MalformedError("canonical form: an integer too long to write") from None
