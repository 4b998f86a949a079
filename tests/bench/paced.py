"""The open-loop load: batches go out when they are due, whether or not earlier ones are answered.

``python -m bench.paced '{…}'``: builds everything, prints ``ready``, waits for a line, sends, and
prints one line of JSON. What waits for a free connection is late, and its wait counts.
"""

import json
import sys
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import accumulate, cycle
from threading import Lock
from time import perf_counter, sleep
from typing import Final

import msgspec

from bench.load import Load

_SIZES: Final = (50, 500, 120, 250, 80, 400, 300)
"""Events of one batch after the other."""


class PacedOrder(msgspec.Struct, frozen=True):
    """What to send.

    Attributes:
        port: Of the server, on loopback.
        key: The credential.
        seed: Of the load.
        rate: Events a second.
        seconds: How long.
        connections: How many requests are under way at most.
    """

    port: int
    key: str
    seed: int
    rate: int
    seconds: int
    connections: int


class PacedTold(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        events: Events acknowledged as recorded.
        bad: Events that were not.
        seconds: From the first request to the last answer.
        p99_ms: Time from when a batch was due to its answer, all but one in a hundred.
    """

    events: int
    bad: int
    seconds: float
    p99_ms: float


class _Sending:
    """Batches with the seconds at which they are due, taken one by one by the connections."""

    def __init__(self, order: PacedOrder) -> None:
        self._order = order
        sizes = []
        for size in cycle(_SIZES):
            if sum(sizes) >= order.rate * order.seconds:
                break
            sizes.append(size)
        load = Load(order.seed)
        bodies = [msgspec.json.encode(load.take(size)) for size in sizes]
        starts = [count / order.rate for count in (0, *accumulate(sizes))]
        self.total = sum(sizes)
        self.waits: list[float] = []
        self.recorded = 0
        self._left = iter(list(zip(starts, bodies, strict=False)))
        self._lock = Lock()

    def run(self, started: float) -> None:
        """Send what is due over one connection, until nothing is left."""
        connection = HTTPConnection("127.0.0.1", self._order.port, timeout=60)
        headers = {
            "Authorization": f"Bearer {self._order.key}",
            "Content-Type": "application/json",
        }
        while True:
            with self._lock:
                due, body = next(self._left, (0.0, b""))
            if not body:
                connection.close()
                return
            sleep(max(0.0, started + due - perf_counter()))
            connection.request("POST", "/v1/events", body, headers)
            answer = connection.getresponse().read()
            with self._lock:
                self.waits.append(perf_counter() - started - due)
                self.recorded += answer.count(b'"status":"recorded"')


def main(text: str) -> None:
    """Build the load, wait for the word, send, tell."""
    order = msgspec.json.decode(text, type=PacedOrder)
    sending = _Sending(order)
    print("ready", flush=True)
    sys.stdin.readline()
    started = perf_counter()
    with ThreadPoolExecutor(order.connections) as pool:
        for done in [pool.submit(sending.run, started) for _ in range(order.connections)]:
            done.result()
    seconds = perf_counter() - started
    waits = sorted(sending.waits)
    bad = sending.total - sending.recorded
    p99_ms = waits[len(waits) * 99 // 100] * 1_000
    print(json.dumps(msgspec.to_builtins(PacedTold(sending.recorded, bad, seconds, p99_ms))))


if __name__ == "__main__":
    main(sys.argv[1])
