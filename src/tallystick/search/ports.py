"""What search asks of the engine that holds its tables, told as promises that a driver must keep.

The engine speaks ClickHouse's SQL. Statements hold no value of a caller: values are bound, as
``{name:Type}``. What it returns is made of str, int, float, bool, bytes, list, dict and None; a
``DateTime64(6)`` is an int, the microseconds since 1970-01-01T00:00:00Z, in both directions.
Other types of time are not promised: convert them in the statement.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, Protocol

from tallystick.errors import PushbackError, TallystickError

MAX_ROWS: Final = 65_536
"""Most rows of one insert: they stand or fall together, and so must fit into one block."""

Columns = Mapping[str, Sequence[Any]]
"""Columns by name, all of the same length."""

Row = tuple[Any, ...]

Resource = Literal["time", "memory", "rows"]


class EngineAwayError(PushbackError):
    """The engine does not answer, is starting, or has too much to do: ask the same again."""


class LimitError(PushbackError):
    """The question needs more than its limits allow: ask for less.

    Attributes:
        resource: Which limit it was.
    """

    def __init__(self, message: str, resource: Resource) -> None:
        super().__init__(message)
        self.resource: Resource = resource


class CancelledError(PushbackError):
    """Somebody cancelled the question."""


class RefusedError(TallystickError):
    """The engine will never take the statement, or one of the rows: do not ask the same again.

    The message tells ClickHouse's number and name of the error, and no value.
    """


@dataclass(frozen=True, slots=True)
class Limits:
    """What one statement may use.

    Attributes:
        seconds: Time until it is stopped.
        memory: Bytes of the engine's memory.
        rows_read: Rows that it may look at; 0: any number.
        rows: Rows that it may answer with. More are an error and never a shortened answer.
    """

    seconds: float = 10.0
    memory: int = 400 << 20
    rows_read: int = 0
    rows: int = 100_000


@dataclass(frozen=True, slots=True)
class Question:
    """A statement that reads.

    Attributes:
        sql: One SELECT, without FORMAT and SETTINGS.
        parameters: What it binds, by name: str, int, float, bool, bytes without a NUL, or a list
            of one of these.
        limits: What it may use.
        id: Names it for :meth:`Asking.cancel`, unique at any time; empty: it can't be cancelled.
    """

    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    limits: Limits = field(default_factory=Limits)
    id: str = ""


class Answer(NamedTuple):
    """What the engine answered.

    ``names`` are those of the columns; there may be none where there are no rows. ``rows_read``
    and ``bytes_read`` tell what it looked at, for the operator.
    """

    names: tuple[str, ...]
    rows: Sequence[Row]
    rows_read: int = 0
    bytes_read: int = 0


class Asking(Protocol):
    """The side that reads. Nothing that is asked can change a table or touch a file or a host."""

    def ask(self, question: Question) -> Answer:
        """Return the whole answer.

        Raises:
            LimitError: It needs more than its limits.
            CancelledError: It was cancelled.
            EngineAwayError: The engine is not there, or too busy.
            RefusedError: The statement is none that reads, or is wrong.
            tallystick.errors.NotFoundError: A table does not exist.
        """
        ...

    def stream(self, question: Question) -> AbstractContextManager[Iterator[Sequence[Row]]]:
        """Yield the rows of the answer in pieces, holding a few pieces in memory at a time.

        Leaving the block early stops the engine's work. ``limits.rows`` does not apply.

        Raises:
            EngineAwayError: As of :meth:`ask`; also in the middle, and never a silent end.
        """
        ...

    def cancel(self, question_id: str) -> None:
        """Stop a question wherever it runs; unknown and finished ones are nothing to stop."""
        ...

    def close(self) -> None:
        """Release connections; a closed one may be asked again, and connects anew."""
        ...


class Engine(Asking, Protocol):
    """The side that writes: one process, the follower, does it at a time."""

    def insert(self, table: str, columns: Columns, token: str) -> None:
        """Add rows; when it returns, they are on disk and every question sees them.

        The same ``token`` inserts once, however often and with whatever rows it comes, as long as
        no more than 1,000 others came after it. After an error the rows may be there or not; some
        months of them may be there and others not. Repeating the same insert mends it.

        Args:
            table: Name of the table.
            columns: 1 to :data:`MAX_ROWS` rows; a column left out takes its default.
            token: Names the batch.

        Raises:
            EngineAwayError: It can't be written just now.
            tallystick.errors.NotFoundError: There is no such table.
            RefusedError: One of the rows holds no value of its column. Halve the batch to find it.
        """
        ...

    def execute(self, sql: str, parameters: Mapping[str, Any], seconds: float = 60.0) -> None:
        """Run a statement that defines or changes; when it returns, it is done and on disk.

        Tables are named by ``{name:Identifier}``.

        Raises:
            LimitError: It was not done in time; it may still be done later.
            EngineAwayError: As of :meth:`insert`.
            tallystick.errors.NotFoundError: There is no such table.
        """
        ...


class ExportFiles(Protocol):
    """Where the sealed pieces of exports lie: a file for each, which others can't read."""

    def put(self, name: str, place: int, piece: bytes) -> None:
        """Write a piece from a place on, and drop all that stood behind; it is on disk then.

        Args:
            name: 32 hex digits.
            place: Byte of the file, no further than its end.
            piece: What is written.

        Raises:
            PushbackError: The disk takes no more just now.
        """
        ...

    def read(self, name: str, place: int, length: int) -> bytes:
        """Return so many bytes from a place on.

        Raises:
            tallystick.errors.NotFoundError: They are not all there.
        """
        ...

    def drop(self, name: str) -> None:
        """Remove a file; one that is not there is nothing to remove."""
        ...

    def names(self) -> set[str]:
        """Return the names of all files."""
        ...
