"""What SQLite complains of, said in the words of ``tallystick.errors``."""

import apsw

from tallystick.errors import (
    ConflictError,
    PushbackError,
    TallystickError,
    VerificationError,
)

_TAKEN = {
    apsw.SQLITE_CONSTRAINT_UNIQUE,
    apsw.SQLITE_CONSTRAINT_PRIMARYKEY,
    apsw.SQLITE_CONSTRAINT_ROWID,
    apsw.SQLITE_CONSTRAINT_TRIGGER,
}
_DAMAGED = (apsw.CorruptError, apsw.NotADBError)


def explain(error: apsw.Error, name: str) -> TallystickError | None:
    """Translate one of SQLite's errors.

    Args:
        error: What was raised.
        name: The database's file name, for the message.

    Returns:
        The error to raise instead, or None where the statement itself is wrong.
    """
    extended: int = getattr(error, "extendedresult", 0)
    if isinstance(error, apsw.ConstraintError):
        found = ConflictError(f"database {name}: {error}")
        return found if extended in _TAKEN else None
    if isinstance(error, apsw.FullError):
        return PushbackError(f"database {name}: {error}, want free space", retry_after_s=5)
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return PushbackError(f"database {name}: {error}, want it unlocked")
    if isinstance(error, apsw.IOError | apsw.CantOpenError | apsw.ReadOnlyError | apsw.NoMemError):
        said = f"{error} (code {extended})"
        return PushbackError(f"database {name}: {said}, want a working disk", retry_after_s=5)
    if isinstance(error, _DAMAGED):
        return VerificationError(f"database {name}: {error}, want an undamaged file")
    return None
