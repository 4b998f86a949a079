"""Exports' pieces in a folder: a file of mode 0600 for each export."""

import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from tallystick.errors import NotFoundError, PushbackError

_FOLDER_MODE: Final = 0o700


class ExportFolder:
    """An :class:`~tallystick.search.ports.ExportFiles` in a folder, made when it is needed.

    Args:
        folder: The folder; the one that it is in must exist.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, place: int, piece: bytes) -> None:
        """See :class:`~tallystick.search.ports.ExportFiles`."""
        try:
            self._put(self._folder / name, place, piece)
        except OSError as error:
            raise PushbackError(
                f"export: {error.strerror}, want a working disk with room", retry_after_s=10
            ) from error

    def read(self, name: str, place: int, length: int) -> bytes:
        """See :class:`~tallystick.search.ports.ExportFiles`."""
        try:
            with (self._folder / name).open("rb") as file:
                file.seek(place)
                piece = file.read(length)
        except FileNotFoundError:
            piece = b""
        if len(piece) != length:
            raise NotFoundError("export: its file is gone or cut, want it asked for anew")
        return piece

    def drop(self, name: str) -> None:
        """See :class:`~tallystick.search.ports.ExportFiles`."""
        with suppress(FileNotFoundError):
            (self._folder / name).unlink()

    def names(self) -> set[str]:
        """See :class:`~tallystick.search.ports.ExportFiles`."""
        return {path.name for path in self._folder.iterdir()} if self._folder.exists() else set()

    def _put(self, path: Path, place: int, piece: bytes) -> None:
        self._make_folder()
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "r+b", buffering=0) as file:
            is_new = not os.fstat(handle).st_size
            os.ftruncate(handle, place)
            file.seek(place)
            left = memoryview(piece)
            while left:
                left = left[file.write(left) :]
            os.fsync(handle)
        if is_new:
            _sync(self._folder)

    def _make_folder(self) -> None:
        if not self._folder.exists():
            with suppress(FileExistsError):
                self._folder.mkdir(_FOLDER_MODE)
            _sync(self._folder.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
