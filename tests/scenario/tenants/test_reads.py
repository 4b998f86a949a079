"""Reading a tenant's log is an event, on disk before the answer begins (DESIGN §1.5)."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from kit import exported
from kit.elastic_metadata_calls import METADATA_CALLS
from kit.events import reference_event
from kit.house import new_house
from kit.server import Answer, Server, running_server
from kit.strangers import Stranger
from tallystick.access.tenants import tenant_named
from tallystick.api.app import create_app
from tallystick.settings import Settings
from tallystick.wiring import open_house

EVENT = reference_event(0)
PERSON = EVENT["actor"]["id"]  # type: ignore[index]

Read = tuple[str, str, object]
"""Method, path with ``{event}``, ``{log}``, ``{person}``, ``{saved}`` and ``{export}``, body."""

READS: dict[tuple[str, str], list[Read]] = {
    ("GET", "/v1/events"): [
        ("GET", "/v1/events", None),
        ("GET", "/v1/events?stream=activity", None),
        ("HEAD", "/v1/events?limit=1&order=desc", None),
    ],
    ("GET", "/v1/events/{event_id:str}"): [("GET", "/v1/events/{event}", None)],
    ("GET", "/v1/events/{event_id:str}/receipt"): [
        ("GET", "/v1/events/{event}/receipt?wait=30", None)
    ],
    ("GET", "/v1/logs/{log_hex:str}/checkpoint"): [("GET", "/v1/logs/{log}/checkpoint", None)],
    ("GET", "/v1/logs/{log_hex:str}/tile/{rest:path}"): [
        ("GET", "/v1/logs/{log}/tile/0/000.p/1", None),
        ("GET", "/v1/logs/{log}/tile/entries/000.p/1", None),
    ],
    ("GET", "/v1/logs/{log_hex:str}/epochs/{epoch:str}"): [
        ("GET", "/v1/logs/{log}/epochs/latest", None),
        ("GET", "/v1/logs/{log}/epochs/latest?from=1", None),
    ],
    ("GET", "/v1/search"): [
        ("GET", "/v1/search?q=deleted", None),
        ("HEAD", "/v1/search?q=nothing+has+this", None),
        ("GET", "/v1/search?saved={saved}", None),
    ],
    ("POST", "/v1/search"): [("POST", "/v1/search", {"q": "deleted", "limit": 1})],
    ("GET", "/v1/search/histogram"): [("GET", "/v1/search/histogram?q=deleted", None)],
    ("GET", "/v1/search/facets"): [("GET", "/v1/search/facets?field=action", None)],
    ("GET", "/v1/tail"): [("GET", "/v1/tail?wait_s=0", None)],
    **{
        (method, f"{before}/{name}"): [(method, f"{asked}/{name}", {"query": {"match_all": {}}})]
        for name in ("_search", "_count")
        for method in ("GET", "POST")
        for before, asked in (("", ""), ("/{index:str}", "/audit-logs"))
    },
    **{
        (method, f"{before}/_msearch"): [(method, f"{asked}/_msearch", b"{}\n{}\n")]
        for method in ("GET", "POST")
        for before, asked in (("", ""), ("/{index:str}", "/audit-logs"))
    },
    ("GET", "/v1/saved-searches"): [("GET", "/v1/saved-searches", None)],
    ("GET", "/v1/saved-searches/{saved_id:str}"): [("GET", "/v1/saved-searches/{saved}", None)],
    ("POST", "/v1/exports"): [("POST", "/v1/exports", {"q": "deleted"})],
    ("GET", "/v1/exports/{export_id:str}/download"): [
        ("GET", "/v1/exports/{export}/download", None),
        ("HEAD", "/v1/exports/{export}/download", None),
    ],
    ("GET", "/v1/exports/{export_id:str}/manifest"): [
        ("GET", "/v1/exports/{export}/manifest", None)
    ],
    ("GET", "/v1/subjects/{subject_id:str}"): [("GET", "/v1/subjects/{person}", None)],
    ("POST", "/v1/subjects/{subject_id:str}/erasure"): [
        ("POST", "/v1/subjects/{person}/erasure", {"reason": "asked for it"})  # a dry run
    ],
    ("GET", "/{index:str}/_doc/{doc_id:str}"): [
        ("GET", "/audit-logs/_doc/{event}", None),
        ("HEAD", "/audit-logs/_doc/{event}", None),
    ],
    ("GET", "/{index:str}/_source/{doc_id:str}"): [("GET", "/audit-logs/_source/{event}", None)],
    ("GET", "/_mget"): [
        ("GET", "/_mget", {"docs": [{"_index": "audit-logs", "_id": EVENT["id"]}]})
    ],
    ("POST", "/_mget"): [
        ("POST", "/_mget", {"docs": [{"_index": "audit-logs", "_id": EVENT["id"]}]})
    ],
    ("GET", "/{index:str}/_mget"): [("GET", "/audit-logs/_mget", {"ids": [EVENT["id"], "x"]})],
    ("POST", "/{index:str}/_mget"): [("POST", "/audit-logs/_mget", {"ids": [EVENT["id"]]})],
}
"""Routes that tell what stands in a tenant's log."""

OTHERS = {
    *METADATA_CALLS,
    ("POST", "/v1/events"),
    ("POST", "/_bulk"),
    ("PUT", "/_bulk"),
    ("POST", "/{index:str}/_bulk"),
    ("PUT", "/{index:str}/_bulk"),
    ("POST", "/{index:str}/_doc"),
    ("POST", "/{index:str}/_doc/{doc_id:str}"),
    ("PUT", "/{index:str}/_doc/{doc_id:str}"),
    ("DELETE", "/{index:str}/_doc/{doc_id:str}"),
    ("POST", "/{index:str}/_create/{doc_id:str}"),
    ("PUT", "/{index:str}/_create/{doc_id:str}"),
    ("POST", "/{index:str}/_update/{doc_id:str}"),
    ("PUT", "/{index:str}/_update/{doc_id:str}"),
    ("POST", "/{index:str}/_update_by_query"),
    ("POST", "/{index:str}/_delete_by_query"),
    ("DELETE", "/{index:str}"),
    ("POST", "/{index:str}/_pit"),
    ("POST", "/{index:str}/_search/point_in_time"),
    ("DELETE", "/_pit"),
    ("DELETE", "/_search/point_in_time"),
    ("DELETE", "/_search/scroll"),
    ("POST", "/v1/saved-searches"),
    ("PUT", "/v1/saved-searches/{saved_id:str}"),
    ("DELETE", "/v1/saved-searches/{saved_id:str}"),
    ("GET", "/v1/exports"),
    ("GET", "/v1/exports/{export_id:str}"),
    ("DELETE", "/v1/exports/{export_id:str}"),
    ("GET", "/v1/logs"),
    ("GET", "/v1/epochs/{epoch:str}/changes"),
    ("GET", "/v1/super/checkpoint"),
    ("GET", "/v1/super/tile/{rest:path}"),
    ("GET", "/v1/super/{serial:str}/checkpoint"),
    ("GET", "/v1/super/{serial:str}/tile/{rest:path}"),
    ("GET", "/v1/tenants"),
    ("POST", "/v1/tenants"),
    ("GET", "/v1/keys"),
    ("POST", "/v1/keys"),
    ("DELETE", "/v1/keys/{key_id:str}"),
    ("GET", "/v1/catalogue/{action:str}"),
    ("PUT", "/v1/catalogue/{action:str}"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/.well-known/tallystick"),
    ("GET", "/"),
    ("GET", "/docs"),
    ("GET", "/openapi.json"),
    ("GET", "/openapi"),
    ("GET", "/openapi/openapi.json"),
    ("GET", "/openapi/{path:str}"),
}
"""Routes that write, or tell of the deployment alone, or how far an export is."""

WITH_IDS = {("GET", "/_search/scroll"), ("POST", "/_search/scroll")}
"""Routes that tell what stands in a tenant's log to whom an id was given, and to nobody else:
``scenario/elastic/test_paging.py`` shows that each such read is recorded."""

EVERY_READ = [read for reads in READS.values() for read in reads]


def ids(read: Read) -> str:
    return f"{read[0]} {read[1]}"


def ready(server: Server, stranger: Stranger, *reads: Read) -> dict[str, str]:
    """Wait until the stranger's event is in an epoch; return what its reads name."""
    key = stranger.keys["admin"]
    path = f"/v1/events/{EVENT['id']}/receipt?wait=30"
    assert server.ask("GET", path, key=key).status == 200
    logs = server.ask("GET", "/v1/logs", key=key).json["logs"]
    log = next(log["log"] for log in logs if log["stream"] == "audit")
    kept = {"name": "deleted", "q": "deleted", "shared": True}
    saved = server.ask("POST", "/v1/saved-searches", kept, key=key).json["id"]
    server.wait_for_index(key)
    export = ""
    if any("{export}" in path for _, path, _ in reads):
        export = exported.ask(server, key, q="deleted")
        assert exported.wait(server, key, export)["state"] == "done"
    names = {"event": EVENT["id"], "log": log, "person": PERSON, "saved": saved, "export": export}
    return {name: str(value) for name, value in names.items()}


def reading(server: Server, read: Read, names: dict[str, str], key: str) -> Callable[[], Answer]:
    method, path, body = read
    return lambda: server.ask(method, path.format(**names), body, key=key)


def accesses(data: Path, tenant: str) -> list[dict[str, object]]:
    """Read a tenant's access stream out of the database itself, which leaves no entry.

    The end of an export is told there by the follower, at a time of its own.
    """
    house = open_house(Settings(data=data))
    try:
        ledger = house.ledger
        with ledger.drivers.store.read() as snapshot:
            log = ledger.logs.stream(snapshot, tenant_named(snapshot, tenant).number, "access")
            entries = list(snapshot.entries(log.slot, 0, snapshot.head(log.slot).size))
            events = [dict(ledger.reader.open(snapshot, log, entry).event) for entry in entries]
            return [event for event in events if event["action"] != "export.finished"]
    finally:
        house.close()


@contextmanager
def held(data: Path) -> Iterator[sqlite3.Connection]:
    """Let a foreign program hold the database, so that nothing is written."""
    database = sqlite3.connect(data / "ledger.db", timeout=30, isolation_level=None)
    try:
        database.execute("BEGIN IMMEDIATE")
        yield database
    finally:
        database.close()


def test_every_route_is_a_read_of_a_log_or_none(tmp_path: Path) -> None:
    house = new_house(tmp_path / "data")
    try:
        routes = {
            (method, route.path)
            for route in create_app(house.ledger).routes
            for method in getattr(route, "methods", ["?"])
            if method not in {"OPTIONS", "HEAD"}
        }
    finally:
        house.close()
    assert routes == READS.keys() | WITH_IDS | OTHERS


@pytest.mark.parametrize("read", EVERY_READ, ids=ids)
def test_a_read_leaves_one_entry_whoever_reads(
    server: Server, house: Path, stranger: Stranger, read: Read
) -> None:
    names = ready(server, stranger, read)
    own = stranger.keys["admin"]
    before = len(accesses(house, stranger.tenant))
    answer = reading(server, read, names, own)()
    assert answer.status in {200, 202}, answer

    method, path, body = read
    path = f"{path}{'&' if '?' in path else '?'}tenant={stranger.tenant}"
    operators = reading(server, (method, path, body), names, server.admin_key)()
    assert operators.status in {200, 202}, operators

    told = accesses(house, stranger.tenant)[before:]
    assert [it["actor"] for it in told] == [
        {"type": "api_key", "id": key.split("_")[1]} for key in (own, server.admin_key)
    ]
    assert [it["context"]["request_id"] for it in told] == [  # type: ignore[index]
        it.headers["x-request-id"] for it in (answer, operators)
    ]


@pytest.mark.parametrize("read", EVERY_READ, ids=ids)
def test_no_read_is_answered_while_its_entry_cannot_be_written(
    server: Server, house: Path, stranger: Stranger, read: Read
) -> None:
    ask = reading(server, read, ready(server, stranger, read), stranger.keys["admin"])
    before = len(accesses(house, stranger.tenant))
    with ThreadPoolExecutor(1) as reader:
        with held(house):
            asked = reader.submit(ask)
            time.sleep(0.7)
            assert not asked.done(), f"answered {asked.result()}"
        assert asked.result().status in {200, 202}
    assert len(accesses(house, stranger.tenant)) == before + 1


def test_reads_are_on_disk_when_the_server_dies_with_its_answer(tmp_path: Path) -> None:
    with running_server(data=tmp_path / "data", engine=True) as server:
        admin = server.key("acme", "ingest", "read", "admin")
        server.ask("POST", "/v1/events", EVENT, key=admin)
        names = ready(server, Stranger("acme", {"admin": admin}), *EVERY_READ)
        before = len(accesses(server.data, "acme"))
        answers = [reading(server, read, names, admin)() for read in EVERY_READ]
        _kill(server)
    assert {answer.status for answer in answers} == {200, 202}
    told = accesses(tmp_path / "data", "acme")[before:]
    assert [it["context"]["request_id"] for it in told] == [  # type: ignore[index]
        answer.headers["x-request-id"] for answer in answers
    ]


def _kill(server: Server) -> None:
    """Kill all processes of a server, the doors first: they get no time to write anything."""
    tasks = Path(f"/proc/{server.process.pid}/task").glob("*/children")
    for number in {int(pid) for task in tasks for pid in task.read_text().split()}:
        os.kill(number, signal.SIGKILL)
    server.stop(signal.SIGKILL)


@pytest.mark.parametrize("read", EVERY_READ, ids=ids)
def test_a_refused_read_leaves_only_the_count_of_refusals(
    server: Server, house: Path, stranger: Stranger, read: Read
) -> None:
    names = ready(server, stranger, read)
    before = len(accesses(house, stranger.tenant))
    other = server.key(f"{stranger.tenant}-other", "ingest", "read", "admin")
    method, path, body = read
    theirs = f"{path}{'&' if '?' in path else '?'}tenant={stranger.tenant}"
    refused = [
        reading(server, (method, theirs, body), names, other)(),
        reading(server, read, names, "")(),
        *(reading(server, read, names, stranger.keys["sender"])() for _ in range(3)),
    ]
    assert [answer.status for answer in refused] == [403, 401, 403, 403, 403]

    def refusals() -> list[dict[str, object]]:
        return accesses(house, stranger.tenant)[before:]

    deadline = time.monotonic() + 10
    while not refusals() and time.monotonic() < deadline:
        time.sleep(0.05)
    (told,) = refusals()
    assert told["action"] == "access.refused"
    assert told["metadata"] == {"refusals": 1, "status": 403}
    sender = stranger.keys["sender"].split("_")[1]
    assert told["actor"] == {"type": "api_key", "id": sender}
