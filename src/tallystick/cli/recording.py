"""Recording many events, in batches, into the database itself or through a server."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count, islice
from time import sleep
from typing import Final, NamedTuple, Protocol

from tallystick.access.tenants import tenant_named
from tallystick.cli.exit_codes import UsageError
from tallystick.cli.remote import Remote
from tallystick.cli.session import CLI, Session
from tallystick.drivers.system import SystemClock, SystemEntropy
from tallystick.errors import MalformedError, PushbackError
from tallystick.events.event import id_text, uuid7
from tallystick.events.parsing import parse_event, to_builtins
from tallystick.ledger.batch import Outcome
from tallystick.ledger.leaf import Via
from tallystick.ledger.ledger import Ledger

BATCH: Final = 500
_IN_FLIGHT: Final = 4
_ATTEMPTS: Final = 10
_SETTLED_S: Final = 120
_SHOWN: Final = 20

_CLOCK, _ENTROPY = SystemClock(), SystemEntropy()

Settle = Callable[[], "Sequence[Verdicted]"]


class Item(NamedTuple):
    """One event on its way in.

    Attributes:
        where: Names it to people, such as ``events.jsonl:17``.
        event: The event as JSON builtins, or why there is none.
    """

    where: str
    event: "dict[str, object] | MalformedError"


class Verdicted(NamedTuple):
    """What became of one event: recorded, duplicate or refused, and why."""

    status: str
    reason: str = ""


@dataclass(slots=True)
class Tally:
    """What became of all of them.

    Attributes:
        recorded: New in the ledger.
        duplicate: There already.
        refused: Neither; ``reasons`` tells of the first ones.
        reasons: Where and why, of the first refused events.
    """

    recorded: int = 0
    duplicate: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)

    def add(self, where: str, verdict: Verdicted) -> None:
        """Count one event."""
        match verdict.status:
            case "recorded":
                self.recorded += 1
            case "duplicate":
                self.duplicate += 1
            case _:
                self.refused += 1
                if len(self.reasons) < _SHOWN:
                    self.reasons.append(f"{where}: {verdict.reason}")

    def to_builtins(self) -> dict[str, object]:
        """Write the counts as ``--json`` shows them."""
        return {"recorded": self.recorded, "duplicate": self.duplicate, "refused": self.refused}


class Door(Protocol):
    """Where events can be brought."""

    def submit(self, events: Sequence[dict[str, object]]) -> Settle:
        """Bring a batch; what is returned waits for it, and tells of each event in order."""
        ...


def record_all(door: Door, items: Iterable[Item], batch: int = BATCH) -> Tally:
    """Record everything, a few batches at a time.

    Raises:
        PushbackError: There was no room for a batch, for a long time.
    """
    tally = Tally()
    waiting: deque[_Lot] = deque()
    for items_of_lot in _lots(items, batch):
        waiting.append(_Lot(door, items_of_lot))
        if len(waiting) > _IN_FLIGHT:
            waiting.popleft().settle(tally)
    while waiting:
        waiting.popleft().settle(tally)
    return tally


class _Lot:
    """A batch under way; every event in it has an id, so that it can be sent again."""

    def __init__(self, door: Door, items: Sequence[Item]) -> None:
        self._door = door
        self._items = items
        self._events = [
            _with_id(item.event) for item in items if not isinstance(item.event, MalformedError)
        ]
        self._settle: Settle | None = None
        with suppress(PushbackError):
            self._settle = door.submit(self._events)

    def settle(self, tally: Tally) -> None:
        verdicts = iter(self._verdicts())
        for item in self._items:
            if isinstance(item.event, MalformedError):
                tally.add(item.where, Verdicted("refused", str(item.event)))
            else:
                tally.add(item.where, next(verdicts))

    def _verdicts(self) -> Sequence[Verdicted]:
        for attempt in count(1):
            try:
                settle = self._settle or self._door.submit(self._events)
                return settle()
            except PushbackError as error:
                if attempt == _ATTEMPTS:
                    raise
                self._settle = None
                sleep(error.retry_after_s)
        raise AssertionError


@contextmanager
def door_of(session: Session, tenant: str | None, name: str) -> Iterator[Door]:
    """Open what the session's settings name.

    Args:
        session: The session.
        tenant: Whose events they are.
        name: The door that entries name, where there is no server with a door of its own.

    Raises:
        UsageError: No tenant is named, and there is no key that says which.
    """
    if session.remote:
        yield DistantDoor(Remote(session.settings), tenant)
        return
    if tenant is None:
        raise UsageError("import: no tenant, want --tenant NAME")
    with session.house() as house:
        with house.ledger.drivers.store.read() as snapshot:
            number = tenant_named(snapshot, tenant).number
        yield DirectDoor(house.ledger, number, name)


class DirectDoor:
    """A :class:`Door` into the database.

    Args:
        ledger: The opened ledger.
        tenant: Number of the tenant.
        name: The door that entries name.
    """

    def __init__(self, ledger: Ledger, tenant: int, name: str) -> None:
        self._ledger = ledger
        self._tenant = tenant
        self._via = Via(CLI, name)

    def submit(self, events: Sequence[dict[str, object]]) -> Settle:
        """See :class:`Door`."""
        verdicts: list[Verdicted | None] = [None] * len(events)
        streams: dict[str, list[tuple[int, dict[str, object]]]] = {}
        for position, raw in enumerate(events):
            try:
                event = to_builtins(parse_event(raw))
            except MalformedError as error:
                verdicts[position] = Verdicted("refused", str(error))
                continue
            streams.setdefault(str(event.get("stream", "audit")), []).append((position, event))
        pending = [
            (
                [position for position, _ in lot],
                self._ledger.record(self._tenant, stream, [event for _, event in lot], self._via),
            )
            for stream, lot in streams.items()
        ]

        def settle() -> Sequence[Verdicted]:
            for positions, future in pending:
                for position, outcome in zip(positions, future.result(_SETTLED_S), strict=True):
                    verdicts[position] = _verdict(outcome)
            return [verdict for verdict in verdicts if verdict is not None]

        return settle


class DistantDoor:
    """A :class:`Door` of a server.

    Args:
        remote: The server.
        tenant: Whose events they are, for a key of several tenants.
    """

    def __init__(self, remote: Remote, tenant: str | None) -> None:
        self._remote = remote
        self._more = {} if tenant is None else {"tenant": tenant}

    def submit(self, events: Sequence[dict[str, object]]) -> Settle:
        """See :class:`Door`."""
        if not events:
            return list
        lines = [json.dumps({**self._more, **event}, ensure_ascii=False) for event in events]
        answer = self._remote.send_lines("/v1/events", "\n".join(lines).encode())
        results = answer.json["results"]
        return lambda: [_told(result) for result in results]


def _told(result: dict[str, object]) -> Verdicted:
    status = str(result["status"])
    reason = "another event has this id" if status == "conflict" else str(result.get("reason", ""))
    return Verdicted(status, reason)


def _verdict(outcome: Outcome) -> Verdicted:
    if outcome.status == "conflict":
        return Verdicted("refused", "another event has this id")
    return Verdicted(outcome.status, outcome.reason)


def _with_id(event: dict[str, object]) -> dict[str, object]:
    if "id" in event or "external_id" in event:
        return event
    minted = uuid7(_CLOCK.now() // 1_000, _ENTROPY.draw(10))
    return {**event, "id": id_text(minted)}


def _lots(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while lot := list(islice(rest, size)):
        yield lot
