import copy
import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from kit.events import reference_event
from tallystick.errors import MalformedError
from tallystick.events.event import Actor, Event
from tallystick.events.parsing import parse_event, to_builtins

LEAST = {"action": "a.b", "occurred_at": "2026-11-24T02:45:00Z", "actor": {"type": "system"}}


def _with(**members: object) -> dict[str, object]:
    return {**LEAST, **members}


EVERYTHING = {
    "id": "0199e0aa-1111-7abc-8def-000000000001",
    "external_id": "order/4711",
    "stream": "activity",
    "action": "document.deleted",
    "version": 3,
    "occurred_at": "2026-11-24T02:45:00.123456Z",
    "utc_offset_minutes": -90,
    "outcome": "denied",
    "reason": {"code": "no_right", "text": "not yours"},
    "actor": {
        "type": "user",
        "id": "u_1",
        "name": "Ada",
        "email": "ada@example.com",
        "roles": ["admin", "editor"],
        "authenticated_by": "passkey",
        "home_tenant": "acme",
    },
    "delegation": [
        {
            "kind": "impersonation",
            "principal": {"type": "user", "id": "u_2", "name": "Bob"},
            "reason": "ticket 7",
            "grant_id": "g_1",
            "approved_by": "u_3",
        }
    ],
    "agent": {
        "id": "ag_1",
        "model": "m",
        "version": "2",
        "run_id": "r",
        "tool": "t",
        "protocol": "mcp",
        "approval_id": "ap",
    },
    "targets": [
        {
            "type": "document",
            "id": "d_1",
            "name": "Plan",
            "role": "object",
            "subject": {"id": "u_4", "name": "Eve"},
            "metadata": {"pages": 4},
        }
    ],
    "targets_total": 12,
    "changes": [
        {
            "path": "/title",
            "op": "replace",
            "before": None,
            "after": [1, {"a": 2.5}],
            "target": 0,
        },
        {"path": "", "op": "remove"},
    ],
    "context": {
        "ip": "2001:db8::1",
        "user_agent": "curl/8",
        "session_id": "s",
        "request_id": "r",
        "trace_id": "0af7651916cd43dd8448eb211c80319c",
        "span_id": "b7ad6b7169203331",
        "channel": "api",
        "service": "web",
        "release": "1.2.3",
        "location": "Berlin, DE",
    },
    "purpose": {"code": "support", "text": "asked to", "case_id": "c_1"},
    "severity": "high",
    "duration_ms": 12,
    "message": "gone\tfor ever\r\n",
    "operation": {"id": "op_1", "part": 1, "parts": 2},
    "links": [{"rel": "caused_by", "id": "0199e0aa-1111-7abc-8def-000000000002"}],
    "source": {"id": "web-1", "sequence": 0},
    "metadata": {"k": None, "n": 10**30, "l": [True]},
}


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(EVERYTHING, id="every field"),
        pytest.param(reference_event(123_456), id="the reference event"),
    ],
)
def test_a_normalised_event_comes_back_as_it_was(raw: dict[str, object]) -> None:
    given = copy.deepcopy(raw)

    assert to_builtins(parse_event(raw)) == given
    assert raw == given


@pytest.mark.parametrize(
    ("raw", "changed"),
    [
        pytest.param(
            _with(id="0199E0AA-1111-7ABC-8DEF-00000000000A"),
            {"id": "0199e0aa-1111-7abc-8def-00000000000a"},
            id="id in upper case",
        ),
        pytest.param(
            _with(links=[{"rel": "undoes", "id": "0199E0AA-1111-7ABC-8DEF-00000000000A"}]),
            {"links": [{"rel": "undoes", "id": "0199e0aa-1111-7abc-8def-00000000000a"}]},
            id="linked id in upper case",
        ),
        pytest.param(
            _with(message=None, metadata=None, targets=None, outcome=None),
            {},
            id="null is absence",
        ),
        pytest.param(
            _with(metadata={}, targets=[], outcome="unknown", stream="audit"),
            {},
            id="what is said by saying nothing",
        ),
        pytest.param(
            _with(occurred_at="2026-11-24T02:45:00+01:00"),
            {"occurred_at": "2026-11-24T01:45:00.000000Z", "utc_offset_minutes": 60},
            id="offset",
        ),
        pytest.param(
            _with(occurred_at="2026-11-24T02:45:00+01:00", utc_offset_minutes=None),
            {"occurred_at": "2026-11-24T01:45:00.000000Z", "utc_offset_minutes": 60},
            id="offset, told as null",
        ),
        pytest.param(
            _with(occurred_at="2026-11-24T02:45:00+01:00", utc_offset_minutes=-120),
            {"occurred_at": "2026-11-24T01:45:00.000000Z", "utc_offset_minutes": -120},
            id="offset told apart",
        ),
        pytest.param(
            _with(occurred_at="2026-11-24T02:45:00.5Z"),
            {"occurred_at": "2026-11-24T02:45:00.500000Z"},
            id="one digit",
        ),
        pytest.param(
            _with(occurred_at="2026-11-24T02:45:00.9999999Z"),
            {"occurred_at": "2026-11-24T02:45:00.999999Z"},
            id="seven nines, not rounded up",
        ),
        pytest.param(
            _with(occurred_at="2026-11-24t02:45:00.12345699z"),
            {"occurred_at": "2026-11-24T02:45:00.123456Z"},
            id="eight digits, cut off",
        ),
        pytest.param(
            _with(occurred_at="2026-01-01T00:00:00-00:00"),
            {"occurred_at": "2026-01-01T00:00:00.000000Z"},
            id="unknown offset",
        ),
        pytest.param(
            _with(occurred_at="1969-12-31T23:30:00-01:00"),
            {"occurred_at": "1970-01-01T00:30:00.000000Z", "utc_offset_minutes": -60},
            id="the first year begins in UTC",
        ),
        pytest.param(
            _with(occurred_at="2201-01-01T00:30:00+01:00"),
            {"occurred_at": "2200-12-31T23:30:00.000000Z", "utc_offset_minutes": 60},
            id="the last year ends in UTC",
        ),
        pytest.param(
            _with(occurred_at=datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))),
            {"occurred_at": "2026-01-01T00:00:00.000000Z", "utc_offset_minutes": 60},
            id="a Python time",
        ),
        pytest.param(
            _with(message="\u202eright to left\u2069"),
            {"message": "\u202eright to left\u2069"},
            id="right to left in free text",
        ),
        pytest.param(
            _with(metadata={"k": "a\tb\r\n\u2067"}),
            {"metadata": {"k": "a\tb\r\n\u2067"}},
            id="line breaks in metadata",
        ),
        pytest.param(
            _with(
                delegation=[{"kind": "agent", "principal": {"type": "user"}, "reason": "\u202e"}]
            ),
            {"delegation": [{"kind": "agent", "principal": {"type": "user"}, "reason": "\u202e"}]},
            id="right to left in a reason",
        ),
    ],
)
def test_normalises(raw: dict[str, object], changed: dict[str, object]) -> None:
    least = {**LEAST, "occurred_at": "2026-11-24T02:45:00.000000Z"}

    assert to_builtins(parse_event(raw)) == {**least, **changed}


def _target(**members: object) -> dict[str, object]:
    return _with(targets=[{"type": "document", **members}])


def _change(**members: object) -> dict[str, object]:
    return _with(changes=[{"path": "/a", "op": "add", **members}])


def _context(**members: object) -> dict[str, object]:
    return _with(context=members)


REFUSED = [
    ([], "", "event: a list, want an object", "an array"),
    (None, "", "event: a NoneType, want an object", "null"),
    ({}, "/action", "/action: missing, want a value", "nothing"),
    ({"action": "a.b", "actor": {"type": "user"}}, "/occurred_at", "missing", "no time"),
    ({k: v for k, v in LEAST.items() if k != "actor"}, "/actor", "missing", "no actor"),
    (_with(actor={"id": "u"}), "/actor/type", "missing", "actor without type"),
    (_with(action=None), "/action", "missing", "null for what is required"),
    (_with(actions=1), "/actions", "unknown field", "unknown field"),
    (_with(**{"a/b~": 1}), "/a~1b~0", "unknown field", "unknown field with a slash"),
    (_with(actor={"type": "user", "phone": 1}), "/actor/phone", "unknown", "unknown inside"),
    (_with(tenant="acme"), "/tenant", "unknown field", "what the server sets"),
    (_with(action="deleted"), "/action", "noun.verb", "action without a noun"),
    (_with(action="Document.deleted"), "/action", "noun.verb", "action in upper case"),
    (_with(action="document.deleted\n"), "/action", "noun.verb", "action and a line break"),
    (_with(action="a." + "b" * 127), "/action", "at most 128", "long action"),
    (_with(action=7), "/action", "an integer, want a string", "number for a string"),
    (_with(actor="ada"), "/actor", "a string, want an object", "string for an object"),
    (_with(actor={"type": "human"}), "/actor/type", "vocabulary", "unknown actor type"),
    (_with(outcome="ok"), "/outcome", "vocabulary", "unknown outcome"),
    (_with(stream="access"), "/stream", "vocabulary", "the server's own stream"),
    (_with(severity=3), "/severity", "an integer, want a string", "severity as a number"),
    (_with(id="7"), "/id", "want an RFC 9562 UUID", "id that is no UUID"),
    (_with(id="00000000-0000-0000-0000-000000000000"), "/id", "UUID", "nil id"),
    (_with(external_id=""), "/external_id", "at least 1", "empty external id"),
    (_with(external_id="x" * 513), "/external_id", "at most 512", "long external id"),
    (_with(version=0), "/version", "at least 1", "version 0"),
    (_with(version=True), "/version", "want an integer", "true for a number"),
    (_with(duration_ms=-1), "/duration_ms", "at least 0", "negative duration"),
    (_with(duration_ms=2**53), "/duration_ms", "at most", "duration beyond a double"),
    (_with(utc_offset_minutes=1_440), "/utc_offset_minutes", "at most 1,439", "a day's offset"),
    (_with(metadata=[]), "/metadata", "want an object", "array for metadata"),
    (_with(targets=[{"type": "a"}] * 1_001), "/targets", "at most 1,000", "1,001 targets"),
    (_change(op="move"), "/changes/0/op", "vocabulary", "unknown change"),
    (_change(path="a"), "/changes/0/path", "JSON Pointer", "change without a pointer"),
    (_change(path="/~2"), "/changes/0/path", "JSON Pointer", "broken pointer"),
    (_change(target=0), "/changes/0/target", "0 targets", "change of no target"),
    (_change(target=-1), "/changes/0/target", "at least 0", "change of target -1"),
    (_target(role="boss"), "/targets/0/role", "vocabulary", "unknown role"),
    (_target(subject={"name": "Eve"}), "/targets/0/subject/id", "missing", "nameless subject"),
    (_with(targets=[{"id": "d"}]), "/targets/0/type", "missing", "target without type"),
    (_context(ip="1.2.3"), "/context/ip", "want an IPv4 or IPv6", "three bytes of address"),
    (_context(ip="01.2.3.4"), "/context/ip", "want an IPv4 or IPv6", "octal address"),
    (_context(ip="ada.example"), "/context/ip", "want an IPv4 or IPv6", "name for an address"),
    (
        _context(trace_id="0AF7651916CD43DD8448EB211C80319C"),
        "/context/trace_id",
        "32 lower-case",
        "trace id in upper case",
    ),
    (_context(span_id="b7"), "/context/span_id", "16 lower-case", "short span id"),
    (_context(channel="web"), "/context/channel", "vocabulary", "unknown channel"),
    (_with(links=[{"rel": "caused_by", "id": "7"}]), "/links/0/id", "UUID", "link to no UUID"),
    (_with(operation={"id": "o", "part": 0}), "/operation/part", "at least 1", "part 0"),
    (
        _with(source={"id": "s", "sequence": "1"}),
        "/source/sequence",
        "a string, want an integer",
        "sequence as text",
    ),
    (
        _with(actor={"type": "user", "roles": ["r"] * 101}),
        "/actor/roles",
        "at most 100",
        "101 roles",
    ),
    (
        _with(actor={"type": "user", "email": "e" * 321}),
        "/actor/email",
        "at most 320",
        "long address",
    ),
    (
        _with(actor={"type": "user", "name": "Ada\x00"}),
        "/actor/name",
        r"U\+0000 at 3",
        "NUL in a name",
    ),
    (
        _with(actor={"type": "user", "name": "\x1b[2J"}),
        "/actor/name",
        r"U\+001B",
        "escape in a name",
    ),
    (
        _with(actor={"type": "user", "id": "exe\u202egnp"}),
        "/actor/id",
        r"U\+202E",
        "override in an id",
    ),
    (
        _with(actor={"type": "user", "roles": ["a", "\u2066"]}),
        "/actor/roles/1",
        r"U\+2066",
        "isolate in a role",
    ),
    (_context(user_agent="\x08"), "/context/user_agent", r"U\+0008", "backspace"),
    (_with(message="a\x00"), "/message", r"U\+0000", "NUL in free text"),
    (_with(message="a\x0c"), "/message", r"U\+000C", "form feed in free text"),
    (_with(metadata={"a": ["\x01"]}), "/metadata/a/0", r"U\+0001", "control in metadata"),
    (_with(metadata={"\u202e": 1}), "/metadata", r"U\+202E", "override in a name of metadata"),
    (_change(after={"a": "\x07"}), "/changes/0/after/a", r"U\+0007", "control in a change"),
    (_with(reason={"code": "\u202e"}), "/reason/code", r"U\+202E", "override in a code"),
    (_with(message="\ud800"), "/message", r"U\+D800", "lone surrogate"),
    (_with(metadata={"a": math.nan}), "/metadata/a", "nan, want a finite", "NaN"),
    (_with(metadata={"a": object()}), "", "JSON cannot say", "no JSON"),
    (_with(message="m" * 1_048_576), "", "want at most 1,048,576", "more than a mebibyte"),
]


@pytest.mark.parametrize(
    ("raw", "path", "why"), [pytest.param(*row[:3], id=row[3]) for row in REFUSED]
)
def test_refuses(raw: object, path: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why) as caught:
        parse_event(raw)

    assert caught.value.path == path


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("2026-11-24T02:45:00", "want RFC 3339", id="no offset"),
        pytest.param("2026-11-24", "want RFC 3339", id="a day only"),
        pytest.param("2026-11-24 02:45:00Z", "want RFC 3339", id="blank instead of T"),
        pytest.param("20261124T024500Z", "want RFC 3339", id="ISO 8601 basic format"),
        pytest.param("2026-W48-2T02:45:00Z", "want RFC 3339", id="week date"),
        pytest.param("2026-11-24T02:45Z", "want RFC 3339", id="no seconds"),
        pytest.param("2026-11-24T02:45:00.Z", "want RFC 3339", id="point without digits"),
        pytest.param("2026-11-24T02:45:00,5Z", "want RFC 3339", id="comma"),
        pytest.param("2026-11-24T02:45:00+0100", "want RFC 3339", id="offset without colon"),
        pytest.param("2026-11-24T02:45:00+24:00", "want RFC 3339", id="offset of a day"),
        pytest.param("2026-11-24T02:45:00Z\n", "want RFC 3339", id="line break behind"),
        pytest.param("٢٠٢٦-11-24T02:45:00Z", "want RFC 3339", id="Arabic-Indic digits"),
        pytest.param("2026-11-24T24:00:00Z", "want RFC 3339", id="24 hours"),
        pytest.param("2026-11-24T02:60:00Z", "want RFC 3339", id="60 minutes"),
        pytest.param("2026-11-24T02:45:61Z", "want RFC 3339", id="61 seconds"),
        pytest.param("2016-12-31T23:59:60Z", "leap second 60", id="leap second"),
        pytest.param("2026-02-29T00:00:00Z", "calendar", id="no such day"),
        pytest.param("2026-02-29T00:00:00+01:00", "calendar", id="no such day, with an offset"),
        pytest.param("2026-13-01T00:00:00Z", "calendar", id="13th month"),
        pytest.param("1969-12-31T23:59:59Z", "year 1969", id="before 1970"),
        pytest.param("2201-01-01T00:00:00Z", "year 2201", id="after 2200"),
        pytest.param("1970-01-01T00:30:00+01:00", "year 1969", id="before 1970 in UTC"),
        pytest.param("0001-01-01T00:00:00+01:00", "year 1,", id="before all calendars"),
        pytest.param("9999-12-31T23:59:59-01:00", "year 9999", id="after all calendars"),
    ],
)
def test_refuses_as_a_time(text: str, why: str) -> None:
    with pytest.raises(MalformedError, match=why) as caught:
        parse_event(_with(occurred_at=text))

    assert caught.value.path == "/occurred_at"


def test_refuses_a_python_time_without_an_offset() -> None:
    with pytest.raises(MalformedError, match="without an offset"):
        parse_event(_with(occurred_at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_a_refusal_never_repeats_a_word_of_the_sender() -> None:
    with pytest.raises(MalformedError) as caught:
        parse_event(_with(outcome="ada@example.com"))

    assert "ada" not in str(caught.value)


def test_an_event_made_in_python_is_written_in_utc() -> None:
    local = datetime(2026, 1, 1, 1, 30, tzinfo=timezone(timedelta(hours=1)))
    event = Event(action="a.b", occurred_at=local, actor=Actor(type="system"))

    assert to_builtins(event) == {
        "action": "a.b",
        "occurred_at": "2026-01-01T00:30:00.000000Z",
        "actor": {"type": "system"},
    }


def test_an_event_does_not_change() -> None:
    event = Event(
        action="a.b", occurred_at=datetime(2026, 1, 1, tzinfo=UTC), actor=Actor(type="user")
    )

    with pytest.raises(AttributeError):
        event.action = "c.d"  # type: ignore[misc]
