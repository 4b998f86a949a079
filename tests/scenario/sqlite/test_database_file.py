"""The database file: who may read it, whose it is, and how it grows older."""

import stat
from pathlib import Path

import apsw
import pytest

from kit.stores import LOG, a_head, entries, grow
from tallystick.drivers.sqlite import SqliteStore, migration
from tallystick.errors import MalformedError, PushbackError, VerificationError
from tallystick.ledger.ports import Query


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the database lies."""
    return tmp_path / "ledger.db"


def pragma(path: Path, name: str) -> object:
    """Ask a plain connection."""
    db = apsw.Connection(str(path))
    try:
        return db.pragma(name)
    finally:
        db.close()


def test_only_its_owner_can_read_what_lies_beside_it(path: Path) -> None:
    store = SqliteStore(path)
    with store.write() as tx:
        grow(tx, LOG, 1)

    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()}
    store.close()

    assert set(modes) == {f"ledger.db{end}" for end in ("", "-wal", "-shm", ".lock", ".door")}
    assert set(modes.values()) == {0o600}


def test_it_is_made_in_the_form_the_design_asks_for(path: Path) -> None:
    SqliteStore(path).close()

    assert pragma(path, "page_size") == 32_768
    assert pragma(path, "journal_mode") == "wal"
    assert pragma(path, "user_version") == len(list(SQL_FILES.glob("*.sql")))


SQL_FILES = Path(migration.__file__).with_name("migrations")


def test_a_snapshot_cannot_write(path: Path) -> None:
    store = SqliteStore(path)

    with pytest.raises(PushbackError, match="readonly"), store.read() as snapshot:
        snapshot.rows(Query("INSERT INTO deployment (name, value) VALUES ('a', 'b')"))
    store.close()


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("synchronous", 2),
        ("secure_delete", 1),
        ("wal_autocheckpoint", 0),
        ("temp_store", 2),
        ("recursive_triggers", 1),
        ("trusted_schema", 0),
        ("cell_size_check", 1),
    ],
)
def test_every_writer_is_set_up_for_durability(path: Path, setting: str, value: int) -> None:
    store = SqliteStore(path)

    with store.write() as tx:
        assert tx.rows(Query(f"PRAGMA {setting}")) == [(value,)]
    store.close()


def test_a_newer_versions_ledger_is_refused(path: Path) -> None:
    SqliteStore(path).close()
    db = apsw.Connection(str(path))
    db.execute("PRAGMA user_version = 99")
    db.close()

    for read_only in (False, True):
        with pytest.raises(MalformedError, match="schema 99, want at most"):
            SqliteStore(path, read_only=read_only)
    assert pragma(path, "user_version") == 99


def test_another_programs_database_is_refused_and_left_alone(path: Path) -> None:
    db = apsw.Connection(str(path))
    db.execute("CREATE TABLE note (text)")
    db.close()
    before = path.read_bytes()

    with pytest.raises(MalformedError, match="another program's"):
        SqliteStore(path)

    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused_and_left_alone(path: Path) -> None:
    path.write_bytes(b"These are my notes.\n" * 1_000)
    before = path.read_bytes()

    with pytest.raises(VerificationError, match="not a database"):
        SqliteStore(path)

    assert path.read_bytes() == before


def test_an_older_ledger_is_brought_up_to_date_and_keeps_its_entries(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *later = [file.read_text("utf-8") for file in sorted(SQL_FILES.glob("*.sql"))]
    with monkeypatch.context() as patch:
        patch.setattr(migration, "_scripts", lambda: [first])
        old = SqliteStore(path)
        with old.write() as tx:
            grow(tx, LOG, 3)
        old.close()
    assert pragma(path, "user_version") == 1

    with pytest.raises(MalformedError, match="open it for writing once"):
        SqliteStore(path, read_only=True)
    store = SqliteStore(path)

    with store.read() as snapshot:
        assert list(snapshot.entries(LOG.slot, 0, 9)) == entries(LOG, 0, 3)
        assert snapshot.rows(Query("SELECT COUNT(*) FROM tenant")) == [(0,)]
    store.close()
    assert pragma(path, "user_version") == 1 + len(later)


def test_a_migration_that_fails_changes_nothing(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good = migration._scripts()  # noqa: SLF001 (what this version knows)
    SqliteStore(path).close()
    bad = [*good, "CREATE TABLE half (x); CREATE TABLE half (x);"]
    with monkeypatch.context() as patch:
        patch.setattr(migration, "_scripts", lambda: bad)
        with pytest.raises(apsw.SQLError, match="half already exists"):
            SqliteStore(path)

    store = SqliteStore(path)
    with store.read() as snapshot:
        tables = Query("SELECT COUNT(*) FROM sqlite_schema WHERE name = 'half'")
        assert snapshot.rows(tables) == [(0,)]
    store.close()


def test_a_replacing_insert_meets_the_trigger_too(path: Path) -> None:
    store = SqliteStore(path)
    with store.write() as tx:
        grow(tx, LOG, 1)
    replace = Query(
        "INSERT OR REPLACE INTO entry (id, tenant, event_id, leaf, leaf_hash) "
        "SELECT id, tenant, event_id, :leaf, leaf_hash FROM entry"
    )

    with pytest.raises(Exception, match="entries are never deleted"), store.write() as tx:
        tx.execute(replace, [{"leaf": b"forged"}])
    store.close()


def test_committed_pages_reach_the_file_only_when_a_checkpoint_is_asked_for(
    path: Path,
) -> None:
    store = SqliteStore(path)
    store.checkpoint()
    empty = path.stat().st_size
    with store.write() as tx:
        grow(tx, LOG, 20_000)
    assert path.stat().st_size == empty < path.with_name("ledger.db-wal").stat().st_size

    store.checkpoint()

    assert path.stat().st_size > empty + 1_000_000
    with store.read() as snapshot:
        assert snapshot.head(LOG.slot) == a_head(20_000)
    store.close()


def test_the_write_ahead_log_is_begun_anew_after_a_checkpoint(path: Path) -> None:
    store = SqliteStore(path)
    log = path.with_name("ledger.db-wal")
    sizes = []
    for _ in range(6):
        with store.write() as tx:
            grow(tx, LOG, 5_000)
        store.checkpoint()
        sizes.append(log.stat().st_size)
    store.close()

    assert sizes[-1] <= 2 * sizes[0]
