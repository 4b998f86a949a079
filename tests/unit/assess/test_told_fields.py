import json
from datetime import UTC, datetime

import pytest

from tallystick.api.ingest.tutorial_line import parse_line
from tallystick.cli.told_fields import Question, Told, read_fields, read_moment

Q = Question
CLOUDTRAIL = {
    "eventTime": "2026-01-31T09:30:00Z",
    "eventSource": "s3.amazonaws.com",
    "eventName": "DeleteBucket",
    "eventID": "875240ac-e821-4fc6-a311-8c352a1d20f5",
    "sourceIPAddress": "192.0.2.7",
    "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::1:user/ada", "userName": "ada"},
    "requestID": "r-1",
    "requestParameters": {"bucketName": "books"},
}
EVENT = {
    "id": "0199e0aa-0000-7000-8def-000000000000",
    "action": "document.deleted",
    "occurred_at": "2026-01-31T09:30:00Z",
    "actor": {"type": "user", "id": "ada"},
}


def told(text: str) -> Told:
    """What a line answers."""
    line = parse_line(text)
    return read_fields(json.loads(text) if text.startswith("{") else None, line)


ACCESS = '192.0.2.7 - ada [31/Jan/2026:09:30:00 +0100] "DELETE /books/17 HTTP/1.1" 204 0 "-" "-"'


@pytest.mark.parametrize(
    ("text", "kind", "answers"),
    [
        (json.dumps(CLOUDTRAIL), "CloudTrail", set(Q)),
        (json.dumps(EVENT), "event", {Q.WHO, Q.WHAT, Q.WHEN, Q.ZONE}),
        (ACCESS, "text", set(Q) - {Q.REQUEST}),
        (ACCESS.replace(" ada ", " - "), "text", set(Q) - {Q.REQUEST, Q.WHO}),
        (
            "2026-01-31 09:30:00,123 - INFO - user_id=1 action=DELETE resource=document/17",
            "text",
            {Q.WHO, Q.WHAT, Q.WHEN, Q.WHICH},
        ),
        ("2026-01-31 09:30:00,123 - INFO - server started", "text", {Q.WHEN}),
        ("Jan 31 09:30:00 host sshd[1]: Accepted password", "text", {Q.WHEN}),
        ("no time, no name", "text", set()),
        (
            '{"ts": 1738315800, "user": {"email": "a@b.example"}, "http": {"status": 200}}',
            "JSON",
            {Q.WHO, Q.WHEN, Q.ZONE, Q.OUTCOME},
        ),
        ('{"user": null, "action": "", "target": {}, "ip": []}', "JSON", set()),
        ('{"time": "soon"}', "JSON", set()),
    ],
)
def test_a_line_answers_the_questions_that_it_tells_something_about(
    text: str, kind: str, answers: set[Question]
) -> None:
    found = told(text)

    assert (found.kind, set(found.answers)) == (kind, answers)


@pytest.mark.parametrize(
    ("text", "identity"),
    [
        (json.dumps(CLOUDTRAIL), CLOUDTRAIL["eventID"]),
        (json.dumps(EVENT), EVENT["id"]),
        ('{"id": 7, "user": {"id": 8}}', "7"),
        ('{"user": {"id": 8}}', None),
    ],
)
def test_the_id_of_a_line_is_its_own(text: str, identity: str | None) -> None:
    assert told(text).identity == identity


@pytest.mark.parametrize(
    ("value", "has_zone"),
    [
        ("2025-01-31T09:30:00Z", True),
        ("2025-01-31T10:30:00+01:00", True),
        ("2025-01-31 09:30:00", False),
        ("2025-01-31 09:30:00,000", False),
        (1_738_315_800, True),
        (1_738_315_800_000, True),
        (1_738_315_800_000_000, True),
        (1_738_315_800_000_000_000, True),
        ("1738315800", True),
    ],
)
def test_a_time_is_read_as_logs_write_it(value: object, has_zone: bool) -> None:
    moment, zone = read_moment(value)

    assert moment is not None
    assert moment.astimezone(UTC) == datetime(2025, 1, 31, 9, 30, tzinfo=UTC)
    assert zone is has_zone


@pytest.mark.parametrize("value", [None, True, "", "soon", 1e300, float("-inf"), [], {}])
def test_what_is_no_time_is_none(value: object) -> None:
    assert read_moment(value) == (None, False)
