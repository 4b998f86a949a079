"""The readers' pool: connections that are lent to one snapshot at a time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apsw

_KEPT = 8


class ReaderPool:
    """Keeps idle connections; a list's end is safe between threads.

    Args:
        connect: Opens one more.
    """

    def __init__(self, connect: Callable[[], apsw.Connection]) -> None:
        self._connect = connect
        self._idle: list[apsw.Connection] = []
        self._closed = False

    @contextmanager
    def lend(self) -> Iterator[apsw.Connection]:
        """Lend a connection; one that comes back inside a transaction is not used again."""
        try:
            db = self._idle.pop()
        except IndexError:
            db = self._connect()
        try:
            yield db
        finally:
            if self._closed or db.in_transaction or len(self._idle) >= _KEPT:
                db.close(True)
            else:
                self._idle.append(db)

    def close(self) -> None:
        """Close what is idle now, and what is lent when it comes back."""
        self._closed = True
        while self._idle:
            self._idle.pop().close()
