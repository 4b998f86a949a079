"""Files that are there as a whole or not at all."""

import os
from pathlib import Path
from typing import Final

_MODE: Final = 0o600


def write_durably(path: Path, data: bytes, mode: int = _MODE) -> None:
    """Put a file in place as a whole: written aside, synced, renamed, its folder synced."""
    aside = path.with_name(f".{path.name}.new")
    descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    aside.replace(path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
