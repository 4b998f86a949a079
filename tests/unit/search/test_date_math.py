"""Times as people ask for them, each a span."""

from datetime import UTC, datetime, timedelta

import pytest

from tallystick.errors import MalformedError
from tallystick.search.date_math import EARLIEST, LATEST, read_epoch, read_span, read_zone

NOW = datetime(2026, 11, 24, 17, 24, 12, 345678, tzinfo=UTC)  # a Tuesday


def utc(text: str) -> datetime:
    """Read an ISO time by Python's own reader."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("now", "2026-11-24 17:24:12.345678", "2026-11-24 17:24:12.345679"),
        ("now-7d", "2026-11-17 17:24:12.345678", "2026-11-17 17:24:12.345679"),
        ("now-d", "2026-11-23 17:24:12.345678", "2026-11-23 17:24:12.345679"),
        ("now-1d/d", "2026-11-23", "2026-11-24"),
        ("now/d", "2026-11-24", "2026-11-25"),
        ("now/w", "2026-11-23", "2026-11-30"),
        ("now/M", "2026-11-01", "2026-12-01"),
        ("now/y", "2026-01-01", "2027-01-01"),
        ("now/h", "2026-11-24 17:00", "2026-11-24 18:00"),
        ("now/H+30m", "2026-11-24 17:30", "2026-11-24 17:30:00.000001"),
        ("now/m", "2026-11-24 17:24", "2026-11-24 17:25"),
        ("now/s", "2026-11-24 17:24:12", "2026-11-24 17:24:13"),
        ("now-1M", "2026-10-24 17:24:12.345678", "2026-10-24 17:24:12.345679"),
        ("now+1y+90s", "2027-11-24 17:25:42.345678", "2027-11-24 17:25:42.345679"),
        ("2026", "2026-01-01", "2027-01-01"),
        ("2026-02", "2026-02-01", "2026-03-01"),
        ("2026-12", "2026-12-01", "2027-01-01"),
        ("2026-11-24", "2026-11-24", "2026-11-25"),
        ("2026-11-24T", "2026-11-24", "2026-11-25"),
        ("2026-11-24T02", "2026-11-24 02:00", "2026-11-24 03:00"),
        ("2026-11-24T02:45Z", "2026-11-24 02:45", "2026-11-24 02:46"),
        ("2026-11-24T02:45:10Z", "2026-11-24 02:45:10", "2026-11-24 02:45:11"),
        ("2026-11-24 02:45:10.120Z", "2026-11-24 02:45:10.12", "2026-11-24 02:45:10.121"),
        ("2026-11-24T02:45:10.123456Z", "2026-11-24 02:45:10.123456", "2026-11-24 02:45:10.123457"),
        ("2026-11-24T02:45:10.0000009Z", "2026-11-24 02:45:10", "2026-11-24 02:45:10.000001"),
        ("2026-11-24T02:45:10+02:00", "2026-11-24 00:45:10", "2026-11-24 00:45:11"),
        ("2026-11-24||", "2026-11-24", "2026-11-25"),
        ("2026-11-24||+1M/d", "2026-12-24", "2026-12-25"),
        ("2026-01-31||+1M", "2026-02-28", "2026-02-28 00:00:00.000001"),
        ("1795546800000", "2026-11-24 19:00", "2026-11-24 19:00:00.001"),
    ],
)  # fmt: skip
def test_a_time_is_a_span(text: str, start: str, end: str) -> None:
    assert read_span(text, now=NOW) == (utc(start), utc(end))


@pytest.mark.parametrize(
    ("text", "start"),
    [
        ("2026-11-24", "2026-11-23 23:00"),
        ("now/d", "2026-11-23 23:00"),
        ("now/M", "2026-10-31 23:00"),
        # The clocks were set back on 25 October: a day earlier is the same time of the wall.
        ("2026-10-25T12:00||-1d", "2026-10-24 10:00"),
        ("2026-10-25T12:00||-24h", "2026-10-24 11:00"),
        ("2026-07-01T00:00", "2026-06-30 22:00"),
        ("2026-07-01T00:00Z", "2026-07-01"),
    ],
)
def test_days_begin_where_the_asker_lives(text: str, start: str) -> None:
    berlin = read_zone("Europe/Berlin")

    assert read_span(text, now=NOW, zone=berlin).start == utc(start)


def test_the_day_of_the_clock_change_has_25_hours() -> None:
    span = read_span("2026-10-25", now=NOW, zone=read_zone("Europe/Berlin"))

    assert span.end - span.start == timedelta(hours=25)


def test_steps_alone_are_taken_where_they_are_expected() -> None:
    assert read_span("-7d", now=NOW, relative=True) == read_span("now-7d", now=NOW)
    with pytest.raises(MalformedError, match="of another form"):
        read_span("-7d", now=NOW)


@pytest.mark.parametrize(
    "text",
    [
        "", "yesterday", "now-", "now-7", "now-7x", "now/", "now-7d/d/", "nowish", "2026-13-01",
        "2026-02-30", "2026-11-24T25:00", "2026-11-24+1d", "24.11.2026", "0000",
        "٢٠٢٦", "now-1234567d", "now" + "-1d" * 99, "1" * 17,
    ],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(MalformedError, match=r"^time: "):
        read_span(text, now=NOW)


@pytest.mark.parametrize(
    ("text", "moment"),
    [("now-300y", EARLIEST), ("1950", EARLIEST), ("now+999y", LATEST), ("9998", LATEST)],
)
def test_a_time_when_no_event_can_have_been_is_cut(text: str, moment: datetime) -> None:
    assert read_span(text, now=NOW) == (moment, moment)


def test_milliseconds_and_seconds_since_1970_are_spans_of_their_length() -> None:
    assert read_epoch(1_500) == (utc("1970-01-01 00:00:01.5"), utc("1970-01-01 00:00:01.501"))
    assert read_epoch(2, "epoch_second") == (utc("1970-01-01 00:00:02"), utc("1970-01-01 00:00:03"))
    assert read_epoch(-(10**30)) == (EARLIEST, EARLIEST)
    assert read_epoch(10**30) == (LATEST, LATEST)


@pytest.mark.parametrize(
    "name", ["", "Mars/Base", "../../etc/passwd", "/etc/localtime", "+25:00", "a" * 99, "Europe"]
)
def test_a_zone_that_there_is_not_is_refused(name: str) -> None:
    with pytest.raises(MalformedError, match=r"^time zone: unknown"):
        read_zone(name)


@pytest.mark.parametrize("name", ["UTC", "utc", "Z", "GMT", "+00:00"])
def test_utc_has_several_names(name: str) -> None:
    assert read_zone(name) is UTC
