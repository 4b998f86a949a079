"""Refusals: the first at once, the rest as one entry a minute."""

from collections.abc import Sequence
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any, cast

from tallystick.access.refusals import MAX_GROUPS, WINDOW, Group, Refusals
from tallystick.errors import PushbackError
from tallystick.ledger.ledger import Ledger


class FakeLedger:
    """Keeps what is recorded; fails when told to."""

    def __init__(self) -> None:
        self.time = 1_000 * WINDOW
        self.full = False
        self.recorded: list[tuple[int, str, dict[str, Any]]] = []
        self.drivers = SimpleNamespace(clock=SimpleNamespace(now=lambda: self.time))

    def record(
        self, tenant: int, stream: str, events: Sequence[dict[str, Any]], _via: object
    ) -> Future[list[object]]:
        """As :meth:`Ledger.record`, without sealing."""
        if self.full:
            raise PushbackError("ledger: full, want less")
        self.recorded += [(tenant, stream, event) for event in events]
        return Future()

    @property
    def counts(self) -> list[int]:
        """The counts of the entries, in order."""
        return [event["metadata"]["refusals"] for _, _, event in self.recorded]


def refusals(ledger: FakeLedger, complaints: list[str] | None = None) -> Refusals:
    said = complaints if complaints is not None else []
    return Refusals(cast("Ledger", ledger), said.append)


ONE = Group(7, "key-1", "forbidden", 403)


def test_the_first_is_recorded_at_once_and_the_rest_after_the_minute() -> None:
    ledger = FakeLedger()
    counted = refusals(ledger)
    for _ in range(100):
        counted.note(ONE)
    counted.flush()
    assert ledger.counts == [1]
    ledger.time += WINDOW
    counted.flush()
    counted.flush()
    assert ledger.counts == [1, 99]


def test_a_flood_is_one_entry_a_minute() -> None:
    ledger = FakeLedger()
    counted = refusals(ledger)
    for _ in range(10):
        for _ in range(1_000):
            counted.note(ONE)
        ledger.time += WINDOW
        counted.flush()
    assert ledger.counts == [1, 999, *[1_000] * 9]


def test_nothing_is_lost_at_the_end() -> None:
    ledger = FakeLedger()
    counted = refusals(ledger)
    for _ in range(5):
        counted.note(ONE)
    counted.flush(everything=True)
    assert sum(ledger.counts) == 5


def test_groups_are_counted_apart_in_the_log_of_the_tenant_or_of_the_deployment() -> None:
    ledger = FakeLedger()
    counted = refusals(ledger)
    counted.note(ONE)
    counted.note(Group(0, "unknown", "unauthenticated", 401))
    (tenant, stream, known), (other, own, unknown) = ledger.recorded
    assert (tenant, stream, other, own) == (7, "access", 0, "deployment")
    assert known["actor"] == {"type": "api_key", "id": "key-1"}
    assert known["metadata"] == {"refusals": 1, "status": 403}
    assert known["reason"] == {"code": "forbidden"}
    assert unknown["actor"] == {"type": "anonymous"}


def test_made_up_groups_do_not_fill_the_log() -> None:
    ledger = FakeLedger()
    counted = refusals(ledger)
    for i in range(MAX_GROUPS + 2_000):
        counted.note(Group(0, f"key-{i}", "forbidden", 403))
    assert len(ledger.recorded) == MAX_GROUPS + 1  # the last tells of all others
    counted.flush(everything=True)
    assert len(ledger.recorded) == MAX_GROUPS + 2
    assert sum(ledger.counts) == MAX_GROUPS + 2_000


def test_what_could_not_be_recorded_is_kept_and_complained_of() -> None:
    ledger, complaints = FakeLedger(), list[str]()
    counted = refusals(ledger, complaints)
    ledger.full = True
    counted.note(ONE)
    counted.note(ONE)
    ledger.time += WINDOW
    counted.flush()
    assert (ledger.counts, len(complaints)) == ([], 2)
    ledger.full = False
    ledger.time += WINDOW
    counted.flush()
    assert ledger.counts == [2]
