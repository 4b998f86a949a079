"""The machine's own time and chance."""

import os
import time
from threading import Lock
from typing import Final

_STOCK: Final = 4_096
_SMALL: Final = 64


class SystemClock:
    """A :class:`~tallystick.ledger.ports.Clock`: the operating system's."""

    def now(self) -> int:
        """See :class:`~tallystick.ledger.ports.Clock`."""
        return time.time_ns() // 1_000


class SystemEntropy:
    """An :class:`~tallystick.ledger.ports.Entropy`: the operating system's.

    Small pieces are cut from a stock: a system call for each key and nonce would hand the
    interpreter to another thread each time. A forked child gets a stock of its own, or it would
    draw its parent's nonces once more.
    """

    _process: int
    _lock: Lock
    _stock: bytes
    _next: int

    def __init__(self) -> None:
        self._renew()

    def draw(self, size: int) -> bytes:
        """See :class:`~tallystick.ledger.ports.Entropy`."""
        if size > _SMALL:
            return os.urandom(size)
        if self._process != os.getpid():
            self._renew()
        with self._lock:
            start, end = self._next, self._next + size
            if end > len(self._stock):
                self._stock, start, end = os.urandom(_STOCK), 0, size
            self._next = end
            return self._stock[start:end]

    def _renew(self) -> None:
        self._process = os.getpid()
        self._lock = Lock()  # another thread of the parent may have held the old one
        self._stock = b""
        self._next = 0
