"""Where the intervals of a histogram over time begin, by the wall clock of a time zone.

An interval begins at each point of the local time's grid: every full hour, every midnight, every
multiple of a fixed length since 1970-01-01T00:00. Where clocks are turned back, an hour occurs
twice and is two intervals, but a day is one and begins at the earlier midnight; where they are
turned forward over a point of the grid, the interval begins at the turn. A time belongs to the last
interval that began: none is torn in two by an hour that occurs again.

Source: Elasticsearch's rounding of dates, whose results these are.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Final

from tallystick.search.aggregations import CalendarUnit, DateHistogram
from tallystick.search.counted import too_many
from tallystick.search.date_math import read_zone

MAX_EDGES: Final = 10_000
"""Most intervals of a zone whose clocks are turned, and of months and longer ones."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LOCAL_EPOCH: Final = datetime(1970, 1, 1)  # noqa: DTZ001 (local times are counted from it)
_MICROSECOND: Final = timedelta(microseconds=1)
_DAY_US: Final = 86_400_000_000
_MONDAY_US: Final = 4 * _DAY_US
_FIXED_US: Final[dict[CalendarUnit, int]] = {
    "minute": 60_000_000,
    "hour": 3_600_000_000,
    "day": _DAY_US,
    "week": 7 * _DAY_US,
}
_MONTHS: Final[dict[CalendarUnit, int]] = {"month": 1, "quarter": 3, "year": 12}
# No zone's clocks differ from UTC outside of these years but by a constant.
_FIRST_US: Final = -60 * 365 * _DAY_US
_LAST_US: Final = 260 * 366 * _DAY_US
_SAMPLES: Final = 2_000


class Grid:
    """The intervals of one histogram, without its ``offset_us``.

    All times are microseconds since 1970; local ones since 1970-01-01T00:00 of the wall clock.

    Attributes:
        length: Of an interval, by the wall clock; of months, how long one is at least.
        phase: By how much the grid is later than multiples of the length.
        shift: The zone's constant difference to UTC; None if clocks are turned there, or the
            intervals differ in length.
    """

    def __init__(self, kind: DateHistogram) -> None:
        """Make the grid of an aggregation.

        Raises:
            MalformedError: There is no such time zone.
        """
        self._unit = kind.calendar
        self._zone: tzinfo = read_zone(kind.time_zone)
        self._months = _MONTHS.get(kind.calendar, 0) if kind.calendar else 0
        self.length = (
            kind.fixed_us
            or (kind.calendar and _FIXED_US.get(kind.calendar))
            or self._months * 28 * _DAY_US
        )
        self.phase = _MONDAY_US if kind.calendar == "week" else 0
        fixed = isinstance(self._zone, timezone) and not self._months
        self.shift = self._offset(0) if fixed else None

    def floor(self, at: int) -> int:
        """Return where the interval of a time begins."""
        if self.shift is not None:
            return at - (at + self.shift - self.phase) % self.length
        begins = self._instants(self._local_floor(at + self._offset(at)))
        return max((each for each in begins if each <= at), default=min(begins))

    def edges(self, first: int, last: int) -> list[int]:
        """Return where all intervals from the one of ``first`` to that of ``last`` begin.

        Raises:
            TooManyBucketsError: There are more than 10,000.
        """
        if (last - first) // self.length > MAX_EDGES:
            raise too_many("date_histogram", MAX_EDGES)
        if self.shift is not None:
            return list(range(self.floor(first), last + 1, self.length))
        begin = self.floor(first)
        step = max(_DAY_US, (last - begin) // _SAMPLES)
        offsets = [self._offset(at) for at in (*range(begin, last, step), last)]
        found = {begin}
        # The points of the grid that may lie between, whatever the clock showed then.
        for point in self._points(self._local_floor(begin + min(offsets)), last + max(offsets)):
            found.update(each for each in self._instants(point) if begin < each <= last)
        return sorted(found)

    def _points(self, local: int, end: int) -> Iterator[int]:
        while local <= end:
            yield local
            local = self._next_month(local) if self._months else local + self.length

    def _local_floor(self, local: int) -> int:
        if not self._months:
            return local - (local - self.phase) % self.length
        day = _local(local)
        month = (day.month - 1) // self._months * self._months + 1
        return _micros(day.replace(month=month, day=1, hour=0, minute=0, second=0, microsecond=0))

    def _next_month(self, local: int) -> int:
        day = _local(local)
        years, months = divmod(day.month - 1 + self._months, 12)
        return _micros(day.replace(year=day.year + years, month=months + 1))

    def _instants(self, local: int) -> list[int]:
        """Return when the wall clock shows a time; where it never does, when it was turned."""
        times = sorted({local - self._offset_there(local, fold) for fold in (0, 1)})
        shown = [at for at in times if at + self._offset(at) == local]
        if not shown:
            return [self._turn(*times)]
        twice = self._unit in {None, "minute", "hour"}
        return shown if twice else shown[:1]

    def _turn(self, before: int, after: int) -> int:
        """Find when the clock was turned between two times."""
        offset = self._offset(before)
        seconds = range(before // 1_000_000, after // 1_000_000 + 1)
        place = bisect_right(
            seconds, 0, key=lambda second: int(self._offset(second * 1_000_000) != offset)
        )
        return seconds[place] * 1_000_000

    def _offset(self, at: int) -> int:
        moment = _EPOCH + min(max(at, _FIRST_US), _LAST_US) * _MICROSECOND
        return _difference(moment.astimezone(self._zone))

    def _offset_there(self, local: int, fold: int) -> int:
        moment = _local(min(max(local, _FIRST_US), _LAST_US))
        return _difference(moment.replace(tzinfo=self._zone, fold=fold))


def _difference(moment: datetime) -> int:
    return (moment.utcoffset() or timedelta()) // _MICROSECOND


def _local(local: int) -> datetime:
    return _LOCAL_EPOCH + local * _MICROSECOND


def _micros(local: datetime) -> int:
    return (local - _LOCAL_EPOCH) // _MICROSECOND
