"""The machine's clock and its source of chance."""

import os
import time


class SystemClock:
    """The time of day, as the machine has it."""

    def now(self) -> int:
        """See :class:`tallystick.ledger.ports.Clock`."""
        return time.time_ns() // 1_000


class SystemEntropy:
    """Chance from the operating system."""

    def draw(self, size: int) -> bytes:
        """See :class:`tallystick.ledger.ports.Entropy`."""
        return os.urandom(size)
