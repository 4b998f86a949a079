"""Requests that come at the same moment go to the ledger together.

A look-up, a sealing and a wake-up for each request alone cost a small request several times what
its event costs.
"""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Final, NamedTuple

from tallystick.api.arrivals import Arrivals
from tallystick.errors import PushbackError
from tallystick.ledger.batch import Outcome
from tallystick.ledger.leaf import Via
from tallystick.ledger.ledger import Ledger

MAX_LOT: Final = 1_000
"""Events in a lot that no other request joins any more."""

_Way = tuple[int, str, Via]


class _Member(NamedTuple):
    events: list[dict[str, object]]
    waiter: asyncio.Future[list[Outcome]]


class Gathering:
    """Gathers what the requests of one turn of the event loop bring.

    Args:
        ledger: The ledger.
        arrivals: Meets its futures.
    """

    def __init__(self, ledger: Ledger, arrivals: Arrivals) -> None:
        self._ledger = ledger
        self._arrivals = arrivals
        self._lots: dict[_Way, list[_Member]] = {}

    def record(
        self, tenant: int, stream: str, events: list[dict[str, object]], via: Via
    ) -> asyncio.Future[list[Outcome]]:
        """Record events as :meth:`Ledger.record` does; its errors come by the future."""
        loop = asyncio.get_running_loop()
        member = _Member(events, loop.create_future())
        way = (tenant, stream, via)
        lot = self._lots.get(way)
        if lot is not None and sum(len(one.events) for one in lot) < MAX_LOT:
            lot.append(member)
            return member.waiter
        if lot is not None:
            self._send(way, lot)
        lot = self._lots[way] = [member]
        loop.call_soon(self._send_if_waiting, way, lot)
        return member.waiter

    def _send_if_waiting(self, way: _Way, lot: list[_Member]) -> None:
        if self._lots.get(way) is lot:
            del self._lots[way]
            self._send(way, lot)

    def _send(self, way: _Way, lot: Sequence[_Member]) -> None:
        tenant, stream, via = way
        events = [event for member in lot for event in member.events]
        try:
            future = self._ledger.record(tenant, stream, events, via)
        except Exception as error:  # noqa: BLE001 (each request answers its own error)
            self._fail(way, lot, error)
            return
        self._arrivals.meet(future, lambda done: self._settle(way, lot, done))

    def _settle(self, way: _Way, lot: Sequence[_Member], done: Future[list[Outcome]]) -> None:
        error = done.exception()
        if error is not None:
            self._fail(way, lot, error)
            return
        outcomes = done.result()
        start = 0
        for events, waiter in lot:
            if not waiter.done():
                waiter.set_result(outcomes[start : start + len(events)])
            start += len(events)

    def _fail(self, way: _Way, lot: Sequence[_Member], error: BaseException) -> None:
        if len(lot) == 1 or isinstance(error, PushbackError):
            for _, waiter in lot:
                if not waiter.done():
                    waiter.set_exception(error)
            return
        for member in lot:  # One bad request does not spoil the others.
            self._send(way, [member])
