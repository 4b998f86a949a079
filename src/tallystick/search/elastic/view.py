"""A view of the events that stays what it is while others arrive: a scroll, a point in time.

Nothing is kept for one. Its id says how far each log had been followed when it was opened; an
event's place in its log never changes, so that the same question over the same places finds the
same events at any door, but for what was erased meanwhile.
"""

from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from tallystick.search.filters import And, Between, Equals, Filter, Nothing, Or


class View(Struct, frozen=True):
    """What there was at a time.

    Attributes:
        at: When it was opened, and what ``now`` means in it; in UTC.
        ends: By log, the index before which its events lie.
    """

    at: datetime
    ends: Mapping[str, int]

    @property
    def filter(self) -> Filter:
        """What its events are like."""
        known = [
            And((Equals("log", log), Between("index", None, end)))
            for log, end in sorted(self.ends.items())
            if end
        ]
        return Or(tuple(known)) if known else Nothing()
