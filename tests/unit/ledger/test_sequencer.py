"""Group commit: one transaction for all who wait, and a fair share of the queue for each."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import Any, cast

import pytest

from tallystick.errors import ConflictError, PushbackError
from tallystick.ledger.integration import Placed
from tallystick.ledger.ports import Log
from tallystick.ledger.sequencer import Sequencer


@dataclass
class Waiting:
    """A batch that counts what happens to it."""

    tenant: int
    size: int
    slot: int = 1
    committed_times: int = 0
    admitted: int = 0
    fails: Exception | None = None
    sealed: list[object] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.log = Log(self.slot, f"{self.slot:032x}", self.tenant, "audit")
        self.sealed = [object()] * self.size

    def reconcile(self, _tx: object) -> None:
        """Refuse, where told to."""
        if self.fails is not None:
            raise self.fails

    def admit(self, _tx: object) -> None:
        """Count."""
        self.admitted += 1

    def committed(self) -> None:
        """Count."""
        self.committed_times += 1


class Gate:
    """A store whose transactions wait until the gate is open."""

    def __init__(self) -> None:
        self.open = Event()
        self.begun = 0
        self.entered = Event()

    @contextmanager
    def write(self) -> Iterator[object]:
        """Count, and wait."""
        self.begun += 1
        self.entered.set()
        assert self.open.wait(10)
        yield object()


class Counter:
    """An integrator that gives out indexes."""

    def __init__(self) -> None:
        self.next = 0
        self.conflicts = 0

    def append(self, _tx: object, _log: Log, sealed: Sequence[object]) -> list[Placed]:
        """Place what is sealed, after as many conflicts as were asked for."""
        if self.conflicts:
            self.conflicts -= 1
            raise ConflictError("entries: an event id exists already")
        start = self.next
        self.next += len(sealed)
        return [Placed(index, bytes(32), 0) for index in range(start, self.next)]


@pytest.fixture
def gate() -> Gate:
    return Gate()


def sequencer(gate: Gate, counter: Counter, max_waiting: int = 100) -> Sequencer:
    return Sequencer(cast("Any", gate), cast("Any", counter), max_waiting)


def submit(queue: Sequencer, batch: Waiting) -> Any:  # noqa: ANN401 (a future of what it gives)
    return queue.submit(cast("Any", batch))


def test_all_who_wait_share_one_transaction(gate: Gate) -> None:
    queue = sequencer(gate, Counter())
    first = submit(queue, Waiting(1, 1))
    assert gate.entered.wait(10)
    others = [submit(queue, Waiting(1, 2)) for _ in range(5)]
    gate.open.set()

    assert [place.index for place in first.result(10)] == [0]
    assert [[place.index for place in other.result(10)] for other in others] == [
        [1, 2],
        [3, 4],
        [5, 6],
        [7, 8],
        [9, 10],
    ]
    assert gate.begun == 2
    queue.close()


def test_one_tenant_cannot_fill_the_queue_against_the_others(gate: Gate) -> None:
    queue = sequencer(gate, Counter())
    submit(queue, Waiting(1, 40))
    assert gate.entered.wait(10)
    submit(queue, Waiting(2, 10, slot=2))

    with pytest.raises(PushbackError, match="40 of them this tenant's, whose share is 50"):
        submit(queue, Waiting(1, 20))
    late = submit(queue, Waiting(2, 30, slot=2))

    gate.open.set()
    assert len(late.result(10)) == 30
    queue.close()


def test_a_flood_that_came_first_does_not_keep_a_newcomer_out(gate: Gate) -> None:
    queue = sequencer(gate, Counter())
    submit(queue, Waiting(1, 100))
    assert gate.entered.wait(10)

    late = submit(queue, Waiting(2, 50, slot=2))
    with pytest.raises(PushbackError, match="150 entries wait for their commit, 50 of them"):
        submit(queue, Waiting(2, 1, slot=2))

    gate.open.set()
    assert len(late.result(10)) == 50
    queue.close()


def test_however_many_tenants_come_the_queue_has_an_end(gate: Gate) -> None:
    queue = sequencer(gate, Counter())
    submit(queue, Waiting(1, 100))
    assert gate.entered.wait(10)
    refused = 0
    for tenant in range(2, 200):
        try:
            submit(queue, Waiting(tenant, max(100 // tenant, 1), slot=tenant))
        except PushbackError:
            refused += 1

    assert refused
    assert 150 < queue.waiting <= 200
    gate.open.set()
    queue.close()
    assert queue.waiting == 0


def test_nothing_waits_after_a_batch_that_was_refused_or_shrank(gate: Gate) -> None:
    queue = sequencer(gate, Counter())
    submit(queue, Waiting(1, 1))
    assert gate.entered.wait(10)
    shrinking, failing = Waiting(1, 5), Waiting(1, 7, fails=ValueError("broken"))
    shrunk, lost = submit(queue, shrinking), submit(queue, failing)
    shrinking.sealed = []
    gate.open.set()

    assert shrunk.result(10) == []
    assert lost.exception(10) is not None
    queue.close()
    assert queue.waiting == 0


def test_who_has_called_it_off_changes_nothing_for_the_others(gate: Gate) -> None:
    queue = sequencer(gate, Counter())
    submit(queue, Waiting(1, 1))
    assert gate.entered.wait(10)
    left, stayed = submit(queue, Waiting(1, 2)), submit(queue, Waiting(1, 3))
    assert left.cancel()
    gate.open.set()

    assert [place.index for place in stayed.result(10)] == [3, 4, 5]
    queue.close()
    assert queue.waiting == 0


def test_a_full_queue_pushes_back_and_names_a_time(gate: Gate) -> None:
    queue = sequencer(gate, Counter())
    submit(queue, Waiting(1, 90))
    assert gate.entered.wait(10)

    with pytest.raises(PushbackError) as refused:
        submit(queue, Waiting(1, 20))

    assert refused.value.retry_after_s >= 1
    gate.open.set()
    queue.close()


def test_a_batch_larger_than_the_queue_gets_in_when_nothing_waits(gate: Gate) -> None:
    gate.open.set()
    queue = sequencer(gate, Counter(), max_waiting=10)

    assert len(submit(queue, Waiting(1, 50)).result(10)) == 50
    queue.close()


def test_one_bad_batch_does_not_spoil_the_others(gate: Gate) -> None:
    queue = sequencer(gate, Counter())
    submit(queue, Waiting(1, 1))
    assert gate.entered.wait(10)
    good, bad = Waiting(1, 1), Waiting(1, 1, fails=ValueError("broken"))
    kept, lost = submit(queue, good), submit(queue, bad)
    gate.open.set()

    assert len(kept.result(10)) == 1
    with pytest.raises(ValueError, match="broken"):
        lost.result(10)
    assert (good.committed_times, bad.committed_times) == (1, 0)
    queue.close()


def test_after_a_conflict_each_batch_is_looked_up_again(gate: Gate) -> None:
    counter = Counter()
    counter.conflicts = 1
    gate.open.set()
    queue = sequencer(gate, counter)
    batch = Waiting(1, 3)

    assert len(submit(queue, batch).result(10)) == 3
    assert batch.admitted == 1
    queue.close()


def test_closing_commits_what_waits_and_takes_no_more(gate: Gate) -> None:
    queue = sequencer(gate, Counter())
    waiting = submit(queue, Waiting(1, 1))
    gate.open.set()
    queue.close()

    assert len(waiting.result(0)) == 1
    with pytest.raises(PushbackError, match="shutting down"):
        submit(queue, Waiting(1, 1))
