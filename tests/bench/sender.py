"""The load generator: a process of its own, whose requests are built before the clock runs.

``python -m bench.sender '{…}'``: prints ``ready``, waits for a line, sends everything over
connections that are kept alive, and prints one line of JSON.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from functools import partial
from time import perf_counter

import msgspec

from bench.load import Load


class Order(msgspec.Struct, frozen=True):
    """What to send.

    Attributes:
        port: Of the server, on loopback.
        key: The credential.
        seed: Of the load.
        warm: Requests before the clock runs.
        requests: Requests that count.
        batch: Events in each.
        connections: How many wait for an answer at the same time.
    """

    port: int
    key: str
    seed: int
    warm: int
    requests: int
    batch: int
    connections: int


class Told(msgspec.Struct, frozen=True):
    """What came of it.

    Attributes:
        events: Events acknowledged as recorded while the clock ran.
        bad: Events that were not.
        new: Share of events that told of a person never met before.
        bytes: Of these events' JSON.
        seconds: From the first request to the last answer.
        p50_ms: Time from request to answer that half of the requests did not exceed.
        p99_ms: And all but one in a hundred.
    """

    events: int
    bad: int
    new: float
    bytes: int
    seconds: float
    p50_ms: float
    p99_ms: float


class Connection(asyncio.Protocol):
    """One connection: sends the next request when the last one is answered."""

    def __init__(self, requests: Iterator[bytes], done: asyncio.Future[None]) -> None:
        self.waits: list[float] = []
        self.recorded = 0
        self._requests = requests
        self._done = done
        self._got = b""
        self._sent = 0.0
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        """Collect an answer."""
        self._got += data
        head, found, body = self._got.partition(b"\r\n\r\n")
        if found and len(body) >= _length(head):
            self.waits.append(perf_counter() - self._sent)
            self.recorded += body.count(b'"status":"recorded"')
            self._got = b""
            self._send()

    def connection_lost(self, _error: Exception | None) -> None:
        """End, also where the server has hung up; what was not answered is not counted."""
        if not self._done.done():
            self._done.set_result(None)

    def _send(self) -> None:
        assert self._transport is not None
        request = next(self._requests, None)
        if request is None:
            self._transport.close()
            return
        self._sent = perf_counter()
        self._transport.write(request)


def main(text: str) -> None:
    """Build the load, wait for the word, send, tell."""
    order = msgspec.json.decode(text, type=Order)
    load = Load(order.seed)
    warm = _requests(order, load.bodies(order.warm, order.batch))
    before = load.people
    bodies = load.bodies(order.requests, order.batch)
    new = (load.people - before) / (order.requests * order.batch)
    requests = _requests(order, bodies)
    print("ready", flush=True)
    sys.stdin.readline()
    asyncio.run(_send(order, warm))
    seconds, connections = asyncio.run(_send(order, requests))
    waits = sorted(wait * 1_000 for each in connections for wait in each.waits)
    recorded = sum(each.recorded for each in connections)
    told = Told(
        events=recorded,
        bad=order.requests * order.batch - recorded,
        new=new,
        bytes=sum(map(len, bodies)),
        seconds=seconds,
        p50_ms=waits[len(waits) // 2],
        p99_ms=waits[len(waits) * 99 // 100],
    )
    print(json.dumps(msgspec.to_builtins(told)), flush=True)


async def _send(order: Order, requests: list[bytes]) -> tuple[float, list[Connection]]:
    loop = asyncio.get_running_loop()
    rest = iter(requests)
    ends = [loop.create_future() for _ in range(order.connections)]
    started = perf_counter()
    opened = [
        await loop.create_connection(partial(Connection, rest, end), "127.0.0.1", order.port)
        for end in ends
    ]
    await asyncio.gather(*ends)
    return perf_counter() - started, [connection for _, connection in opened]


def _requests(order: Order, bodies: list[bytes]) -> list[bytes]:
    head = (
        "POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {order.key}\r\nContent-Length: "
    ).encode()
    return [b"%b%d\r\n\r\n%b" % (head, len(body), body) for body in bodies]


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


if __name__ == "__main__":
    main(sys.argv[1])
