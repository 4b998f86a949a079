"""The lock file: the last super-checkpoint that was signed, apart from the store."""

import fcntl
import os
from pathlib import Path

from tallystick.drivers.files import replace_file
from tallystick.errors import ConflictError


class LockFile:
    """Keeps the promises of :class:`tallystick.ledger.ports.Lock` in one file.

    Args:
        path: The file; its folder must exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def fetch(self) -> str | None:
        """See :class:`tallystick.ledger.ports.Lock`."""
        try:
            return self._path.read_text("utf-8")
        except FileNotFoundError:
            return None

    def replace(self, old: str | None, new: str) -> None:
        """See :class:`tallystick.ledger.ports.Lock`."""
        guard = os.open(
            self._path.with_name(self._path.name + ".lock"),
            os.O_RDWR | os.O_CREAT | os.O_CLOEXEC,
            0o600,
        )
        try:
            fcntl.flock(guard, fcntl.LOCK_EX)
            if self.fetch() != old:
                raise ConflictError(f"{self._path}: changed meanwhile, another publisher is at work")
            replace_file(self._path, new.encode())
        finally:
            os.close(guard)
