"""A scroll: a question, the view that it is asked in, and how far its answer was read."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from tallystick.errors import MalformedError
from tallystick.search.cursor import Cursor, read_cursor, write_cursor
from tallystick.search.elastic.context_id import missing_context, read_id, write_id
from tallystick.search.elastic.hits import Total
from tallystick.search.elastic.point import PointInTime
from tallystick.search.filters import Value


class Scroll(Struct, frozen=True, kw_only=True):
    """Where a scroll goes on.

    Attributes:
        point: The view, its indices, and when it ends.
        body: The question, as it was sent.
        parameters: Of the address, as given.
        after: Values of the last event that was shown; None where there are no more.
        total: As it was when the scroll began; None where it was not asked.
        kept: How much longer each part keeps it.
    """

    point: PointInTime
    body: str
    parameters: Mapping[str, str]
    after: tuple[Value | None, ...] | None
    total: Total | None
    kept: timedelta

    def told(self) -> list[object]:
        """Return it as JSON builtins."""
        after = self.after
        cursor = None if after is None else write_cursor(Cursor(self.point.view.at, after), ())
        total = None if self.total is None else list(self.total)
        kept_us = self.kept // timedelta(microseconds=1)
        return [self.point.told(), self.body, dict(self.parameters), cursor, total, kept_us]

    @classmethod
    def read(cls, told: Any) -> "Scroll":  # noqa: ANN401 (any JSON)
        """Read what :meth:`told` returned.

        Raises:
            ValueError: It is something else.
        """
        point, body, parameters, cursor, total, kept_us = told
        texts = [body, *parameters.keys(), *parameters.values()]
        if not all(isinstance(each, str) for each in texts):
            raise ValueError
        return cls(
            point=PointInTime.read(point),
            body=body,
            parameters=parameters,
            after=None if cursor is None else read_cursor(cursor, ()).after,
            total=None if total is None else Total(int(total[0]), bool(total[1])),
            kept=timedelta(microseconds=int(kept_us)),
        )


def write_scroll(scroll: Scroll, whose: Sequence[str]) -> str:
    """Write the id of a scroll.

    Raises:
        ElasticError: The question is too long for an id.
    """
    return write_id(scroll.told(), ("scroll", *whose))


def read_scroll(text: str, whose: Sequence[str], now: datetime) -> Scroll:
    """Read the id of a scroll.

    Raises:
        ElasticMissingError: It is none, somebody else's, or has expired.
    """
    told = read_id(text, ("scroll", *whose))
    try:
        scroll = Scroll.read(told)
    except (ValueError, TypeError, AttributeError, LookupError, OverflowError, MalformedError):
        raise missing_context(text) from None
    if scroll.point.until <= now:
        raise missing_context(text)
    return scroll
