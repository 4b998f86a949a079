"""A point in time: opened by one request, searched by others, and kept by nobody but the client."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from msgspec import Struct

from tallystick.search.elastic.context_id import missing_context, read_id, write_id
from tallystick.search.elastic.indices import IndexOptions
from tallystick.search.elastic.keep_alive import read_keep_alive
from tallystick.search.elastic.view import View

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class PointInTime(Struct, frozen=True, kw_only=True):
    """A view of some indices, good for a while.

    Attributes:
        view: What there was.
        until: When it ends; in UTC.
        indices: Names of indices, with commas between.
        options: How they are read.
    """

    view: View
    until: datetime
    indices: str
    options: IndexOptions

    def kept(self, keep_alive: str, now: datetime) -> "PointInTime":
        """Return the same, good for as long from now on; what is good for longer stays so."""
        if not keep_alive:
            return self
        until = now + read_keep_alive(keep_alive, "keep_alive")
        return PointInTime(
            view=self.view,
            until=max(self.until, until),
            indices=self.indices,
            options=self.options,
        )

    def told(self) -> list[object]:
        """Return it as JSON builtins."""
        options = [self.options.ignore_unavailable, self.options.allow_no_indices]
        return [
            micros_of(self.view.at),
            dict(self.view.ends),
            micros_of(self.until),
            self.indices,
            [*options, self.options.hidden],
        ]

    @classmethod
    def read(cls, told: Any) -> "PointInTime":  # noqa: ANN401 (any JSON)
        """Read what :meth:`told` returned.

        Raises:
            ValueError: It is something else.
            TypeError: Likewise.
        """
        at, ends, until, indices, options = told
        if not isinstance(indices, str) or [type(each) for each in options] != [bool] * 3:
            raise ValueError
        read = {str(log): int(end) for log, end in ends.items()}
        if min(read.values(), default=0) < 0 or max(read.values(), default=0) >= 2**63:
            raise ValueError
        return cls(
            view=View(moment_of(at), read),
            until=moment_of(until),
            indices=indices,
            options=IndexOptions(*options),
        )


def write_point(point: PointInTime, whose: Sequence[str]) -> str:
    """Write the id of a point in time."""
    return write_id(point.told(), ("pit", *whose))


def read_point(text: str, whose: Sequence[str], now: datetime) -> PointInTime:
    """Read the id of a point in time.

    Raises:
        ElasticMissingError: It is none, somebody else's, or has expired.
    """
    told = read_id(text, ("pit", *whose))
    try:
        point = PointInTime.read(told)
    except (ValueError, TypeError, AttributeError, OverflowError):
        raise missing_context(text) from None
    if point.until <= now:
        raise missing_context(text)
    return point


def micros_of(moment: datetime) -> int:
    """Return microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment_of(micros: object) -> datetime:
    """Return the time, in UTC.

    Raises:
        TypeError: It is no number.
        OverflowError: There is no such time.
    """
    if not isinstance(micros, int) or isinstance(micros, bool):
        raise TypeError
    return _EPOCH + micros * _MICROSECOND
