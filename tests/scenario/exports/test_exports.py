"""Exports of a server: what is in them, who gets them, and what is left of them."""

import csv
import io
import json
import time
from base64 import b64decode
from hashlib import sha256
from threading import Event, Thread
from typing import Any

import pytest

from kit.events import reference_event
from kit.exported import PATH, ask, export, fetch, look, root_in, rows, wait
from kit.forensics import traces
from kit.server import Server
from tallystick.ledger.ports import Query
from tallystick.search.export_csv import COLUMNS
from tallystick.settings import Settings
from tallystick.tlog.proof import verify_consistency
from tallystick.wiring import open_house

ZOE = "zoe@victim.example"


def send(server: Server, key: str, *numbers: int, **more: object) -> None:
    body = [{**reference_event(number), **more} for number in numbers]
    assert server.ask("POST", "/v1/events", body, key=key).status < 300


def listed(server: Server, key: str, stream: str = "audit") -> list[dict[str, Any]]:
    """Read a stream out of the ledger, as the index does not know it."""
    path = f"/v1/events?limit=1000&stream={stream}"
    events = server.ask("GET", path, key=key).json["events"]
    return [{**event, "stream": stream} for event in events]


def recorded(server: Server, key: str, kind: str) -> list[dict[str, Any]]:
    events = listed(server, key, "access")
    return [event for event in events if event["action"] == kind]


def test_an_export_holds_every_event_in_the_order_of_the_ledger(server: Server, key: str) -> None:
    send(server, key, *range(30))
    send(server, key, *range(30, 40), stream="activity")

    body = export(server, key)

    assert rows(body) == [*listed(server, key), *listed(server, key, "activity")]
    assert len(rows(body)) == 40


def test_a_filter_leaves_out_what_does_not_fit(server: Server, key: str) -> None:
    send(server, key, *range(25))
    send(server, key, *range(25, 30), outcome="denied")
    wanted = {"q": "outcome:denied", "since": "2026-11-01", "stream": "audit"}

    found = rows(export(server, key, **wanted))

    assert found == [event for event in listed(server, key) if event["outcome"] == "denied"]
    assert len(found) == 5


def test_events_that_come_while_it_is_made_are_not_in_it(server: Server, key: str) -> None:
    send(server, key, *range(200))
    stopping = Event()

    def go_on() -> None:
        number = 1_000
        while not stopping.wait(0.05):
            send(server, key, *range(number, number + 20))
            number += 20

    sender = Thread(target=go_on)
    sender.start()
    try:
        names = [ask(server, key, stream="audit") for _ in range(3)]
        told = [wait(server, key, name) for name in names]
    finally:
        stopping.set()
        sender.join()

    for name, it in zip(names, told, strict=True):
        found = rows(fetch(server, key, name).body)
        assert [row["index"] for row in found] == list(range(it["entries"]))
        assert found[:1000] == listed(server, key)[: it["entries"]]


def test_the_totals_are_those_of_what_is_fetched(server: Server, key: str) -> None:
    send(server, key, *range(12))
    for form in ("ndjson", "csv"):
        name = ask(server, key, format=form, stream="audit")
        told = wait(server, key, name)
        answer = fetch(server, key, name)
        manifest = server.ask("GET", told["manifest"], key=key).json

        totals = {
            "rows": 12,
            "bytes": len(answer.body),
            "sha256": sha256(answer.body).hexdigest(),
        }
        assert {name: told[name] for name in totals} == totals
        assert {name: manifest[name] for name in totals} == totals
        assert answer.headers["content-length"] == str(len(answer.body))
        assert answer.headers["etag"] == f'"{totals["sha256"]}"'
        (log,) = manifest["logs"]
        assert (log["rows"], log["first"], log["last"], log["absent"]) == (12, 0, 11, 0)


def test_a_stranger_can_tell_that_a_whole_log_is_there(server: Server, key: str) -> None:
    send(server, key, *range(17))
    name = ask(server, key, stream="audit")
    found = rows(server.ask("GET", wait(server, key, name)["download"], key=key).body)

    deadline = time.monotonic() + 30
    while True:
        manifest = server.ask("GET", f"{PATH}/{name}/manifest", key=key).json
        (log,) = manifest["logs"]
        if log["epoch"] is not None:
            break
        assert time.monotonic() < deadline
        time.sleep(0.2)

    assert manifest["completeness"] == "provable"
    assert root_in(found, log["log"]) == log["root"]
    epoch = log["epoch"]
    proof = [b64decode(one) for one in epoch["consistency"]]
    root, head = bytes.fromhex(log["root"]), b64decode(epoch["root"])
    verify_consistency(log["size"], epoch["size"], proof, root, head)
    told = server.ask("GET", f"/v1/logs/{log['log']}/epochs/{epoch['epoch']}", key=key).json
    assert (told["root"], told["size"]) == (epoch["root"], epoch["size"])


def test_of_a_filtered_list_nobody_says_that_it_is_complete(server: Server, key: str) -> None:
    send(server, key, *range(3))
    for wanted in ({"q": "*"}, {"since": "-7d"}, {"until": "now"}):
        name = ask(server, key, **wanted)
        manifest = server.ask("GET", wait(server, key, name)["manifest"], key=key).json
        assert manifest["completeness"] == "unverifiable"


def test_csv_has_the_columns_and_harmless_cells(server: Server, key: str) -> None:
    send(server, key, 1, message='=HYPERLINK("http://x";"y")', actor={"type": "user", "id": "-2+3"})

    body = export(server, key, format="csv", stream="audit").decode()
    first, found = csv.reader(io.StringIO(body, newline=""), strict=True)

    told = dict(zip(first, found, strict=True))
    assert tuple(first) == COLUMNS
    assert told["message"] == '\'=HYPERLINK("http://x";"y")'
    assert told["actor.id"] == "'-2+3"
    assert told["leaf_hash"] == listed(server, key)[0]["leaf_hash"]
    assert json.loads(told["targets"]) == listed(server, key)[0]["targets"]
    assert body.count("\r\n") == 2


def test_an_export_of_nothing_is_one(server: Server, key: str) -> None:
    send(server, key, 1)
    assert export(server, key, q="nothing-has-this") == b""
    lines = export(server, key, q="nothing-has-this", format="csv").decode().splitlines()
    assert len(lines) == 1


def test_a_download_goes_on_where_it_was_cut_off(server: Server, key: str) -> None:
    send(server, key, *range(60))
    name = ask(server, key)
    size = wait(server, key, name)["bytes"]
    whole = fetch(server, key, name)
    etag = whole.headers["etag"]

    parts, at = [], 0
    for step in (1, 7, 4_096, 10_000, size):
        stop = min(size, at + step)
        headers = {"Range": f"bytes={at}-{stop - 1}", "If-Range": etag}
        answer = fetch(server, key, name, headers)
        assert (answer.status, answer.headers["content-range"]) == (
            206,
            f"bytes {at}-{stop - 1}/{size}",
        )
        parts.append(answer.body)
        at = stop

    assert b"".join(parts) == whole.body
    other = fetch(server, key, name, {"Range": "bytes=5-9", "If-Range": '"another"'})
    assert (other.status, other.body) == (200, whole.body)
    assert fetch(server, key, name, {"Range": f"bytes={size}-"}).status == 416
    assert fetch(server, key, name, {"Range": "bytes=-9"}).body == whole.body[-9:]


def test_it_is_recorded_who_asked_for_what_and_who_fetched_it(server: Server, key: str) -> None:
    send(server, key, 1)
    name = ask(server, key, q="document", format="csv")
    wait(server, key, name)
    fetch(server, key, name, {"Range": "bytes=0-9"})
    server.ask("DELETE", f"{PATH}/{name}", key=key)

    (started,) = recorded(server, key, "export.started")
    (finished,) = recorded(server, key, "export.finished")
    (fetched,) = recorded(server, key, "export.downloaded")
    (deleted,) = recorded(server, key, "export.deleted")
    assert (started["metadata"]["q"], started["metadata"]["export"]) == ("document", name)
    assert finished["metadata"] == {"export": name, "entries": 1, "format": "csv"}
    assert fetched["metadata"] == {"export": name, "from_byte": 0, "to_byte": 10}
    assert deleted["metadata"] == {"export": name}
    who = {it["actor"]["id"] for it in (started, finished, fetched, deleted)}
    assert who == {key.split("_")[1]}


@pytest.mark.parametrize(
    "wanted",
    [
        {"format": "xml"},
        {"expires_in_s": 59},
        {"expires_in_s": 7 * 86_400 + 1},
        {"stream": "secret"},
        {"q": "nofield:x"},
        {"since": "yesterweek"},
        {"limit": 3},
    ],
)
def test_a_bad_wish_is_refused_and_leaves_nothing(
    server: Server, key: str, wanted: dict[str, object]
) -> None:
    answer = server.ask("POST", PATH, wanted, key=key)

    assert (answer.status, answer.code) == (400, "malformed")
    assert server.ask("GET", PATH, key=key).json["exports"] == []
    assert recorded(server, key, "export.started") == []


def test_one_of_another_tenant_is_none(server: Server, key: str, tenant: str) -> None:
    theirs = server.key(f"{tenant}-other", "ingest", "read", "admin")
    send(server, theirs, 1)
    name, missing = ask(server, theirs), "0" * 32
    wait(server, theirs, name)

    for method, rest in (("GET", ""), ("GET", "/download"), ("GET", "/manifest"), ("DELETE", "")):
        one, nobodys = (server.ask(method, f"{PATH}/{it}{rest}", key=key) for it in (name, missing))
        assert (one.status, one.json["detail"]) == (404, nobodys.json["detail"])
    assert server.ask("GET", PATH, key=key).json["exports"] == []
    assert look(server, theirs, name)["state"] == "done"


def test_who_sees_masks_gets_masks_and_only_their_own(server: Server, tenant: str) -> None:
    key, masked = server.key(tenant), server.key(tenant, "read-masked")
    send(server, key, *range(3))
    whole, own = ask(server, key, stream="audit"), ask(server, masked, stream="audit")
    wait(server, key, whole)
    told = wait(server, masked, own)

    body = fetch(server, masked, own).body
    manifest = server.ask("GET", told["manifest"], key=masked).json

    names = [event["actor"] for event in listed(server, key)]
    assert all(name["id"].encode() not in body for name in names)
    assert [row["actor"] for row in rows(body)] == [{"type": "user"}] * 3
    assert (manifest["sight"], "actor.id" in manifest["masked"]) == ("masked", True)
    assert server.ask("GET", f"{PATH}/{whole}", key=masked).status == 404
    assert [it["id"] for it in server.ask("GET", PATH, key=masked).json["exports"]] == [own]
    assert fetch(server, key, own).body == body


def test_what_is_deleted_is_gone(server: Server, key: str) -> None:
    send(server, key, 1)
    name = ask(server, key)
    wait(server, key, name)
    assert (server.data / "exports" / name).exists()

    assert server.ask("DELETE", f"{PATH}/{name}", key=key).status == 204

    assert not (server.data / "exports" / name).exists()
    for rest in ("", "/download", "/manifest"):
        assert server.ask("GET", f"{PATH}/{name}{rest}", key=key).status == 404


def test_what_expires_can_be_fetched_no_more_and_loses_its_file(server: Server, key: str) -> None:
    send(server, key, 1)
    name = ask(server, key)
    told = wait(server, key, name)
    assert told["expires_at"] > told["asked_at"]
    house = open_house(Settings(data=server.data))
    with house.ledger.drivers.store.write() as tx:
        past = Query("UPDATE export SET expires_at = created_at WHERE id = :id")
        tx.execute(past, [{"id": name}])
    house.close()

    assert look(server, key, name)["state"] == "expired"
    for rest in ("/download", "/manifest"):
        gone = server.ask("GET", f"{PATH}/{name}{rest}", key=key)
        assert (gone.status, gone.code) == (410, "erased")
    wait_until_gone(server, name)


def wait_until_gone(server: Server, name: str) -> None:
    deadline = time.monotonic() + 30
    while (server.data / "exports" / name).exists():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_an_erasure_takes_every_export_of_its_tenant(server: Server, tenant: str) -> None:
    key = server.key(tenant, "ingest", "read", "admin")
    other = server.key(f"{tenant}-other")
    send(server, key, 1, actor={"type": "user", "id": ZOE})
    send(server, other, 2)
    saved = {"name": f"about {ZOE}", "q": f'actor.id:"{ZOE}"'}
    assert server.ask("POST", "/v1/saved-searches", saved, key=key).status == 201
    names = [
        ask(server, key, q=f'actor.id:"{ZOE}"', stream="audit"),
        ask(server, key, format="csv"),
        ask(server, key, q="nothing-has-this"),
    ]
    kept = ask(server, other)
    assert [wait(server, key, name)["rows"] for name in names] == [1, 2, 0]
    assert all(ZOE.encode() in fetch(server, key, name).body for name in names[:2])
    wait(server, other, kept)
    assert traces(server.data / "exports", [ZOE]) == []

    path = f"/v1/subjects/{ZOE}/erasure"
    trial = server.ask("POST", path, {"reason": "asked"}, key=key).json
    wanted = {"reason": "asked", "confirm": trial["confirm"]}
    assert server.ask("POST", path, wanted, key=key).json["state"] == "erased"

    for name in names:
        assert look(server, key, name)["state"] == "erased"
        assert fetch(server, key, name).status == 410
        wait_until_gone(server, name)
    assert fetch(server, other, kept).status == 200
    again = rows(export(server, key, stream="audit"))
    assert [row for row in again if ZOE in json.dumps(row)] == []
    deadline = time.monotonic() + 60
    while found := traces(server.data, [ZOE]):
        assert time.monotonic() < deadline, found
        time.sleep(2)  # the engine keeps what it replaced for a while


def test_a_tenant_has_only_so_many(server: Server, key: str) -> None:
    statuses = [server.ask("POST", PATH, {"q": "x"}, key=key).status for _ in range(21)]
    assert statuses == [202] * 20 + [409]

    first = server.ask("GET", f"{PATH}?limit=1", key=key).json["exports"][0]["id"]
    assert server.ask("DELETE", f"{PATH}/{first}", key=key).status == 204
    assert server.ask("POST", PATH, {"q": "x"}, key=key).status == 202
