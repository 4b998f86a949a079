"""Compaction: from the write-ahead log into the file, and old bytes out of both."""

import time
from contextlib import closing
from pathlib import Path

import apsw

from tallystick.drivers.sqlite.connection import connect_writer
from tallystick.drivers.sqlite.queue import WriterQueue
from tallystick.errors import PushbackError

_MANY_FRAMES = 2_048
_ATTEMPTS, _PAUSE_S = 5, 0.5


def checkpoint(path: Path, queue: WriterQueue) -> None:
    """Copy committed pages into the file, without making anybody wait.

    Writers that never pause would keep the log from ever being copied whole, and so from being
    begun anew; when it has become big, the rest is copied in the writer's turn.
    """
    with closing(connect_writer(path)) as db:
        frames, _ = db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)
        if frames >= _MANY_FRAMES:
            with queue.turn():
                db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)


def compact(path: Path, queue: WriterQueue) -> None:
    """Write the file anew, and cut the write-ahead log to nothing.

    ``secure_delete`` zeroes what is deleted, but not the copy that stays in a page's unallocated
    middle when a split moves a row to the next page; only VACUUM rids the file of those. It takes
    time and temporary space in proportion to the file, and writers wait meanwhile.

    Raises:
        PushbackError: A snapshot stayed open in each attempt to cut the log.
    """
    with queue.turn(), closing(connect_writer(path)) as db:
        db.execute("PRAGMA temp_store = FILE")  # the whole ledger may not fit in memory
        db.execute("VACUUM")
    for _ in range(_ATTEMPTS):
        with queue.turn(), closing(connect_writer(path)) as db:
            if _cut_log(db):
                return
        time.sleep(_PAUSE_S)
    raise PushbackError(f"database {path.name}: snapshots stay open, want none for a moment")


def _cut_log(db: apsw.Connection) -> bool:
    try:
        db.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_TRUNCATE)
    except apsw.BusyError:
        return False
    return True
