"""Requests of one moment go to the ledger together, and each gets its own answer."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from threading import Thread
from typing import Any, cast

import pytest

from tallystick.api.arrivals import Arrivals
from tallystick.api.gathering import MAX_LOT, SMALL_LOT, Gathering
from tallystick.errors import MalformedError, PushbackError
from tallystick.ledger.batch import Outcome
from tallystick.ledger.leaf import Via
from tallystick.ledger.ledger import Ledger

VIA = Via("key", "native")


class FakeLedger:
    """Answers from another thread, as the sequencer does."""

    def __init__(self, error: Exception | None = None) -> None:
        self.lots: list[list[str]] = []
        self.error = error

    def record(
        self, tenant: int, stream: str, events: Sequence[dict[str, Any]], via: Via
    ) -> Future[list[Outcome]]:
        """As :meth:`Ledger.record`: some events fail at once, some in the other thread."""
        names = [event["id"] for event in events]
        self.lots.append(names)
        future: Future[list[Outcome]] = Future()
        if "bad at once" in names:
            raise self.error or MalformedError("event: bad, want another")
        if "bad later" in names:
            error = self.error or MalformedError("event: bad, want another")
            Thread(target=future.set_exception, args=(error,)).start()
        else:
            answer = [
                Outcome("recorded", name, f"{tenant}/{stream}/{via.key_id}") for name in names
            ]
            Thread(target=future.set_result, args=(answer,)).start()
        return future


async def gathered(ledger: FakeLedger, requests: Sequence[tuple[int, list[str]]]) -> list[object]:
    gathering = Gathering(cast("Ledger", ledger), Arrivals())
    waiters = [
        gathering.record(tenant, "audit", [{"id": name} for name in names], VIA)
        for tenant, names in requests
    ]
    answers = await asyncio.gather(*waiters, return_exceptions=True)
    return [
        type(answer)
        if isinstance(answer, BaseException)
        else [(one.event_id, one.log) for one in answer]
        for answer in answers
    ]


def test_requests_of_one_tenant_are_one_call() -> None:
    ledger = FakeLedger()
    answers = asyncio.run(gathered(ledger, [(1, ["a"]), (1, ["b", "c"]), (1, ["d"])]))
    assert ledger.lots == [["a", "b", "c", "d"]]
    log = "1/audit/key"
    assert answers == [[("a", log)], [("b", log), ("c", log)], [("d", log)]]


def test_tenants_are_never_mixed() -> None:
    ledger = FakeLedger()
    answers = asyncio.run(gathered(ledger, [(1, ["a"]), (2, ["b"]), (1, ["c"])]))
    assert ledger.lots == [["a", "c"], ["b"]]
    assert answers == [[("a", "1/audit/key")], [("b", "2/audit/key")], [("c", "1/audit/key")]]


class SlowLedger:
    """Answers only when told to."""

    def __init__(self) -> None:
        self.lots: list[list[str]] = []
        self.futures: list[Future[list[Outcome]]] = []

    def record(
        self, _tenant: int, _stream: str, events: Sequence[dict[str, Any]], _via: Via
    ) -> Future[list[Outcome]]:
        """As :meth:`Ledger.record`."""
        self.lots.append([event["id"] for event in events])
        self.futures.append(Future())
        return self.futures[-1]

    def answer(self, number: int) -> None:
        """Record a lot."""
        names = self.lots[number]
        self.futures[number].set_result([Outcome("recorded", name) for name in names])


async def turns() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def test_small_requests_wait_for_the_commit_under_way_and_then_go_together() -> None:
    async def three_moments() -> list[str]:
        ledger = SlowLedger()
        gathering = Gathering(cast("Ledger", ledger), Arrivals())
        waiters = []
        for name in ("a", "b", "c"):
            waiters.append(gathering.record(1, "audit", [{"id": name}], VIA))
            await turns()
        other = gathering.record(2, "audit", [{"id": "x"}], VIA)
        await turns()
        assert ledger.lots == [["a"], ["x"]]
        ledger.answer(0)
        await turns()
        assert ledger.lots == [["a"], ["x"], ["b", "c"]]
        ledger.answer(1)
        ledger.answer(2)
        return [(await waiter)[0].event_id for waiter in (*waiters, other)]

    assert asyncio.run(three_moments()) == ["a", "b", "c", "x"]


def test_what_waits_goes_also_when_what_went_before_has_failed() -> None:
    async def two_moments() -> str:
        ledger = SlowLedger()
        gathering = Gathering(cast("Ledger", ledger), Arrivals())
        first = gathering.record(1, "audit", [{"id": "a"}], VIA)
        await turns()
        second = gathering.record(1, "audit", [{"id": "b"}], VIA)
        await turns()
        assert ledger.lots == [["a"]]
        ledger.futures[0].set_exception(PushbackError("ledger: full, want less"))
        with pytest.raises(PushbackError, match="full"):
            await first
        await turns()
        ledger.answer(1)
        return (await second)[0].event_id

    assert asyncio.run(two_moments()) == "b"


@pytest.mark.parametrize("parts", [[SMALL_LOT], [SMALL_LOT - 1, 1], [1] * SMALL_LOT])
def test_what_is_worth_its_own_commit_waits_for_nothing(parts: list[int]) -> None:
    async def under_way() -> list[int]:
        ledger = SlowLedger()
        gathering = Gathering(cast("Ledger", ledger), Arrivals())
        gathering.record(1, "audit", [{"id": "a"}], VIA)
        await turns()
        for count in parts:
            gathering.record(1, "audit", [{"id": str(i)} for i in range(count)], VIA)
            await turns()
        return [len(lot) for lot in ledger.lots]

    assert asyncio.run(under_way()) == [1, SMALL_LOT]


def test_a_full_lot_goes_without_waiting_for_the_rest() -> None:
    ledger = FakeLedger()
    many = [str(i) for i in range(MAX_LOT)]
    asyncio.run(gathered(ledger, [(1, many), (1, ["a"]), (1, ["b"])]))
    assert ledger.lots == [many, ["a", "b"]]


@pytest.mark.parametrize("bad", ["bad at once", "bad later"])
def test_a_bad_request_does_not_spoil_the_others(bad: str) -> None:
    ledger = FakeLedger()
    answers = asyncio.run(gathered(ledger, [(1, ["a"]), (1, [bad]), (1, ["b"])]))
    log = "1/audit/key"
    assert answers == [[("a", log)], MalformedError, [("b", log)]]


@pytest.mark.parametrize("bad", ["bad at once", "bad later"])
def test_a_pushback_is_for_all_and_is_not_tried_again(bad: str) -> None:
    ledger = FakeLedger(PushbackError("ledger: full, want less"))
    answers = asyncio.run(gathered(ledger, [(1, ["a"]), (1, [bad])]))
    assert answers == [PushbackError, PushbackError]
    assert ledger.lots == [["a", bad]]


def test_a_sender_that_left_does_not_disturb_the_others() -> None:
    async def leave() -> list[Outcome]:
        gathering = Gathering(cast("Ledger", FakeLedger()), Arrivals())
        gone = gathering.record(1, "audit", [{"id": "a"}], VIA)
        stays = gathering.record(1, "audit", [{"id": "b"}], VIA)
        gone.cancel()
        return await stays

    (outcome,) = asyncio.run(leave())
    assert outcome.event_id == "b"


def test_arrivals_bring_results_and_errors_from_other_threads() -> None:
    async def many() -> list[object]:
        arrivals = Arrivals()
        futures: list[Future[int]] = [Future() for _ in range(50)]

        def finish() -> None:
            for i, future in enumerate(futures):
                if i % 2:
                    future.set_exception(KeyError(i))
                else:
                    future.set_result(i)

        waiting = [asyncio.create_task(arrivals.wait(future)) for future in futures]
        await asyncio.sleep(0)
        Thread(target=finish).start()
        return list(await asyncio.gather(*waiting, return_exceptions=True))

    found = asyncio.run(many())
    assert found[::2] == list(range(0, 50, 2))
    assert [type(one) for one in found[1::2]] == [KeyError] * 25
