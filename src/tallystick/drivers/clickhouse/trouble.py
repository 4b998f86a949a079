"""The engine's errors, sorted by what the caller can do.

ClickHouse's own texts quote rows and statements, which may be a tenant's; none of them leaves here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from clickhouse_connect.driver.exceptions import (
    ClickHouseError,
    DatabaseError,
    Error,
    OperationalError,
    StreamClosedError,
    StreamFailureError,
)
from urllib3.exceptions import HTTPError

from tallystick.errors import NotFoundError, TallystickError
from tallystick.search.ports import (
    CancelledError,
    EngineAwayError,
    LimitError,
    RefusedError,
    Resource,
)

_LIMITS: Final[dict[int, Resource]] = {
    158: "rows",  # TOO_MANY_ROWS
    159: "time",  # TIMEOUT_EXCEEDED
    160: "time",  # TOO_SLOW
    241: "memory",  # MEMORY_LIMIT_EXCEEDED
    307: "rows",  # TOO_MANY_BYTES
    396: "rows",  # TOO_MANY_ROWS_OR_BYTES
}
_CANCELLED: Final = 394
_MISSING: Final = {60: "table", 81: "database"}
_AWAY: Final = {
    201: "over a quota",
    202: "too busy",
    203: "no free connection",
    209: "slow network",
    210: "network trouble",
    236: "shutting down",
    242: "read-only",
    243: "disk full",
    252: "too many parts",
    516: "refuses the password",
}
_OF_ALL: Final = "(total) memory limit"


@contextmanager
def sorted_errors(doing: str) -> Iterator[None]:
    """Turn the library's errors into ours.

    Args:
        doing: What was being done, such as ``"ask"``.
    """
    try:
        yield
    except (ClickHouseError, HTTPError, OSError) as error:
        raise _sorted(doing, error) from None


def is_unauthenticated(error: TallystickError) -> bool:
    """Whether the engine refused the password: it may have a new one."""
    return isinstance(error, EngineAwayError) and _AWAY[516] in str(error)


def _sorted(doing: str, error: Exception) -> TallystickError:
    if not isinstance(error, Error) or error.code is None:
        return _without_code(doing, error)
    code = error.code
    if code in _AWAY or _OF_ALL in str(error):
        return EngineAwayError(
            f"engine: {_AWAY.get(code, 'out of memory')}, cannot take the {doing}"
        )
    if code in _LIMITS:
        return LimitError(f"engine: {doing} needs more {_LIMITS[code]} than allowed", _LIMITS[code])
    if code == _CANCELLED:
        return CancelledError(f"engine: {doing} was cancelled")
    if code in _MISSING:
        return NotFoundError(f"engine: no such {_MISSING[code]}")
    return RefusedError(f"engine: refuses the {doing}, error {code} ({error.name or 'no name'})")


def _without_code(doing: str, error: Exception) -> TallystickError:
    away = (OperationalError, StreamClosedError, StreamFailureError, HTTPError, OSError)
    if isinstance(error, away):
        return EngineAwayError(f"engine: does not answer the {doing}")
    if type(error) is DatabaseError:  # an HTTP answer that is none of ClickHouse's
        return EngineAwayError(f"engine: no answer of its kind to the {doing}")
    return RefusedError(f"engine: the {doing} cannot be written ({type(error).__name__})")
