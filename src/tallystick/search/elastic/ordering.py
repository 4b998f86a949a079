"""In which order a client wants events: ``sort`` and ``search_after``."""

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from tallystick.errors import MalformedError
from tallystick.search.elastic.leaves import time_format
from tallystick.search.elastic.members import Members
from tallystick.search.elastic.refusal import ElasticError, refusing
from tallystick.search.fields import Field, find_field
from tallystick.search.filters import Value
from tallystick.search.query import Sort
from tallystick.search.terms import When, read_value

_MAX_SORTS: Final = 8


class ElasticSort(Struct, frozen=True):
    """One value by which a client sorts, in the order in which its values are given back.

    Attributes:
        name: As the client wrote it.
        by: What is sorted by; None if it is the same for all events: their score, or a field
            that there is not and that the client says it may do without.
        format: In which form times are given back; empty for milliseconds since 1970.
    """

    name: str
    by: Sort | None
    format: str = ""


def parse_sort(value: object, path: str = "/sort") -> tuple[ElasticSort, ...]:
    """Read ``sort``: a name, an object or a list of them.

    Raises:
        ElasticError: It is of another form, or names no field.
    """
    rows = value if isinstance(value, list) else [] if value is None else [value]
    if len(rows) > _MAX_SORTS:
        reason = f"sort by {len(rows)} values, want at most {_MAX_SORTS}"
        raise ElasticError(reason, path=path, kind="illegal_argument_exception")
    found: list[ElasticSort] = []
    for place, row in enumerate(rows):
        at = f"{path}/{place}" if isinstance(value, list) else path
        if isinstance(row, str):
            found.append(_named(row, {}, at))
        elif isinstance(row, dict):
            found += [_named(name, spec, at) for name, spec in row.items()]
        else:
            raise ElasticError("malformed sort format, want a name or an object", path=at)
    return tuple(found)


def sorts_of_text(text: str) -> list[object]:
    """Turn ``sort`` of an address, ``field:desc,other``, to what a body has."""
    pairs = (each.rpartition(":") for each in text.split(","))
    return [
        {name: direction} if name and direction in {"asc", "desc"} else f"{name}{colon}{direction}"
        for name, colon, direction in pairs
    ]


def parse_after(
    value: object, sorts: tuple[ElasticSort, ...], when: When, path: str = "/search_after"
) -> tuple[Value | None, ...]:
    """Read ``search_after``: the sort values of the last event that was shown.

    Returns:
        The values of the sorts that have a field.

    Raises:
        ElasticError: There are not as many as sorts, or one of another type.
    """
    if not isinstance(value, list):
        raise ElasticError("[search_after] want a list of values", path=path)
    if len(value) != len(sorts) or not sorts:
        reason = f"search_after has {len(value)} value(s) but sort has {len(sorts)}."
        raise ElasticError(reason, path=path, kind="illegal_argument_exception")
    if all(sort.by is None for sort in sorts):
        reason = "[search_after] want a sort by a field that events have"
        raise ElasticError(reason, path=path, kind="illegal_argument_exception")
    return tuple(
        _after(each, sort.by, when, f"{path}/{place}")
        for place, (each, sort) in enumerate(zip(value, sorts, strict=True))
        if sort.by is not None
    )


def _named(name: str, spec: object, path: str) -> ElasticSort:
    at_length = {"order": spec} if isinstance(spec, str) else spec
    members = Members(name, at_length, path, what="sort")
    order = members.one_of("order", ("asc", "desc"), "desc" if name == "_score" else "asc")
    if name == "_score":
        members.done()
        return ElasticSort(name, None)
    descending = order == "desc"
    first = members.one_of("missing", ("_last", "_first"), "_last") == "_first"
    mode = "max" if descending else "min"
    members.one_of("mode", (mode,), mode)
    unmapped = members.text("unmapped_type")
    members.one_of("numeric_type", ("long", "double", "date"), "long")
    shown = time_format(members)
    members.done()
    field = _field(name, path, needed=not unmapped)
    if field is None:
        return ElasticSort(name, None)
    by = Sort(field.name, descending, first, milliseconds=field.kind == "moment")
    return ElasticSort(name, by, shown)


def _field(name: str, path: str, *, needed: bool) -> Field | None:
    try:
        field = find_field(name)
    except MalformedError as error:
        if needed:
            reason = f"No mapping found for [{name}] in order to sort on: {error}"
            raise ElasticError(reason, path=path, kind="query_shard_exception") from None
        return None
    if field.kind == "text" and not name.endswith(".keyword"):
        reason = f"Text fields such as [{name}] can't be sorted by, want [{name}.keyword]"
        raise ElasticError(reason, path=path, kind="illegal_argument_exception")
    return field


def _after(value: object, by: Sort, when: When, path: str) -> Value | None:
    if value is None:
        return None
    field = find_field(by.field)
    with refusing(path, "illegal_argument_exception"):
        if field.kind == "moment":
            start = when.span(value).start
            return start.replace(microsecond=start.microsecond // 1_000 * 1_000)
        return read_value(field, value)


def milliseconds(moment: datetime) -> int:
    """Return a time as Elasticsearch's sort values have it: since 1970, cut off."""
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
