"""Which of SQLite's complaints becomes which error."""

import apsw
import pytest

from tallystick.drivers.sqlite.trouble import explain
from tallystick.errors import PushbackError, TallystickError, VerificationError


def complaint(code: int) -> apsw.Error:
    """Make the exception that apsw raises for a result code."""
    error = apsw.exception_for(code)
    assert isinstance(error, apsw.Error)
    return error


@pytest.mark.parametrize(
    ("code", "want"),
    [
        pytest.param(apsw.SQLITE_FULL, PushbackError, id="full"),
        pytest.param(apsw.SQLITE_BUSY, PushbackError, id="busy"),
        pytest.param(apsw.SQLITE_LOCKED, PushbackError, id="locked"),
        pytest.param(apsw.SQLITE_IOERR, PushbackError, id="disk"),
        pytest.param(apsw.SQLITE_CANTOPEN, PushbackError, id="cannot open"),
        pytest.param(apsw.SQLITE_READONLY, PushbackError, id="mounted read-only"),
        pytest.param(apsw.SQLITE_CORRUPT, VerificationError, id="corrupt"),
        pytest.param(apsw.SQLITE_NOTADB, VerificationError, id="no database"),
    ],
)
def test_trouble_is_sorted_by_what_the_caller_can_do(
    code: int, want: type[TallystickError]
) -> None:
    explained = explain(complaint(code), "ledger.db")

    assert type(explained) is want
    assert str(explained).startswith("database ledger.db: ")


@pytest.mark.parametrize("code", [apsw.SQLITE_ERROR, apsw.SQLITE_MISUSE, apsw.SQLITE_RANGE])
def test_a_wrong_statement_is_no_trouble_of_the_caller(code: int) -> None:
    assert explain(complaint(code), "ledger.db") is None
