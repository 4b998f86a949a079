"""From the sequencer's thread back into the event loop, many at a time.

One commit ends the futures of many requests; waking the loop for each alone costs more than all
else that is left to do for them.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class Arrivals:
    """Meets futures that other threads finish. One of these serves one event loop."""

    def __init__(self) -> None:
        self._ended: deque[tuple[Callable[[Future[Any]], object], Future[Any]]] = deque()
        self._rung = False

    async def wait(self, future: Future[T]) -> T:
        """Return the result of a future, or raise its error."""
        if not future.done():
            met = asyncio.Event()
            self.meet(future, lambda _: met.set())
            await met.wait()
        return future.result()

    def meet(self, future: Future[T], then: Callable[[Future[T]], object]) -> None:
        """Call ``then`` with the future in the event loop once it is done."""
        loop = asyncio.get_running_loop()

        def end(done: Future[T]) -> None:
            self._ended.append((then, done))
            # Set back before the queue is emptied: what comes meanwhile rings once more.
            if not self._rung:
                self._rung = True
                loop.call_soon_threadsafe(self._take_in)

        future.add_done_callback(end)

    def _take_in(self) -> None:
        self._rung = False
        while self._ended:
            then, done = self._ended.popleft()
            then(done)
