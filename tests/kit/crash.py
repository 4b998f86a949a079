"""A door in a process of its own that tests may trace, starve and kill.

Run as a program it serves like a door of ``tallystick serve``, with two additions that its
argument may ask for: it kills itself at a named fail point while requests are in flight, or it
commits with ``synchronous=NORMAL``.
"""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

from kit.door import IN_FLIGHT, Orders
from tallystick import wiring
from tallystick.api.process import to_stderr
from tallystick.cli import door
from tallystick.drivers.sqlite import SqliteStore, connection
from tallystick.drivers.sqlite.writing import SqliteTransaction
from tallystick.settings import Settings

_PATIENCE_S = 20.0

Message = dict[str, Any]


class FailPoint:
    """Counts the requests under way, and kills the process at one place."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._left = orders.spare
        self._under_way = 0
        # Whoever holds it knows that no request is answered meanwhile.
        self._lock = Lock()

    def reach(self, name: str) -> None:
        """Pass a place in a thread; the last time it does not return."""
        if self._is_due(name):
            deadline = time.monotonic() + _PATIENCE_S
            while not self._dies(deadline):
                time.sleep(0.001)

    async def reach_in_loop(self, name: str) -> None:
        """Pass a place in the event loop."""
        if self._is_due(name):
            deadline = time.monotonic() + _PATIENCE_S
            while not self._dies(deadline):  # noqa: ASYNC110 (threads count too)
                await asyncio.sleep(0.001)

    def around(self, app: Any) -> Callable[..., Awaitable[None]]:  # noqa: ANN401 (an ASGI application)
        """Wrap the door: count its POST requests, and stop before the first byte of an answer."""

        async def counting(scope: Message, receive: Any, send: Any) -> None:  # noqa: ANN401
            if scope["type"] != "http" or scope["method"] != "POST":
                await app(scope, receive, send)
                return

            async def answer(message: Message) -> None:
                if message["type"] == "http.response.start":
                    await self.reach_in_loop("before the reply")
                    self._count(-1)
                await send(message)

            self._count(1)
            await app(scope, receive, answer)

        return counting

    def _count(self, change: int) -> None:
        with self._lock:
            self._under_way += change

    def _is_due(self, name: str) -> bool:
        # Neither what start-up writes counts, nor what a single client sends again.
        if name != self._orders.fail_point or self._under_way < IN_FLIGHT // 2:
            return False
        self._left -= 1
        return self._left < 0

    def _dies(self, deadline: float) -> bool:
        with self._lock:
            if self._under_way < IN_FLIGHT and time.monotonic() < deadline:
                return False
            file = os.open(self._orders.hits, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
            os.write(file, b"%d\n" % self._under_way)
            os.kill(os.getpid(), signal.SIGKILL)
            time.sleep(_PATIENCE_S)  # the signal comes to this thread when the kernel gets to it
        return True


def failing_store(point: FailPoint) -> type[SqliteStore]:
    """Return a store like SQLite's that passes the fail points of a write transaction."""

    class FailingStore(SqliteStore):
        @contextmanager
        def write(self) -> Iterator[SqliteTransaction]:
            point.reach("before the transaction")
            with super().write() as tx:
                append = tx.append

                def failing_append(*arguments: Any) -> None:  # noqa: ANN401
                    append(*arguments)
                    point.reach("after insert")

                tx.append = failing_append
                yield tx
                point.reach("before commit")
            point.reach("after commit")

    return FailingStore


def _complain(line: bytes) -> None:
    """Write what a door logs, but not a line for every request."""
    if b'"route"' not in line:
        to_stderr(line)


def main(text: str) -> int:
    """Serve until standard input ends, SIGTERM, or the fail point."""
    orders = Orders(**json.loads(text))
    full = "synchronous = FULL"
    if full not in connection._SETUP:  # noqa: SLF001 (what these tests weaken has no other handle)
        raise LookupError(full)
    connection._SETUP = connection._SETUP.replace(  # noqa: SLF001
        full, f"synchronous = {orders.synchronous}"
    )
    point = FailPoint(orders)
    wiring.SqliteStore = failing_store(point)
    create_app = door.create_app
    door.create_app = lambda *args, **kwargs: point.around(
        create_app(*args, **kwargs, write=_complain)
    )
    return door.run_door(Settings(data=Path(orders.data), listen=orders.listen), "1")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
