"""One search as it came, and how it is answered: asked, recorded, and put into its envelope."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

from litestar import Request
from msgspec import Struct
from msgspec.structs import replace

from tallystick.api.asking import Context, asked
from tallystick.api.doorway import Caller, Doorway
from tallystick.api.elastic.given import Given
from tallystick.search.answer import Found, Searcher
from tallystick.search.elastic.aggregated import answered
from tallystick.search.elastic.hits import Total, envelope, hits_of
from tallystick.search.elastic.indices import IndexOptions, parse_indices
from tallystick.search.elastic.point import read_point, write_point
from tallystick.search.elastic.refusal import ElasticError
from tallystick.search.elastic.request import PARAMETERS, ElasticSearch, parse_search
from tallystick.search.elastic.source import check_source
from tallystick.search.elastic.view import View
from tallystick.search.filters import And
from tallystick.search.lag import followed
from tallystick.search.query import MAX_LIMIT
from tallystick.search.terms import When

DOOR: Final = "elastic"
TIE: Final = "_shard_doc"

Json: TypeAlias = dict[str, Any]


class Question(Struct, frozen=True, kw_only=True):
    """A search as it came.

    Attributes:
        indices: Names of indices, with commas between.
        options: How they are read.
        given: The body.
        parameters: Of the address, as given.
        most: How many events may be shown.
        typed: Whether the names of aggregations say of what type they are.
        as_number: Whether the total is one number.
    """

    indices: str = ""
    options: IndexOptions = IndexOptions()
    given: Given = Given()
    parameters: Mapping[str, str] = {}
    most: int = MAX_LIMIT
    typed: bool = False
    as_number: bool = False

    @property
    def has_point(self) -> bool:
        """Whether it is asked at a point in time."""
        return isinstance(self.given.body, dict) and self.given.body.get("pit") is not None

    def with_tie(self) -> "Question":
        """Return the same with an event's id behind all that is sorted by.

        So each event has one place in the order, and clients page from place to place: they
        give back the values of ``sort`` as they were told.
        """
        body, parameters = self.given.body, dict(self.parameters)
        sort = body.get("sort") if isinstance(body, dict) else None
        if parameters.get("sort"):
            parameters["sort"] += "" if TIE in parameters["sort"] else f",{TIE}"
        elif isinstance(body, dict) and sort:
            rows = sort if isinstance(sort, list) else [sort]
            tied = any(row == TIE or (isinstance(row, dict) and TIE in row) for row in rows)
            body = {**body, "sort": rows if tied else [*rows, TIE]}
        given = self.given._replace(body=body)
        return replace(self, given=given, parameters=parameters)

    def told(self) -> dict[str, object]:
        """Return what was asked, as it is recorded."""
        told: dict[str, object] = {"door": DOOR, "index": self.indices or "_all"}
        if self.given.text:
            told["query"] = self.given.text
        if self.parameters:
            told["parameters"] = dict(self.parameters)
        return told

    def read(self, now: datetime) -> ElasticSearch:
        """Read it.

        Raises:
            ElasticError: It is not of its form.
        """
        own = {name: text for name, text in self.parameters.items() if name in PARAMETERS}
        search = parse_search(self.given.body, When(now), own)
        check_source(search.source)
        if search.search.limit > self.most:
            reason = f"[size] of all searches together wants at most {MAX_LIMIT:,}"
            raise ElasticError(reason, path="/size", kind="illegal_argument_exception")
        return search


class Standing(NamedTuple):
    """A tenant's logs.

    Attributes:
        streams: The stream of each.
        ends: How far each was followed.
    """

    streams: dict[str, str]
    ends: dict[str, int]


class Reply(NamedTuple):
    """An answer, and what of it is needed to go on.

    Attributes:
        answer: The envelope.
        found: What was found.
        total: How many there are altogether; None where that was not asked.
    """

    answer: Json
    found: Found
    total: Total | None


class Asking(NamedTuple):
    """Whom to ask, and where.

    Attributes:
        doorway: The door.
        context: Whose events, and when.
        searcher: Whom to ask.
    """

    doorway: Doorway
    context: Context
    searcher: Searcher

    def standing(self) -> Standing:
        """Look how far the logs of the tenant were followed."""
        return standing(self.doorway, self.context.tenant)


def standing(doorway: Doorway, tenant: int) -> Standing:
    """Look how far the logs of a tenant were followed."""
    ledger = doorway.ledger
    with ledger.drivers.store.read() as snapshot:
        logs = ledger.logs.of(snapshot, tenant).values()
        stands = followed(snapshot)
    return Standing(
        {log.hex: log.stream for log in logs},
        {log.hex: stands.get(log.slot, 0) for log in logs},
    )


async def record_and_answer(
    request: Request[Any, Any, Any], caller: Caller, tenant: str | None, question: Question
) -> Json:
    """Ask, record the question, and return the answer."""
    doorway: Doorway = request.app.state.doorway

    def work(context: Context, searcher: Searcher) -> dict[str, object]:
        asking = Asking(doorway, context, searcher)
        if question.has_point:
            return _at_point(asking, question, whose(context, caller))
        return recorded(find(asking, question, question.read(context.now)))

    return await timed(request, tenant, question.told(), work)


async def timed(
    request: Request[Any, Any, Any],
    tenant: str | None,
    told: dict[str, object],
    work: Callable[[Context, Searcher], dict[str, object]],
) -> Json:
    """Ask, record what is told, and return the answer with the time that it took."""
    doorway: Doorway = request.app.state.doorway
    clock = doorway.ledger.drivers.clock
    began = clock.now()
    known = await asked(request, tenant, "events.searched", told, work)
    answer = known["answer"]
    took = {"took": max(0, clock.now() - began) // 1_000}
    return {**answer, **took} if isinstance(answer, dict) else took


def whose(context: Context, caller: Caller) -> tuple[str, ...]:
    """Say who may use an id that is made for a caller, and for which tenant."""
    return (str(context.tenant), caller.key.key_id)


def _at_point(asking: Asking, question: Question, whose: Sequence[str]) -> dict[str, object]:
    """Answer a search at a point in time."""
    now = asking.context.now
    if question.indices:
        reason = "[indices] cannot be used with point in time, want no index in the address"
        raise ElasticError(reason, kind="action_request_validation_exception")
    question = question.with_tie()
    asked_for = question.read(now).pit
    if asked_for is None:
        raise ElasticError("[pit] wants an [id]", path="/pit")
    point = read_point(asked_for.id, whose, now).kept(asked_for.keep_alive, now)
    question = replace(question, indices=point.indices, options=point.options)
    reply = find(asking, question, question.read(point.view.at), point.view)
    return recorded(reply, pit_id=write_point(point, whose))


def recorded(reply: Reply, **more: object) -> dict[str, object]:
    """Return an answer beside what is recorded of it."""
    total = None if reply.total is None else reply.total.value
    return {"answer": {**reply.answer, **more}, "total": total, "shown": len(reply.found.events)}


def find(
    asking: Asking, question: Question, search: ElasticSearch, view: View | None = None
) -> Reply:
    """Ask the engine.

    Args:
        asking: Whom, and where.
        question: As it came.
        search: The same as it was read.
        view: What may be found; None for all.

    Raises:
        TallystickError: It can't be answered.
    """
    indices = parse_indices(question.indices, question.options)
    parts = [indices.filter, search.search.filter]
    if view is not None:
        parts.insert(0, view.filter)
    most = search.search.count
    # One more is counted than was asked for: so an exact total is told from a bound.
    count = most + 1 if type(most) is int else most
    wanted = replace(search.search, filter=And(tuple(parts)), count=count)
    found = asking.searcher.find(wanted)
    total = None
    if search.count_wanted and found.total is not None:
        exact = type(most) is not int or found.total <= most
        total = Total(found.total if exact else int(most), exact)
    streams = asking.standing().streams
    hits = hits_of(search, found, streams, total, as_number=question.as_number)
    answer = envelope(0, hits)
    if search.aggregations:
        counted = asking.searcher.aggregate(wanted)
        answer["aggregations"] = answered(search.aggregations, counted, typed=question.typed)
    return Reply(answer, found, total)
