"""What was counted and measured: the plain answers to aggregations.

Times are microseconds since 1970-01-01T00:00:00Z, of whole milliseconds.
"""

from typing import Final, NamedTuple, TypeAlias

from tallystick.errors import MalformedError

MAX_ANSWERED: Final = 65_536
"""Most buckets in one answer, at all levels together; Elasticsearch's ``search.max_buckets``."""

Key: TypeAlias = str | int | float


class KeyedBucket(NamedTuple):
    """The events of one value, interval, range or filter.

    Attributes:
        key: The value, where the interval begins, or the name of the range or filter.
        events: How many there are.
        below: The answers to the aggregations below, in their order.
    """

    key: Key
    events: int
    below: "tuple[Counted, ...]"


class Buckets(NamedTuple):
    """Buckets in the order that was asked for; ranges and filters in the order in which they were.

    Attributes:
        others: Of terms: the counts of all buckets that were not shown, together.
    """

    shown: tuple[KeyedBucket, ...]
    others: int = 0


class Numbers(NamedTuple):
    """What was measured of the values of a field; None where there are none.

    Attributes:
        values: How many; an event may have several.
        percentiles: As they were asked for, interpolated between the two nearest values.
    """

    values: int
    least: float | None = None
    greatest: float | None = None
    total: float = 0.0
    percentiles: tuple[float | None, ...] = ()

    @property
    def mean(self) -> float | None:
        """Their mean."""
        return self.total / self.values if self.values else None


class Distinct(NamedTuple):
    """How many different values there are, exactly."""

    values: int


Counted: TypeAlias = Buckets | Numbers | Distinct


class TooManyBucketsError(MalformedError):
    """The answer would have more buckets than are answered with: ask for less."""


def too_many(what: str, most: int = MAX_ANSWERED) -> TooManyBucketsError:
    """Say that there would be too many buckets.

    Args:
        what: Of what, such as an aggregation's kind.
        most: How many there may be.
    """
    return TooManyBucketsError(
        f"{what}: more than {most:,} buckets, want fewer: a longer interval, a smaller size or a"
        " narrower question"
    )
