"""Named SQL: each room keeps its statements in ``.sql`` files beside the code that runs them.

A file is a list of statements, each after a line ``-- name: purpose``. The statements keep to the
subset that SQLite and PostgreSQL share, with ``:name`` parameters.
"""

import re
from collections.abc import Mapping
from importlib.resources import files

from tallystick.errors import VerificationError
from tallystick.ledger.ports import Query, Value

_HEADING = re.compile(r"^-- ([a-z_]+): .+$", re.MULTILINE)


def load(package: str, name: str) -> Mapping[str, Query]:
    """Read the named statements of one ``.sql`` file.

    Args:
        package: Import name of the package that owns the file, such as ``tallystick.access``.
        name: File name, such as ``tenants.sql``.

    Returns:
        The statements by name, without their headings and trailing semicolons.
    """
    text = files(package).joinpath(name).read_text("utf-8")
    pieces = _HEADING.split(text)[1:]
    return {
        heading: Query(statement.strip().removesuffix(";"))
        for heading, statement in zip(pieces[::2], pieces[1::2], strict=True)
    }


def as_bytes(value: Value) -> bytes:
    """Take a column that holds bytes.

    Raises:
        VerificationError: It holds something else: somebody edited the table.
    """
    if not isinstance(value, bytes):
        raise VerificationError(f"column: {type(value).__name__}, want bytes")
    return value


def as_int(value: Value) -> int:
    """Take a column that holds an integer.

    Raises:
        VerificationError: It holds something else: somebody edited the table.
    """
    if not isinstance(value, int):
        raise VerificationError(f"column: {type(value).__name__}, want int")
    return value


def as_text(value: Value) -> str:
    """Take a column that holds text.

    Raises:
        VerificationError: It holds something else: somebody edited the table.
    """
    if not isinstance(value, str):
        raise VerificationError(f"column: {type(value).__name__}, want str")
    return value
