"""Whatever is asked is refused by name or answered, at a bounded price.

It never shows a row of another tenant, and the engine survives all of it.
"""

import json
import os
import socket
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from kit.canaries import Canaries, canary_event
from kit.hostile import SQL
from kit.server import Answer, Server, running_server
from tallystick.api.searching import AT_ONCE
from tallystick.search.ports import Engine, EngineAwayError, Question
from tallystick.settings import Settings
from tallystick.wiring import open_engine

PATIENCE_S = 60.0
CPU_S = 25.0
"""Ten seconds on two cores, and some room: more of the engine's time no question may take."""
MEMORY = 2 << 30
RUNNING = (
    "SELECT count() FROM system.processes WHERE query NOT LIKE '%system.processes%'"
    " AND query LIKE '%SELECT%'"
)
NAMES = ("q", "since", "until", "stream", "time_zone", "sort", "limit", "after", "tenant")
LINES: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    lambda text: f"actor.id:{quoted(text)}",
    lambda text: f"metadata.{text}:x",
    lambda text: f"{text}:x",
    lambda text: f"_exists_:{quoted(text)}",
    lambda text: f"message:/{text}/",
    lambda text: f"actor.name:*{text}*",
    lambda text: f"duration_ms:>={text}",
    lambda text: f"context.ip:{text}",
    lambda text: f"since:{quoted(text)}",
    lambda text: f"tenant:{quoted(text)}",
    lambda text: f"-actor.id:{quoted(text)}",
    lambda text: f"* OR actor.id:{quoted(text)}",
    lambda text: f"id:{quoted(text)} OR action:{quoted(text)}",
)
QUERIES: tuple[Callable[[str], dict[str, Any]], ...] = (
    lambda text: {"query": {"term": {"actor.id": text}}},
    lambda text: {"query": {"term": {f"metadata.{text}": "x"}}},
    lambda text: {"query": {"query_string": {"query": f"* OR {quoted(text)}"}}},
    lambda text: {"query": {"bool": {"must_not": {"term": {"tenant": text}}}}},
    lambda text: {"sort": [{text: "asc"}]},
    lambda text: {"aggs": {text: {"terms": {"field": "actor.id", "include": [text]}}}},
    lambda text: {"aggs": {"a": {"date_histogram": {"field": "@timestamp", "interval": text}}}},
    lambda text: {"pit": {"id": text}},
    lambda text: {"_source": [text]},
    lambda text: {text: text},
)
ODD: dict[str, object] = {
    "a body of ten thousand clauses": {"q": " OR ".join(["actor.id:x"] * 10_000)},
    "a bool of hundreds of clauses": {"q": " OR ".join(f"a{n}" for n in range(300))},
    "a thousand stars": {"q": f"actor.id:{'*a' * 1_000}"},
    "a hundred stars": {"q": f"message.keyword:{'*a' * 100}*z"},
    "a regexp that explodes": {"q": "message.keyword:/(a+)+$/"},
    "another": {"q": "message.keyword:/((a*)*)*b/"},
    "many repeats": {"q": "message.keyword:/((a{1,30}){1,30}){1,30}/"},
    "deep groups": {"q": "(" * 500 + "a" + ")" * 500},
    "deep negations": {"q": "-" * 3_000 + "a"},
    "a huge number": {"q": f"duration_ms:{'9' * 4_000}"},
    "a huge exponent": {"q": "duration_ms:>1e999"},
    "a huge time": {"q": "", "since": "now-999999y"},
    "a time beyond all": {"q": "occurred_at:>9999-12-31"},
    "a surrogate": {"q": "actor.id:\ud800"},
    "a surrogate to sort by": {"q": "", "sort": "\udfff"},
    "a surrogate as a zone": {"q": "", "time_zone": "\ud800/\ud800"},
    "NUL": {"q": 'actor.id:"\x00"', "stream": "audit\x00"},
    "a cursor of nothing": {"q": "", "after": "A" * 65_536},
    "a larger cursor": {"q": "", "after": "A" * 70_000},
    "a limit beyond all": {"q": "", "limit": 10**30},
    "a limit below all": {"q": "", "limit": -1},
    "half a limit": {"q": "", "limit": 1.5},
    "settings": {"q": "", "settings": {"readonly": 0, "max_memory_usage": 0}},
    "a list as a line": {"q": ["a"]},
    "a line of another kind": {"q": {"match_all": {}}},
    "all fields to sort by": {"q": "", "sort": ",".join(["actor.id"] * 500)},
    "no body": None,
    "a list": [],
    "deep JSON": json.loads("[" * 500 + "]" * 500),
}


def saved(text: str) -> tuple[dict[str, Any], ...]:
    return ({"name": text, "q": text}, {"name": "x", "q": "*", "sort": text}, {text: text})


def quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


@dataclass(frozen=True)
class Besieged:
    """A server, whose tenant acme asks, while globex has canaries.

    Attributes:
        key: Acme's.
        engine: A connection of the operator's own.
        pid: The engine's process.
        logs: Acme's logs.
        ids: Its events.
        canaries: Globex's.
    """

    server: Server
    key: str
    engine: Engine
    pid: int
    logs: frozenset[str]
    ids: frozenset[str]
    canaries: Canaries

    def ask(self, address: str, body: object = None, *, method: str = "GET") -> Answer:
        """Ask as acme; whatever comes is of its form, and shows nothing of globex."""
        answer = self.server.ask(method, address, body, key=self.key)
        asked = f"{address}{json.dumps(body)}".encode()
        assert self.canaries.seen_in(answer.body, but=asked) == []
        if answer.status == 200:
            events = answer.json.get("events", ())
            assert {event["log"] for event in events} <= self.logs
            hits = answer.json.get("hits", {}).get("hits", ())
            assert {hit["_index"] for hit in hits} <= {"audit-logs", "activity-logs"}
        elif "_search" in address:
            assert answer.status in {400, 403, 404, 413, 429, 503}, answer
            assert answer.json["error"]["type"]
        else:
            assert answer.status in {201, 202, 400, 403, 404, 409, 413, 503}, answer
            assert answer.status < 300 or answer.code
        return answer

    def running(self) -> int:
        """How many statements the engine is at work on; at least 1 if it is too busy to say."""
        try:
            return int(self.engine.ask(Question(RUNNING)).rows[0][0])
        except EngineAwayError:
            return 1

    def cpu_s(self) -> float:
        """Seconds of the processor that the engine has used."""
        told = Path(f"/proc/{self.pid}/stat").read_text("utf-8").rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

    def most_memory(self) -> int:
        """Bytes that the engine has held at most."""
        told = Path(f"/proc/{self.pid}/status").read_text("utf-8")
        (line,) = [line for line in told.splitlines() if line.startswith("VmHWM")]
        return int(line.split()[1]) << 10


@pytest.fixture(scope="module")
def besieged() -> Iterator[Besieged]:
    with running_server(engine=True) as server:
        key, other = server.key("acme"), server.key("globex")
        canaries = Canaries("hostility")
        theirs = [canary_event(canaries, "document.deleted") for _ in range(3)]
        assert server.ask("POST", "/v1/events", theirs, key=other).status == 201
        ids: set[str] = set()
        for start in range(0, 120, 12):
            body = [event(number) for number in range(start, start + 12)]
            answer = server.ask("POST", "/v1/events", body, key=key)
            assert answer.status == 201, answer
            ids |= {result["id"] for result in answer.json["results"]}
        server.wait_for_index(key, other)
        engine = open_engine(Settings(data=server.data))
        assert engine is not None
        pid = engine_of(server)
        listed = server.ask("GET", "/v1/logs", key=key).json["logs"]
        logs = frozenset(log["log"] for log in listed)
        yield Besieged(server, key, engine, pid, logs, frozenset(ids), canaries)
        engine.close()
        assert engine_of(server) == pid, "the engine did not survive"


def event(number: int) -> dict[str, Any]:
    return {
        "action": "document.deleted",
        "occurred_at": f"2026-11-24T10:00:{number % 60:02d}Z",
        "actor": {"type": "user", "id": f"u-{number}", "name": "Ada"},
        "message": f"{'a' * 20_000} {'abcdefghijklmnopqrstuvwxyz ' * 1_500} {number}",
    }


def engine_of(server: Server) -> int:
    for folder in Path("/proc").iterdir():
        try:
            words = (folder / "cmdline").read_bytes().split(b"\0")
            told = (folder / "stat").read_text("utf-8")
        except OSError:
            continue
        parent = told.rpartition(")")[2].split()[1]
        if parent == str(server.process.pid) and b"engine" in words:
            return int(folder.name)
    raise AssertionError("no engine")


@pytest.mark.parametrize(
    "text", [*SQL[:4], *(pytest.param(text, marks=pytest.mark.slow) for text in SQL[4:])]
)
def test_sql_is_a_value_wherever_it_stands(besieged: Besieged, text: str) -> None:
    for name in NAMES:
        besieged.ask(f"/v1/search?{urlencode({'limit': 3, name: text})}")
    for line in LINES:
        body = {"q": line(text), "limit": 3, "stream": "audit,activity,access"}
        besieged.ask("/v1/search", body, method="POST")
    besieged.ask("/v1/search", {text: text}, method="POST")
    for name in ("q", "interval", "time_zone"):
        besieged.ask(f"/v1/search/histogram?{urlencode({name: text})}")
    for name in (text, f"metadata.{text}", f"actor.id,{text}"):
        besieged.ask(f"/v1/search/facets?{urlencode({'field': name})}")
    for body in saved(text):
        besieged.ask("/v1/saved-searches", body, method="POST")
    for query in QUERIES:
        besieged.ask("/audit-logs,activity-logs/_search", query(text), method="POST")
    besieged.ask(f"/{quote(text, safe='')}/_search", {}, method="POST")
    besieged.ask("/_search/scroll", {"scroll_id": text}, method="POST")
    assert besieged.ask(f"/v1/tail?wait_s=0&q={quote(text + ':')}").status == 400


@pytest.mark.parametrize("name", ODD)
def test_what_is_odd_is_refused_or_answered_at_a_bounded_price(
    besieged: Besieged, name: str
) -> None:
    before = besieged.cpu_s()

    besieged.ask("/v1/search", ODD[name], method="POST")

    assert besieged.cpu_s() - before < CPU_S
    assert besieged.most_memory() < MEMORY


def test_what_was_asked_for_is_still_found(besieged: Besieged) -> None:
    answer = besieged.ask("/v1/search?q=actor.id:u-7")
    assert [found["actor"]["id"] for found in answer.json["events"]] == ["u-7"]
    for any_of in (
        "*",
        "*:*",
        "-actor.id:nobody",
        "tenant:acme OR tenant:globex",
        "-tenant:b OR *",
    ):
        # Hostile lines that could be read were saved, which is an event of the tenant, too.
        line = f"({any_of}) -action:saved_search.created"
        answer = besieged.ask(f"/v1/search?limit=1&q={quote(line)}")
        assert answer.json["total"] == len(besieged.ids), line
        counted = besieged.ask(f"/v1/search/histogram?interval=year&q={quote(line)}")
        assert counted.json["total"] == len(besieged.ids), line
        facets = besieged.ask(f"/v1/search/facets?field=actor.id&limit=1000&q={quote(line)}")
        assert facets.json["facets"][0]["distinct"] == len(besieged.ids), line


COSTLY = " OR ".join(f"message.keyword:/.*[a-m][n-z]{{{n % 20 + 3}}}{n}.*/" for n in range(190))
COSTLY_ADDRESS = f"/v1/search?{urlencode({'q': COSTLY, 'sort': 'occurred_at'})}"


@contextmanager
def asking(besieged: Besieged) -> Iterator[socket.socket]:
    """Send a costly question, and hang up at the end."""
    host, _, port = besieged.server.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), 30) as connection:
        head = f"GET {COSTLY_ADDRESS} HTTP/1.1\r\nHost: x\r\n"
        connection.sendall(f"{head}Authorization: Bearer {besieged.key}\r\n\r\n".encode())
        yield connection


def wait_until(what: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_question_stops_when_its_client_leaves(besieged: Besieged) -> None:
    before = besieged.cpu_s()
    answer = besieged.ask(COSTLY_ADDRESS)
    whole = besieged.cpu_s() - before
    if answer.status == 503:
        assert "needs more time than allowed" in answer.json["detail"]

    before = besieged.cpu_s()
    with asking(besieged):
        wait_until(lambda: besieged.running() > 0)
    wait_until(lambda: besieged.running() == 0)

    # It is two statements that cost about the same, of which the first hardly began.
    assert besieged.cpu_s() - before < whole / 4


def test_costly_questions_keep_nobody_from_recording(besieged: Besieged) -> None:
    with ThreadPoolExecutor(AT_ONCE) as threads:
        asked = [threads.submit(besieged.ask, COSTLY_ADDRESS) for _ in range(AT_ONCE)]
        wait_until(lambda: besieged.running() > 0)
        for number in range(5):
            body = [{**event(number), "message": "short"}]
            answer = besieged.server.ask("POST", "/v1/events", body, key=besieged.key)
            assert answer.status == 201
        assert not all(each.done() for each in asked), "the questions were not costly"
        assert {each.result().status for each in asked} <= {200, 503}
