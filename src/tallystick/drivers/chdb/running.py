"""What runs, so that it can be stopped: on demand, or because nobody waits for it any more."""

import select
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from socket import socket
from threading import Event, Lock, Thread
from typing import Final

from tallystick.drivers.chdb.library import Library, LibraryError

CANCELLED: Final = 394  # ClickHouse's QUERY_WAS_CANCELLED
_LOOK_EVERY_S: Final = 0.1


@dataclass(slots=True)
class Run:
    """One statement under way.

    Attributes:
        mark: Its comment in the library, by which it is found there.
        id: Its name among the clients; may be empty.
        client: Who waits for it.
        stopped: Whether it is to be stopped.
    """

    mark: str
    id: str
    client: socket
    stopped: bool = False

    def check(self) -> None:
        """Go no further if it is to be stopped.

        Raises:
            LibraryError: It is.
        """
        if self.stopped:
            raise LibraryError(f"Code: {CANCELLED}. Query was cancelled")


class Running:
    """All statements under way, and a thread that looks whether their clients are still there.

    Args:
        library: Where they run.
    """

    def __init__(self, library: Library) -> None:
        self._library = library
        self._runs: dict[str, Run] = {}
        self._numbers = count(1)
        self._lock = Lock()
        self._over = Event()
        Thread(target=self._watch, name="clients-watch", daemon=True).start()

    @contextmanager
    def run(self, name: str, client: socket) -> Iterator[Run]:
        """Enter a statement while it waits and runs."""
        run = Run(f"run-{next(self._numbers)}", name, client)
        with self._lock:
            self._runs[run.mark] = run
        try:
            yield run
        finally:
            with self._lock:
                del self._runs[run.mark]

    def cancel(self, name: str) -> None:
        """Stop the statements of this name."""
        with self._lock:
            found = [run for run in self._runs.values() if name and run.id == name]
        for run in found:
            self._stop(run)

    def close(self) -> None:
        """End the thread."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(_LOOK_EVERY_S):
            with self._lock:
                runs = list(self._runs.values())
            for run in runs:
                # A statement can be marked before the library knows of it: it is stopped again,
                # until it has ended.
                if run.stopped or _gone(run.client):
                    self._stop(run)

    def _stop(self, run: Run) -> None:
        run.stopped = True
        with self._library.connection() as connection:
            connection.change(
                "KILL QUERY WHERE Settings['log_comment'] = {mark:String} ASYNC",
                {"mark": run.mark},
            )


def _gone(client: socket) -> bool:
    """Whether the client has hung up: it never sends before it has its answer."""
    poll = select.poll()
    try:
        poll.register(client, select.POLLIN | select.POLLRDHUP)
        return bool(poll.poll(0))
    except (OSError, ValueError):
        return True
