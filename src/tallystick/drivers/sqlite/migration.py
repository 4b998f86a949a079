"""Migrations: numbered ``.sql`` files that bring a database to the form this version knows."""

import os
from importlib.resources import files
from pathlib import Path

import apsw

from tallystick.drivers.sqlite.connection import connect_writer
from tallystick.errors import MalformedError

APPLICATION_ID = 0x544C_5953
"""``TLYS`` in the file's header: says that the file is a Tallystick ledger."""


def create_file(path: Path) -> None:
    """Make an empty database file that only its owner can open; one that exists stays."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    os.close(handle)
    folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def migrate(path: Path) -> None:
    """Bring the database up to date, all migrations in one transaction; call in one's turn.

    Raises:
        MalformedError: The file holds something else, or a newer version's ledger.
    """
    db = connect_writer(path)
    try:
        pending = _scripts()[check_version(db, path.name) :]
        db.execute("PRAGMA journal_mode = WAL")
        if not pending:
            return
        with db:
            db.execute("\n".join(pending))
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {len(_scripts())}")
    finally:
        db.close()


def check_version(db: apsw.Connection, name: str) -> int:
    """Return the number of migrations that the database has seen.

    Raises:
        MalformedError: The file holds something else, or a newer version's ledger.
    """
    version, known = db.pragma("user_version"), len(_scripts())
    if db.pragma("application_id") != APPLICATION_ID and db.pragma("schema_version") != 0:
        raise MalformedError(f"database {name}: another program's, want a Tallystick ledger")
    if not isinstance(version, int) or version > known:
        raise MalformedError(
            f"database {name}: schema {version}, want at most {known}; "
            "a newer Tallystick has written it"
        )
    return version


def check_current(db: apsw.Connection, name: str) -> None:
    """Check that no migration is pending.

    Raises:
        MalformedError: One is, or the file is none of ours.
    """
    version, known = check_version(db, name), len(_scripts())
    if version != known:
        raise MalformedError(
            f"database {name}: schema {version}, want {known}; open it for writing once"
        )


def _scripts() -> list[str]:
    folder = files("tallystick.drivers.sqlite").joinpath("migrations")
    scripts = sorted((file.name, file) for file in folder.iterdir() if file.name.endswith(".sql"))
    return [file.read_text("utf-8") for _, file in scripts]
