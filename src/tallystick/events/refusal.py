"""From msgspec's complaints to our own: where, what was found, what is wanted."""

import re
from typing import Final

from tallystick.errors import MalformedError
from tallystick.events.pointer import escape

_PLACE: Final = re.compile(r"(?s)(.*?)(?: - at `(?:key in )?\$(.*)`)?").fullmatch
_STEP: Final = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")
_UNKNOWN: Final = re.compile(r"(?s)Object contains unknown field `(.*)`").fullmatch
_MISSING: Final = re.compile(r"Object missing required field `(.*)`").fullmatch
_EXPECTED: Final = re.compile(r"Expected `(\w+)( \| null)?`, got `(\w+)`").fullmatch
_LENGTH: Final = re.compile(r"Expected `(\w+)` of length (>=|<=) (\d+)").fullmatch
_RANGE: Final = re.compile(r"Expected `int` (>=|<=) (-?\d+)").fullmatch
_KINDS: Final = {
    "str": "a string",
    "int": "an integer",
    "object": "an object",
    "array": "an array",
}
_BOUNDS: Final = {">=": "at least", "<=": "at most"}
_FORMS: Final = {
    "action": "noun.verb_in_past_tense in lower case, such as document.deleted",
    "id": "an RFC 9562 UUID",
    "path": "a JSON Pointer",
    "trace_id": "32 lower-case hex digits",
    "span_id": "16 lower-case hex digits",
}
_FINDINGS: Final = {
    "Invalid enum value": "not in its vocabulary, want one of its words",
    "Invalid RFC3339": "no time of the calendar, want RFC 3339",
    "Expected `str` matching": "other form, want {}",
}


def refusal(complaint: str, what: str = "event") -> MalformedError:
    """Translate the text of a ``msgspec.ValidationError``.

    Values of the sender's never enter the message: it may be logged where they must not be.

    Args:
        complaint: The text.
        what: What was read, named when the whole of it is wrong.
    """
    place = _PLACE(complaint)
    text, steps = (place[1], place[2] or "") if place else (complaint, "")
    path = "".join(f"/{step[1] or step[2]}" for step in _STEP.finditer(steps))
    unknown, missing = _UNKNOWN(text), _MISSING(text)
    if unknown:
        path = f"{path}/{escape(unknown[1])}"
        return MalformedError(f"{path}: unknown field, want one of the form", path=path)
    if missing:
        path = f"{path}/{missing[1]}"
        return MalformedError(f"{path}: missing, want a value", path=path)
    return MalformedError(f"{path or what}: {_finding(text, path)}", path=path)


def _finding(text: str, path: str) -> str:
    if kinds := _EXPECTED(text):
        return f"{_kind(kinds[3])}, want {_kind(kinds[1])}"
    if length := _LENGTH(text):
        return f"other length, want {_BOUNDS[length[2]]} {int(length[3]):,}"
    if bound := _RANGE(text):
        return f"out of range, want {_BOUNDS[bound[1]]} {int(bound[2]):,}"
    for start, finding in _FINDINGS.items():
        if text.startswith(start):
            return finding.format(_FORMS.get(path.rpartition("/")[2], "its form"))
    return text[:1].lower() + text[1:200]


def _kind(name: str) -> str:
    return _KINDS.get(name, name)
