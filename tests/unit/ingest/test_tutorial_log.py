"""Lines as tutorials write them, each hash computed here as the tutorial computes it."""

import json
from hashlib import sha256
from typing import Any

import pytest

from tallystick.api.ingest.tutorial_hash import HashVerdict
from tallystick.api.ingest.tutorial_log import MAX_LINE, Judged, read_tutorial_log
from tallystick.errors import MalformedError
from tallystick.events.parsing import parse_event

OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
FRONT = "2025-01-31 09:30:00,123 - INFO - "
TOLD = {
    "timestamp": "2025-01-31T09:30:00.123000",
    "user_id": 42,
    "action": "DELETE",
    "resource": "document/17",
    "note": "Gr\u00fc\u00dfe",
}


def hashed(text: str) -> str:
    """What a tutorial's ``hashlib.sha256(text.encode()).hexdigest()`` gives."""
    return sha256(text.encode()).hexdigest()


def judged(*lines: str) -> list[Judged]:
    """Every line's verdict; events have passed an event's own parser."""
    found = list(read_tutorial_log(line.encode() for line in lines))
    for line in found:
        if isinstance(line.event, dict):
            parse_event(line.event)
    return found


def event_of(line: str) -> Any:  # noqa: ANN401 - JSON has many forms
    """The event of one line."""
    (found,) = judged(line)
    assert isinstance(found.event, dict), found.event
    return found.event


MESSAGE = "user_id=42 action=DELETE resource=document/17"
MATCHING = {
    "message, labelled": f"{FRONT}{MESSAGE} hash={hashed(MESSAGE)}",
    "message, with a dash": f"{FRONT}{MESSAGE} - Hash: {hashed(MESSAGE)}",
    "message, with a bar": f"{FRONT}{MESSAGE} | SHA256: {hashed(MESSAGE).upper()}",
    "message, in brackets": f"{FRONT}{MESSAGE} [{hashed(MESSAGE)}]",
    "line with its front": f"{FRONT}{MESSAGE} hash={hashed(FRONT + MESSAGE)}",
    "prose": "2025-01-31 09:30:00 INFO User 42 performed DELETE on document/17 "
    f"(hash: {hashed('User 42 performed DELETE on document/17')})",
    "values, joined by nothing": f"{FRONT}{MESSAGE} hash={hashed('42DELETEdocument/17')}",
    "values, joined by colons": f"{FRONT}{MESSAGE} hash={hashed('42:DELETE:document/17')}",
    "values behind the time": "2025-01-31T09:30:00|42|DELETE|document/17|"
    + hashed("2025-01-31T09:30:0042DELETEdocument/17"),
    "JSON, sorted": json.dumps({**TOLD, "hash": hashed(json.dumps(TOLD, sort_keys=True))}),
    "JSON, as it stands": json.dumps({**TOLD, "checksum": hashed(json.dumps(TOLD))}),
    "JSON, compact": json.dumps(
        {**TOLD, "sha256": hashed(json.dumps(TOLD, separators=(",", ":")))}
    ),
    "JSON, with its umlauts": json.dumps(
        {**TOLD, "hash": hashed(json.dumps(TOLD, sort_keys=True, ensure_ascii=False))}
    ),
    "JSON behind a front": FRONT + json.dumps({**TOLD, "hash": hashed(json.dumps(TOLD))}),
    "dict, by str": json.dumps({**TOLD, "hash": hashed(str(TOLD))}),
    "JSON with a first previous": json.dumps(
        {
            **TOLD,
            "prev_hash": "0" * 64,
            "hash": hashed(json.dumps({**TOLD, "prev_hash": "0" * 64}, sort_keys=True)),
        }
    ),
    "chained, the first": f"{FRONT}{MESSAGE} hash={hashed('0' * 64 + MESSAGE)}",
}


@pytest.mark.parametrize("line", MATCHING.values(), ids=MATCHING)
def test_a_hash_matches_whatever_form_of_the_line_it_was_made_of(line: str) -> None:
    (found,) = judged(line)

    assert found.verdict is HashVerdict.MATCHES
    assert isinstance(found.event, dict)


@pytest.mark.parametrize("line", MATCHING.values(), ids=MATCHING)
def test_a_changed_line_has_a_wrong_hash(line: str) -> None:
    assert line.count("DELETE") == 1

    (found,) = judged(line.replace("DELETE", "UPDATE"))

    assert found.verdict is HashVerdict.WRONG


def test_a_changed_hash_is_wrong() -> None:
    line = MATCHING["message, labelled"]
    other = "1" if line[-1] == "0" else "0"

    (found,) = judged(line[:-1] + other)

    assert found.verdict is HashVerdict.WRONG


@pytest.mark.parametrize(
    "line",
    [f"{FRONT}{MESSAGE} hash={OF_NOTHING}", json.dumps({**TOLD, "hash": OF_NOTHING})],
    ids=["text", "JSON"],
)
def test_the_tutorial_s_own_printed_hash_is_of_nothing(line: str) -> None:
    assert sha256(b"").hexdigest() == OF_NOTHING

    (found,) = judged(line)

    assert found.verdict is HashVerdict.OF_NOTHING
    assert isinstance(found.event, dict)
    assert found.event["metadata"]["hash_verdict"] == "of nothing"


def test_a_line_without_a_hash_is_said_to_have_none() -> None:
    (found,) = judged(FRONT + MESSAGE)

    assert (found.verdict, found.how) == (HashVerdict.ABSENT, "no hash")


def chain(count: int) -> list[str]:
    """JSON lines, each with the hash of the one before."""
    lines, previous = [], "0" * 64
    for number in range(count):
        told = {**TOLD, "user_id": number, "prev_hash": previous}
        previous = hashed(json.dumps(told, sort_keys=True))
        lines.append(json.dumps({**told, "hash": previous}))
    return lines


def test_a_whole_chain_matches() -> None:
    assert {line.verdict for line in judged(*chain(4))} == {HashVerdict.MATCHES}


def test_a_line_that_is_missing_from_a_chain_makes_the_next_one_wrong() -> None:
    first, _, third, fourth = chain(4)

    found = judged(first, third, fourth)

    assert [line.verdict for line in found] == ["matches", "wrong", "matches"]
    assert found[1].how == "the previous hash is not the line before's"


def test_the_tail_of_a_chain_can_be_cut_off_unseen() -> None:
    assert {line.verdict for line in judged(*chain(4)[:2])} == {HashVerdict.MATCHES}


def test_a_chain_that_only_its_writer_knows_of_is_found() -> None:
    first = hashed(MESSAGE)
    lines = [f"{FRONT}{MESSAGE} hash={first}", f"{FRONT}{MESSAGE} hash={hashed(first + MESSAGE)}"]

    found = judged(*lines)

    assert [line.verdict for line in found] == ["matches", "matches"]
    assert found[1].how.endswith("chained to the line before")


@pytest.mark.parametrize(
    ("action", "resource", "made", "outcome"),
    [
        ("DELETE", "document/17", "document.deleted", "unknown"),
        ("delete", "Document:17", "document.deleted", "unknown"),
        ("VIEW", "report_9", "report.viewed", "unknown"),
        ("login", "auth", "user.signed_in", "unknown"),
        ("LOGIN_FAILED", "auth", "user.signed_in", "failure"),
        ("LOGIN_SUCCESS", "auth", "user.signed_in", "success"),
        ("logout", "auth", "user.signed_out", "unknown"),
        ("CREATE_USER", "user/7", "user.created", "unknown"),
        ("FILE_UPLOAD", "/files/9", "file.uploaded", "unknown"),
        ("access_denied", "/admin/x", "admin.accessed", "denied"),
        ("invoice.voided", "invoice/3", "invoice.voided", "unknown"),
    ],
)
def test_action_and_resource_make_the_action(
    action: str, resource: str, made: str, outcome: str
) -> None:
    event = event_of(f"{FRONT}user_id=42 action={action} resource={resource}")

    assert (event["action"], event["outcome"]) == (made, outcome)


def test_what_a_line_tells_stands_in_its_fields() -> None:
    event = event_of(
        "2025-01-31 09:30:00,123 - audit - ERROR - "
        "User: ada, Action: DELETE, Resource: document/17, IP: 192.0.2.7, Ticket: T-9"
    )

    assert event["occurred_at"] == "2025-01-31T09:30:00.123000Z"
    assert event["actor"] == {"type": "user", "id": "ada"}
    assert event["targets"] == [{"type": "document", "id": "17", "role": "object"}]
    assert event["context"] == {"ip": "192.0.2.7"}
    assert event["outcome"] == "failure"
    assert event["metadata"]["Ticket"] == "T-9"
    assert event["metadata"]["time_zone"] == "absent, read as UTC"


@pytest.mark.parametrize(
    ("time", "utc"),
    [
        ("2025-01-31T09:30:00+02:00", "2025-01-31T07:30:00.000000Z"),
        ("2025-01-31T09:30:00.5Z", "2025-01-31T09:30:00.500000Z"),
        (1_738_315_800, "2025-01-31T09:30:00.000000Z"),
        (1_738_315_800.25, "2025-01-31T09:30:00.250000Z"),
    ],
)
def test_a_time_with_an_offset_is_taken_as_it_is(time: object, utc: str) -> None:
    event = event_of(json.dumps({**TOLD, "timestamp": time}))

    assert event["occurred_at"] == utc
    assert "time_zone" not in event["metadata"]


def test_a_line_without_a_user_is_anonymous() -> None:
    assert event_of(f"{FRONT}action=DELETE resource=document/17")["actor"] == {"type": "anonymous"}


def test_secrets_in_a_line_are_withheld() -> None:
    event = event_of(f"{FRONT}{MESSAGE} password=hunter2")

    assert "hunter2" not in str(event)
    assert event["metadata"]["withheld_secrets"] == 1


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (f"{FRONT}server started", "no action"),
        ("action=DELETE resource=document/17", "no time"),
        ('{"action": "DELETE", "timestamp": "yesterday"}', "time: of another form"),
        ('{"action": "DELETE", "timestamp": 1e300}', "time: of another form"),
        ('{"action": ["DELETE"], "timestamp": 1}', "no action"),
    ],
)
def test_a_line_that_makes_no_event_says_why(line: str, reason: str) -> None:
    (found,) = judged(line)

    assert isinstance(found.event, MalformedError)
    assert str(found.event).startswith(f"line 1: {reason}")


def test_lines_that_cannot_be_read_do_not_stop_the_others() -> None:
    lines = [b"\xff\xfe", b"x" * (MAX_LINE + 1), b"", (FRONT + MESSAGE).encode()]

    bad, long, good = read_tutorial_log(lines)

    assert str(bad.event) == "line 1: bytes that are no UTF-8, want UTF-8"
    assert str(long.event).startswith("line 2: ")
    assert (good.number, type(good.event)) == (4, dict)


def test_the_same_line_at_the_same_place_has_the_same_external_id() -> None:
    line, other = (FRONT + MESSAGE).encode(), (FRONT + MESSAGE + "8").encode()

    def ids(*lines: bytes, source: str = "audit.log") -> list[object]:
        found = read_tutorial_log(lines, source)
        return [one.event["external_id"] for one in found if isinstance(one.event, dict)]

    assert ids(line, line) == ids(line + b"\n", line)
    assert len({*ids(line, line), *ids(other), *ids(line, source="other.log")}) == 4
