"""Over HTTP: batches with one door and with two, single events, and the memory they leave."""

from bench.deployment import Server, running_server, scratch_folder
from bench.figure import Better, Figure
from bench.load import BATCH
from bench.reference import around
from bench.sender import Told

CONNECTIONS = {1: 4, 2: 8}
"""By doors; the kernel spreads connections over doors by chance, so two doors get more of them."""


_WARM = 400
"""Requests before the clock runs: then about one event in ten tells of somebody new."""
_SINGLES = 64
_BUDGET_GB, _BUDGET_EVENTS = 2, 10_000_000


def batches(doors: int, events: int) -> list[Figure]:
    """Measure requests of 500 events."""
    with scratch_folder() as data, around() as reference, running_server(data, doors) as server:
        told = _send(server, doors, events)
    name, budget = {1: ("ingest, one door", 20_000), 2: ("ingest, two doors", 30_000)}[doors]
    rate = told.events / told.seconds
    return [
        Figure(
            name,
            rate,
            "events/s",
            rate / reference.rate,
            budget=budget,
            note=f"{told.bytes / (told.events or 1):.0f} B an event, {told.new:.0%} of people new;"
            f" p50 {told.p50_ms:.0f} ms, p99 {told.p99_ms:.0f} ms a request{_lost(told)}",
        )
    ]


def singles(events: int) -> list[Figure]:
    """Measure requests of one event over 64 connections, each on disk before its answer."""
    with scratch_folder() as data, around() as reference, running_server(data, 1) as server:
        told = server.send(
            seed=2, warm=events // 10, requests=events, batch=1, connections=_SINGLES
        )
    rate = told.events / told.seconds
    return [
        Figure(
            "single events",
            rate,
            "events/s",
            rate / reference.rate,
            budget=3_000,
            note=f"64 connections, one door; p50 {told.p50_ms:.1f} ms{_lost(told)}",
        ),
        Figure(
            "single events, p99",
            told.p99_ms,
            "ms",
            told.p99_ms / 1_000 / reference.batch_s,
            Better.LESS,
            budget=50,
        ),
    ]


def memory(events: int) -> list[Figure]:
    """Measure the memory of a server with two doors, its publisher and supervisor, after load."""
    with scratch_folder() as data, running_server(data, 2) as server:
        idle = server.memory()
        _send(server, 2, events)
        server.send(seed=3, warm=0, requests=events // 50, batch=1, connections=_SINGLES)
        loaded = server.memory()
    return [
        Figure(
            "memory",
            loaded / 1e9,
            "GB",
            None,
            Better.LESS,
            budget=_BUDGET_GB if events >= _BUDGET_EVENTS else None,
            note=f"two doors, publisher, supervisor after {events:,} events; {idle / 1e9:.2f} idle;"
            f" the budget of {_BUDGET_GB} GB is for {_BUDGET_EVENTS:,} events and a mixed load",
        )
    ]


def _send(server: Server, doors: int, events: int) -> Told:
    return server.send(
        seed=1,
        warm=_WARM,
        requests=events // BATCH,
        batch=BATCH,
        connections=CONNECTIONS[doors],
    )


def _lost(told: Told) -> str:
    return f"; {told.bad:,} NOT RECORDED" if told.bad else ""
