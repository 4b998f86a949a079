"""What a process that answers and the processes beside it agree on; no HTTP server is loaded."""

import os
from typing import Final

DRAIN_S: Final = 20
"""How long a door that stops waits for the answers under way."""


def to_stderr(line: bytes) -> None:
    """Write one line to standard error, unbuffered and in one piece."""
    os.write(2, line)
