"""Memory of all processes while ten million events lie there, more come, and people search."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain, cycle
from pathlib import Path
from threading import Event
from time import sleep
from typing import Final

from bench.deployment import Server, new_tenant, serving, temporary_house
from bench.figure import Better, Figure
from bench.load import BATCH
from bench.search_questions import FILTERS, TEXTS, Asked, drawn
from tallystick.access.keys import Grant, create_key

_DOORS: Final = 2
_BATCHES, _SINGLES, _CONNECTIONS = 400, 4_000, 8
_READERS: Final = 4
_LOOK_EVERY_S: Final = 0.5
_BUDGET_GB, _BUDGET_EVENTS = 2, 10_000_000


def mixed(data: Path, key: str, size: int, ask: Callable[[Server, Asked], int]) -> Figure:
    """Record for another tenant, in batches and one by one, while readers ask for what was there.

    Args:
        data: The folder of a deployment with a server's engine.
        key: Reads the tenant that is searched.
        size: How many events it has.
        ask: Asks one question with the server's key.
    """
    with temporary_house(data) as house:
        other = new_tenant(house, f"mixed-{house.ledger.drivers.clock.now()}")
        grant = Grant(frozenset({"ingest"}), (other,))
        _, sending = create_key(house.ledger, grant, "mixed", "cli")
    with serving(data, _DOORS, sending, engine="") as server:
        reading = Server(server.process, server.port, key)
        over, peak = Event(), 0
        with ThreadPoolExecutor(_READERS + 2) as pool:
            readers = [pool.submit(_read, reading, ask, over, number) for number in range(_READERS)]
            sent = pool.submit(_send, server)
            while not sent.done():
                peak = max(peak, server.memory())
                sleep(_LOOK_EVERY_S)
            over.set()
            answered = sum(each.result() for each in readers)
        peak = max(peak, server.memory())
    return Figure(
        "memory, mixed load",
        peak / 1e9,
        "GB",
        None,
        Better.LESS,
        budget=_BUDGET_GB if size >= _BUDGET_EVENTS else None,
        note=f"the most of all processes together (PSS), two doors, engine, follower, publisher;"
        f" {size:,} events, {sent.result():,} more came, {answered:,} questions were answered",
    )


def _send(server: Server) -> int:
    told = server.send(seed=21, warm=0, requests=_BATCHES, batch=BATCH, connections=_CONNECTIONS)
    more = server.send(seed=22, warm=0, requests=_SINGLES, batch=1, connections=_CONNECTIONS)
    assert not told.bad
    assert not more.bad
    return told.events + more.events


def _read(server: Server, ask: Callable[[Server, Asked], int], over: Event, number: int) -> int:
    """Ask one question after the other until it is over; returns how many were answered."""
    answered = 0
    for asked in _questions(number):
        if over.is_set():
            return answered
        ask(server, asked)
        answered += 1
    return answered


def _questions(number: int) -> Iterator[Asked]:
    kinds = (*FILTERS, *TEXTS)
    turned = kinds[number:] + kinds[:number]
    return chain.from_iterable(zip(*(cycle(drawn(kind, 50)) for kind in turned), strict=True))
