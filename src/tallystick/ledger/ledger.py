"""The one writer: every event that gets an index gets it here."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

from tallystick.errors import MalformedError, PushbackError
from tallystick.events.event import external_event_id, id_text, uuid7
from tallystick.events.packs import PACKS
from tallystick.ledger.batch import Batch, Outcome, Surroundings
from tallystick.ledger.catalogues import Catalogues
from tallystick.ledger.integration import Integrator, Placed
from tallystick.ledger.leaf import Via
from tallystick.ledger.logs import Logs
from tallystick.ledger.ports import (
    Clock,
    Entropy,
    ErasureList,
    KeyKeeper,
    Log,
    Snapshot,
    Store,
    Transaction,
)
from tallystick.ledger.reader import Reader
from tallystick.ledger.sequencer import Sequencer

LEDGER_DOOR = "ledger"
"""The door of entries that the server writes about itself; no sender can come through it."""

RESERVED_ACTIONS = frozenset(entry.action for entry in PACKS["tallystick"]) - {"log.received"}
"""Actions that only the server records: a forged ``subject.erased`` would excuse a deletion."""

Projection = Callable[[Transaction, Log, int, Mapping[str, object]], None]
"""Writes what a control entry means into its table: (transaction, log, index, event)."""


@dataclass(frozen=True, slots=True)
class Drivers:
    """The outside world, as the ledger needs it."""

    store: Store
    keeper: KeyKeeper
    clock: Clock
    entropy: Entropy
    erasures: ErasureList | None = None


class Ledger:
    """Records events, and the control entries that say who may do what.

    Args:
        drivers: Store, keys, time and chance.
        deployment: Name of the deployment, the beginning of every origin.
        projections: What each control action means for the tables, by action.
        read_only: Why nothing may be written, or None.
    """

    def __init__(
        self,
        drivers: Drivers,
        deployment: str,
        projections: Mapping[str, Projection],
        read_only: str | None = None,
    ) -> None:
        self.drivers = drivers
        self.logs = Logs(deployment)
        self.reader = Reader(drivers.store, self.logs, drivers.keeper, drivers.entropy)
        self.catalogues = Catalogues()
        self.integrator = Integrator(drivers.clock)
        self.projections = projections
        self.read_only = read_only
        self._sequencer: Sequencer | None = None
        self._around = Surroundings(self.catalogues, self.reader, drivers.entropy)

    def record(
        self, tenant: int, stream: str, events: Sequence[dict[str, object]], via: Via
    ) -> Future[list[Outcome]]:
        """Admit, seal and queue events; the future is done when they are on disk.

        Args:
            tenant: Number of the tenant.
            stream: The stream of all these events.
            events: Normalised JSON builtins; an id is minted where there is none.
            via: The credential and the door.

        Returns:
            The outcome of each event, in order.

        Raises:
            PushbackError: No room, or the ledger is read-only.
            NotFoundError: There is no such tenant.
        """
        self._check_writable()
        outcomes = [_refusal(event, via) for event in events]
        good = [event for event, bad in zip(events, outcomes, strict=True) if not bad]
        with self.drivers.store.read() as snapshot:
            log = self.logs.stream(snapshot, tenant, stream)
            accepted = [
                event if "id" in event else self._identified(snapshot, tenant, event, via)
                for event in good
            ]
            batch = self._batch(log, accepted, via)
            batch.admit(snapshot)
        done: Future[list[Outcome]] = Future()
        if batch.sealed:
            sequenced = self._sequencing().submit(batch)
            sequenced.add_done_callback(lambda placed: _finish(done, batch, outcomes, placed))
        else:
            done.set_result(_merged(outcomes, batch.settle([])))
        return done

    @contextmanager
    def control(self) -> Iterator["Control"]:
        """Open a transaction in which tables change together with the entry that says so.

        Raises:
            PushbackError: The ledger is read-only, or the store takes no writes just now.
        """
        self._check_writable()
        with self.drivers.store.write() as tx:
            control = Control(self, tx)
            yield control
        control.finish()

    def close(self) -> None:
        """Commit what waits, and release the store."""
        if self._sequencer is not None:
            self._sequencer.close()
        self.drivers.store.close()

    @property
    def waiting(self) -> int:
        """Entries that wait for their commit in this process."""
        return self._sequencer.waiting if self._sequencer else 0

    def batch(self, log: Log, events: Sequence[dict[str, object]], via: Via) -> Batch:
        """Prepare events for one log."""
        return self._batch(log, [self._with_id(event) for event in events], via)

    def _batch(self, log: Log, events: Sequence[dict[str, object]], via: Via) -> Batch:
        subjects = self.reader.subjects(log.tenant)
        return Batch(log, self.logs.origin(log), via, events, subjects, self._around)

    def _identified(
        self, snapshot: Snapshot, tenant: int, event: dict[str, object], via: Via
    ) -> dict[str, object]:
        """Give an event the id that its sender's own id leads to, so that a resend is found."""
        external_id = event.get("external_id")
        if not isinstance(external_id, str):
            return self._with_id(event)
        source = event.get("source")
        name = str(source.get("id", "")) if isinstance(source, dict) else ""
        key = self._lookup_key(snapshot, tenant)
        return {**event, "id": id_text(external_event_id(key, via.door, name, external_id))}

    def external_ids(
        self, tenant: int, door: str, names: Iterable[tuple[str, str]]
    ) -> dict[tuple[str, str], str]:
        """Return the ids of events to which their senders gave ids of their own making.

        Args:
            tenant: Number of the tenant.
            door: The door that they come in by.
            names: Of each the source, and the sender's id.

        Raises:
            NotFoundError: There is no such tenant.
        """
        with self.drivers.store.read() as snapshot:
            key = self._lookup_key(snapshot, tenant)
        return {name: id_text(external_event_id(key, door, *name)) for name in names}

    def _lookup_key(self, snapshot: Snapshot, tenant: int) -> bytes:
        subjects = self.reader.subjects(tenant)
        with subjects.lock:
            subjects.refresh(snapshot)
            return subjects.keys(snapshot).lookup_key

    def _with_id(self, event: dict[str, object]) -> dict[str, object]:
        if "id" in event:
            return event
        milliseconds = self.drivers.clock.now() // 1_000
        minted = uuid7(milliseconds, self.drivers.entropy.draw(10))
        return {**event, "id": id_text(minted)}

    def _sequencing(self) -> Sequencer:
        if self._sequencer is None:
            self._sequencer = Sequencer(self.drivers.store, self.integrator)
        return self._sequencer

    def _check_writable(self) -> None:
        if self.read_only is not None:
            raise PushbackError(f"ledger: read-only: {self.read_only}", retry_after_s=60)


class Control:
    """One transaction of control entries with what they change.

    Attributes:
        tx: The transaction; use it for what must happen together with the entry.
    """

    def __init__(self, ledger: Ledger, tx: Transaction) -> None:
        self.tx = tx
        self._ledger = ledger
        self._batches: list[Batch] = []

    def record(self, log: Log, event: dict[str, object], key_id: str) -> Outcome:
        """Append one control entry, and write what it means into its table.

        Args:
            log: The log that holds it.
            event: The event; see :func:`tallystick.events.parsing.to_builtins`.
            key_id: The credential that asked for the change, or ``cli``.

        Raises:
            MalformedError: The event is refused.
        """
        batch = self._ledger.batch(log, [event], Via(key_id, LEDGER_DOOR))
        batch.admit(self.tx)
        batch.reconcile(self.tx)
        sealed = batch.sealed
        placed = self._ledger.integrator.append(self.tx, log, sealed) if sealed else []
        (outcome,) = batch.settle(placed)
        if outcome.status != "recorded":
            raise MalformedError(f"control entry: {outcome.status} {outcome.reason}".strip())
        self._batches.append(batch)
        projection = self._ledger.projections.get(str(event["action"]))
        if projection is not None:
            projection(self.tx, log, outcome.index, event)
        return outcome

    def finish(self) -> None:
        """Take note that the transaction is on disk."""
        for batch in self._batches:
            batch.committed()


def _refusal(event: Mapping[str, object], via: Via) -> Outcome | None:
    action = event.get("action")
    if action in RESERVED_ACTIONS and via.door != LEDGER_DOOR:
        reason = f"action {action!r}: recorded by the server alone"
        return Outcome("refused", str(event.get("id", "")), path="/action", reason=reason)
    return None


def _finish(
    done: Future[list[Outcome]],
    batch: Batch,
    outcomes: Sequence[Outcome | None],
    sequenced: Future[list[Placed]],
) -> None:
    error = sequenced.exception()
    if not done.set_running_or_notify_cancel():
        return  # The sender has left; what was sealed is recorded all the same.
    if error is not None:
        done.set_exception(error)
    else:
        done.set_result(_merged(outcomes, batch.settle(sequenced.result())))


def _merged(outcomes: Sequence[Outcome | None], settled: Sequence[Outcome]) -> list[Outcome]:
    rest = iter(settled)
    return [outcome or next(rest) for outcome in outcomes]
