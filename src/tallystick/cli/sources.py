"""Where a command reads from: the database itself, or a server over HTTP.

Either way the read is recorded in the tenant's access stream before anything is returned.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import monotonic, sleep
from typing import Final, Protocol

from tallystick.access.reads import Asker, record_read
from tallystick.access.tenants import Tenant, every_tenant, tenant_named
from tallystick.cli.exit_codes import UsageError
from tallystick.cli.remote import Remote
from tallystick.cli.session import CLI, Session
from tallystick.errors import ErasedError, MalformedError, NotFoundError, PushbackError
from tallystick.events.event import id_bytes, id_text
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.opening import Opened
from tallystick.ledger.ports import Entry, Log, Place, Snapshot
from tallystick.ledger.receipts import Receipts

PAGE: Final = 500
_LOOK_AGAIN_S: Final = 0.2
_RECORDED_S: Final = 60

Event = Mapping[str, object]


class Source(Protocol):
    """Something that events can be read from."""

    def show(self, event_id: str, tenant: str | None) -> Event:
        """Return one event, with its place."""
        ...

    def last(self, tenant: str | None, stream: str, count: int) -> Sequence[Event]:
        """Return the last events of a stream, oldest first."""
        ...

    def after(self, tenant: str | None, stream: str, last: Event | None) -> Sequence[Event]:
        """Return up to a page of events that follow ``last``."""
        ...

    def receipt(self, event_id: str, tenant: str | None, wait_s: int) -> bytes | None:
        """Return an event's receipt; None while it is in no epoch yet."""
        ...


@contextmanager
def source_of(session: Session) -> Iterator[Source]:
    """Open what the session's settings name."""
    if session.remote:
        yield Distant(Remote(session.settings))
        return
    with session.house() as house:
        yield Direct(house.ledger)


class Direct:
    """A :class:`Source` on the database.

    Args:
        ledger: The opened ledger.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._receipts = Receipts(ledger)
        self._own: set[tuple[str, int]] = set()

    def show(self, event_id: str, tenant: str | None) -> Event:
        """See :class:`Source`."""
        with self._ledger.drivers.store.read() as snapshot:
            owner, place = self._find(snapshot, event_id, tenant)
            log, leaf_hash, opened = self._ledger.reader.open_at(snapshot, place)
            event = _shown(owner.name, log, place.index, leaf_hash, opened)
        told = {"event_id": event["id"], "log": log.hex, "index": place.index}
        self._tell_read(owner.number, "event.read", told)
        return event

    def last(self, tenant: str | None, stream: str, count: int) -> Sequence[Event]:
        """See :class:`Source`."""
        with self._ledger.drivers.store.read() as snapshot:
            owner, log = self._log(snapshot, tenant, stream)
            size = snapshot.head(log.slot).size
            events = self._events(snapshot, owner, log, max(0, size - count), size)
        return self._listed(owner, stream, events)

    def after(self, tenant: str | None, stream: str, last: Event | None) -> Sequence[Event]:
        """See :class:`Source`; reads that this source itself recorded are passed over."""
        start = 0 if last is None else int(str(last["index"])) + 1
        with self._ledger.drivers.store.read() as snapshot:
            owner, log = self._log(snapshot, tenant, stream)
            size = snapshot.head(log.slot).size
            while start < size and (log.hex, start) in self._own:
                start += 1
            events = self._events(snapshot, owner, log, start, min(size, start + PAGE))
        return self._listed(owner, stream, events)

    def receipt(self, event_id: str, tenant: str | None, wait_s: int) -> bytes | None:
        """See :class:`Source`."""
        until = monotonic() + wait_s
        while True:
            with self._ledger.drivers.store.read() as snapshot:
                owner, place = self._find(snapshot, event_id, tenant)
                issued = self._receipts.issue(snapshot, place)
            if issued is not None or monotonic() >= until:
                break
            sleep(_LOOK_AGAIN_S)
        if issued is None:
            return None
        self._tell_read(owner.number, "receipt.issued", {"event_id": event_id.lower()})
        return issued.format()

    def _find(self, snapshot: Snapshot, event_id: str, tenant: str | None) -> tuple[Tenant, Place]:
        try:
            name = id_bytes(event_id.lower())
        except MalformedError:
            raise NotFoundError("event: the id is no UUID, so no event has it") from None
        owners = every_tenant(snapshot) if tenant is None else [tenant_named(snapshot, tenant)]
        places = [
            (owner, found[name])
            for owner in owners
            if (found := snapshot.find(owner.number, [name]))
        ]
        if len(places) > 1:
            raise UsageError(f"event: {len(places)} tenants have one with this id, want --tenant")
        if not places:
            raise NotFoundError(f"event {id_text(name)}: in none of the logs")
        return places[0]

    def _log(self, snapshot: Snapshot, tenant: str | None, stream: str) -> tuple[Tenant, Log]:
        if tenant is None:
            tenants = every_tenant(snapshot)
            if len(tenants) != 1:
                raise UsageError(f"{len(tenants)} tenants: want --tenant NAME to say which")
            owner = tenants[0]
        else:
            owner = tenant_named(snapshot, tenant)
        return owner, self._ledger.logs.stream(snapshot, owner.number, stream)

    def _events(
        self, snapshot: Snapshot, owner: Tenant, log: Log, start: int, end: int
    ) -> list[Event]:
        entries = list(snapshot.entries(log.slot, start, end))
        return [self._event(snapshot, owner, log, entry) for entry in entries]

    def _event(self, snapshot: Snapshot, owner: Tenant, log: Log, entry: Entry) -> Event:
        try:
            opened = self._ledger.reader.open(snapshot, log, entry)
        except ErasedError:
            opened = Opened({"id": id_text(entry.event_id), "pruned": True}, [])
        return _shown(owner.name, log, entry.index, entry.leaf_hash, opened)

    def _listed(self, owner: Tenant, stream: str, events: Sequence[Event]) -> Sequence[Event]:
        if events:
            told = {"shown": len(events), "stream": stream, "first": events[0]["index"]}
            self._tell_read(owner.number, "events.listed", told)
        return events

    def _tell_read(self, tenant: int, action: str, told: Mapping[str, object]) -> None:
        future = record_read(self._ledger, tenant, action, Asker(CLI), told)
        (outcome,) = future.result(_RECORDED_S)
        if outcome.status != "recorded":
            raise PushbackError(f"read: not recorded ({outcome.reason}), so nothing is shown")
        self._own.add((outcome.log, outcome.index))


class Distant:
    """A :class:`Source` on a server, which records the reads.

    Args:
        remote: The server.
    """

    def __init__(self, remote: Remote) -> None:
        self._remote = remote

    def show(self, event_id: str, tenant: str | None) -> Event:
        """See :class:`Source`."""
        event: Event = self._remote.get(f"/v1/events/{event_id}", tenant=tenant).json
        return event

    def last(self, tenant: str | None, stream: str, count: int) -> Sequence[Event]:
        """See :class:`Source`."""
        if not count:
            return []
        answer = self._remote.get(
            "/v1/events", tenant=tenant, stream=stream, limit=count, order="desc"
        )
        return list(reversed(answer.json["events"]))

    def after(self, tenant: str | None, stream: str, last: Event | None) -> Sequence[Event]:
        """See :class:`Source`."""
        start = None if last is None else f"{last['log']}-{int(str(last['index'])) + 1}"
        answer = self._remote.get(
            "/v1/events", tenant=tenant, stream=stream, limit=PAGE, after=start
        )
        events: list[Event] = answer.json["events"]
        return events

    def receipt(self, event_id: str, tenant: str | None, wait_s: int) -> bytes | None:
        """See :class:`Source`."""
        answer = self._remote.get(f"/v1/events/{event_id}/receipt", tenant=tenant, wait=wait_s)
        return None if answer.status == 202 else answer.body  # noqa: PLR2004 (accepted: pending)


def _shown(
    tenant: str, log: Log, index: int, leaf_hash: bytes, opened: Opened
) -> dict[str, object]:
    event = {name: value for name, value in opened.event.items() if name != "v"}
    event |= {"tenant": tenant, "log": log.hex, "index": index, "leaf_hash": leaf_hash.hex()}
    if opened.missing:
        event["erased"] = sorted(opened.missing)
    return event
