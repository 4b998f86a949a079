"""When what a document tells of happened."""

from datetime import UTC, datetime
from typing import Final, NamedTuple

from tallystick.api.ingest.elastic_members import Members
from tallystick.errors import MalformedError
from tallystick.events.moment import is_plain_moment, moment_text, parse_moment

TIMESTAMP: Final = "@timestamp"
"""The member in which Elasticsearch's clients tell the time."""

_OTHERS: Final = ("timestamp", "time", "ts", "datetime", "date", "created_at", "asctime")
_MILLISECONDS_FROM: Final = 100_000_000_000
"""From here on a bare number is milliseconds: as seconds it would lie beyond the year 5000."""


class Moment(NamedTuple):
    """A point of time.

    Attributes:
        text: As an event tells it.
        assumed: What of it the document does not say; empty if it says all.
    """

    text: str
    assumed: str = ""


def moment_of(members: Members, received: str) -> Moment:
    """Take the time out of a document.

    Args:
        members: The document.
        received: When it was received, for one that tells no time.

    Raises:
        MalformedError: ``@timestamp`` is no time. Any other member may mean something else: it
            stays where it is.
    """
    told = members.find(TIMESTAMP)
    if told is not None:
        moment = _read(told, milliseconds=True)
        if moment is None:
            raise MalformedError(
                "/@timestamp: no time, want RFC 3339, or milliseconds since 1970",
                path=f"/{TIMESTAMP}",
            )
        members.take(TIMESTAMP)
        return moment
    for name in _OTHERS:
        told = members.find(name)
        moment = None if told is None else _read(told, milliseconds=False)
        if moment is not None:
            members.take(name)
            return moment
    return Moment(received, "absent, read as the time of receipt")


def _read(value: object, *, milliseconds: bool) -> Moment | None:
    try:
        if isinstance(value, str) and is_plain_moment(value):
            datetime.fromisoformat(value)  # the form alone lets the thirteenth month pass
            return Moment(value)
        if isinstance(value, int | float) and not isinstance(value, bool):
            scale = 1_000 if milliseconds or abs(value) >= _MILLISECONDS_FROM else 1
            return Moment(moment_text(datetime.fromtimestamp(value / scale, UTC)))
        return _spelled(value) if isinstance(value, str) else None
    except (MalformedError, ValueError, OverflowError, OSError):
        return None


def _spelled(text: str) -> Moment:
    text = text.strip()
    if text.isascii() and text.isdigit():
        scale = 1_000 if int(text[:18]) >= _MILLISECONDS_FROM else 1
        return Moment(moment_text(datetime.fromtimestamp(int(text[:18]) / scale, UTC)))
    try:
        parse_moment(text)
    except MalformedError:
        local = datetime.fromisoformat(text.replace(",", "."))
        if local.tzinfo is not None:
            return Moment(moment_text(local))
        return Moment(moment_text(local.replace(tzinfo=UTC)), "without a zone, read as UTC")
    return Moment(text)
