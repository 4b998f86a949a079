"""The driver: one client a process, made when it is needed and made anew when it must be."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from itertools import count
from logging import CRITICAL, getLogger
from threading import Lock
from typing import Any, Final

import clickhouse_connect
from clickhouse_connect.driver import options
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.httputil import get_pool_manager

from tallystick.drivers.clickhouse.endpoint import Endpoint
from tallystick.drivers.clickhouse.trouble import is_unauthenticated, sorted_errors
from tallystick.errors import TallystickError
from tallystick.ledger.ports import Entropy
from tallystick.search.ports import (
    MAX_ROWS,
    Answer,
    Columns,
    Limits,
    Question,
    RefusedError,
    Row,
)

CONNECT_S: Final = 3
ANSWER_S: Final = 3_700
"""Longer than any statement may take; the engine stops those that take too long."""

_CONNECTIONS: Final = 32
_BINDS: Final = re.compile(r"\{[A-Za-z_][A-Za-z0-9_]*:")
_READS: Final = re.compile(r"\s*(?:SELECT|WITH)\b", re.IGNORECASE)
_FORMATS: Final = {"DateTime64*": "int", "FixedString": "bytes"}

# Rows come to it as lists: without this it loads pandas and NumPy to see whether they are frames.
vars(options).update(np=None, pd=None, pd_time_test=None)
# It writes a traceback for each engine that went away, and with it what was asked.
getLogger("clickhouse_connect").setLevel(CRITICAL)


class ClickHouse:
    """An :class:`~tallystick.search.ports.Engine`.

    Args:
        endpoint: Says where the engine is; asked again when it refuses the password.
        entropy: Names the questions that were given no id.
    """

    def __init__(self, endpoint: Callable[[], Endpoint], entropy: Entropy) -> None:
        self._endpoint = endpoint
        self._prefix = entropy.draw(8).hex()
        self._numbers = count(1)
        self._client: Client | None = None
        self._types: dict[str, dict[str, Any]] = {}
        self._lock = Lock()

    def ask(self, question: Question) -> Answer:
        """See :class:`~tallystick.search.ports.Asking`."""
        with self._lent("question") as client:
            settings = _settings(question, whole=True)
            parameters = _bound(question.sql, question.parameters)
            result = client.query(
                _reading(question.sql),
                parameters=parameters,
                settings=settings,
                query_formats=_FORMATS,
            )
            summary = result.summary
            return Answer(
                tuple(result.column_names),
                [tuple(row) for row in result.result_rows],
                int(summary.get("read_rows", 0)),
                int(summary.get("read_bytes", 0)),
            )

    @contextmanager
    def stream(self, question: Question) -> Iterator[Iterator[Sequence[Row]]]:
        """See :class:`~tallystick.search.ports.Asking`."""
        question = replace(question, id=question.id or f"{self._prefix}-{next(self._numbers)}")
        with self._lent("question") as client:
            blocks = client.query_row_block_stream(
                _reading(question.sql),
                parameters=_bound(question.sql, question.parameters),
                settings=_settings(question, whole=False),
                query_formats=_FORMATS,
            )
            with blocks as source:
                pieces = _Pieces(source)
                try:
                    yield iter(pieces)
                finally:
                    if not pieces.ended:  # or closing would read all that is still to come
                        self.cancel(question.id)

    def cancel(self, question_id: str) -> None:
        """See :class:`~tallystick.search.ports.Asking`."""
        with self._lent("cancellation") as client:
            client.command(
                "KILL QUERY WHERE query_id = {id:String} ASYNC", parameters={"id": question_id}
            )

    def insert(self, table: str, columns: Columns, token: str) -> None:
        """See :class:`~tallystick.search.ports.Engine`."""
        size = len(next(iter(columns.values())))
        if not 1 <= size <= MAX_ROWS:
            raise RefusedError(f"insert: {size:,} rows, want 1 to {MAX_ROWS:,}")
        with self._lent("insert") as client:
            types = self._column_types(client, table, columns)
            try:
                client.insert(
                    table,
                    list(columns.values()),
                    column_names=list(columns),
                    column_types=types,
                    column_oriented=True,
                    settings={"insert_deduplication_token": token},
                )
            except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
                kind = type(error).__name__
                raise RefusedError(f"engine: the rows cannot be written ({kind})") from None

    def execute(self, sql: str, parameters: Mapping[str, Any], seconds: float = 60.0) -> None:
        """See :class:`~tallystick.search.ports.Engine`."""
        with self._lent("change") as client:
            self._types.clear()
            settings = {"max_execution_time": seconds, "mutations_sync": 2}
            client.command(sql, parameters=_bound(sql, parameters), settings=settings)

    def close(self) -> None:
        """Close all connections."""
        self._forget()

    @contextmanager
    def _lent(self, doing: str) -> Iterator[Client]:
        client = self._connected()
        try:
            with sorted_errors(doing):
                yield client
        except TallystickError as error:
            if is_unauthenticated(error):
                self._forget()
            raise

    def _connected(self) -> Client:
        with self._lock:
            if self._client is None:
                self._client = _connect(self._endpoint())
            return self._client

    def _forget(self) -> None:
        with self._lock:
            client, self._client = self._client, None
        if client is not None:
            with suppress(Exception):
                client.close()

    def _column_types(self, client: Client, table: str, columns: Columns) -> list[Any]:
        if table not in self._types:
            names = list(columns)
            context = client.create_insert_context(table, column_names=names)
            self._types[table] = dict(zip(names, context.column_types, strict=True))
        known = self._types[table]
        if any(name not in known for name in columns):
            del self._types[table]
            return self._column_types(client, table, columns)
        return [known[name] for name in columns]


def _connect(endpoint: Endpoint) -> Client:
    with sorted_errors("handshake"):
        return clickhouse_connect.get_client(
            host=endpoint.host,
            port=endpoint.port,
            username=endpoint.user,
            password=endpoint.password,
            database=endpoint.database,
            interface="https" if endpoint.secure else "http",
            compress=endpoint.host != "127.0.0.1",
            connect_timeout=CONNECT_S,
            send_receive_timeout=ANSWER_S,
            query_retries=0,
            autogenerate_session_id=False,  # a session would let one statement run at a time
            form_encode_query_params=True,  # a list of a thousand ids has no room in a URL
            pool_mgr=get_pool_manager(maxsize=_CONNECTIONS, num_pools=2),
            show_clickhouse_errors=True,
        )


def _bound(sql: str, parameters: Mapping[str, Any]) -> dict[str, Any] | None:
    """Leave out parameters that nothing binds: the library would then write them into the text."""
    return dict(parameters) if _BINDS.search(sql) else None


def _settings(question: Question, *, whole: bool) -> dict[str, Any]:
    limits: Limits = question.limits
    settings: dict[str, Any] = {
        "readonly": 1,
        "max_execution_time": limits.seconds,
        "max_memory_usage": limits.memory,
        "max_rows_to_read": limits.rows_read,
        "timeout_overflow_mode": "throw",
        "read_overflow_mode": "throw",
        "result_overflow_mode": "throw",
    }
    if whole:
        settings["max_result_rows"] = limits.rows
    if question.id:
        settings["query_id"] = question.id
    return settings


class _Pieces:
    """The pieces of an answer; the errors that come between them are sorted."""

    def __init__(self, source: Iterator[Sequence[Row]]) -> None:
        self._source = source
        self.ended = False

    def __iter__(self) -> Iterator[Sequence[Row]]:
        with sorted_errors("question"):
            yield from self._source
        self.ended = True


def _reading(sql: str) -> str:
    """Check that a statement reads: the library runs whatever begins otherwise as a command.

    Raises:
        RefusedError: It does not.
    """
    if not _READS.match(sql):
        raise RefusedError("engine: the question begins otherwise, want SELECT or WITH")
    return sql
