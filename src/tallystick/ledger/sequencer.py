"""Group commit: one transaction and one fsync for everybody who waits.

A door seals in its own time; what is sealed queues here. The queue is bounded, and a tenant may
hold only its share of it, so that one flood can't keep the others out.
"""

from collections import Counter, deque
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Condition, Thread
from typing import NamedTuple

from tallystick.errors import ConflictError, PushbackError
from tallystick.ledger.batch import Batch
from tallystick.ledger.integration import Integrator, Placed
from tallystick.ledger.ports import Store, Transaction

MAX_WAITING = 50_000
"""Entries that a tenant may have waiting in one door: 2.5 seconds' at 20,000 a second."""

MAX_GROUP = 4_000
"""Entries in one commit; more make no commit cheaper, but each wait longer."""


class _Waiting(NamedTuple):
    """A batch in the queue.

    Attributes:
        batch: The batch.
        future: Who waits for it.
        size: Its entries when it was queued; fewer may be left when it is committed.
    """

    batch: Batch
    future: Future[list[Placed]]
    size: int


class Sequencer:
    """The thread that commits what the doors have sealed, in groups.

    Args:
        store: Where entries go.
        integrator: Who appends them.
        max_waiting: Entries that one tenant alone may have waiting; several share them. While
            shares shrink, twice as many may wait in all.
    """

    def __init__(
        self, store: Store, integrator: Integrator, max_waiting: int = MAX_WAITING
    ) -> None:
        self._store = store
        self._integrator = integrator
        self._max_waiting = max_waiting
        self._queue: deque[_Waiting] = deque()
        self._waiting: Counter[int] = Counter()
        self._wake = Condition()
        self._closed = False
        self._thread = Thread(target=self._run, name="sequencer", daemon=True)
        self._thread.start()

    def submit(self, batch: Batch) -> Future[list[Placed]]:
        """Queue a batch; the future is done once its entries are on disk.

        Raises:
            PushbackError: The queue, or the tenant's share of it, is full.
        """
        tenant, size = batch.log.tenant, len(batch.sealed)
        future: Future[list[Placed]] = Future()
        with self._wake:
            if self._closed:
                raise PushbackError("ledger: shutting down, want another door")
            self._check_room(tenant, size)
            self._waiting[tenant] += size
            self._queue.append(_Waiting(batch, future, size))
            self._wake.notify()
        return future

    def close(self) -> None:
        """Commit what waits, then stop."""
        with self._wake:
            self._closed = True
            self._wake.notify()
        self._thread.join()

    @property
    def waiting(self) -> int:
        """Entries that wait for their commit."""
        return self._waiting.total()

    def _check_room(self, tenant: int, size: int) -> None:
        waiting = self._waiting.total()
        if waiting == 0:
            return
        others = sum(1 for name, count in self._waiting.items() if count and name != tenant)
        share = self._max_waiting // (others + 1)
        mine = self._waiting[tenant] + size
        # Who comes to a queue that another has filled alone gets a share all the same.
        if mine > share or waiting + size > 2 * self._max_waiting:
            raise PushbackError(
                f"ledger: {waiting:,} entries wait for their commit, {self._waiting[tenant]:,}"
                f" of them this tenant's, whose share is {share:,}"
            )

    def _run(self) -> None:
        while True:
            with self._wake:
                while not self._queue and not self._closed:
                    self._wake.wait()
                if not self._queue:
                    return
                group = self._take()
            try:
                self._settle(group)
            finally:
                with self._wake:
                    for batch, _, size in group:
                        self._waiting[batch.log.tenant] -= size
                        if self._waiting[batch.log.tenant] <= 0:
                            del self._waiting[batch.log.tenant]

    def _take(self) -> list[_Waiting]:
        group = [self._queue.popleft()]
        size = group[0].size
        while self._queue and size + self._queue[0].size <= MAX_GROUP:
            group.append(self._queue.popleft())
            size += group[-1].size
        for member in group:
            # From here on the sender can't call it off.
            member.future.set_running_or_notify_cancel()
        return group

    def _settle(self, group: Sequence[_Waiting], *, look_again: bool = False) -> None:
        try:
            placed = self._commit([member.batch for member in group], look_again=look_again)
        except Exception as error:  # noqa: BLE001 (the thread serves all; each sender gets the error)
            self._fail(group, error)
        else:
            for (batch, future, _), places in zip(group, placed, strict=True):
                batch.committed()
                if not future.cancelled():
                    future.set_result(places)

    def _fail(self, group: Sequence[_Waiting], error: Exception) -> None:
        if len(group) == 1 or isinstance(error, PushbackError):
            for _, future, _ in group:
                if not future.cancelled():
                    future.set_exception(error)
            return
        for member in group:  # One bad batch does not spoil the others.
            # What it was told of the others inside the transaction was undone with it.
            self._settle([member], look_again=True)

    def _commit(self, batches: Sequence[Batch], *, look_again: bool) -> list[list[Placed]]:
        try:
            with self._store.write() as tx:
                return self._append(tx, batches, look_again=look_again)
        except ConflictError:
            if look_again:
                raise
        # Somebody recorded one of these events since it was looked up.
        return self._commit(batches, look_again=True)

    def _append(
        self, tx: Transaction, batches: Sequence[Batch], *, look_again: bool
    ) -> list[list[Placed]]:
        """Append batch after batch, those of one log together."""
        by_slot: dict[int, list[Batch]] = {}
        for batch in batches:
            by_slot.setdefault(batch.log.slot, []).append(batch)
        placed: dict[int, list[Placed]] = {}
        for members in by_slot.values():
            placed.update(self._append_log(tx, members, look_again=look_again))
        return [placed[id(batch)] for batch in batches]

    def _append_log(
        self, tx: Transaction, batches: Sequence[Batch], *, look_again: bool
    ) -> dict[int, list[Placed]]:
        if look_again:
            # Each on its own, so that the second of two equal events finds the first.
            return {id(batch): self._one_by_one(tx, batch) for batch in batches}
        for batch in batches:
            batch.reconcile(tx)
        together = [item for batch in batches for item in batch.sealed]
        places = self._integrator.append(tx, batches[0].log, together) if together else []
        result: dict[int, list[Placed]] = {}
        start = 0
        for batch in batches:
            result[id(batch)] = places[start : start + len(batch.sealed)]
            start += len(batch.sealed)
        return result

    def _one_by_one(self, tx: Transaction, batch: Batch) -> list[Placed]:
        batch.admit(tx)
        batch.reconcile(tx)
        return self._integrator.append(tx, batch.log, batch.sealed) if batch.sealed else []
