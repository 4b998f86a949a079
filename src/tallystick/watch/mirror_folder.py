"""A mirror's files: C2SP's own layout, so that any web server serves the folder as a log.

::

    checkpoint
    tile/0/000  tile/0/001.p/17  tile/1/000.p/1  …
    tile/entries/000  tile/entries/001.p/17

Further files are for the mirror alone: ``.lock``, ``.sizes``, and ``.statements``: the root's
statements that it followed. The copy of a super-log that follows the one here lies in a folder
that is named by its serial number.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tallystick.errors import ConflictError, MalformedError
from tallystick.tlog.spelling import parse_decimal
from tallystick.tlog.tile import TILE_WIDTH, Tile, entries_path, partial_width
from tallystick.verify import strict_json
from tallystick.watch.durably import write_durably

CHECKPOINT: Final = "checkpoint"
_LOCK: Final = ".lock"
_SIZES: Final = ".sizes"
_STATEMENTS: Final = ".statements"
_READABLE: Final = 0o644


def right_edge(size: int) -> list[Tile]:
    """List the partial tiles of a tree, one a level at most."""
    edge: list[Tile] = []
    level = 0
    while count := size >> 8 * level:
        if width := partial_width(size, level):
            edge.append(Tile(level, count // TILE_WIDTH, width))
        level += 1
    return edge


def partial_paths(size: int) -> set[str]:
    """List the files of a tree that a larger tree replaces."""
    paths = {tile.path() for tile in right_edge(size)}
    if width := size % TILE_WIDTH:
        paths.add(entries_path(size // TILE_WIDTH, width))
    return paths


@dataclass(frozen=True, slots=True)
class MirrorFolder:
    """The folder of one mirrored log."""

    path: Path

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other mirrors away from the folder, which is made where there is none.

        Raises:
            ConflictError: Another one is at work there.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise ConflictError(
                    f"{self.path}: in use by another mirror, want a folder of its own"
                ) from None
            yield
        finally:
            os.close(lock)

    def read(self, path: str) -> bytes | None:
        """Return a file, or None where there is none."""
        try:
            return (self.path / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None

    def keep(self, path: str, data: bytes) -> None:
        """Put a file in place as a whole; it is on disk only after :meth:`sync`."""
        place = self.path / path
        aside = self.path / ".new"
        aside.write_bytes(data)
        aside.chmod(_READABLE)
        try:
            aside.replace(place)
        except FileNotFoundError:
            place.parent.mkdir(parents=True, exist_ok=True)
            aside.replace(place)

    def publish(self, note: str) -> None:
        """Replace the checkpoint, after everything below it is on disk."""
        # One sync of the file system costs less than one for each of many thousand files; what
        # a crash leaves half-written before it is found by its hash and fetched again.
        os.sync()
        write_durably(self.path / CHECKPOINT, note.encode(), _READABLE)

    def sizes(self) -> list[int]:
        """Return the sizes of which partial tiles may lie here."""
        data = self.read(_SIZES) or b""
        try:
            return [parse_decimal("size", word) for word in data.decode("ascii").split()]
        except (MalformedError, UnicodeDecodeError):
            return []

    def note_sizes(self, *sizes: int) -> None:
        """Write down of which sizes partial tiles may lie here."""
        words = " ".join(str(size) for size in dict.fromkeys(sizes))
        write_durably(self.path / _SIZES, f"{words}\n".encode())

    def statements(self) -> list[str]:
        """Return the root's statements that were kept; whoever uses them verifies them.

        Raises:
            MalformedError: The file holds something else.
        """
        data = self.read(_STATEMENTS)
        notes = [] if data is None else strict_json.read(data, f"{self.path / _STATEMENTS}")
        if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
            raise MalformedError(f"{self.path / _STATEMENTS}: want a list of notes")
        return notes

    def keep_statements(self, notes: Sequence[str]) -> None:
        """Keep the root's statements, in order of their serial numbers."""
        write_durably(self.path / _STATEMENTS, json.dumps(list(notes)).encode(), _READABLE)

    def following(self, serial: int) -> "MirrorFolder":
        """Return the folder of a super-log that follows the one here."""
        return MirrorFolder(self.path / str(serial))

    def newest(self) -> "MirrorFolder":
        """Return the folder of the newest super-log that is copied."""
        serials = [int(it.name) for it in self.path.iterdir() if it.name.isdecimal()]
        found = [self.following(serial) for serial in sorted(serials, reverse=True)]
        return next((it for it in found if it.read(CHECKPOINT) is not None), self)

    def drop_partial(self, *kept: int) -> None:
        """Remove the partial tiles of all sizes noted but those kept.

        The size before the newest is kept too: somebody may be reading below its checkpoint.
        """
        noted = self.sizes()
        keep = {path for size in kept for path in partial_paths(size)}
        for size in noted:
            for path in partial_paths(size) - keep:
                place = self.path / path
                place.unlink(missing_ok=True)
                if place.parent.is_dir() and not any(place.parent.iterdir()):
                    place.parent.rmdir()
        self.note_sizes(*kept)
