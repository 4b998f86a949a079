"""Events as they come, by server-sent events (WHATWG HTML, section 9.2)."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from math import inf
from time import monotonic
from typing import Annotated, Any, Final, NamedTuple

import msgspec
from litestar import Request, get
from litestar.params import QueryParameter
from litestar.response import Stream

from tallystick.api.asking import (
    Context,
    Line,
    Streams,
    WantedSearch,
    context_of,
    read_search,
    reader,
    searcher_for,
)
from tallystick.api.doorway import Caller, Doorway
from tallystick.api.query import After, TenantName
from tallystick.errors import MalformedError, TallystickError
from tallystick.ledger.ports import Snapshot
from tallystick.search.arrivals import PAGE, Arrived, arrived
from tallystick.search.cursor import Cursor, read_cursor, write_cursor
from tallystick.search.lag import followed
from tallystick.search.ports import Asking

LOOK_EVERY_S: Final = 0.5
SIGN_OF_LIFE_S: Final = 15
"""So often something is sent, or proxies would take the connection for dead."""


WaitS = Annotated[
    int | None, QueryParameter(name="wait_s", ge=0, le=86_400, description="End after so long")
]


class Tail(NamedTuple):
    """One asker who watches.

    Attributes:
        question: What the cursors are bound to.
        cursor: When it began, and the positions, in the form of :func:`_flat`.
    """

    wanted: WantedSearch
    question: tuple[str, ...]
    cursor: Cursor

    @property
    def positions(self) -> dict[str, int]:
        """By log: the index of the next entry."""
        flat = self.cursor.after
        return {str(log): int(str(at)) for log, at in zip(flat[::2], flat[1::2], strict=True)}

    def at(self, positions: Mapping[str, int]) -> "Tail":
        """Return the same at other positions."""
        return self._replace(cursor=self.cursor._replace(after=_flat(positions)))

    @property
    def text(self) -> str:
        """The cursor, to go on with."""
        return write_cursor(self.cursor, self.question)


@get(
    "/v1/tail",
    summary="Watch events come",
    description=(
        "Server-sent events: one for each event that fits, from now on, or from a cursor:"
        " `after`, or the `Last-Event-ID` that browsers send by themselves."
    ),
)
async def tail_events(
    request: Request[Any, Any, Any],
    tenant_name: TenantName = None,
    line: Line = "",
    stream: Streams = "audit,activity",
    after: After = None,
    wait_s: WaitS = None,
) -> Stream:
    """Send events as they come."""
    doorway: Doorway = request.app.state.doorway
    caller = reader(doorway, request)
    if "access" in stream:
        raise MalformedError(
            "stream: access would show its own reads, want another", path="/stream"
        )
    wanted = WantedSearch(q=line, stream=stream)
    context = await asyncio.to_thread(context_of, doorway, caller, tenant_name)
    read_search(wanted, context.now)  # refused now, and not in the middle
    question = ("tail", *wanted.parts(context.tenant))
    given = after or request.headers.get("last-event-id")
    if given:
        cursor = read_cursor(given, question)
    else:
        cursor = Cursor(context.now, _flat(await asyncio.to_thread(_ends, doorway, context)))
    told = {"q": line, "stream": stream, **({"after": given} if given else {})}
    await doorway.tell_read(context.tenant, "events.tailed", caller, told)
    tail = Tail(wanted, question, cursor)
    return Stream(
        _sent(request, doorway, tenant_name, tail, inf if wait_s is None else wait_s),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _sent(
    request: Request[Any, Any, Any],
    doorway: Doorway,
    tenant_name: str | None,
    tail: Tail,
    wait_s: float,
) -> AsyncIterator[bytes]:
    yield b"retry: 2000\n\n"
    began = sent = monotonic()
    while not doorway.searching.closing:
        try:
            caller = reader(doorway, request)  # anew: the key may be revoked by now
            context = await asyncio.to_thread(context_of, doorway, caller, tenant_name)
            found, tail, more = await _looked(request, doorway, caller, context, tail)
        except TallystickError:
            return  # the asker comes again with the cursor, and is told why not
        for each in found:
            yield _written(tail.at(each.positions).text, each.event)
        if found:
            sent = monotonic()
        elif monotonic() - sent > SIGN_OF_LIFE_S:
            yield f"id: {tail.text}\n\n".encode()
            sent = monotonic()
        if not more:
            if monotonic() - began >= wait_s:
                yield f"id: {tail.text}\n\n".encode()
                return
            await asyncio.sleep(LOOK_EVERY_S)


async def _looked(
    request: Request[Any, Any, Any],
    doorway: Doorway,
    caller: Caller,
    context: Context,
    tail: Tail,
) -> tuple[list[Arrived], Tail, bool]:
    """Return what has come, where that leads, and whether there is more already."""
    ends = await asyncio.to_thread(_ends, doorway, context)
    start = tail.positions
    if all(end <= start.get(log, 0) for log, end in ends.items()):
        return [], tail, False
    wanted = read_search(tail.wanted, tail.cursor.asked_at).filter

    def look(engine: Asking) -> list[Arrived]:
        coming = arrived(searcher_for(doorway, engine, context.sight), wanted, start, ends)
        return [each for each, _ in zip(coming, range(PAGE), strict=False)]

    found = await doorway.searching.run(request, look)
    if found:
        told = {"q": tail.wanted.q, "stream": tail.wanted.stream, "shown": len(found)}
        await doorway.tell_read(context.tenant, "events.tailed", caller, told)
    if len(found) == PAGE:
        return found, tail.at(found[-1].positions), True
    return found, tail.at({**start, **ends}), False


def _ends(doorway: Doorway, context: Context) -> dict[str, int]:
    """Return how far the index has come in each log of the tenant."""
    with doorway.ledger.drivers.store.read() as snapshot:
        return _followed(doorway, snapshot, context.tenant)


def _followed(doorway: Doorway, snapshot: Snapshot, tenant: int) -> dict[str, int]:
    logs = doorway.ledger.logs.of(snapshot, tenant)
    stands = followed(snapshot)
    return {log.hex: stands.get(log.slot, 0) for name, log in logs.items() if name != "access"}


def _flat(positions: Mapping[str, int]) -> tuple[str | int, ...]:
    return tuple(part for pair in sorted(positions.items()) for part in pair)


def _written(cursor: str, event: Mapping[str, object]) -> bytes:
    return b"id: %b\ndata: %b\n\n" % (cursor.encode(), msgspec.json.encode(event))
