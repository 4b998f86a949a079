"""The store: hands out snapshots and the one write transaction."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from tallystick.drivers.sqlite import compaction
from tallystick.drivers.sqlite.connection import connect_reader, connect_writer
from tallystick.drivers.sqlite.migration import check_current, create_file, migrate
from tallystick.drivers.sqlite.pool import ReaderPool
from tallystick.drivers.sqlite.queue import WriterQueue
from tallystick.drivers.sqlite.reading import SqliteSnapshot
from tallystick.drivers.sqlite.trouble import explain
from tallystick.drivers.sqlite.writing import SqliteTransaction
from tallystick.errors import ForbiddenError, PushbackError
from tallystick.ledger.ports import Query

WRITE_WAIT_S = 10.0
_FIRST_READ = Query("SELECT rowid FROM sqlite_schema LIMIT 1")


class SqliteStore:
    """A :class:`~tallystick.ledger.ports.Store` in one SQLite file.

    Beside the file lie SQLite's own ``-wal`` and ``-shm``, and the writers' ``.door`` and
    ``.lock``. A missing file is made (mode 0600); one of an older version is migrated.

    Args:
        path: The database file; its folder must exist.
        read_only: Never write, make or migrate anything.

    Raises:
        MalformedError: The file is another program's, or a newer version has written it.
        PushbackError: It can't be opened just now.
    """

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        self._path = path
        self._readers = ReaderPool(lambda: connect_reader(path, read_only=read_only))
        self._writer: apsw.Connection | None = None
        self._queue = None if read_only else WriterQueue(path, WRITE_WAIT_S)
        with self._explained():
            if self._queue is None:
                with self._readers.lend() as db:
                    check_current(db, path.name)
            else:
                create_file(path)
                with self._queue.turn():
                    migrate(path)

    @contextmanager
    def write(self) -> Iterator[SqliteTransaction]:
        """See :class:`~tallystick.ledger.ports.Store`.

        Raises:
            ForbiddenError: The store was opened read-only.
        """
        with self._explained(), self._turns().turn():
            db = self._writer = self._writer or connect_writer(self._path)
            tx = SqliteTransaction(db, self._path.name)
            try:
                db.execute("BEGIN IMMEDIATE")
                yield tx
                tx.end_streams()
                tx.refuse_if_spoilt()
                db.execute("COMMIT")
            except BaseException as error:
                tx.end_streams()
                self._roll_back(db, doubtful=isinstance(error, apsw.Error | PushbackError))
                raise

    @contextmanager
    def read(self) -> Iterator[SqliteSnapshot]:
        """See :class:`~tallystick.ledger.ports.Store`."""
        with self._explained(), self._readers.lend() as db:
            snapshot = SqliteSnapshot(db)
            db.execute("BEGIN")
            try:
                # SQLite takes the view at the first read, not at BEGIN.
                snapshot.rows(_FIRST_READ)
                yield snapshot
            finally:
                snapshot.end_streams()
                if db.in_transaction:
                    db.execute("ROLLBACK")

    def checkpoint(self) -> None:
        """Copy what was committed from the write-ahead log into the database file.

        One process calls this every second or so; no commit waits for it, unless so much is
        written meanwhile that the write-ahead log would grow without end.

        Raises:
            PushbackError: The disk is full or doesn't work.
        """
        with self._explained():
            compaction.checkpoint(self._path, self._turns())

    def compact(self) -> None:
        """See :class:`~tallystick.ledger.ports.Store`.

        Raises:
            PushbackError: Snapshots stayed open all the time, or the disk is full.
        """
        with self._explained():
            compaction.compact(self._path, self._turns())

    def close(self) -> None:
        """See :class:`~tallystick.ledger.ports.Store`."""
        self._readers.close()
        if self._queue is not None:
            with self._queue.turn():
                if self._writer is not None:
                    self._writer.close()
                    self._writer = None
            self._queue.close()
            self._queue = None

    def _turns(self) -> WriterQueue:
        if self._queue is None:
            raise ForbiddenError(f"database {self._path.name}: open for reading, want for writing")
        return self._queue

    def _roll_back(self, db: apsw.Connection, *, doubtful: bool) -> None:
        """End the transaction; after trouble with the disk, the connection too."""
        try:
            if db.in_transaction:
                db.execute("ROLLBACK")
        except apsw.Error:
            doubtful = True
        if doubtful:
            self._writer = None
            db.close(True)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except apsw.Error as error:
            raise (explain(error, self._path.name) or error) from error
