"""When what a document tells of happened, in the spellings of shippers and applications."""

from typing import Any

import pytest

from tallystick.api.ingest.elastic_document import Place, translate
from tallystick.errors import MalformedError
from tallystick.events.parsing import parse_event

RECEIVED = "2026-11-24T12:00:00.000000Z"

Document = dict[str, Any]


def event_of(document: Document) -> Any:  # noqa: ANN401 - JSON has many forms
    """The event of a document; it has passed an event's own parser."""
    event = translate(dict(document), Place("audit-logs", RECEIVED))
    parse_event(event)
    return event


TIMES = {
    "milliseconds": ({"@timestamp": 1_795_514_400_123}, "2026-11-24T10:00:00.123000Z", None),
    "milliseconds as text": ({"@timestamp": "1795514400123"}, "2026-11-24T10:00:00.123000Z", None),
    "seconds": ({"time": 1_795_514_400.5}, "2026-11-24T10:00:00.500000Z", None),
    "an offset": ({"@timestamp": "2026-11-24T11:00:00+01:00"}, "2026-11-24T11:00:00+01:00", None),
    "no zone": (
        {"@timestamp": "2026-11-24T10:00:00"},
        "2026-11-24T10:00:00.000000Z",
        "without a zone, read as UTC",
    ),
    "a comma, as Python logs": (
        {"asctime": "2026-11-24 10:00:00,123"},
        "2026-11-24T10:00:00.123000Z",
        "without a zone, read as UTC",
    ),
    "none": ({"a": 1}, RECEIVED, "absent, read as the time of receipt"),
    "another time that is none": (
        {"date": "later"},
        RECEIVED,
        "absent, read as the time of receipt",
    ),
}


@pytest.mark.parametrize(("document", "text", "assumed"), TIMES.values(), ids=TIMES)
def test_the_time_is_read_and_what_is_assumed_of_it_is_said(
    document: Document, text: str, assumed: str | None
) -> None:
    event = event_of(document)
    assert event["occurred_at"] == text
    assert event.get("metadata", {}).get("time") == assumed


@pytest.mark.parametrize("told", ["never", True, {"a": 1}, "2026-13-01T00:00:00Z", 10**30, -1])
def test_a_timestamp_that_is_no_time_is_refused(told: object) -> None:
    with pytest.raises(MalformedError) as caught:
        event_of({"@timestamp": told, "message": "m"})
    assert caught.value.path == "/@timestamp"
    assert str(told) not in str(caught.value)
