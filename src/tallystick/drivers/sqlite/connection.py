"""Connections: how every handle on the database file is set up."""

from pathlib import Path

import apsw

PAGE_SIZE = 32_768
BUSY_MS = 2_000
WRITER_CACHE_KIB = 65_536
READER_CACHE_KIB = 8_192
_STATEMENTS = 256

# secure_delete: freed bytes are zeroed, so that what was erased is not found in free space.
# temp_store: sorting leaves no files behind in the folder for temporary files.
# recursive_triggers: INSERT OR REPLACE must meet the trigger that refuses deletion.
# trusted_schema: the file may have been edited by somebody hostile.
_SETUP = f"""
PRAGMA page_size = {PAGE_SIZE};
PRAGMA synchronous = FULL;
PRAGMA secure_delete = ON;
PRAGMA temp_store = MEMORY;
PRAGMA recursive_triggers = ON;
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
"""


def connect_writer(path: Path) -> apsw.Connection:
    """Open the database for writing; the file must exist.

    Checkpoints happen only where :meth:`SqliteStore.checkpoint` is called: a commit never pays
    for one.
    """
    db = _connect(path, apsw.SQLITE_OPEN_READWRITE)
    _run(db, f"PRAGMA cache_size = -{WRITER_CACHE_KIB}")
    db.wal_autocheckpoint(0)
    return db


def connect_reader(path: Path, *, read_only: bool) -> apsw.Connection:
    """Open the database for reading.

    Args:
        path: The database file, which must exist.
        read_only: Open the file itself without the right to write.
    """
    flag = apsw.SQLITE_OPEN_READONLY if read_only else apsw.SQLITE_OPEN_READWRITE
    db = _connect(path, flag)
    _run(db, f"PRAGMA cache_size = -{READER_CACHE_KIB}; PRAGMA query_only = ON")
    db.wal_autocheckpoint(0)
    return db


def _connect(path: Path, flags: int) -> apsw.Connection:
    db = apsw.Connection(str(path), flags=flags, statementcachesize=_STATEMENTS)
    db.set_busy_timeout(BUSY_MS)
    db.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
    db.config(apsw.SQLITE_DBCONFIG_DQS_DML, 0)
    db.config(apsw.SQLITE_DBCONFIG_DQS_DDL, 0)
    _run(db, _SETUP)
    return db


def _run(db: apsw.Connection, script: str) -> None:
    """Run all statements: apsw stops at the first row that nobody fetches."""
    db.execute(script).fetchall()
