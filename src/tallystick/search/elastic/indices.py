"""Names of indices: each is one stream of the tenant, or the days of it that the name tells.

``audit-logs``, ``activity-logs`` and ``access-logs`` are all there are; ``audit`` alone means the
same, and ``audit-2026.11.24`` is that day of it in UTC, as shippers name their indices by days.
``access-logs`` is hidden, as Elasticsearch has it of an index: each read adds to it, so that who
asks for everything does not find what they asked. It is found by its name, by a pattern that
begins with its name, or where hidden ones are asked for.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from tallystick.search.elastic.refusal import ElasticError, ElasticMissingError
from tallystick.search.elastic.source import fits
from tallystick.search.filters import And, Between, Equals, Filter, Nothing, OneOf, Or

STREAM_OF: Final[Mapping[str, str]] = {
    "audit-logs": "audit",
    "activity-logs": "activity",
    "access-logs": "access",
}
INDEX_OF: Final = {stream: index for index, stream in STREAM_OF.items()}

MAX_NAMES: Final = 64
_MAX_EXPRESSION: Final = 4_096
_EVERYTHING: Final = frozenset({"", "_all", "*"})
_HIDDEN: Final = "access-logs"
_DATED: Final = re.compile(
    r"(audit|activity|access)(?:-logs)?(?:-(\d{4})(?:[.-](\d\d)(?:[.-](\d\d))?)?[.-]?\*?)?",
    re.ASCII,
).fullmatch


class IndexOptions(Struct, frozen=True):
    """How names of indices are read.

    Attributes:
        ignore_unavailable: Whether a name that there is not is passed over.
        allow_no_indices: Whether patterns may fit nothing.
        hidden: Whether patterns fit hidden indices, too.
    """

    ignore_unavailable: bool = False
    allow_no_indices: bool = True
    hidden: bool = False


class Part(Struct, frozen=True):
    """One stream, or a span of its times: at or after ``since``, before ``until``; in UTC."""

    stream: str
    since: datetime | None = None
    until: datetime | None = None

    @property
    def filter(self) -> Filter:
        """What its events are like."""
        own = Equals("stream", self.stream)
        if self.since is None:
            return own
        return And((own, Between("occurred_at", self.since, self.until)))


class Indices(Struct, frozen=True):
    """Those that are asked.

    Attributes:
        parts: None twice, the whole streams first.
    """

    parts: tuple[Part, ...]

    @property
    def filter(self) -> Filter:
        """What the events in them are like."""
        if not self.parts:
            return Nothing()
        # Which streams it is stands by itself: the compiler reads it off to look only there.
        own = OneOf("stream", tuple({part.stream: None for part in self.parts}))
        if all(part.since is None for part in self.parts):
            return own
        return And((own, Or(tuple(part.filter for part in self.parts))))

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the indices, in their order."""
        streams = {part.stream for part in self.parts}
        return tuple(index for index, stream in STREAM_OF.items() if stream in streams)


def parse_indices(expression: str, options: IndexOptions | None = None) -> Indices:
    """Read names of indices as they stand in an address.

    Args:
        expression: Names with commas between, ``*`` for any letters, ``-`` in front of a pattern
            to leave out what it fits; empty for all.
        options: How they are read.

    Raises:
        ElasticMissingError: One of the names is that of no index.
        ElasticError: There are too many.
    """
    told = options or IndexOptions()
    names = expression.split(",")
    if len(names) > MAX_NAMES or len(expression) > _MAX_EXPRESSION:
        reason = f"indices: {len(names)} names, want at most {MAX_NAMES}"
        raise ElasticError(reason, kind="illegal_argument_exception")
    found: dict[Part, None] = {}
    for place, name in enumerate(names):
        if place and name.startswith("-"):
            left = _left_out(name[1:])
            found = {part: None for part in found if part.stream not in left}
        else:
            found.update(dict.fromkeys(_named(name, told)))
    if not found and not told.allow_no_indices:
        raise missing(expression)
    whole = {part.stream for part in found if part.since is None}
    parts = [part for part in found if part.since is None or part.stream not in whole]
    return Indices(tuple(sorted(parts, key=lambda part: part.since is not None)))


def missing(name: str) -> ElasticMissingError:
    """Say that there is no index of a name."""
    shown = name[:255]
    return ElasticMissingError(
        f"no such index [{shown}]",
        kind="index_not_found_exception",
        more={
            "resource.type": "index_or_alias",
            "resource.id": shown,
            "index_uuid": "_na_",
            "index": shown,
        },
    )


def _named(name: str, options: IndexOptions) -> Iterable[Part]:
    if dated := _DATED(name):
        part = _dated(*dated.groups())
        if part is not None:
            return (part,)
    if name in _EVERYTHING or "*" in name:
        return [Part(STREAM_OF[index]) for index in _fitting(name, options)]
    if options.ignore_unavailable:
        return ()
    raise missing(name)


def _fitting(pattern: str, options: IndexOptions) -> list[str]:
    shown = options.hidden or pattern.startswith("access")
    return [index for index in STREAM_OF if _fits(index, pattern) and (index != _HIDDEN or shown)]


def _left_out(name: str) -> set[str]:
    """Return the streams that an exclusion names."""
    dated = _DATED(name)
    if dated is not None and dated[2] is None:
        return {dated[1]}
    if dated is not None:
        reason = f"[-{name[:255]}] leaves days out, want the name of an index or a pattern"
        raise ElasticError(reason, kind="illegal_argument_exception")
    if "*" not in name and name not in _EVERYTHING:
        raise missing(name)
    return {STREAM_OF[index] for index in STREAM_OF if _fits(index, name)}


def _fits(index: str, pattern: str) -> bool:
    return pattern in _EVERYTHING or fits(index, pattern)


def _dated(stream: str, year: str | None, month: str | None, day: str | None) -> Part | None:
    """Return what a name with a date stands for; None for a day that there never was."""
    if year is None:
        return Part(stream)
    try:
        since = datetime(int(year), int(month or 1), int(day or 1), tzinfo=UTC)
        if day is not None:
            until = since + timedelta(days=1)
        elif month is not None:
            until = (since + timedelta(days=31)).replace(day=1)
        else:
            until = since.replace(year=since.year + 1)
    except (ValueError, OverflowError):
        return None
    return Part(stream, since, until)
