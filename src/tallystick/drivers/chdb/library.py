"""The library itself: the one place that calls it, from as many threads as there are connections.

The library takes one folder a process, and hangs in a forked one: its process is spawned.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from time import monotonic, sleep
from typing import Any, Final, NamedTuple

import chdb

DATABASE: Final = "tallystick"
MEMORY: Final = 1_200 << 20
"""Bytes that all statements may use together."""

_CACHES: Final = {
    "mark_cache_size": 64 << 20,
    "index_mark_cache_size": 32 << 20,
    "primary_index_cache_size": 64 << 20,
    "text_index_tokens_cache_size": 64 << 20,
    "text_index_header_cache_size": 64 << 20,
    "text_index_postings_cache_size": 64 << 20,
    "query_condition_cache_size": 16 << 20,
}
_DROPS: Final = {"database_atomic_delay_before_drop_table_sec": 0}
"""A table whose dropping was cut off by a crash goes at the next start, not minutes after it."""

_DROPS_S: Final = 60.0
"""So long a start waits for that; what is left then is named to who asks for it."""

_HARMLESS: Final = frozenset({"numbers", "zeros", "values", "view", "null"})
_CODE: Final = re.compile(r"Code: (\d+)\.")
_FAULT: Final = 1_002  # ClickHouse's UNKNOWN_EXCEPTION


class LibraryError(Exception):
    """The library refused a statement.

    Attributes:
        code: ClickHouse's number of the error.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        found = _CODE.search(text)
        self.code = int(found[1]) if found else _FAULT


class Piece(NamedTuple):
    """A piece of an answer, in the format that was asked for."""

    data: bytes
    rows_read: int
    bytes_read: int


def _await_drops(folder: Path) -> None:
    """Wait for the files of dropped tables: while they go, no question shows that they are there.

    The statement of a dropped table is the last of its files to go.
    """
    deadline = monotonic() + _DROPS_S
    while any(folder.glob("metadata_dropped/*.sql")) and monotonic() < deadline:
        sleep(0.02)


class Library:
    """The library, opened on a folder.

    Args:
        folder: Where its tables are; made where it is not there.
        memory: Bytes that all statements may use together.
    """

    def __init__(self, folder: Path, memory: int = MEMORY) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        options = "&".join(
            f"{name}={value}"
            for name, value in {**_CACHES, **_DROPS, "max_server_memory_usage": memory}.items()
        )
        self._place = f"{folder}?{options}"
        self._idle: SimpleQueue[Any] = SimpleQueue()
        first = self._connect()
        first.query(f"CREATE DATABASE IF NOT EXISTS {DATABASE} ENGINE = Atomic")
        first.query(f"USE {DATABASE}")
        _await_drops(folder)
        self._idle.put(first)

    @contextmanager
    def connection(self) -> Iterator["Connection"]:
        """Lend a connection to one thread."""
        try:
            raw = self._idle.get_nowait()
        except Empty:
            raw = self._connect()
            raw.query(f"USE {DATABASE}")
        try:
            yield Connection(raw)
        finally:
            self._idle.put(raw)

    def outside(self) -> tuple[frozenset[str], frozenset[str]]:
        """Name the functions that read files, ask hosts or run programs: of tables, of values."""
        with self.connection() as connection:
            tables = connection.read("SELECT name FROM system.table_functions", "TSV", {})
            values = connection.read(
                "SELECT name FROM system.functions WHERE lower(name) LIKE 'ai%'"
                " OR name IN ('file', 'catboostEvaluate')",
                "TSV",
                {},
            )
        return (
            frozenset(tables.data.decode().lower().split()) - _HARMLESS,
            frozenset(values.data.decode().lower().split()),
        )

    def _connect(self) -> Any:  # noqa: ANN401 (the library has no types)
        return chdb.connect(self._place)  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Close what is idle."""
        while not self._idle.empty():
            self._idle.get_nowait().close()


class Connection:
    """One connection: one statement at a time."""

    def __init__(self, raw: Any) -> None:  # noqa: ANN401 (the library has no types)
        self._raw = raw

    def read(self, sql: str, written: str, bound: Mapping[str, str]) -> Piece:
        """Return a whole answer."""
        try:
            answer = self._raw.query(sql, written, params=dict(bound))
        except (RuntimeError, chdb.ChdbError) as error:
            raise LibraryError(str(error)) from None
        return _piece(answer)

    def change(self, sql: str, bound: Mapping[str, str] | None = None) -> None:
        """Run a statement that answers nothing."""
        self.read(sql, "TSV", bound or {})

    def stream(self, sql: str, written: str, bound: Mapping[str, str]) -> Iterator[Piece]:
        """Yield an answer in pieces; closing the iterator early stops the work."""
        try:
            pieces = self._raw.send_query(sql, written, params=dict(bound))
        except (RuntimeError, chdb.ChdbError) as error:
            raise LibraryError(str(error)) from None
        try:
            for answer in pieces:
                yield _piece(answer)
        except (RuntimeError, chdb.ChdbError) as error:
            raise LibraryError(str(error)) from None
        finally:
            pieces.close()

    def insert(self, sql: str, written: str, rows: bytes) -> None:
        """Insert rows; when it returns, they are on disk."""
        try:
            with self._raw.send_insert(sql, written) as inserter:
                inserter.append(rows)
                inserter.finish()
        except (RuntimeError, chdb.ChdbError) as error:
            raise LibraryError(str(error)) from None


def _piece(answer: Any) -> Piece:  # noqa: ANN401 (the library has no types)
    looked_at = answer.storage_rows_read(), answer.storage_bytes_read()
    return Piece(bytes(answer.bytes() or b""), *looked_at)
