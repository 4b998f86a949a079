"""The writers' queue: one writer at a time, across threads and processes, each in its turn."""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tallystick.errors import PushbackError

_SHORTEST_S, _LONGEST_S = 0.000_2, 0.001


class WriterQueue:
    """Hands out the turn to write.

    Threads of this process, and processes on this file, each have two locks: who waits holds the
    door and waits for the turn. A writer that has just finished finds the door held, so the one
    who waits is always next and nobody starves. The kernel frees the file locks of a process
    that dies.

    Args:
        path: The database; the file locks are ``<path>.door`` and ``<path>.lock``.
        wait_s: Seconds after which a waiting writer is told to come back later.
    """

    def __init__(self, path: Path, wait_s: float) -> None:
        self._name, self._wait_s = path.name, wait_s
        self._door, self._turn = threading.Lock(), threading.Lock()
        self._file_door = _open(path.with_name(f"{path.name}.door"))
        self._file_turn = _open(path.with_name(f"{path.name}.lock"))

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Hold the right to write.

        Raises:
            PushbackError: Others kept it for longer than ``wait_s``.
        """
        deadline = time.monotonic() + self._wait_s
        with ExitStack() as held:
            with ExitStack() as door:
                self._take(self._door, deadline, door)
                self._take(self._turn, deadline, held)
            with ExitStack() as door:
                self._flock(self._file_door, deadline, door)
                self._flock(self._file_turn, deadline, held)
            yield

    def close(self) -> None:
        """Release the lock files."""
        os.close(self._file_door)
        os.close(self._file_turn)

    def _take(self, lock: threading.Lock, deadline: float, held: ExitStack) -> None:
        if not lock.acquire(timeout=max(0, deadline - time.monotonic())):
            raise self._pushback("another thread")
        held.callback(lock.release)

    def _flock(self, file: int, deadline: float, held: ExitStack) -> None:
        pause = _SHORTEST_S
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= deadline:
                    raise self._pushback("another process") from None
                time.sleep(pause)
                pause = min(pause * 1.5, _LONGEST_S)
            else:
                held.callback(fcntl.flock, file, fcntl.LOCK_UN)
                return

    def _pushback(self, who: str) -> PushbackError:
        return PushbackError(
            f"database {self._name}: {who} has been writing for {self._wait_s:g} s, want its turn"
        )


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
