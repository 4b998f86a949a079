"""The load generator: a process of its own, whose requests are built before the clock runs.

``python -m bench.sender '{…}'``: prints ``ready``, waits for a line, sends everything over
connections that are kept alive, and prints one line of JSON.
"""

import json
import re
import select
import socket
import sys
from collections.abc import Iterator
from contextlib import suppress
from time import perf_counter

import msgspec

from bench.load import Load

_LENGTH = re.compile(rb"\r\ncontent-length: *([0-9]+)\r\n", re.IGNORECASE)
_READ = 1 << 18


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


class Connection:
    """One connection: sends the next request when the last one is answered.

    Args:
        port: Of the server, on loopback.
        poll: Tells when there is something to do. An event loop would cost more, on cores that
            the server wants too.
        requests: What all connections send.
    """

    def __init__(self, port: int, poll: select.epoll, requests: Iterator[bytes]) -> None:
        self.waits: list[float] = []
        self.recorded = 0
        self._poll = poll
        self._requests = requests
        self._socket = socket.create_connection(("127.0.0.1", port))
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setblocking(False)
        self._got = b""
        self._rest = memoryview(b"")
        self._held_up = False
        self._sent = 0.0
        self.number = self._socket.fileno()
        poll.register(self.number, select.EPOLLIN)

    def send_next(self) -> bool:
        """Begin with the next request; False, and the end, where there is none."""
        request = next(self._requests, None)
        if request is None:
            self._socket.close()
            return False
        self._sent = perf_counter()
        self._rest = memoryview(request)
        self._push()
        return True

    def go_on(self, events: int) -> bool:
        """Send more, or take in what came; False where nothing will come any more.

        What was not answered when the server hung up is not counted.
        """
        if events & select.EPOLLOUT:
            self._push()
        if not events & ~select.EPOLLOUT:
            return True
        try:
            data = self._socket.recv(_READ)
        except ConnectionError:
            data = b""
        if not data:
            self._socket.close()
            return False
        self._got += data
        return not self._is_answered() or self.send_next()

    def _is_answered(self) -> bool:
        head = self._got.find(b"\r\n\r\n") + 4
        length = _LENGTH.search(self._got, 0, head)
        if length is None or len(self._got) < head + int(length[1]):
            return False
        self.waits.append(perf_counter() - self._sent)
        self.recorded += self._got.count(b'"status":"recorded"', head)
        self._got = b""
        return True

    def _push(self) -> None:
        """Send what the connection takes just now of the request."""
        before = self._held_up
        with suppress(BlockingIOError, ConnectionError):  # a lost connection is seen on reading
            self._rest = self._rest[self._socket.send(self._rest) :]
        self._held_up = bool(self._rest)
        if self._held_up != before:
            more = select.EPOLLOUT if self._held_up else 0
            self._poll.modify(self.number, select.EPOLLIN | more)


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
    _send(order, warm)
    seconds, connections = _send(order, requests)
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


def _send(order: Order, requests: list[bytes]) -> tuple[float, list[Connection]]:
    rest = iter(requests)
    started = perf_counter()
    with select.epoll() as poll:
        connections = [Connection(order.port, poll, rest) for _ in range(order.connections)]
        busy = {each.number: each for each in connections if each.send_next()}
        while busy:
            for number, events in poll.poll():
                if not busy[number].go_on(events):
                    del busy[number]
    return perf_counter() - started, connections


def _requests(order: Order, bodies: list[bytes]) -> list[bytes]:
    head = (
        "POST /v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {order.key}\r\nContent-Length: "
    ).encode()
    return [b"%b%d\r\n\r\n%b" % (head, len(body), body) for body in bodies]


if __name__ == "__main__":
    main(sys.argv[1])
