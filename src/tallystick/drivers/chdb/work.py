"""Carrying out a request: what is read is read-only and limited, what is inserted is named."""

from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from socket import socket
from typing import Final

from tallystick.drivers.chdb.library import Connection, Library, Piece
from tallystick.drivers.chdb.places import READERS, STREAMS, Places
from tallystick.drivers.chdb.request import Request
from tallystick.drivers.chdb.running import Run, Running
from tallystick.drivers.chdb.statement import Guard, Kind, Statement
from tallystick.errors import ForbiddenError

_CAPS: Final[Mapping[str, float]] = {
    "max_execution_time": 3_600,
    "max_memory_usage": 800 << 20,
    "max_result_rows": 1_000_000,
}
_NOTHING: Final = Piece(b"", 0, 0)


class Work:
    """Carries out requests, from many threads.

    Args:
        library: Where the tables are.
    """

    def __init__(self, library: Library) -> None:
        self.running = Running(library)
        self._library = library
        self._guard = Guard(*library.outside())
        self._readers = Places(READERS)
        self._streams = Places(STREAMS)
        self._tells = Places(1)  # an insert asks for its columns first
        self._inserts = Places(1)
        self._changes = Places(1)

    def pieces(self, request: Request, client: socket) -> Generator[Piece]:
        """Yield the answer; it has at least one piece.

        Raises:
            ForbiddenError: The statement is none that is taken here.
            PushbackError: There is too much to do.
            LibraryError: The library refused it, or it was cancelled.
        """
        statement = self._guard.read(request.sql)
        if request.read_only and statement.kind not in {Kind.READ, Kind.TELL}:
            raise ForbiddenError("statement: changes something, want one that reads")
        with self.running.run(request.id, client) as run:
            match statement.kind:
                case Kind.KILL:
                    self.running.cancel(next(iter(request.bound.values()), ""))
                    yield _NOTHING
                case Kind.INSERT:
                    yield self._insert(statement, request)
                case Kind.CHANGE:
                    yield self._change(statement, request, run)
                case _ if request.whole or statement.kind is Kind.TELL:
                    yield self._answer(statement, request, run)
                case _:
                    yield from self._stream(statement, request, run)

    def _insert(self, statement: Statement, request: Request) -> Piece:
        settings = ["async_insert = 0"]
        if request.token:
            settings.append(f"insert_deduplication_token = '{request.token}'")
        with self._lent(self._inserts) as connection:
            sql = f"{statement.sql} SETTINGS {', '.join(settings)}"
            connection.insert(sql, statement.format, request.rows)
        return _NOTHING

    def _change(self, statement: Statement, request: Request, run: Run) -> Piece:
        with self._lent(self._changes) as connection:
            run.check()
            seconds = request.limits.get("max_execution_time", 0)
            connection.change(f"SET max_execution_time = {seconds:f}, mutations_sync = 2")
            try:
                return connection.read(statement.sql, statement.format, request.bound)
            finally:
                connection.change("SET max_execution_time = 0")

    def _answer(self, statement: Statement, request: Request, run: Run) -> Piece:
        places = self._tells if statement.kind is Kind.TELL else self._readers
        with self._lent(places) as connection:
            run.check()
            sql = _limited(statement, request, run)
            return connection.read(sql, statement.format, request.bound)

    def _stream(self, statement: Statement, request: Request, run: Run) -> Iterator[Piece]:
        with self._lent(self._streams) as connection:
            run.check()
            sql = _limited(statement, request, run)
            empty = True
            for piece in connection.stream(sql, statement.format, request.bound):
                empty = False
                yield piece
            if empty:
                yield _NOTHING

    @contextmanager
    def _lent(self, places: Places) -> Iterator[Connection]:
        with places.taken(), self._library.connection() as connection:
            yield connection


def _limited(statement: Statement, request: Request, run: Run) -> str:
    """Add what keeps a question from writing and from using too much."""
    if statement.kind is Kind.TELL:
        return statement.sql
    limits = {**_CAPS, **request.limits}
    if not request.whole:
        limits.pop("max_result_rows")
    settings = [f"{name} = {_capped(name, value)}" for name, value in limits.items()]
    settings += [
        "readonly = 1",
        "timeout_overflow_mode = 'throw'",
        "read_overflow_mode = 'throw'",
        "result_overflow_mode = 'throw'",
        f"log_comment = '{run.mark}'",
    ]
    return f"{statement.sql}\nSETTINGS {', '.join(settings)}"


def _capped(name: str, value: float) -> str:
    capped = min(value or _CAPS[name], _CAPS[name]) if name in _CAPS else value
    return f"{capped:f}" if name == "max_execution_time" else f"{capped:.0f}"
