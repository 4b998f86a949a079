"""What somebody with root can do to one row of the database, for ``demo --tamper``.

It is done from outside, by plain SQLite, as it would be in earnest: the triggers that refuse
changes go first and come back after.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

_ROW = "SELECT leaf FROM entry WHERE tenant = ? AND event_id = ?"
_EDIT = "UPDATE entry SET leaf = ? WHERE tenant = ? AND event_id = ?"
_TRIGGERS = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'entry'"


def rewrite_row(database: Path, tenant: int, event_id: bytes, old: bytes, new: bytes) -> bool:
    """Exchange a text in one entry's bytes, and leave no trace in the schema.

    Args:
        database: The database file; no server may have it open.
        tenant: Number of the tenant.
        event_id: 16 bytes.
        old: What stands there, once.
        new: What is to stand there.

    Returns:
        Whether the row was found and changed.
    """
    with closing(sqlite3.connect(database)) as db, db:
        found = db.execute(_ROW, (tenant, event_id)).fetchone()
        if found is None or found[0].count(old) != 1:
            return False
        triggers = db.execute(_TRIGGERS).fetchall()
        for name, _ in triggers:
            db.execute(f"DROP TRIGGER {name}")
        db.execute(_EDIT, (found[0].replace(old, new), tenant, event_id))
        for _, sql in triggers:
            db.execute(sql)
    return True
