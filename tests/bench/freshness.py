"""From acknowledged to found, while events come at a fixed rate and readers search all the time.

A prober records an event of its own and asks for its id until it is found. Everything runs on the
same machine: the doors, the engine, its follower, the publisher, the senders and the readers.
"""

import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from itertools import cycle, islice
from pathlib import Path
from threading import Event
from time import perf_counter, sleep
from typing import Any, Final
from urllib.parse import urlencode
from uuid import UUID

import msgspec

from bench.deployment import Server, new_tenant, serving, temporary_house
from bench.figure import Better, Figure
from bench.load import DECLARED
from bench.paced import PacedOrder
from tallystick.access.keys import Grant, create_key
from tallystick.drivers.system import SystemEntropy
from tallystick.search.lag import followed
from tallystick.settings import Settings
from tallystick.wiring import open_house

RATE: Final = 5_000
SECONDS: Final = 30
_CONNECTIONS, _READERS, _PROBERS = 8, 8, 2
_ASK_EVERY_S: Final = 0.05
_PATIENCE_S: Final = 120
_BUDGET_MS: Final = 1_000
_BUDGET_RATE: Final = 5_000
_SPARE: Final = 50
"""The load is one part in so many faster than the rate, so that its end is no shortfall."""
_ROLES: Final = ("door", "engine", "follower", "publisher")
_QUESTIONS: Final = (
    "actor.id:user_000{n:03d}",
    "action:document.deleted since:-1h",
    "lovelace {n:06d}",
    "targets.id:doc_000000{n:03d}",
    'actor.email:ada.000{n:03d}@* "board pack"',
    "context.ip:203.0.{n}.*",
    "metadata.plan:business outcome:success",
)


def freshness(data: Path, rate: int = RATE, seconds: int = SECONDS) -> list[Figure]:
    """Measure how soon events are found, and whether the index keeps up.

    Args:
        data: Where the deployment is to be.
        rate: Events a second.
        seconds: How long they come.
    """
    with temporary_house(data) as house:
        grant = Grant(frozenset({"ingest", "read"}), (new_tenant(house),))
        _, key = create_key(house.ledger, grant, "bench", "cli")
    with serving(data, 1, key, engine="") as server:
        _probe(server)  # the index is there, and every process has begun
        return _measure(server, data, rate, seconds)


def _measure(server: Server, data: Path, rate: int, seconds: int) -> list[Figure]:
    over, before, started = Event(), _used(server), perf_counter()
    with ThreadPoolExecutor(_READERS + _PROBERS + 1) as pool:
        readers = [pool.submit(_read, server, over, number) for number in range(_READERS)]
        probers = [pool.submit(_probes, server, over) for _ in range(_PROBERS)]
        order = PacedOrder(
            server.port, server.key, 31, rate + rate // _SPARE, seconds, _CONNECTIONS
        )
        try:
            told = server.send_paced(order)
        finally:
            over.set()
        behind = _until_followed(data)
        asked = sum(each.result() for each in readers)
        waits = sorted(wait * 1_000 for each in probers for wait in each.result())
    shares = _shares(before, _used(server), perf_counter() - started)
    assert not told.bad, told
    shown = (
        f"{rate:,} events/s for {seconds} s, {_READERS} readers ({asked:,} answers);"
        f" processors used: {shares}"
    )
    return [
        Figure(
            "ack to found, p50",
            waits[len(waits) // 2],
            "ms",
            better=Better.LESS,
            note=f"{len(waits)} probes",
        ),
        Figure(
            "ack to found, p99",
            waits[len(waits) * 99 // 100],
            "ms",
            None,
            Better.LESS,
            budget=_BUDGET_MS,
            note=shown,
        ),
        Figure(
            "ingest, followed",
            told.events / told.seconds,
            "events/s",
            budget=_BUDGET_RATE,
            note=f"due to acknowledged p99 {told.p99_ms:.0f} ms; at the end the index was"
            f" {behind:.1f} s behind",
        ),
    ]


def _probes(server: Server, over: Event) -> list[float]:
    waits = []
    while not over.is_set():
        waits.append(_probe(server))
    return waits


def _probe(server: Server) -> float:
    """Record an event, and return the seconds from its acknowledgement until it is found."""
    own = str(UUID(bytes=SystemEntropy().draw(16), version=4))
    event = {
        "id": own,
        "action": DECLARED.action,
        "occurred_at": "2026-11-24T10:00:00Z",
        "actor": {"type": "service"},
    }
    told = _ask(server, "POST", "/v1/events", msgspec.json.encode(event))
    assert told["results"][0]["status"] == "recorded", told
    acknowledged = perf_counter()
    while True:
        waited = perf_counter() - acknowledged
        if _found(server, f"id:{own}"):
            return waited
        assert waited < _PATIENCE_S
        sleep(_ASK_EVERY_S)


def _read(server: Server, over: Event, number: int) -> int:
    answered = 0
    for line in _questions(number):
        if over.is_set():
            return answered
        _found(server, line)
        answered += 1
    return answered


def _questions(number: int) -> Iterator[str]:
    for n, line in enumerate(islice(cycle(_QUESTIONS), number, None)):
        yield line.format(n=n % 256)


def _found(server: Server, line: str) -> int:
    told = _ask(server, "GET", f"/v1/search?{urlencode({'q': line, 'limit': 50})}")
    return int(told.get("total", 0))  # while the engine is too busy, nothing is found


def _ask(server: Server, method: str, path: str, body: bytes | None = None) -> dict[str, Any]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE_S)
    headers = {"Authorization": f"Bearer {server.key}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        told: dict[str, Any] = msgspec.json.decode(answer.read())
        assert answer.status < 400 or answer.status in {429, 503}, told
        return told
    finally:
        connection.close()


def _until_followed(data: Path) -> float:
    """Wait until the index has what was there when it was called; the seconds that it took."""
    house, started = open_house(Settings(data=data)), perf_counter()
    try:
        store = house.ledger.drivers.store
        with store.read() as snapshot:
            logs = house.ledger.logs.every(snapshot)
            sizes = {log.slot: snapshot.head(log.slot).size for log in logs}
        while True:
            with store.read() as snapshot:
                stands = followed(snapshot)
            if all(stands.get(slot, 0) >= size for slot, size in sizes.items()):
                return perf_counter() - started
            assert perf_counter() - started < _PATIENCE_S
            sleep(_ASK_EVERY_S)
    finally:
        house.close()


def _used(server: Server) -> dict[str, float]:
    """Seconds of processor time that the server's processes have had, by role."""
    used = dict.fromkeys(_ROLES, 0.0)
    for role, stat in server.processes(_ROLES):
        fields: Sequence[str] = stat.rpartition(")")[2].split()
        used[role] += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return used


def _shares(before: dict[str, float], after: dict[str, float], seconds: float) -> str:
    return ", ".join(f"{role} {(after[role] - before[role]) / seconds:.2f}" for role in _ROLES)
