"""Documents on their way into the ledger: whose they are, what they say, what became of them."""

import asyncio
from asyncio import to_thread
from collections.abc import Sequence
from typing import Final, NamedTuple

from tallystick.api.doorway import Caller, Doorway
from tallystick.api.elastic.identity import DOOR, derived_ids, named
from tallystick.api.elastic.operation import Operation
from tallystick.api.elastic.result import (
    Result,
    append_only,
    forbidden,
    pushed_back,
    refused,
    settled,
)
from tallystick.api.ingest.elastic_document import Place, translate
from tallystick.api.problems import FORBIDDEN, Kind
from tallystick.api.tenancy import Sorter, chosen_tenant, meet, only_tenant, strangers
from tallystick.errors import ForbiddenError, MalformedError, PushbackError
from tallystick.events.parsing import read_events
from tallystick.ledger.batch import Outcome
from tallystick.ledger.leaf import Via, time_text

APPEND_ONLY: Final = Kind(400, "append-only", "What is recorded is neither changed nor deleted")

Way = tuple[int, str]
"""A tenant's number, and the stream."""


class Draft(NamedTuple):
    """One document that is an event.

    Attributes:
        position: Of its operation.
        tenant: Whose it is.
        event: As builtins: what the document says, then as its parser normalised it.
        time_is_assumed: Whether it tells no time, so that a resend tells another one.
    """

    position: int
    tenant: int
    event: dict[str, object]
    time_is_assumed: bool

    @property
    def way(self) -> Way:
        """Where it goes."""
        return self.tenant, str(self.event["stream"])


async def write(
    doorway: Doorway, caller: Caller, operations: Sequence[Operation], tenant_name: str | None
) -> list[Result]:
    """Record documents, each on its own merits; all that is acknowledged is on disk.

    Raises:
        PushbackError: There is room for none of them just now.
        ForbiddenError: The tenant is out of the credential's reach.
    """
    results: list[Result | None] = [None] * len(operations)
    whose = await _whose(doorway, caller, operations, tenant_name)
    drafts = _drafts(doorway, caller, operations, whose, results)
    derived = derived_ids(doorway.ledger, drafts, operations)
    for draft in drafts:
        named(draft.event, operations[draft.position], derived.get(draft.position))
    ready = _read(drafts, results)
    recorded = await _record(doorway, caller, ready)
    again = [one for one in ready if one.time_is_assumed and _conflicts(recorded, one)]
    if again:
        told_first = await to_thread(_as_told_first, doorway, again)
        recorded.update(await _record(doorway, caller, told_first))
    for position, outcome in recorded.items():
        results[position] = settled(outcome) if isinstance(outcome, Outcome) else pushed_back()
    return [result or pushed_back() for result in results]


async def _whose(
    doorway: Doorway,
    caller: Caller,
    operations: Sequence[Operation],
    tenant_name: str | None,
) -> int | None:
    """Return the tenant that the address names; None where each document tells it, or none may."""
    grant = caller.key.grant
    if tenant_name is not None:

        def choose() -> int:
            with doorway.ledger.drivers.store.read() as snapshot:
                return chosen_tenant(snapshot, grant, tenant_name)

        return await to_thread(choose)
    if only_tenant(grant) is None:
        new = strangers(doorway, [operation.document for operation in operations])
        if new:
            await to_thread(meet, doorway, grant, new, caller.key.key_id)
    return None


def _drafts(
    doorway: Doorway,
    caller: Caller,
    operations: Sequence[Operation],
    whose: int | None,
    results: list[Result | None],
) -> list[Draft]:
    """Translate the documents, and note in ``results`` those that are refused."""
    sorter = Sorter(doorway, caller.key.grant)
    received = time_text(doorway.ledger.drivers.clock.now())
    places: dict[str, Place] = {}
    drafts: list[Draft] = []
    for position, operation in enumerate(operations):
        if operation.name not in {"create", "index"}:
            results[position] = append_only()
            doorway.note_refusal(caller.key, APPEND_ONLY)
            continue
        document = operation.document
        try:
            if not isinstance(document, dict):
                raise document or MalformedError("document: missing, want one")
            tenant = sorter.take(document) if whose is None else whose
            index = operation.index_name
            place = places.get(index) or places.setdefault(index, Place(index, received))
            event = translate(document, place)
        except MalformedError as error:
            results[position] = refused(error)
        except ForbiddenError as error:
            results[position] = forbidden(str(error))
            doorway.note_refusal(caller.key, FORBIDDEN)
        else:
            drafts.append(Draft(position, tenant, event, event["occurred_at"] == received))
    return drafts


def _read(drafts: Sequence[Draft], results: list[Result | None]) -> list[Draft]:
    """Read the events as those of any door are read."""
    ready = []
    events = read_events([draft.event for draft in drafts])
    for draft, event in zip(drafts, events, strict=True):
        if isinstance(event, MalformedError):
            results[draft.position] = refused(event)
        else:
            # What is so anyway, such as the stream audit, is not written out.
            ready.append(draft._replace(event=event))
    return ready


async def _record(
    doorway: Doorway, caller: Caller, drafts: Sequence[Draft]
) -> dict[int, Outcome | PushbackError]:
    """Record events; return by position what became of them.

    Raises:
        PushbackError: Nothing was recorded: the sender may send all of it again.
    """
    via = Via(caller.key.key_id, DOOR)
    groups: dict[Way, list[Draft]] = {}
    for draft in drafts:
        way = (draft.tenant, str(draft.event.get("stream", "audit")))
        groups.setdefault(way, []).append(draft)
    futures = [
        doorway.gathering.record(tenant, stream, [draft.event for draft in group], via)
        for (tenant, stream), group in groups.items()
    ]
    answers = await asyncio.gather(*futures, return_exceptions=True)
    told: dict[int, Outcome | PushbackError] = {}
    for group, answer in zip(groups.values(), answers, strict=True):
        if isinstance(answer, BaseException) and not isinstance(answer, PushbackError):
            raise answer
        for place, draft in enumerate(group):
            told[draft.position] = answer if isinstance(answer, PushbackError) else answer[place]
    if told and all(isinstance(one, PushbackError) for one in told.values()):
        raise next(one for one in told.values() if isinstance(one, PushbackError))
    return told


def _conflicts(recorded: dict[int, Outcome | PushbackError], draft: Draft) -> bool:
    outcome = recorded[draft.position]
    return isinstance(outcome, Outcome) and outcome.status == "conflict"


def _as_told_first(doorway: Doorway, drafts: Sequence[Draft]) -> list[Draft]:
    """Give documents that tell no time the one at which they were received first."""
    ledger = doorway.ledger
    again = []
    with ledger.drivers.store.read() as snapshot:
        for draft in drafts:
            name = bytes.fromhex(str(draft.event["id"]).replace("-", ""))
            place = snapshot.find(draft.tenant, [name]).get(name)
            if place is None:
                continue  # the other one stands in the same request
            _, _, opened = ledger.reader.open_at(snapshot, place)
            event = {**draft.event, "occurred_at": opened.event["occurred_at"]}
            again.append(draft._replace(event=event))
    return again
