"""Which of SQLite's complaints becomes which error."""

import apsw
import pytest

from tallystick.drivers.sqlite.trouble import explain
from tallystick.errors import PushbackError, TallystickError, VerificationError


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
    error = apsw.exception_for(code)

    explained = explain(error, "ledger.db")

    assert type(explained) is want
    assert str(explained).startswith("database ledger.db: ")


@pytest.mark.parametrize("code", [apsw.SQLITE_ERROR, apsw.SQLITE_MISUSE, apsw.SQLITE_RANGE])
def test_a_wrong_statement_is_no_trouble_of_the_caller(code: int) -> None:
    assert explain(apsw.exception_for(code), "ledger.db") is None
