"""Whatever is put into a foreign log, it becomes an event or a named refusal."""

import json
import re
from collections.abc import Iterator

from hypothesis import given
from hypothesis import strategies as st

from tallystick.api.ingest.action_names import action_name
from tallystick.api.ingest.cloudtrail import translate
from tallystick.api.ingest.foreign_values import tell
from tallystick.api.ingest.tutorial_log import read_tutorial_log
from tallystick.errors import MalformedError
from tallystick.events.event import ACTION_PATTERN
from tallystick.events.parsing import parse_event

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(["arn:aws:iam::1:user/ada", "ada@example.com", "Failure", "192.0.2.1"])
)
# Without the letters that the short names of secrets have: pwd, secret, apikey.
names = st.text(st.characters(codec="utf-8", exclude_characters="eEwW"), max_size=6)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            names | st.sampled_from(["ARN", "type", "userName", "items"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
NAMES = [
    "eventID",
    "eventSource",
    "awsRegion",
    "recipientAccountId",
    "errorCode",
    "errorMessage",
    "userAgent",
    "requestID",
    "sourceIPAddress",
    "userIdentity",
    "requestParameters",
    "responseElements",
    "resources",
    "eventType",
    "additionalEventData",
    "tlsDetails",
    "sessionCredentialFromConsole",
    "withheld_secrets",
    "further_targets",
]
IDENTITY = [
    "type",
    "arn",
    "principalId",
    "accountId",
    "userName",
    "invokedBy",
    "sessionContext",
    "onBehalfOf",
]
identities = st.fixed_dictionaries({}, optional=dict.fromkeys(IDENTITY, anything))
records = st.fixed_dictionaries(
    {"eventName": st.text(max_size=40), "eventTime": st.just("2026-01-31T09:30:00Z")},
    optional={**dict.fromkeys(NAMES, anything), "userIdentity": identities | anything},
)


@given(records)
def test_every_record_with_a_name_and_a_time_is_an_event(record: dict[str, object]) -> None:
    if not record["eventName"]:
        return

    event = translate(record)

    parse_event(event)
    assert ("id" in event) != ("external_id" in event)


def leaves(value: object) -> Iterator[tuple[str, object]]:
    """Every scalar, with its type, since True equals 1."""
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield type(value).__name__, value


def spelled(value: object) -> object:
    """Spell out the characters that no event holds, one by one."""
    if not isinstance(value, str):
        return value
    return "".join(
        letter if letter >= " " or letter in "\t\n\r" else f"\\u{ord(letter):04x}"
        for letter in value
    )


@given(records)
def test_nothing_of_a_record_is_lost(record: dict[str, object]) -> None:
    if not record["eventName"]:
        return

    told = {*leaves(translate(record))}
    assert {(kind, spelled(value)) for kind, value in leaves(record)} - told == set()


@given(records)
def test_a_record_is_translated_the_same_way_each_time(record: dict[str, object]) -> None:
    if record["eventName"]:
        assert translate(record) == translate(json.loads(json.dumps(record)))


@given(st.dictionaries(st.text(max_size=12) | st.sampled_from(NAMES), anything, max_size=6))
def test_any_object_is_translated_or_refused_by_name(record: dict[str, object]) -> None:
    has_time = isinstance(record.get("eventTime", record.get("@timestamp")), str)
    try:
        parse_event(translate(record))
    except MalformedError as refused:
        path = refused.path

        assert path in {"/eventName", "/eventTime"} or (has_time and path == "/@timestamp")


@given(st.text(max_size=200), st.text(max_size=20))
def test_every_name_makes_an_action(name: str, noun: str) -> None:
    assert re.match(ACTION_PATTERN, action_name(name, noun))
    assert len(action_name(name, noun)) <= 128


def members(value: object) -> Iterator[object]:
    """Count what a value holds, whatever it has become."""
    yield 1
    if isinstance(value, dict):
        for inner in value.values():
            yield from members(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from members(inner)


@given(anything)
def test_telling_a_value_loses_no_member(value: object) -> None:
    assert len([*members(tell(value).value)]) == len([*members(value)])


@given(anything)
def test_what_is_told_is_told_again_unchanged(value: object) -> None:
    told = tell(value)

    assert tell(told.value).value == told.value


pieces = st.sampled_from(
    [
        "2025-01-31 09:30:00,123", " - ",
        "INFO", "user_id=", "action=", "DELETE", " on ", "|", "{",
        '"action": "x"', "}", ": ", ", ", "hash=", "0" * 64, "resource=", "document/17",
        "\t", "\x00",
        "User 42 performed ", "[", "]", "prev_hash",
        "\u202e", "\ud7ff",
    ]
)  # fmt: skip
lines = st.lists(pieces | st.text(max_size=6), max_size=12).map("".join)


@given(st.lists(lines.map(str.encode) | st.binary(max_size=40), max_size=4))
def test_every_line_is_judged_and_is_an_event_or_says_why_not(log: list[bytes]) -> None:
    found = list(read_tutorial_log(log))

    assert [line.number for line in found] == [
        number for number, line in enumerate(log, 1) if line.strip()
    ]
    for line in found:
        if isinstance(line.event, dict):
            parse_event(line.event)
        else:
            assert str(line.event).startswith(f"line {line.number}: ")
