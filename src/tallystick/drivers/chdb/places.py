"""How many statements run at once, of each kind; so questions never hold up an insert."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock
from typing import Final

from tallystick.errors import PushbackError

READERS: Final = 4
STREAMS: Final = 2
WAITING: Final = 64
WAIT_S: Final = 5.0


class Places:
    """Places for statements of one kind, and a bounded queue before them.

    Args:
        count: How many run at once.
        waiting: How many may wait.
        wait_s: Seconds that one waits.
    """

    def __init__(self, count: int, waiting: int = WAITING, wait_s: float = WAIT_S) -> None:
        self._free = BoundedSemaphore(count)
        self._room = count + waiting
        self._there = 0
        self._lock = Lock()
        self._wait_s = wait_s

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold a place.

        Raises:
            PushbackError: Too many wait, or one did not become free in time.
        """
        with self._lock:
            if self._there >= self._room:
                raise PushbackError("engine: too many statements wait")
            self._there += 1
        try:
            if not self._free.acquire(timeout=self._wait_s):
                raise PushbackError(f"engine: no place became free in {self._wait_s} s")
            try:
                yield
            finally:
                self._free.release()
        finally:
            with self._lock:
                self._there -= 1
