"""Where intervals of time begin; the expected times are those of the zones' published rules."""

from datetime import UTC, datetime, timedelta

import pytest

from tallystick.search.aggregations import DateHistogram
from tallystick.search.counted import TooManyBucketsError
from tallystick.search.grid import MAX_EDGES, Grid

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
HOUR = 3_600_000_000
BERLIN = "Europe/Berlin"


def us(text: str) -> int:
    """Microseconds since 1970 of a time in UTC."""
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def edges(kind: DateHistogram, first: str, last: str) -> list[str]:
    """Where intervals begin, in UTC."""
    found = Grid(kind).edges(us(first), us(last))
    return [(EPOCH + timedelta(microseconds=at)).strftime("%Y-%m-%d %H:%M") for at in found]


@pytest.mark.parametrize(
    ("kind", "first", "last", "want"),
    [
        pytest.param(
            DateHistogram("occurred_at", "day", time_zone=BERLIN),
            "2026-03-28T12:00",
            "2026-03-30T12:00",
            ["2026-03-27 23:00", "2026-03-28 23:00", "2026-03-29 22:00"],
            id="a day of 23 hours",
        ),
        pytest.param(
            DateHistogram("occurred_at", "day", time_zone=BERLIN),
            "2026-10-25T12:00",
            "2026-10-26T12:00",
            ["2026-10-24 22:00", "2026-10-25 23:00"],
            id="a day of 25 hours",
        ),
        pytest.param(
            DateHistogram("occurred_at", "hour", time_zone=BERLIN),
            "2026-10-24T23:30",
            "2026-10-25T02:30",
            ["2026-10-24 23:00", "2026-10-25 00:00", "2026-10-25 01:00", "2026-10-25 02:00"],
            id="an hour that the clock shows twice is two",
        ),
        pytest.param(
            DateHistogram("occurred_at", fixed_us=2 * HOUR, time_zone=BERLIN),
            "2026-03-28T23:30",
            "2026-03-29T03:30",
            ["2026-03-28 23:00", "2026-03-29 01:00", "2026-03-29 02:00"],
            id="an interval that would begin in an hour that there is not begins at the turn",
        ),
        pytest.param(
            DateHistogram("occurred_at", fixed_us=12 * HOUR, time_zone=BERLIN),
            "2026-03-29T00:00",
            "2026-03-29T12:00",
            ["2026-03-28 23:00", "2026-03-29 10:00"],
            id="half a day by the wall clock",
        ),
        pytest.param(
            # The clocks of Lebanon went from 24:00 back to 23:00 on 2022-10-29.
            DateHistogram("occurred_at", "day", time_zone="Asia/Beirut"),
            "2022-10-29T12:00",
            "2022-10-30T12:00",
            ["2022-10-28 21:00", "2022-10-29 22:00"],
            id="a midnight that the clock reaches after the turn",
        ),
        pytest.param(
            # In Havana, midnight of 2026-03-08 does not exist; in autumn 00:00 to 01:00 is twice.
            DateHistogram("occurred_at", "day", time_zone="America/Havana"),
            "2026-03-07T12:00",
            "2026-03-08T12:00",
            ["2026-03-07 05:00", "2026-03-08 05:00"],
            id="a midnight that there is not",
        ),
        pytest.param(
            DateHistogram("occurred_at", "day", time_zone="America/Havana"),
            "2026-11-01T03:59",
            "2026-11-01T12:00",
            ["2026-10-31 04:00", "2026-11-01 04:00"],
            id="of two midnights, a day begins at the first",
        ),
        pytest.param(
            # Samoa had no 30th of December in 2011.
            DateHistogram("occurred_at", "day", time_zone="Pacific/Apia"),
            "2011-12-29T12:00",
            "2011-12-31T12:00",
            ["2011-12-29 10:00", "2011-12-30 10:00", "2011-12-31 10:00"],
            id="a date that there is not",
        ),
        pytest.param(
            DateHistogram("occurred_at", "week", time_zone="+01:00"),
            "2026-03-01T00:00",
            "2026-03-02T12:00",
            ["2026-02-22 23:00", "2026-03-01 23:00"],
            id="weeks begin on Monday",
        ),
        pytest.param(
            DateHistogram("occurred_at", "quarter", time_zone=BERLIN),
            "2026-03-31T21:59",
            "2026-12-31T23:00",
            [
                "2025-12-31 23:00",
                "2026-03-31 22:00",
                "2026-06-30 22:00",
                "2026-09-30 22:00",
                "2026-12-31 23:00",
            ],
            id="quarters",
        ),
    ],
)
def test_intervals_begin_where_the_wall_clock_says(
    kind: DateHistogram, first: str, last: str, want: list[str]
) -> None:
    assert edges(kind, first, last) == want
    floors = [Grid(kind).floor(at) for at in Grid(kind).edges(us(first), us(last))]
    assert floors == Grid(kind).edges(us(first), us(last))


def test_a_grid_of_one_length_needs_no_list_of_edges() -> None:
    assert Grid(DateHistogram("occurred_at", "hour", time_zone="+05:30")).shift == 5.5 * HOUR
    assert Grid(DateHistogram("occurred_at", "hour", time_zone=BERLIN)).shift is None
    assert Grid(DateHistogram("occurred_at", "month")).shift is None


@pytest.mark.parametrize("zone", ["UTC", BERLIN])
def test_too_many_intervals_are_refused_before_they_are_listed(zone: str) -> None:
    grid = Grid(DateHistogram("occurred_at", fixed_us=1_000, time_zone=zone))
    with pytest.raises(TooManyBucketsError, match="more than 10,000 buckets"):
        grid.edges(us("1970-01-01T00:00"), us("2200-01-01T00:00"))
    assert len(grid.edges(0, (MAX_EDGES - 1) * 1_000)) == MAX_EDGES
