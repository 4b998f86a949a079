"""Copying: the whole database as of one moment, while others read and write it."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import apsw

from tallystick.drivers.sqlite.connection import connect_reader
from tallystick.drivers.sqlite.trouble import explain

_STEP_PAGES: Final = 256

Progress = Callable[[int, int], None]
"""(bytes done, bytes in all)"""


def copy_database(source: Path, target: Path, progress: Progress) -> None:
    """Copy what was committed when this began; no writer waits, no later commit is in it.

    One view is held from the first page to the last, so that writers never make the copy begin
    anew; meanwhile the write-ahead log cannot be cut to nothing.

    Args:
        source: The database file.
        target: A file that exists and is empty, so that its mode is the caller's choice.
        progress: Told how far it is.

    Raises:
        PushbackError: There is no room, or the disk doesn't work.
        VerificationError: The source is damaged.
    """
    try:
        with (
            closing(connect_reader(source, read_only=False)) as db,
            closing(apsw.Connection(str(target), flags=apsw.SQLITE_OPEN_READWRITE)) as copy,
        ):
            db.execute("BEGIN")
            db.execute("SELECT rowid FROM sqlite_schema LIMIT 1").fetchall()
            page_size = db.pragma("page_size")
            # Nothing needs to be undone in a file that is thrown away when this fails.
            copy.pragma("journal_mode", "off")
            copy.pragma("synchronous", "off")
            with copy.backup("main", db, "main") as pages:
                while not pages.done:
                    pages.step(_STEP_PAGES)
                    count = pages.page_count
                    progress((count - pages.remaining) * page_size, count * page_size)
            db.execute("ROLLBACK")
    except apsw.Error as error:
        raise (explain(error, source.name) or error) from error
