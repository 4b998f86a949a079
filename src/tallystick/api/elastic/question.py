"""One search as it came, and how it is answered: asked, recorded, and put into its envelope."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

from litestar import Request
from msgspec import Struct
from msgspec.structs import replace

from tallystick.api.asking import Context, asked
from tallystick.api.doorway import Doorway
from tallystick.api.elastic.given import Given
from tallystick.search.answer import Found, Searcher
from tallystick.search.elastic.aggregated import answered
from tallystick.search.elastic.hits import Total, envelope, hits_of
from tallystick.search.elastic.indices import IndexOptions, parse_indices
from tallystick.search.elastic.refusal import ElasticError
from tallystick.search.elastic.request import PARAMETERS, ElasticSearch, parse_search
from tallystick.search.elastic.source import check_source
from tallystick.search.elastic.view import View
from tallystick.search.filters import And
from tallystick.search.lag import followed
from tallystick.search.query import MAX_LIMIT
from tallystick.search.terms import When

DOOR: Final = "elastic"

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
    request: Request[Any, Any, Any], tenant: str | None, question: Question
) -> Json:
    """Ask, record the question, and return the answer."""
    doorway: Doorway = request.app.state.doorway
    clock = doorway.ledger.drivers.clock
    began = clock.now()

    def work(context: Context, searcher: Searcher) -> dict[str, object]:
        search = question.read(context.now)
        reply = find(doorway, context, searcher, question, search)
        return recorded(reply)

    told = await asked(request, tenant, "events.searched", question.told(), work)
    return {**_json(told["answer"]), "took": max(0, clock.now() - began) // 1_000}


def recorded(reply: Reply, **more: object) -> dict[str, object]:
    """Return an answer beside what is recorded of it."""
    total = None if reply.total is None else reply.total.value
    return {"answer": {**reply.answer, **more}, "total": total, "shown": len(reply.found.events)}


def find(
    doorway: Doorway,
    context: Context,
    searcher: Searcher,
    question: Question,
    search: ElasticSearch,
    view: View | None = None,
) -> Reply:
    """Ask the engine.

    Args:
        doorway: The door.
        context: Where it is asked.
        searcher: Whom to ask.
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
    found = searcher.find(wanted)
    total = None
    if search.count_wanted and found.total is not None:
        exact = type(most) is not int or found.total <= most
        total = Total(found.total if exact else int(most), exact)
    streams = standing(doorway, context.tenant).streams
    hits = hits_of(search, found, streams, total, as_number=question.as_number)
    answer = envelope(0, hits)
    if search.aggregations:
        counted = searcher.aggregate(wanted)
        answer["aggregations"] = answered(search.aggregations, counted, typed=question.typed)
    return Reply(answer, found, total)


def _json(value: object) -> Json:
    return value if isinstance(value, dict) else {}
