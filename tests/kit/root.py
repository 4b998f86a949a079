"""What an administrator with root does to the files of a ledger, by plain SQLite."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SLOT = 1 << 40
LEVEL = 1 << 36


@contextmanager
def editing(data: Path) -> Iterator[sqlite3.Connection]:
    """Open the database without its triggers; whatever is done is committed at the end."""
    db = sqlite3.connect(data / "ledger.db")
    for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        db.execute(f"DROP TRIGGER {name}")
    yield db
    db.commit()
    db.close()


def flip(blob: bytes, position: int = -1) -> bytes:
    """Change one bit of one byte."""
    changed = bytearray(blob)
    changed[position] ^= 1
    return bytes(changed)


def flip_in(data: Path, table: str, column: str, key: str, position: int = -1) -> None:
    """Flip one bit in a column of the one row that ``key`` (an SQL condition) names."""
    with editing(data) as db:
        rows = db.execute(f"SELECT {column} FROM {table} WHERE {key}").fetchall()
        assert len(rows) == 1, f"{len(rows)} rows of {table} where {key}"
        value = rows[0][0]
        raw = value.encode() if isinstance(value, str) else value
        changed = flip(raw, position)
        new = changed.decode() if isinstance(value, str) else changed
        db.execute(f"UPDATE {table} SET {column} = ? WHERE {key}", (new,))


def copy_of(data: Path, target: Path) -> Path:
    """Copy a whole deployment, as a backup would."""
    shutil.copytree(data, target)
    return target
