"""One follower at a time works for a deployment; others can tell whether it does."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event
from typing import Final

_FILE: Final = "follower.lock"
_LOOK_EVERY_S: Final = 0.25


@contextmanager
def sole_follower(data: Path, stopping: Event) -> Iterator[None]:
    """Wait until no other follower works here; the lock goes with the process, however it ends.

    Args:
        data: Folder of the deployment.
        stopping: Ends the waiting.
    """
    file = os.open(data / _FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while not stopping.is_set():
            with suppress(BlockingIOError):
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            stopping.wait(_LOOK_EVERY_S)
        yield
    finally:
        os.close(file)


def is_at_work(data: Path) -> bool:
    """Whether a follower's process works for the deployment in a folder."""
    try:
        file = os.open(data / _FILE, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
