"""In which streams a question looks: the table is sorted by time within each of them."""

from typing import NamedTuple

from tallystick.ledger.logs import STREAMS
from tallystick.search.filters import And, Equals, Everything, Filter, OneOf


class Streams(NamedTuple):
    """What a filter says of streams, and what else.

    Attributes:
        names: Those in which an event may be; never a caller's text. None if it may be in any;
            empty if it can be in none.
        rest: The filter without that.
    """

    names: tuple[str, ...] | None
    rest: Filter


def streams_of(asked: Filter) -> Streams:
    """Take what a filter demands of the stream out of it."""
    wanted = _named(asked)
    if wanted is not None:
        return Streams(tuple(name for name in STREAMS if name in wanted), Everything())
    if not isinstance(asked, And):
        return Streams(None, asked)
    inner = [streams_of(part) for part in asked.parts]
    told = [each.names for each in inner if each.names is not None]
    names = tuple(name for name in told[0] if all(name in more for more in told)) if told else None
    return Streams(names, And(tuple(each.rest for each in inner)))


def _named(asked: Filter) -> set[str] | None:
    """Return the streams that a filter names; None if it asks for something else."""
    match asked:
        case Equals(field="stream", value=str() as name, any_case=False):
            return {name}
        case OneOf(field="stream"):
            return {name for name in asked.values if isinstance(name, str)}
        case _:
            return None
