"""The lock file: the last signed super-checkpoint, in a file of its own."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tallystick.errors import ConflictError, PushbackError


class LockFile:
    """A :class:`~tallystick.ledger.ports.Lock` in one text file.

    A new note is written beside the file (``<path>.new``) and renamed over it, so that a crash
    leaves the old one or the new one; ``<path>.lock`` lets one publisher at a time compare and
    swap.

    Args:
        path: The file; its folder must exist. Best on another disk than the store's.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def fetch(self) -> str | None:
        """See :class:`~tallystick.ledger.ports.Lock`."""
        try:
            return self._path.read_bytes().decode()
        except FileNotFoundError:
            return None

    def replace(self, old: str | None, new: str) -> None:
        """See :class:`~tallystick.ledger.ports.Lock`."""
        with self._alone():
            found = self.fetch()
            if found != old:
                raise ConflictError(
                    f"lock file {self._path.name}: {_brief(found)}, want {_brief(old)}"
                )
            try:
                self._write(new)
            except OSError as error:
                raise PushbackError(
                    f"lock file {self._path.name}: {error.strerror}, want a working disk",
                    retry_after_s=5,
                ) from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
        handle = os.open(self._path.with_name(f"{self._path.name}.lock"), flags, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _write(self, text: str) -> None:
        draft = self._path.with_name(f"{self._path.name}.new")
        with draft.open("wb") as file:
            file.write(text.encode())
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _brief(note: str | None) -> str:
    """Name a note by its first two lines: origin and size."""
    return "no note" if note is None else repr(" ".join(note[:200].split("\n")[:2]))
