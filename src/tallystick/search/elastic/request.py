"""A whole search body of Elasticsearch's, and what its address adds to it."""

from collections.abc import Mapping
from typing import Final

from msgspec import Struct

from tallystick.search.elastic.aggregating import ElasticAggregation, parse_aggregations
from tallystick.search.elastic.members import Members, strings
from tallystick.search.elastic.ordering import ElasticSort, parse_after, parse_sort, sorts_of_text
from tallystick.search.elastic.queries import parse_query
from tallystick.search.elastic.refusal import ElasticError, refusing
from tallystick.search.filters import Everything, Filter
from tallystick.search.query import MAX_LIMIT, MAX_SKIP, NEWEST_FIRST, Search
from tallystick.search.terms import When

COUNTED: Final = 10_000
"""How far events are counted when ``track_total_hits`` does not say."""

_TEXT_PARAMETERS: Final = ("df", "default_operator", "analyze_wildcard", "lenient")
PARAMETERS: Final = frozenset(
    {
        *("q", "sort", "size", "from", "track_total_hits", "timeout", "version", "explain"),
        *("_source", "_source_includes", "_source_excludes", "seq_no_primary_term"),
        *("terminate_after", "track_scores", "stats"),
        *_TEXT_PARAMETERS,
    }
)
"""Parameters of an address that are part of the question; the door reads the others."""


class SourceFilter(Struct, frozen=True):
    """Which members of ``_source`` are given back; names may hold ``*``.

    Attributes:
        wanted: Whether there is any ``_source``.
        includes: Only these, if any are named.
        excludes: Not these.
    """

    wanted: bool = True
    includes: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()


class PointInTime(Struct, frozen=True):
    """A point in time in a body.

    Attributes:
        keep_alive: How much longer it is to be kept, such as ``1m``; empty if not said.
    """

    id: str
    keep_alive: str = ""


class ElasticSearch(Struct, frozen=True, kw_only=True):
    """What a search body asks for.

    Attributes:
        search: The question; its aggregations are those of ``aggregations``.
        sort: As the client wrote it; empty if it did not, and newest events come first.
        count_wanted: Whether the answer has a total.
        version: Whether each event has its ``_version``.
        sequence: Whether each event has ``_seq_no`` and ``_primary_term``.
    """

    search: Search
    aggregations: tuple[ElasticAggregation, ...] = ()
    sort: tuple[ElasticSort, ...] = ()
    source: SourceFilter = SourceFilter()
    pit: PointInTime | None = None
    count_wanted: bool = True
    version: bool = False
    sequence: bool = False


def parse_search(
    body: object, when: When, parameters: Mapping[str, str] | None = None
) -> ElasticSearch:
    """Read a search.

    Args:
        body: JSON builtins; None for no body.
        when: When it is asked.
        parameters: Of the address, those of ``PARAMETERS``; they go before the body's members.

    Raises:
        ElasticError: It is not of its form, asks for what is not answered, or for too much.
    """
    given = {} if body is None else body
    if not isinstance(given, dict):
        raise ElasticError("Expected [START_OBJECT] but found another value")
    members = Members("search", {**given, **_of_address(parameters or {})}, "", what="body")
    sort = parse_sort(members.take("sort"))
    source = _source(members)
    pit = _pit(members)
    count = _count(members)
    version, sequence = members.flag("version"), members.flag("seq_no_primary_term")
    _pass_over(members)
    aggregations = _aggregations(members, when)
    search = _search(members, when, sort, aggregations, count)
    members.done()
    return ElasticSearch(
        search=search,
        aggregations=aggregations,
        sort=sort,
        source=source,
        pit=pit,
        count_wanted=count is not False,
        version=version,
        sequence=sequence,
    )


def parse_count(body: object, when: When, parameters: Mapping[str, str] | None = None) -> Filter:
    """Read the body of ``_count`` and of others that have a query alone.

    Raises:
        ElasticError: As of :func:`parse_search`.
    """
    given = {} if body is None else body
    if not isinstance(given, dict):
        raise ElasticError("Expected [START_OBJECT] but found another value")
    members = Members("count", {**given, **_of_address(parameters or {})}, "", what="body")
    found = _query(members, when)
    members.done()
    return found


def _of_address(parameters: Mapping[str, str]) -> dict[str, object]:
    """Turn parameters of an address to members of a body."""
    found: dict[str, object] = {
        name: value for name, value in parameters.items() if name not in _TEXT_PARAMETERS
    }
    if "q" in found:
        options: dict[str, object] = {
            name: parameters[name] for name in _TEXT_PARAMETERS if name in parameters
        }
        if "df" in options:
            options["default_field"] = options.pop("df")
        found["query"] = {"query_string": {"query": found.pop("q"), **options}}
    if "sort" in found:
        found["sort"] = sorts_of_text(parameters["sort"])
    for name in ("_source", "_source_includes", "_source_excludes"):
        if name in found:
            found[name] = parameters[name].split(",")
    if found.get("_source") in (["true"], ["false"]):
        found["_source"] = found["_source"] == ["true"]
    return found


def _query(members: Members, when: When) -> Filter:
    value = members.take("query")
    return Everything() if value is None else parse_query(value, when)


def _search(
    members: Members,
    when: When,
    sort: tuple[ElasticSort, ...],
    aggregations: tuple[ElasticAggregation, ...],
    count: bool | int,
) -> Search:
    limit, skip = members.whole("size", 10), members.whole("from")
    for name, number in (("size", limit), ("from", skip)):
        if number < 0:
            reason = f"[{name}] parameter cannot be negative, found [{number}]"
            raise ElasticError(reason, path=f"/{name}", kind="illegal_argument_exception")
    if limit + skip > min(MAX_LIMIT, MAX_SKIP):
        reason = (
            "Result window is too large, from + size must be less than or equal to:"
            f" [{MAX_LIMIT}] but was [{limit + skip}]"
        )
        raise ElasticError(reason, path="/size", kind="illegal_argument_exception")
    after = members.take("search_after")
    if after is not None and skip:
        reason = "`from` parameter must be set to 0 when `search_after` is used"
        raise ElasticError(reason, path="/from", kind="illegal_argument_exception")
    with refusing("", "illegal_argument_exception"):
        return Search(
            filter=_query(members, when),
            sort=tuple(each.by for each in sort if each.by is not None) or NEWEST_FIRST,
            limit=limit,
            after=() if after is None else parse_after(after, sort, when),
            skip=skip,
            count=count,
            aggregations=tuple(each.asked for each in aggregations),
        )


def _aggregations(members: Members, when: When) -> tuple[ElasticAggregation, ...]:
    given = [(name, members.take(name)) for name in ("aggs", "aggregations")]
    found = [(name, value) for name, value in given if value is not None]
    if len(found) > 1:
        raise ElasticError("Found two aggregation definitions, [aggs] and [aggregations]")
    return parse_aggregations(found[0][1], when, f"/{found[0][0]}") if found else ()


def _count(members: Members) -> bool | int:
    value = members.take("track_total_hits")
    value = {"true": True, "false": False}.get(value, value) if isinstance(value, str) else value
    if value is None or isinstance(value, bool):
        return COUNTED if value is None else value
    number = Members("search", {"track_total_hits": value}, "", what="body").whole(
        "track_total_hits"
    )
    if number < -1:
        raise members.refused("track_total_hits", "a boolean or a number")
    return True if number == -1 else number


def _source(members: Members) -> SourceFilter:
    value = members.take("_source")
    includes, excludes = (
        strings(members.take(name) or (), members.at(name))
        for name in ("_source_includes", "_source_excludes")
    )
    path = members.at("_source")
    if isinstance(value, bool):
        return SourceFilter(value, includes, excludes)
    if isinstance(value, dict):
        inner = Members("_source", value, path, what="body")
        named = [
            strings(inner.take(name) or (), inner.at(name))
            for name in ("includes", "include", "excludes", "exclude")
        ]
        inner.done()
        return SourceFilter(True, named[0] + named[1] + includes, named[2] + named[3] + excludes)
    return SourceFilter(True, strings(value or (), path) + includes, excludes)


def _pit(members: Members) -> PointInTime | None:
    value = members.take("pit")
    if value is None:
        return None
    inner = Members("pit", value, members.at("pit"), what="body")
    found = PointInTime(inner.text("id"), inner.text("keep_alive"))
    inner.done()
    if not found.id:
        raise ElasticError("[pit] requires an [id]", path=members.at("pit"))
    return found


def _pass_over(members: Members) -> None:
    """Take what changes no answer, and what would change it only with another value."""
    members.pass_over("timeout", "track_scores", "stats", "indices_boost")
    for member in ("explain", "profile"):
        if members.flag(member):
            raise ElasticError(f"[{member}] is not supported, want false", path=members.at(member))
    if members.whole("terminate_after"):
        path = members.at("terminate_after")
        raise ElasticError("[terminate_after] is not supported, want 0", path=path)
    for member in ("runtime_mappings", "script_fields"):  # clients send them empty, too
        if members.take(member) not in (None, {}):
            raise ElasticError(f"[{member}] is not supported", path=members.at(member))
