"""What is read plainly is what the careful way reads, for every spelling of every event."""

import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.errors import MalformedError
from tallystick.events.canonical import decode, decode_lines
from tallystick.events.parsing import read_events
from tallystick.events.plain_reading import read_plainly

DEPTH = 8
ID = "0199e0aa-0000-7000-8def-00000000000"
GOOD: dict[str, Any] = {
    "id": f"{ID}1",
    "action": "thing.done",
    "occurred_at": "2026-11-24T02:45:00.123456Z",
    "actor": {"type": "user", "id": "u1"},
}
PLAIN: tuple[dict[str, Any], ...] = (
    GOOD,
    {**GOOD, "id": f"{ID}a", "occurred_at": "2026-11-24T02:45:00Z"},
    {**GOOD, "actor": {"type": "user", "roles": ["a", "b"]}, "outcome": "success"},
    {**GOOD, "targets": [{"type": "t"}], "changes": [{"path": "", "op": "add", "target": 0}]},
    {**GOOD, "links": [{"rel": "undoes", "id": f"{ID}B"}]},
    {**GOOD, "context": {"ip": "203.0.113.7"}, "metadata": {"a": [1, 2.5, {"b": "ü: \n"}]}},
    {**GOOD, "metadata": {"big": 10**30, "tiny": 1e-9, "text": '"occurred_at" }\n{'}},
)
ODD: tuple[Any, ...] = (
    7,
    {},
    {**GOOD, "id": f"{ID}A"},
    {**GOOD, "outcome": "unknown"},
    {**GOOD, "occurred_at": "2026-11-24T04:45:00.5+02:00"},
    {**GOOD, "occurred_at": "2026-11-24T02:45:00+00:00"},
    {
        **GOOD,
        "occurred_at": "2026-11-24T02:45:00.1234569Z",
        "metadata": {"occurred_at": "2026-11-24T02:45:00Z"},
    },
    {**GOOD, "occurred_at": "2026-11-24T02:45:00.1234567Z"},
    {**GOOD, "occurred_at": "1969-11-24T02:45:00Z"},
    {**GOOD, "occurred_at": "2026-11-31T02:45:00Z"},
    {**GOOD, "severity": None},
    {**GOOD, "message": "\u202e and \x07"},
    {**GOOD, "actor": {"type": "user", "name": "exe.\u202egnp"}},
    {**GOOD, "metadata": {"nothing": None}},
    {**GOOD, "context": {"ip": "not an address"}},
    {**GOOD, "changes": [{"path": "", "op": "add", "target": 3}]},
    {**GOOD, "duration_ms": 1.0},
    {**GOOD, "duration_ms": "7"},
    {**GOOD, "tenant": "other"},
    {**GOOD, "metadata": {"deep": [[[[[[[[1]]]]]]]]}},
    {**GOOD, "action": "No Action"},
)
START = '{"action":"thing.done","actor":{"type":"user"},'
TEXTS = (
    START[:-2] + ',"type":"user"},"occurred_at":"2026-11-24T02:45:00Z"}',
    START + '"occurred_at":"2026-11-24T02:45:00Z","metadata":{"a":1,"a":2}}',
    START + '"occurred_at":"2026-11-24T02:45:00Z","metadata":{"a":1e999}}',
    START + '"occurred_at":"2026-11-24T02:45:00Z","metadata":{"a\\u003a":1,"b":2,"b":3}}',
    (
        START + '"occurred\\u005fat":"2026-11-24T02:45:00+00:00",'
        '"metadata":{"occurred_at":"2026-11-24T02:45:00Z"}}'
    ),
    '{"action":"thing.done"',
    "",
    "null",
)
SPELLINGS = (
    json.dumps,
    lambda event: json.dumps(event, ensure_ascii=False, separators=(",", ":")),
    lambda event: msgspec.json.encode(event).decode(),
    lambda event: json.dumps(event, sort_keys=True, separators=(" , ", " : ")),
)
texts = st.one_of(
    st.builds(
        lambda event, spell: spell(event), st.sampled_from(PLAIN), st.sampled_from(SPELLINGS)
    ),
    st.builds(lambda event, spell: spell(event), st.sampled_from(ODD), st.sampled_from(SPELLINGS)),
    st.sampled_from(TEXTS),
)


def carefully(data: bytes, *, as_lines: bool) -> object:
    """Read in two steps; None where any event is refused."""
    try:
        raws: Any = (
            list(decode_lines(data, max_depth=DEPTH))
            if as_lines
            else decode(data, max_depth=DEPTH + 1)
        )
    except MalformedError:
        return None
    raws = raws if isinstance(raws, list) else [raws]
    if any(isinstance(raw, MalformedError) for raw in raws):
        return None
    read = read_events(raws)
    return None if any(isinstance(event, MalformedError) for event in read) else read


ALONE = [*TEXTS, *[spell(event) for event in (*PLAIN, *ODD) for spell in SPELLINGS]]


@pytest.mark.parametrize("text", ALONE)
def test_one_event_read_plainly_is_read_as_the_careful_way_reads_it(text: str) -> None:
    data = text.encode()

    for as_lines in (False, True):
        read = read_plainly(data, as_lines=as_lines, max_depth=DEPTH)
        assert read is None or read == carefully(data, as_lines=as_lines)


@given(st.lists(texts, max_size=5), st.sampled_from([b",", b" , ", b",\n"]))
def test_an_array_read_plainly_is_read_as_the_careful_way_reads_it(
    events: list[str], between: bytes
) -> None:
    data = b"[" + between.join(text.encode() for text in events) + b"]"

    read = read_plainly(data, as_lines=False, max_depth=DEPTH)

    assert read is None or read == carefully(data, as_lines=False)


@given(st.lists(texts, max_size=5), st.lists(st.sampled_from(["\n", "\n\n", " ", "\r\n", ""])))
def test_lines_read_plainly_are_read_as_the_careful_way_reads_them(
    events: list[str], ends: list[str]
) -> None:
    ends = (ends + ["\n"] * 5)[: len(events)]
    data = "".join(text + end for text, end in zip(events, ends, strict=True)).encode()

    read = read_plainly(data, as_lines=True, max_depth=DEPTH)

    assert read is None or read == carefully(data, as_lines=True)


@given(st.lists(st.sampled_from(PLAIN), min_size=1, max_size=150))
def test_plain_events_are_read_plainly(events: list[dict[str, Any]]) -> None:
    array = msgspec.json.encode(events)
    lines = b"\n".join(map(msgspec.json.encode, events))

    assert read_plainly(array, as_lines=False, max_depth=DEPTH) is not None
    assert read_plainly(lines, as_lines=True, max_depth=DEPTH) is not None
    assert read_plainly(lines + b"\n", as_lines=True, max_depth=DEPTH) is not None


def test_an_event_over_two_lines_is_not_read_plainly() -> None:
    text = msgspec.json.encode(GOOD)
    middle = text.index(b",") + 1
    data = text + text[:middle] + b"\n" + text[middle:]

    assert read_plainly(data, as_lines=True, max_depth=DEPTH) is None
