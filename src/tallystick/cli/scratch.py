"""Folders for work under way; what a killed process left in them is not kept for ever.

What lies in them is a copy of the ledger from before the next erasure, so a forgotten one would
keep people whom the ledger has forgotten.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Final

_SUFFIX: Final = ".partial"


@contextmanager
def scratch(parent: Path, name: str) -> Iterator[Path]:
    """Lend a folder of mode 0700 that is gone at the end, unless it was renamed.

    Those of the same name that nobody is at work in are removed first.
    """
    for path in leftovers(parent, name):
        shutil.rmtree(path, ignore_errors=True)
    path = Path(mkdtemp(prefix=f".{name}.", suffix=_SUFFIX, dir=parent))
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(handle)


def leftovers(parent: Path, name: str) -> list[Path]:
    """Return the folders of this name that nobody is at work in."""
    return [
        path
        for path in parent.iterdir()
        if path.name.startswith(f".{name}.") and path.name.endswith(_SUFFIX) and _is_free(path)
    ]


def _is_free(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(handle)
    return True
