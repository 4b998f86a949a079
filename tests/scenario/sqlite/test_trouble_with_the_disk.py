"""A disk that is full or a database that is locked: pushback, no half commit, and on it goes.

Two ways to be full that need no root: a page limit on the connection (SQLITE_FULL) and the
process's own file size limit (a failing write, SQLITE_IOERR).
"""

import fcntl
import resource
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import apsw
import pytest

from kit.stores import LOG, a_head, an_entry, entries, grow
from tallystick.drivers.sqlite import SqliteStore, connection, store
from tallystick.errors import PushbackError

ROOM = 64


@contextmanager
def page_limit(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the database have no more than ROOM pages."""

    def connect(path: Path) -> apsw.Connection:
        db = connection.connect_writer(path)
        db.execute(f"PRAGMA max_page_count = {ROOM}")
        return db

    with monkeypatch.context() as patch:
        patch.setattr(store, "connect_writer", connect)
        yield


@contextmanager
def file_size_limit(path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let no file of this process grow beyond what the write-ahead log has and ROOM pages."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = path.with_name(f"{path.name}-wal")
    size = log.stat().st_size if log.exists() else 0
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + ROOM * connection.PAGE_SIZE, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


Limit = Callable[[Path, pytest.MonkeyPatch], AbstractContextManager[None]]


def append_until_refused(ledger: SqliteStore) -> tuple[int, PushbackError]:
    """Append 32 kB a commit until there is no room; return the size acknowledged, and why."""
    size = 0
    try:
        for size in range(2, 10_000):
            with ledger.write() as tx:
                entry = an_entry(LOG, size, leaf=bytes(32_000))
                tx.append(LOG, [entry], a_head(size + 1), [])
    except PushbackError as error:
        return size, error
    raise AssertionError("the limit was never met")


@pytest.mark.parametrize("limit", [page_limit, file_size_limit])
def test_a_full_disk_is_pushback_and_what_was_acknowledged_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: Limit
) -> None:
    path = tmp_path / "ledger.db"
    SqliteStore(path).close()
    ledger = SqliteStore(path)
    # The open snapshot keeps room from being made by copying the log into the file.
    with limit(path, monkeypatch), ledger.read():
        with ledger.write() as tx:
            grow(tx, LOG, 2)

        size, refusal = append_until_refused(ledger)
        append_again(ledger, size)

        assert size > 2
        assert refusal.retry_after_s > 1
        assert "want free space" in str(refusal) or "want a working disk" in str(refusal)
        with ledger.read() as snapshot:
            assert snapshot.head(LOG.slot) == a_head(size)
            assert len(snapshot.leaf_hashes(LOG.slot, 0, 10_000)) == size
            assert sum(extent.end - extent.start for extent in snapshot.journal(0, 10_000)) == size
    ledger.close()


def append_again(ledger: SqliteStore, size: int) -> None:
    """A retry while the disk is still full is refused again."""
    with pytest.raises(PushbackError), ledger.write() as tx:
        tx.append(LOG, [an_entry(LOG, size, leaf=bytes(60_000))], a_head(size + 1), [])


def test_the_same_store_resumes_by_itself_when_there_is_room_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.db"
    ledger = SqliteStore(path)
    with ledger.write() as tx:
        grow(tx, LOG, 2)
    with file_size_limit(path, monkeypatch):
        size, _ = append_until_refused(ledger)

    with ledger.write() as tx:
        grow(tx, LOG, 50)
    ledger.checkpoint()
    ledger.close()

    again = SqliteStore(path)
    with again.read() as snapshot:
        assert snapshot.head(LOG.slot) == a_head(size + 50)
        stored = list(snapshot.entries(LOG.slot, 0, 10_000))
    again.close()
    assert stored[:2] + stored[size:] == entries(LOG, 0, 2) + entries(LOG, size, size + 50)


def test_a_compaction_without_room_is_pushback_and_harms_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ledger.db"
    ledger = SqliteStore(path)
    with ledger.write() as tx:
        grow(tx, LOG, 9_000)
    ledger.checkpoint()

    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, hard))
    try:
        with pytest.raises(PushbackError):
            ledger.compact()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    ledger.compact()
    with ledger.read() as snapshot:
        assert list(snapshot.entries(LOG.slot, 0, 9_000)) == entries(LOG, 0, 9_000)
    ledger.close()


def test_a_database_locked_by_another_program_is_pushback_until_it_lets_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_MS", 50)
    path = tmp_path / "ledger.db"
    ledger = SqliteStore(path)
    other = apsw.Connection(str(path))
    other.execute("BEGIN IMMEDIATE")

    with pytest.raises(PushbackError, match="locked, want it unlocked"), ledger.write() as tx:
        grow(tx, LOG, 1)
    other.execute("ROLLBACK")
    other.close()

    with ledger.write() as tx:
        grow(tx, LOG, 1)
    ledger.close()


def test_a_turn_that_never_comes_is_pushback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "WRITE_WAIT_S", 0.2)
    path = tmp_path / "ledger.db"
    ledger = SqliteStore(path)
    with path.with_name("ledger.db.lock").open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(PushbackError, match="another process"), ledger.write() as tx:
            grow(tx, LOG, 1)

    with ledger.write() as tx:
        grow(tx, LOG, 1)
    ledger.close()


def test_a_snapshot_that_stays_open_makes_compaction_push_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "BUSY_MS", 20)
    monkeypatch.setattr("tallystick.drivers.sqlite.compaction._PAUSE_S", 0.01)
    ledger = SqliteStore(tmp_path / "ledger.db")
    with ledger.write() as tx:
        grow(tx, LOG, 1)

    with ledger.read(), pytest.raises(PushbackError, match="snapshots stay open"):
        ledger.compact()

    ledger.compact()
    ledger.close()
