"""What has come into the index since an asker last looked: each entry once, none left out.

Times can't tell that, for two logs are taken over one after the other. Positions can: in each log
the follower goes from entry to entry.
"""

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from tallystick.search.answer import Found, Searcher
from tallystick.search.filters import And, Between, Equals, Filter, Or
from tallystick.search.query import Search, Sort
from tallystick.search.shown import JsonEvent

PAGE = 500
_IN_ORDER = (Sort("received_at"), Sort("index"))

Positions = Mapping[str, int]
"""By log, in hex: the index of the next entry."""


class Arrived(NamedTuple):
    """An event that has come, and where to go on behind it."""

    event: JsonEvent
    positions: dict[str, int]


def arrived(
    searcher: Searcher, wanted: Filter, start: Positions, stop: Positions
) -> Iterator[Arrived]:
    """Yield the events that fit and lie between positions, by the time of their receipt.

    Args:
        searcher: Finds them.
        wanted: What they must be like.
        start: From where.
        stop: To where; entries from there on are left out.
    """
    positions = dict(start)
    spans = tuple(
        And((Equals("log", log), Between("index", start.get(log, 0), end)))
        for log, end in stop.items()
        if end > start.get(log, 0)
    )
    if not spans:
        return
    search = Search(filter=And((wanted, Or(spans))), sort=_IN_ORDER, limit=PAGE, count=False)
    while True:
        found: Found = searcher.find(search)
        for event in found.events:
            positions[event["log"]] = event["index"] + 1
            yield Arrived(event, dict(positions))
        if found.after is None:
            return
        search = Search(
            filter=search.filter, sort=_IN_ORDER, limit=PAGE, count=False, after=found.after
        )
