"""Small requests go to the ledger together: those of one moment, and those of one commit.

A look-up, a sealing, a commit and a wake-up for each request alone cost a small request several
times what its event costs. While what went before is on its way to the disk, a few requests
gather; the disk would have let them wait as well.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tallystick.api.arrivals import Arrivals
from tallystick.errors import PushbackError
from tallystick.ledger.batch import Outcome
from tallystick.ledger.leaf import Via
from tallystick.ledger.ledger import Ledger

MAX_LOT: Final = 1_000
"""Events in a lot that no other request joins any more."""

SMALL_LOT: Final = 16
"""Events in a lot that waits for no commit: enough to share the cost of a sealing, and few enough
that the door goes on sealing while it waits for the disk."""

_Way = tuple[int, str, Via]


class _Member(NamedTuple):
    events: list[dict[str, object]]
    waiter: asyncio.Future[list[Outcome]]


@dataclass(slots=True)
class _Lot:
    members: list[_Member] = field(default_factory=list)
    size: int = 0


class Gathering:
    """Gathers requests of one tenant, stream and credential.

    Args:
        ledger: The ledger.
        arrivals: Meets its futures.
    """

    def __init__(self, ledger: Ledger, arrivals: Arrivals) -> None:
        self._ledger = ledger
        self._arrivals = arrivals
        self._lots: dict[_Way, _Lot] = {}
        self._under_way: Counter[_Way] = Counter()

    def record(
        self, tenant: int, stream: str, events: list[dict[str, object]], via: Via
    ) -> asyncio.Future[list[Outcome]]:
        """Record events as :meth:`Ledger.record` does; its errors come by the future."""
        loop = asyncio.get_running_loop()
        member = _Member(events, loop.create_future())
        way = (tenant, stream, via)
        lot = self._lots.get(way)
        if lot is not None and lot.size >= MAX_LOT:
            self._send_gathered(way)
            lot = None
        if lot is None:
            lot = self._lots[way] = _Lot()
        if not lot.members or lot.size < SMALL_LOT <= lot.size + len(events):
            loop.call_soon(self._send_if_due, way)
        lot.members.append(member)
        lot.size += len(events)
        return member.waiter

    def _send_if_due(self, way: _Way) -> None:
        lot = self._lots.get(way)
        if lot and (lot.size >= SMALL_LOT or not self._under_way[way]):
            self._send_gathered(way)

    def _send_gathered(self, way: _Way) -> None:
        self._send(way, self._lots.pop(way).members)

    def _send(self, way: _Way, members: Sequence[_Member]) -> None:
        tenant, stream, via = way
        events = [event for member in members for event in member.events]
        try:
            future = self._ledger.record(tenant, stream, events, via)
        except Exception as error:  # noqa: BLE001 (each request answers its own error)
            self._fail(way, members, error)
            return
        self._under_way[way] += 1
        self._arrivals.meet(future, lambda done: self._settle(way, members, done))

    def _settle(self, way: _Way, members: Sequence[_Member], done: Future[list[Outcome]]) -> None:
        self._under_way[way] -= 1
        if not self._under_way[way]:
            del self._under_way[way]
        error = done.exception()
        if error is not None:
            self._fail(way, members, error)
        else:
            outcomes = done.result()
            start = 0
            for events, waiter in members:
                if not waiter.done():
                    waiter.set_result(outcomes[start : start + len(events)])
                start += len(events)
        self._send_if_due(way)

    def _fail(self, way: _Way, members: Sequence[_Member], error: BaseException) -> None:
        if len(members) == 1 or isinstance(error, PushbackError):
            for _, waiter in members:
                if not waiter.done():
                    waiter.set_exception(error)
            return
        for member in members:  # One bad request does not spoil the others.
            self._send(way, [member])
