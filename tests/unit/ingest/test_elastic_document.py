"""Documents as shippers and applications send them, and the events that they are."""

from copy import deepcopy
from typing import Any

import pytest

from tallystick.api.ingest.elastic_document import Place, translate
from tallystick.api.ingest.foreign_values import WITHHELD
from tallystick.events.parsing import parse_event

RECEIVED = "2026-11-24T12:00:00.000000Z"
AT = "2026-11-24T10:00:00.123Z"

Document = dict[str, Any]


def event_of(document: Document, index: str = "audit-logs") -> Any:  # noqa: ANN401 - JSON has many forms
    """The event of a document; it has passed an event's own parser."""
    event = translate(deepcopy(document), Place(index, RECEIVED))
    parse_event(event)
    return event


def leaves(value: object) -> list[object]:
    """Every scalar in a JSON value."""
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    if isinstance(value, list):
        return [leaf for inner in value for leaf in leaves(inner)]
    return [value]


NESTED: Document = {
    "@timestamp": AT,
    "ecs": {"version": "9.0.0"},
    "event": {
        "action": "user-password-change",
        "category": ["iam"],
        "kind": "event",
        "outcome": "success",
        "duration": 12_000_000,
        "sequence": 7,
        "provider": "okta",
        "reason": "asked for",
    },
    "user": {
        "id": "u1",
        "name": "ada",
        "email": "ada@example.com",
        "roles": ["admin", "auditor"],
        "target": {"id": "u2", "name": "bob"},
    },
    "source": {"ip": "203.0.113.9", "geo": {"name": "Graz"}},
    "user_agent": {"original": "curl/8.5"},
    "service": {"name": "billing", "version": "1.2"},
    "http": {"request": {"id": "req-1", "method": "post"}},
    "session": {"id": "s1"},
    "trace": {"id": "0af7651916cd43dd8448eb211c80319c"},
    "span": {"id": "b7ad6b7169203331"},
    "log": {"level": "warning"},
    "host": {"name": "h1"},
    "message": "changed it",
    "labels": {"plan": "business"},
}


def dotted(value: object, before: str = "") -> Document:
    """Write a document with dots instead of objects."""
    if not isinstance(value, dict):
        return {before.rstrip("."): value}
    told: Document = {}
    for name, inner in value.items():
        told |= dotted(inner, f"{before}{name}.")
    return told


def without_metadata(event: Document) -> Document:
    return {name: value for name, value in event.items() if name != "metadata"}


def test_the_names_of_ecs_are_understood() -> None:
    event = event_of(NESTED)
    assert without_metadata(event) == {
        "action": "user_password.changed",
        "occurred_at": AT,
        "outcome": "success",
        "stream": "audit",
        "actor": {
            "type": "user",
            "id": "u1",
            "name": "ada",
            "email": "ada@example.com",
            "roles": ["admin", "auditor"],
        },
        "targets": [
            {
                "type": "user",
                "id": "u2",
                "name": "bob",
                "role": "object",
                "subject": {"id": "u2", "name": "bob"},
            }
        ],
        "context": {
            "ip": "203.0.113.9",
            "user_agent": "curl/8.5",
            "session_id": "s1",
            "request_id": "req-1",
            "service": "billing",
            "release": "1.2",
            "location": "Graz",
            "trace_id": "0af7651916cd43dd8448eb211c80319c",
            "span_id": "b7ad6b7169203331",
        },
        "reason": {"text": "asked for"},
        "message": "changed it",
        "severity": "low",
        "duration_ms": 12,
        "source": {"id": "okta", "sequence": 7},
    }
    assert event["metadata"] == {
        "ecs": {"version": "9.0.0"},
        "event": {"category": ["iam"], "kind": "event"},
        "http": {"request": {"method": "post"}},
        "log": {"level": "warning"},
        "host": {"name": "h1"},
        "plan": "business",
        "action": "user-password-change",
    }


def test_dots_and_objects_say_the_same() -> None:
    assert without_metadata(event_of(dotted(NESTED))) == without_metadata(event_of(NESTED))


@pytest.mark.parametrize("document", [NESTED, dotted(NESTED)], ids=["nested", "dotted"])
def test_nothing_of_a_document_is_dropped(document: Document) -> None:
    told = [str(leaf) for leaf in leaves(event_of(document))]
    for leaf in leaves(document):
        spelled = "12" if leaf == 12_000_000 else str(leaf)  # milliseconds for nanoseconds
        assert spelled in told


TWICE = {
    "dots first": {"user.id": "a", "user": {"id": "b"}},
    "dots last": {"user": {"id": "a"}, "user.id": "b"},
    "dots further in": {"user": {"target.id": "a"}, "user.target": {"id": "b"}},
}


@pytest.mark.parametrize("document", TWICE.values(), ids=TWICE)
def test_of_two_spellings_the_first_counts_and_the_other_is_kept(document: Document) -> None:
    event = event_of({"@timestamp": AT, "action": "document.read", **document})
    assert "b" in leaves(event["metadata"])
    assert "a" not in leaves(event["metadata"])
    assert "a" in leaves(without_metadata(event))


RSYSLOG: Document = {
    "timereported": "2026-11-24T10:00:00.123456+01:00",
    "@timestamp": "2026-11-24T10:00:00.123456+01:00",
    "message": "Accepted publickey for ada",
    "host": "web1",
    "severity": "info",
    "facility": "auth",
    "programname": "sshd",
    "syslogtag": "sshd[42]:",
}
SYSLOG_NG: Document = {
    "@timestamp": "2026-11-24T10:00:00+00:00",
    "MESSAGE": "hello",
    "PROGRAM": "cron",
    "HOST": "h",
    "PRIORITY": "err",
    "_SDATA": {"audit@32473": {"actor": "u1"}},
}
PINO: Document = {"level": 50, "time": 1_795_489_294_158, "pid": 7, "hostname": "h", "msg": "boom"}
WINSTON: Document = {"@timestamp": AT, "message": "up", "severity": "info", "fields": {"port": 80}}
FILEBEAT: Document = {
    "@timestamp": AT,
    "agent": {"type": "filebeat", "version": "8.19.0"},
    "log": {"file": {"path": "/var/log/x"}, "offset": 12},
    "message": "a line",
    "service": {"name": "shop"},
}
LOG_LINES = {
    "rsyslog": (RSYSLOG, "sshd", "Accepted publickey for ada", "informational"),
    "syslog-ng": (SYSLOG_NG, "cron", "hello", "medium"),
    "pino": (PINO, "h", "boom", "medium"),
    "winston": (WINSTON, None, "up", "informational"),
    "filebeat": (FILEBEAT, "shop", "a line", None),
    "fluent bit": ({"@timestamp": AT, "log": "l", "stream": "stderr"}, None, "l", None),
    "a sentence in event": ({"event": "it went wrong"}, None, "it went wrong", None),
}


@pytest.mark.parametrize(
    ("document", "service", "message", "severity"), LOG_LINES.values(), ids=LOG_LINES
)
@pytest.mark.parametrize("index", ["audit-logs", "filebeat-8.19.0-2026.11.24"])
def test_a_line_without_an_action_is_a_log_line_in_the_stream_activity(
    document: Document, service: str | None, message: str, severity: str | None, index: str
) -> None:
    event = event_of(document, index)
    assert (event["action"], event["stream"]) == ("log.received", "activity")
    assert event["actor"] == {"type": "service", **({"id": service} if service else {})}
    assert event["message"] == message
    assert event.get("severity") == severity
    assert event["source"] == {"id": index}


APPLICATIONS: dict[str, tuple[Document, Document]] = {
    "a tutorial's": (
        {
            "timestamp": AT,
            "user_id": 42,
            "action": "DELETE",
            "resource": "document/17",
            "ip_address": "10.0.0.1",
            "status": "success",
        },
        {
            "action": "document.deleted",
            "actor": {"type": "user", "id": "42"},
            "outcome": "success",
            "targets": [{"role": "object", "type": "document", "id": "17"}],
            "context": {"ip": "10.0.0.1"},
        },
    ),
    "type and id apart": (
        {"@timestamp": AT, "action": "invoice.paid", "userId": "u", "resource_type": "invoice"},
        {
            "action": "invoice.paid",
            "actor": {"type": "user", "id": "u"},
            "outcome": "unknown",
            "targets": [{"role": "object", "type": "invoice"}],
        },
    ),
    "an outcome in the action": (
        {"@timestamp": AT, "action": "LOGIN_FAILED", "username": "ada"},
        {
            "action": "user.signed_in",
            "actor": {"type": "user", "id": "ada", "name": "ada"},
            "outcome": "failure",
        },
    ),
    "winston's fields": (
        {"@timestamp": AT, "message": "m", "fields": {"action": "team.created", "user": "u"}},
        {
            "action": "team.created",
            "actor": {"type": "user", "id": "u"},
            "outcome": "unknown",
            "message": "m",
        },
    ),
    "denied by its type": (
        {"@timestamp": AT, "event": {"action": "file-read", "type": ["access", "denied"]}},
        {"action": "file.read", "actor": {"type": "anonymous"}, "outcome": "denied"},
    ),
    "an action that only the server records": (
        {"@timestamp": AT, "event.action": "CreateKey", "user.id": "u"},
        {
            "action": "foreign_key.created",
            "actor": {"type": "user", "id": "u"},
            "outcome": "unknown",
        },
    ),
}


@pytest.mark.parametrize(("document", "wanted"), APPLICATIONS.values(), ids=APPLICATIONS)
def test_an_action_is_found_by_the_names_that_applications_use(
    document: Document, wanted: Document
) -> None:
    event = without_metadata(event_of(document))
    assert event == {
        **wanted,
        "occurred_at": AT,
        "stream": "audit",
        "source": {"id": "audit-logs"},
        **({"severity": event["severity"]} if "severity" in event else {}),
    }


OWN: Document = {
    "action": "document.deleted",
    "occurred_at": AT,
    "actor": {"type": "user", "id": "u1"},
    "metadata": {"plan": "business"},
}


def test_an_event_of_our_own_form_stays_as_it_is() -> None:
    assert event_of(OWN) == {**OWN, "stream": "audit", "source": {"id": "audit-logs"}}


def test_what_an_event_of_our_own_form_has_beside_it_goes_to_its_metadata() -> None:
    event = event_of({**OWN, "@timestamp": AT, "index": 7, "stream": "activity", "plan": 1})
    assert event["stream"] == "audit"
    assert event["metadata"] == {"plan": "business", "index": 7, "stream": "activity", "plan_": 1}
    del (timeless := deepcopy(OWN))["occurred_at"]
    assert event_of({**timeless, "@timestamp": AT}) == event_of(OWN)


def test_a_cloudtrail_record_is_read_as_one() -> None:
    record = {
        "eventName": "DeleteBucket",
        "eventSource": "s3.amazonaws.com",
        "eventTime": "2026-11-24T10:00:00Z",
        "userIdentity": {"type": "IAMUser", "userName": "ada"},
    }
    event = event_of(record, "cloudtrail")
    assert (event["action"], event["stream"]) == ("bucket.deleted", "activity")


@pytest.mark.parametrize(
    ("index", "stream"),
    [
        ("audit-logs", "audit"),
        ("audit-2026.11.24", "audit"),
        ("auditbeat-8.19.0", "audit"),
        ("activity-logs", "activity"),
        ("my-audit", "activity"),
        ("logs-generic-default", "activity"),
    ],
)
def test_the_name_of_the_index_says_which_stream(index: str, stream: str) -> None:
    assert event_of(NESTED, index)["stream"] == stream


def test_secrets_are_withheld_and_counted() -> None:
    event = event_of({"@timestamp": AT, "message": "m", "http": {"password": "hunter2"}})
    assert event["metadata"] == {"http": {"password": WITHHELD}, "withheld_secrets": 1}


def test_characters_that_control_do_not_keep_a_line_out() -> None:
    event = event_of({"@timestamp": AT, "message": "\x1b[31mred\x1b[0m", "a\x00b": "\u202e"})
    assert event["message"] == "\\u001b[31mred\\u001b[0m"
    assert event["metadata"] == {"a\\u0000b": "\u202e"}


MISFITS: dict[str, Document] = {
    "too long for an id": {"user": {"id": "u" * 600}},
    "an object for an id": {"user": {"id": {"a": 1}}},
    "no address": {"source": {"ip": "nowhere"}},
    "another level": {"log": {"level": "loud"}},
    "a trace in capitals": {"trace": {"id": "A" * 32}},
    "a fraction of a millisecond": {"event": {"duration": 1}},
    "roles that are none": {"user": {"roles": [1, 2]}},
    "a negative sequence": {"event": {"sequence": -1}},
}


@pytest.mark.parametrize("document", MISFITS.values(), ids=MISFITS)
def test_what_fits_no_field_stays_in_the_metadata(document: Document) -> None:
    event = event_of({"@timestamp": AT, "action": "document.read", **document})
    assert event["metadata"] == document


def test_an_event_id_is_the_events_own() -> None:
    name = "0199E0AA-0000-7000-8DEF-000000000001"
    assert event_of({"@timestamp": AT, "event": {"id": name}})["id"] == name.lower()
    assert event_of({"@timestamp": AT, "event.id": "k1"})["external_id"] == "k1"


def test_a_name_as_long_as_the_document_is_not_written_anew_for_each_member() -> None:
    inner = {str(number): number for number in range(20_000)}
    event = event_of({"@timestamp": AT, "n" * 500_000: inner})
    assert event["action"] == "log.received"
