"""Admission: from events to sealed entries that may be sequenced.

Look-up by (tenant, id) comes before any sealing: a resend makes no new subject, and after an
erasure re-creates nothing. What was admitted can grow stale before its commit (another door, an
erasure, a changed catalogue); :meth:`Batch.reconcile` mends that inside the transaction.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from tallystick.errors import MalformedError
from tallystick.events.canonical import encode
from tallystick.ledger.catalogues import Catalogues
from tallystick.ledger.draft import Draft
from tallystick.ledger.leaf import Via
from tallystick.ledger.opening import SERVER_FIELDS, Opened
from tallystick.ledger.ports import Entropy, Log, Place, Snapshot, Transaction, Value
from tallystick.ledger.sealing import Sealed, Sealer
from tallystick.ledger.subjects import Subject, TenantSubjects
from tallystick.ledger.tenant_keys import SUBJECTS


class Outcome(Struct, frozen=True):
    """What became of one event of a batch.

    Attributes:
        status: recorded, duplicate, conflict or refused.
        event_id: The event's id as text; empty for a refused event without one.
        log: The log's 32 hex digits.
        index: Its index there.
        leaf_hash: Its leaf hash, 32 bytes.
        unverifiable: For a duplicate: an erasure keeps us from comparing the content.
        path: For a refused event: JSON Pointer of the guilty value.
        reason: For a refused event: what was observed and what is wanted.
    """

    status: str
    event_id: str = ""
    log: str = ""
    index: int = -1
    leaf_hash: bytes = b""
    unverifiable: bool = False
    path: str = ""
    reason: str = ""


class Reading(Protocol):
    """What admission asks of the reader: stored events, and the logs they stand in."""

    def open_at(self, snapshot: Snapshot, place: Place) -> tuple[Log, bytes, Opened]:
        """Open the entry at a place; return its log and leaf hash with it."""
        ...


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all batches of a door share."""

    catalogues: Catalogues
    reading: Reading
    entropy: Entropy


class Batch:
    """Events of one tenant on their way into one log.

    Attributes:
        log: Where they go.
        sealed: The entries to be sequenced, in order.
        outcomes: One for each event; those of ``sealed`` are None until committed.
    """

    def __init__(
        self,
        log: Log,
        origin: str,
        via: Via,
        events: Sequence[dict[str, object]],
        subjects: TenantSubjects,
        around: Surroundings,
    ) -> None:
        self.log = log
        self.sealed: list[Sealed] = []
        self.outcomes: list[Outcome | None] = []
        self._sealer = Sealer(origin, via, around.entropy)
        self._events = events
        # The form of an id was checked where the event was read.
        self._ids = [bytes.fromhex(str(event["id"]).replace("-", "")) for event in events]
        self._subjects = subjects
        self._around = around
        self._used: list[Subject] = []
        self._people: dict[str, Subject] = {}
        self._block: Subject | None = None
        self._kept: list[Draft] = []
        self._twins: dict[int, int] = {}
        self._version = 0

    def admit(self, snapshot: Snapshot) -> None:
        """Look the events up, part them, and seal those that are new."""
        with self._subjects.lock:
            self._subjects.refresh(snapshot)
            self._version = self._subjects.version
            self.outcomes = [None] * len(self._events)
            self._look_up(snapshot)
            self._seal(snapshot, *self._drafts(snapshot))

    def reconcile(self, tx: Transaction) -> None:
        """Make what was sealed fit to be committed in this transaction; store new subjects.

        If the tenant's state has moved on (an erasure, a changed catalogue), all is admitted
        anew. If another door met a person first, that door's key counts: only the entries that
        tell about the person are sealed anew.
        """
        with self._subjects.lock:
            # A reader of an older snapshot may have turned the cache back since.
            self._subjects.refresh(tx)
            if self._subjects.version != self._version:
                self.admit(tx)
            fresh: list[dict[str, Value]] = []
            met: set[bytes] = set()
            new = [subject for subject in self._used if not subject.stored]
            stored = self._subjects.stored_refs(tx, new)
            for subject in new:
                known = stored.get(subject)
                if known is None:
                    fresh.append(self._subjects.row(tx, subject))
                elif known != subject.ref:
                    met.add(subject.ref)
            tx.execute(SUBJECTS["add_subject"], fresh)
            if met:
                self._seal_anew(tx, met)

    def _seal_anew(self, tx: Transaction, met: set[bytes]) -> None:
        """Seal the entries again that tell about people whom another door met first."""
        changed = {person for person, subject in self._people.items() if subject.ref in met}
        for person in changed:
            self._people[person] = self._subjects.adopt(tx, person)
        again = [n for n, draft in enumerate(self._kept) if not changed.isdisjoint(draft.owners)]
        drafts = [self._kept[number] for number in again]
        sealed = self._sealer.seal(drafts, self._people, self._block)
        for number, item in zip(again, sealed, strict=True):
            if isinstance(item, MalformedError):
                raise item  # It had room before, and all refs and codes have one length.
            self.sealed[number] = item
        self._used = [subject for subject in self._used if subject.ref not in met]

    def committed(self) -> None:
        """Take note that the transaction is on disk."""
        for subject in self._used:
            subject.stored = True

    def settle(self, placed: Sequence[tuple[int, bytes, int]]) -> list[Outcome]:
        """Return the outcome of every event, given where the sealed ones came to stand."""
        places = iter(placed)
        settled: list[Outcome] = []
        for position, (event, known) in enumerate(zip(self._events, self.outcomes, strict=True)):
            outcome = known
            if position in self._twins:
                outcome = self._like_twin(position, settled[self._twins[position]])
            elif outcome is None:
                index, leaf_hash, _ = next(places)
                outcome = Outcome("recorded", str(event["id"]), self.log.hex, index, leaf_hash)
            settled.append(outcome)
        return settled

    def _like_twin(self, position: int, twin: Outcome) -> Outcome:
        """Answer the second of two events with one id in the same batch."""
        if encode(self._events[position]) != encode(self._events[self._twins[position]]):
            return Outcome("conflict", twin.event_id)
        return replace(twin, status="duplicate") if twin.status == "recorded" else twin

    def _look_up(self, snapshot: Snapshot) -> None:
        known = snapshot.find(self.log.tenant, self._ids)
        seen: dict[bytes, int] = {}
        self._twins = {}
        for position, event_id in enumerate(self._ids):
            place = known.get(event_id)
            if place is not None:
                self.outcomes[position] = self._compare(snapshot, place, self._events[position])
            elif event_id in seen:
                self._twins[position] = seen[event_id]
            else:
                seen[event_id] = position

    def _compare(self, snapshot: Snapshot, place: Place, event: Mapping[str, object]) -> Outcome:
        """Tell a resend from another event with the same id."""
        name = str(event["id"])
        log, leaf_hash, opened = self._around.reading.open_at(snapshot, place)
        at = (log.hex, place.index, leaf_hash)
        if opened.missing:
            return Outcome("duplicate", name, *at, unverifiable=True)
        recorded = {k: v for k, v in opened.event.items() if k not in SERVER_FIELDS}
        if encode(recorded) == encode(event):
            return Outcome("duplicate", name, *at)
        return Outcome("conflict", name)

    def _drafts(self, snapshot: Snapshot) -> tuple[list[int], list[Draft]]:
        """Part the new events; return their positions, and their drafts."""
        catalogue = self._around.catalogues.of(snapshot, self.log.tenant)
        by_action: dict[str, list[int]] = {}
        for position, (event, known) in enumerate(zip(self._events, self.outcomes, strict=True)):
            if known is None and position not in self._twins:
                by_action.setdefault(str(event["action"]), []).append(position)
        drafts: dict[int, Draft] = {}
        for action, positions in by_action.items():
            try:
                templates = catalogue.templates(action)
            except MalformedError as error:
                self._refuse(positions, error)
                continue
            event_ids = [self._ids[position] for position in positions]
            events = [self._events[position] for position in positions]
            drafts.update(zip(positions, templates.draft(event_ids, events), strict=True))
        positions = sorted(drafts)
        return positions, [drafts[position] for position in positions]

    def _seal(self, snapshot: Snapshot, positions: Sequence[int], drafts: Sequence[Draft]) -> None:
        owners = {owner for draft in drafts for owner in draft.owners}
        people = self._subjects.resolve(snapshot, [name for name in owners if name is not None])
        lonely = sum([draft.layout.needs_event_key for draft in drafts])
        block = self._subjects.block(lonely) if lonely else None
        self._used = [*people.values(), *([block] if block else [])]
        self._people, self._block = people, block
        self.sealed, self._kept = [], []
        sealed = self._sealer.seal(drafts, people, block)
        for position, draft, item in zip(positions, drafts, sealed, strict=True):
            if isinstance(item, MalformedError):
                self._refuse([position], item)
            else:
                self.sealed.append(item)
                self._kept.append(draft)

    def _refuse(self, positions: Sequence[int], error: MalformedError) -> None:
        for position in positions:
            name = str(self._events[position]["id"])
            self.outcomes[position] = Outcome("refused", name, path=error.path, reason=str(error))
