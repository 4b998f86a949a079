"""A question as it comes by HTTP: read, asked, and recorded before it is answered."""

from asyncio import to_thread
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Annotated, Any, Final, NamedTuple

from litestar import Request
from litestar.params import QueryParameter
from msgspec import Meta

from tallystick.access.keys import Grant
from tallystick.access.tenants import tenant_numbered
from tallystick.api.doorway import Caller, Doorway
from tallystick.api.forms import Wanted
from tallystick.api.query import MAX_LIMIT
from tallystick.api.tenancy import chosen_tenant
from tallystick.errors import MalformedError
from tallystick.ledger.logs import STREAMS
from tallystick.ledger.ports import Snapshot
from tallystick.search.answer import Searcher
from tallystick.search.columns import Sight
from tallystick.search.date_math import read_span, read_zone
from tallystick.search.erasures import waiting
from tallystick.search.fields import find_field
from tallystick.search.filters import And, OneOf
from tallystick.search.lag import lag_ms
from tallystick.search.lucene import parse_line
from tallystick.search.ports import Asking
from tallystick.search.query import Search, Sort
from tallystick.search.shown import LedgerShow

DEFAULT_LIMIT: Final = 50
MASKED: Final = "read-masked"
"""The scope of keys that may search, and neither see nor find what is sealed."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Line = Annotated[str, QueryParameter(name="q", description="What to look for, as people type it")]
Since = Annotated[
    str | None, QueryParameter(name="since", description="From here on: -7d, 2026-11-24, now/d")
]
Until = Annotated[str | None, QueryParameter(name="until", description="Before here")]
Streams = Annotated[
    str, QueryParameter(name="stream", description="Streams, with commas: audit,activity,access")
]
Zone = Annotated[
    str, QueryParameter(name="time_zone", description="Where days begin, such as Europe/Berlin")
]
SortBy = Annotated[
    str, QueryParameter(name="sort", description="Fields, with commas; - in front: descending")
]

Saved = Annotated[
    str | None, QueryParameter(name="saved", description="Id of a saved search, instead of a line")
]


class WantedSearch(Wanted, frozen=True, kw_only=True):
    """A question: the members are the parameters of ``GET /v1/search``."""

    q: str = ""
    since: str | None = None
    until: str | None = None
    stream: str = "audit,activity"
    time_zone: str = "UTC"
    sort: str = "-occurred_at"
    limit: Annotated[int, Meta(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    after: str | None = None
    saved: str | None = None

    def parts(self, tenant: int) -> tuple[str, ...]:
        """Return all that makes the question, for a cursor to be bound to."""
        since, until = (repr(moment) for moment in (self.since, self.until))
        return (str(tenant), self.q, since, until, self.stream, self.time_zone, self.sort)

    def told(self) -> dict[str, object]:
        """Return what was asked for, as it is recorded."""
        given = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in given.items() if value is not None}


class Context(NamedTuple):
    """Where a question is asked.

    Attributes:
        tenant: Whose events.
        sight: What the asker may see of them.
        now: In UTC.
        lag_ms: How far the index is behind.
    """

    tenant: int
    sight: Sight
    now: datetime
    lag_ms: int


def read_search(wanted: WantedSearch, now: datetime) -> Search:
    """Read a question.

    Raises:
        MalformedError: It is not of its form.
    """
    zone = zone_of(wanted.time_zone)
    line = parse_line(wanted.q, now=now, zone=zone)
    since, until = (
        None if text is None else read_span(text, now=now, zone=zone, relative=True).start
        for text in (wanted.since, wanted.until)
    )
    return Search(
        filter=And((line.filter, in_streams(wanted))),
        since=max(filter(None, (since, line.since)), default=None),
        until=min(filter(None, (until, line.until)), default=None),
        sort=_sorts(wanted.sort),
        limit=wanted.limit,
    )


def zone_of(text: str) -> tzinfo:
    """Read a time zone; the sign of ``+01:00`` is a blank where nobody escaped it in an address.

    Raises:
        MalformedError: There is no such zone.
    """
    return read_zone(f"+{text[1:]}" if text[:1] == " " else text)


def sight_of(snapshot: Snapshot, tenant: int, grant: Grant) -> Sight:
    """Say what a credential may see of a tenant."""
    unmasked = None if "read" in grant.scopes else frozenset[str]()
    erased = waiting(snapshot, tenant)
    name = tenant_numbered(snapshot, tenant).name
    names = tuple(each.hex() for each in erased.names)
    return Sight(tenant, name, unmasked, erased.erasures, names)


def reader(doorway: Doorway, request: Request[Any, Any, Any]) -> Caller:
    """Find out who asks, and that they may read, if only what is not masked."""
    return doorway.caller(request, "read", MASKED)


async def asked(
    request: Request[Any, Any, Any],
    tenant_name: str | None,
    action: str,
    told: dict[str, object],
    work: Callable[[Context, Searcher], dict[str, object]],
) -> dict[str, object]:
    """Ask, and record that and what was asked before anything is answered."""
    doorway: Doorway = request.app.state.doorway
    caller = reader(doorway, request)
    context = await to_thread(context_of, doorway, caller, tenant_name)

    def ask(engine: Asking) -> dict[str, object]:
        return work(context, searcher_for(doorway, engine, context.sight))

    answer = await doorway.searching.run(request, ask)
    told |= {name: answer[name] for name in ("total", "shown") if name in answer}
    await doorway.tell_read(context.tenant, action, caller, told)
    return answer


def searcher_for(doorway: Doorway, engine: Asking, sight: Sight) -> Searcher:
    """Return who searches for a question."""
    return Searcher(engine, sight, LedgerShow(doorway.ledger, sight))


def context_of(doorway: Doorway, caller: Caller, tenant_name: str | None) -> Context:
    """Say where a question is asked.

    Raises:
        TallystickError: As of :func:`~tallystick.api.tenancy.chosen_tenant`.
    """
    ledger = doorway.ledger
    with ledger.drivers.store.read() as snapshot:
        now = ledger.drivers.clock.now()
        tenant = chosen_tenant(snapshot, caller.key.grant, tenant_name)
        logs = [log for name, log in ledger.logs.of(snapshot, tenant).items() if name != "access"]
        return Context(
            tenant,
            sight_of(snapshot, tenant, caller.key.grant),
            _EPOCH + timedelta(microseconds=now),
            lag_ms(snapshot, logs, now),
        )


def in_streams(wanted: WantedSearch) -> OneOf:
    """Say in which streams is searched.

    Raises:
        MalformedError: One of them does not exist.
    """
    streams = tuple(name.strip() for name in wanted.stream.split(","))
    if not set(streams) <= set(STREAMS):
        raise MalformedError(f"stream: unknown, want {', '.join(STREAMS)}", path="/stream")
    return OneOf("stream", streams)


def _sorts(text: str) -> tuple[Sort, ...]:
    """Read fields with commas between; ``-`` in front of one means descending."""
    return tuple(
        Sort(find_field(name.strip().lstrip("-")).name, descending=name.strip().startswith("-"))
        for name in text.split(",")
    )
