"""How many events fit: over time, and by value."""

from datetime import timedelta
from typing import Annotated, Any, Final

from litestar import Request, Response, get
from litestar.params import QueryParameter

from tallystick.api.asking import (
    Context,
    Line,
    Since,
    Streams,
    Until,
    WantedSearch,
    Zone,
    asked,
    read_search,
    zone_of,
)
from tallystick.api.query import Limit, TenantName, json_answer, read_limit
from tallystick.errors import MalformedError
from tallystick.search.answer import Facet, Searcher
from tallystick.search.calendar_intervals import UNITS, edges_of, finest
from tallystick.search.fields import find_field
from tallystick.search.query import Search

MAX_FACETS: Final = 16

Interval = Annotated[
    str, QueryParameter(name="interval", description=f"auto, or one of {', '.join(UNITS)}")
]
Fields = Annotated[str, QueryParameter(name="field", description="Fields, with commas")]


@get(
    "/v1/search/histogram",
    summary="Count events over time",
    description="How many events fit in each interval; intervals without events are shown too.",
)
async def show_histogram(
    request: Request[Any, Any, Any],
    tenant_name: TenantName = None,
    line: Line = "",
    since: Since = None,
    until: Until = None,
    stream: Streams = "audit,activity",
    time_zone: Zone = "UTC",
    interval: Interval = "auto",
) -> Response[bytes]:
    """Count events over time."""
    wanted = WantedSearch(
        q=line, since=since, until=until, stream=stream, time_zone=time_zone, limit=1
    )
    if interval != "auto" and interval not in UNITS:
        raise MalformedError(f"interval: unknown, want auto, {', '.join(UNITS)}", path="/interval")

    def work(context: Context, searcher: Searcher) -> dict[str, object]:
        search = read_search(wanted, context.now)
        count, first, last = searcher.extent(search)
        told: dict[str, object] = {"total": count, "index_lag_ms": context.lag_ms}
        if not count:
            return {"buckets": [], "interval": interval, **told}
        ends = (search.since or first, search.until or last + timedelta(microseconds=1))
        zone = zone_of(time_zone)
        unit = finest(*ends) if interval == "auto" else interval
        buckets = [
            {"start": bucket.start, "end": bucket.end, "count": bucket.events}
            for bucket in searcher.histogram(search, edges_of(*ends, unit, zone))
        ]
        return {"buckets": buckets, "interval": unit, **told}

    told = {**wanted.told(), "interval": interval}
    return json_answer(await asked(request, tenant_name, "events.counted", told, work))


@get(
    "/v1/search/facets",
    summary="Find the commonest values",
    description="The commonest values of fields among the events that fit, counted exactly.",
)
async def show_facets(
    request: Request[Any, Any, Any],
    field: Fields,
    tenant_name: TenantName = None,
    line: Line = "",
    since: Since = None,
    until: Until = None,
    stream: Streams = "audit,activity",
    time_zone: Zone = "UTC",
    limit: Limit = "10",
) -> Response[bytes]:
    """Find the commonest values of fields."""
    wanted = WantedSearch(
        q=line,
        since=since,
        until=until,
        stream=stream,
        time_zone=time_zone,
        limit=read_limit(limit),
    )
    fields = [find_field(name.strip()).name for name in field.split(",")]
    if len(fields) > MAX_FACETS:
        what = f"field: {len(fields)} of them"
        raise MalformedError(f"{what}, want at most {MAX_FACETS}", path="/field")

    def work(context: Context, searcher: Searcher) -> dict[str, object]:
        search = read_search(wanted, context.now)
        total = searcher.find(_counting(search)).total
        facets = [_facet(searcher.facet(search, name, wanted.limit)) for name in fields]
        return {"facets": facets, "total": total, "index_lag_ms": context.lag_ms}

    told = {**wanted.told(), "field": ",".join(fields)}
    return json_answer(await asked(request, tenant_name, "events.counted", told, work))


def _counting(search: Search) -> Search:
    return Search(filter=search.filter, since=search.since, until=search.until, limit=0)


def _facet(facet: Facet) -> dict[str, object]:
    values = [{"value": value, "count": count} for value, count in facet.values]
    return {"field": facet.field, "values": values, "distinct": facet.distinct}
