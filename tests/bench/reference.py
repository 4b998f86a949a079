"""The loop that every figure is divided by, so that figures of two machines can be compared.

It does the least that any durable log must do: read the JSON, hash each event, write the batch,
and wait until it is on the disk. One thread, no sealing, no tree, no database.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from time import perf_counter

import msgspec

from bench.deployment import scratch_folder
from bench.load import BATCH, Load

_BATCHES = 40


class Reference:
    """The reference loop's speed around one figure.

    Attributes:
        rates: Events a second of each time the loop ran.
    """

    def __init__(self) -> None:
        self.rates: list[float] = []

    @property
    def rate(self) -> float:
        """Events a second."""
        return sum(self.rates) / len(self.rates)

    @property
    def batch_s(self) -> float:
        """Seconds for one batch."""
        return BATCH / self.rate


@contextmanager
def around() -> Iterator[Reference]:
    """Run the reference loop before and after what is measured: neighbours come and go."""
    reference, lines = Reference(), _lines()
    reference.rates.append(_run(lines))
    yield reference
    reference.rates.append(_run(lines))


def _lines() -> list[list[bytes]]:
    load = Load(seed=9)
    return [[msgspec.json.encode(event) for event in load.take(BATCH)] for _ in range(_BATCHES)]


def _run(batches: list[list[bytes]]) -> float:
    with scratch_folder() as folder:
        file = _open(folder / "reference.log")
        try:
            started = perf_counter()
            for batch in batches:
                for line in batch:
                    json.loads(line)
                    sha256(line).digest()
                os.write(file, b"\n".join(batch))
                os.fdatasync(file)
            return _BATCHES * BATCH / (perf_counter() - started)
        finally:
            os.close(file)


def _open(path: Path) -> int:
    return os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
