"""Asking the engine from a door: few questions at a time, and none that nobody waits for."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import replace
from threading import Event
from typing import Any, Final, TypeVar

from tallystick.api.bodies import AnyRequest
from tallystick.api.problems import UNREADY, ProblemError
from tallystick.errors import PushbackError
from tallystick.ledger.ports import Entropy
from tallystick.search.ports import Answer, Asking, CancelledError, Question, Row

AT_ONCE: Final = 8
"""Questions that a door asks at a time."""
WAITING: Final = 64
"""Questions that are under way or wait; more are pushed back."""

T = TypeVar("T")


class Searching:
    """One door's way to the engine.

    Args:
        engine: Whom to ask; None where there is no engine.
        entropy: Names the questions.

    Attributes:
        closing: Whether the door stops.
    """

    def __init__(self, engine: Asking | None, entropy: Entropy) -> None:
        self._engine = engine
        self._entropy = entropy
        self._threads: ThreadPoolExecutor | None = None
        self._under_way = 0
        self.closing = False

    @property
    def is_on(self) -> bool:
        """Whether there is an engine."""
        return self._engine is not None

    async def run(self, request: AnyRequest, work: Callable[[Asking], T]) -> T:
        """Run what asks the engine, off the event loop; stop it when the client has gone.

        Raises:
            ProblemError: There is no engine.
            PushbackError: Too much is asked already.
        """
        if self._engine is None:
            raise ProblemError(UNREADY, "search: off here, want a server with an engine")
        if self._under_way >= WAITING:
            raise PushbackError(f"search: {WAITING} questions under way, want to wait")
        if self._threads is None:
            self._threads = ThreadPoolExecutor(AT_ONCE, "search")
        asked = Asked(self._engine, self._entropy.draw(16).hex())
        self._under_way += 1
        leaving = asyncio.create_task(_client_gone(request))
        try:
            loop = asyncio.get_running_loop()
            working: asyncio.Future[T] = loop.run_in_executor(self._threads, lambda: work(asked))
            both: set[asyncio.Future[Any]] = {working, leaving}
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if not working.done():
                await asyncio.to_thread(asked.stop)
            return await working
        finally:
            self._under_way -= 1
            leaving.cancel()

    def close(self) -> None:
        """Let the threads end, and the answers that have no end of their own."""
        self.closing = True
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


class Asked:
    """An engine for the statements of one request, which can be stopped together.

    Args:
        engine: Whom to ask.
        name: Names them.
    """

    def __init__(self, engine: Asking, name: str) -> None:
        self._engine = engine
        self._name = name
        self._stopped = Event()

    def ask(self, question: Question) -> Answer:
        """See :class:`~tallystick.search.ports.Asking`."""
        self._check()
        return self._engine.ask(replace(question, id=self._name))

    def stream(self, question: Question) -> AbstractContextManager[Iterator[Sequence[Row]]]:
        """See :class:`~tallystick.search.ports.Asking`."""
        self._check()
        return self._engine.stream(replace(question, id=self._name))

    def cancel(self, question_id: str) -> None:
        """See :class:`~tallystick.search.ports.Asking`."""
        self._engine.cancel(question_id)

    def close(self) -> None:
        """See :class:`~tallystick.search.ports.Asking`; the engine is the door's."""

    def stop(self) -> None:
        """Ask nothing more, and stop what is being asked."""
        self._stopped.set()
        self._engine.cancel(self._name)

    def _check(self) -> None:
        if self._stopped.is_set():
            raise CancelledError("question: cancelled, for nobody waits for it")


async def _client_gone(request: AnyRequest) -> None:
    """Return when the client has hung up."""
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            return
