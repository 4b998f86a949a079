"""The machine's own time and chance."""

import os
import time


class SystemClock:
    """A :class:`~tallystick.ledger.ports.Clock`: the operating system's."""

    def now(self) -> int:
        """See :class:`~tallystick.ledger.ports.Clock`."""
        return time.time_ns() // 1_000


class SystemEntropy:
    """An :class:`~tallystick.ledger.ports.Entropy`: the operating system's."""

    def draw(self, size: int) -> bytes:
        """See :class:`~tallystick.ledger.ports.Entropy`."""
        return os.urandom(size)
