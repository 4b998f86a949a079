"""Search at ten million events of one tenant: through the door, bare, and by others.

``--data FOLDER`` keeps what is searched for the next run. A time is from the request to the whole
answer, with the exact count, and with the entry that tells of the question on disk.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from time import perf_counter, sleep
from typing import Any, Final
from urllib.parse import urlencode

import msgspec

from bench.deployment import Server, serving
from bench.figure import Better, Figure
from bench.mixed import mixed
from bench.search_data import TENANT, forget_pages, index_bytes, prepare
from bench.search_questions import FILTERS, NEWEST, TEXTS, Asked, Kind, drawn
from bench.search_rivals import Ask, build_rivals, duck, sqlite, timed
from tallystick.access.keys import Grant
from tallystick.access.tenants import tenant_named
from tallystick.api.asking import WantedSearch, read_search, sight_of
from tallystick.errors import PushbackError
from tallystick.search.columns import Sight
from tallystick.search.compile import Compiler
from tallystick.search.ports import Engine, Question
from tallystick.settings import Settings
from tallystick.wiring import ENGINE, open_engine, open_house

QUESTIONS: Final = 40
COLD: Final = 3
_START_S: Final = 60
_BUDGET_MS: Final = 100
_BUDGET_BYTES: Final = 150
_DECLARATIONS: Final = 64
_BUDGET_EVENTS: Final = 10_000_000
_RIVALS: Final = {"SQLite FTS5": sqlite, "DuckDB over Parquet": duck}


def search(size: int, data: Path) -> list[Figure]:
    """Measure each kind of question, and what the index takes."""
    key = prepare(data, size)
    build_rivals(data / "rivals", size)
    figures: list[Figure] = []
    with serving(data, 1, key, engine="") as server, _engine(data) as (engine, sight):
        for kind in (*FILTERS, *TEXTS):
            figures += _warm(kind, server, engine, sight, data / "rivals", size)
    figures += [_cold(kind, data, key) for kind in (*FILTERS, *TEXTS)]
    per_event = index_bytes(data) / size
    return [
        *figures,
        Figure("index on disk", per_event, "B an event", None, Better.LESS, _BUDGET_BYTES),
        mixed(data, key, size, _found),
    ]


def _warm(
    kind: Kind, server: Server, engine: Engine, sight: Sight, rivals: Path, size: int
) -> list[Figure]:
    """Ask a kind of question in each way; the first few are not counted."""
    waits, totals = _measured(partial(_found, server), kind)
    alone, same = _measured(partial(_bare, engine, sight), kind)
    assert totals == same
    others = []
    for name, opened in _RIVALS.items():
        theirs, counted = _measured(opened(rivals), kind)
        assert _agree(totals, counted), (kind.name, totals, counted)
        others.append(f"{name} {_half(theirs):.0f}/{_most(theirs):.0f}")
    return [
        Figure(
            f"search: {kind.name}",
            _most(waits),
            "ms, p95",
            _half(waits) / _half(alone),
            Better.LESS,
            budget=_BUDGET_MS if size >= _BUDGET_EVENTS else None,
            note=f"p50 {_half(waits):.0f} ms; {sorted(totals)[len(totals) // 2]:,} found, in the"
            f" middle; p50/p95 of the bare statements {_half(alone):.0f}/{_most(alone):.0f},"
            f" {', '.join(others)}; ratio: to the bare ones",
        )
    ]


def _cold(kind: Kind, data: Path, key: str) -> Figure:
    """Ask one question of a kind as the first one of a new engine, with no page in memory."""
    waits = []
    for asked in islice(drawn(kind, COLD + 1), 1, None):
        forget_pages(data / ENGINE)
        with serving(data, 1, key, engine="") as server, _engine(data) as (engine, _):
            _wait_for(engine)
            waits += timed(partial(_found, server), iter([asked]))[0]
    return Figure(
        f"cold: {kind.name}",
        max(waits) * 1_000,
        "ms, worst",
        None,
        Better.LESS,
        note=f"the first question of {COLD} new engines, page cache of the index dropped",
    )


def _measured(ask: Ask, kind: Kind) -> tuple[list[float], list[int]]:
    questions = list(drawn(kind, QUESTIONS + COLD))
    timed(ask, iter(questions[:COLD]))
    return timed(ask, iter(questions[COLD:]))


def _found(server: Server, asked: Asked) -> int:
    wanted = {"q": asked.line, "limit": str(NEWEST)}
    wanted |= {"since": asked.since, "until": asked.until} if asked.since else {}
    connection = HTTPConnection("127.0.0.1", server.port, timeout=120)
    try:
        headers = {"Authorization": f"Bearer {server.key}"}
        connection.request("GET", f"/v1/search?{urlencode(wanted)}", headers=headers)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        told: dict[str, Any] = msgspec.json.decode(body)
        return int(told["total"])
    finally:
        connection.close()


def _bare(engine: Engine, sight: Sight, asked: Asked) -> int:
    wanted = WantedSearch(
        q=asked.line, since=asked.since or None, until=asked.until or None, limit=NEWEST
    )
    asking = read_search(wanted, datetime(2026, 11, 1, tzinfo=UTC))
    compiler = Compiler(asking, sight)
    events, total = compiler.events(), compiler.total()
    engine.ask(Question(events.sql, events.parameters))
    return int(engine.ask(Question(total.sql, total.parameters)).rows[0][0])


def _agree(ours: list[int], theirs: list[int]) -> bool:
    """Whether others find the same, but for the declarations in our log, which they have not."""
    pairs = zip(ours, theirs, strict=True)
    return all(abs(one - other) <= _DECLARATIONS for one, other in pairs)


def _half(seconds: list[float]) -> float:
    return seconds[len(seconds) // 2] * 1_000


def _most(seconds: list[float]) -> float:
    return seconds[len(seconds) * 95 // 100] * 1_000


def _wait_for(engine: Engine) -> None:
    deadline = perf_counter() + _START_S
    while True:
        try:
            engine.ask(Question("SELECT 1"))
        except PushbackError:
            assert perf_counter() < deadline
            sleep(0.05)
        else:
            return


@contextmanager
def _engine(data: Path) -> Iterator[tuple[Engine, Sight]]:
    house = open_house(Settings(data=data))
    engine = open_engine(Settings(data=data))
    assert engine is not None
    try:
        with house.ledger.drivers.store.read() as snapshot:
            tenant = tenant_named(snapshot, TENANT).number
            sight = sight_of(snapshot, tenant, Grant(frozenset({"read"}), (tenant,)))
        yield engine, sight
    finally:
        engine.close()
        house.close()
