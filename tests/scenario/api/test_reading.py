"""Lists, tiles and checkpoints; and that each read is itself an event."""

from hashlib import sha256

import pytest

from kit.events import reference_event
from kit.server import Answer, Server
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.key import VerifierKey
from tallystick.tlog.note import Note, verify_note


def record(server: Server, key: str, count: int) -> list[str]:
    events = [reference_event(i) for i in range(count)]
    answer = server.ask("POST", "/v1/events", events, key=key)
    assert answer.status == 201
    return [str(event["id"]) for event in events]


def log_of(server: Server, key: str, stream: str = "audit") -> dict[str, str]:
    logs = server.ask("GET", "/v1/logs", key=key).json["logs"]
    return next(log for log in logs if log["stream"] == stream)


def pages(server: Server, key: str, query: str) -> list[list[str]]:
    found: list[list[str]] = []
    after = ""
    while True:
        answer = server.ask("GET", f"/v1/events?{query}{after}", key=key)
        assert answer.status == 200, answer
        page = answer.json
        assert page["has_more"] == (page["next"] is not None)
        found.append([event["id"] for event in page["events"]])
        if not page["has_more"]:
            return found
        after = f"&after={page['next']}"


def accesses(server: Server, key: str) -> list[dict[str, object]]:
    page = server.ask("GET", "/v1/events?stream=access&limit=1000", key=key).json
    return [event for event in page["events"] if event["action"] != "tenant.created"]


def tree_root(leaves: list[bytes]) -> bytes:
    """The Merkle tree hash as RFC 6962 §2.1 defines it."""
    if len(leaves) == 1:
        return sha256(b"\x00" + leaves[0]).digest()
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return sha256(b"\x01" + tree_root(leaves[:split]) + tree_root(leaves[split:])).digest()


def test_a_list_comes_page_by_page_in_both_orders(server: Server, key: str) -> None:
    ids = record(server, key, 7)
    assert pages(server, key, "limit=3") == [ids[:3], ids[3:6], ids[6:]]
    down = ids[::-1]
    assert pages(server, key, "limit=3&order=desc") == [down[:3], down[3:6], down[6:]]
    assert pages(server, key, "limit=7") == [ids]


def test_an_empty_stream_is_an_empty_list(server: Server, key: str) -> None:
    answer = server.ask("GET", "/v1/events?stream=activity", key=key)
    assert answer.json == {"events": [], "next": None, "has_more": False}


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("limit=0", "/limit"),
        ("limit=1001", "/limit"),
        ("limit=-1", "/limit"),
        ("limit=x", "/limit"),
        ("limit=\u0661", "/limit"),
        ("stream=other", "/stream"),
        ("order=random", "/order"),
        ("after=7", "/after"),
        (f"after={'0' * 32}-0", "/after"),
    ],
)
def test_a_bad_query_is_400_and_says_where(server: Server, key: str, query: str, path: str) -> None:
    answer = server.ask("GET", f"/v1/events?{query.replace(chr(0x661), '%D9%A1')}", key=key)
    assert (answer.status, answer.code, answer.json["path"]) == (400, "malformed", path)


def test_a_next_of_another_log_or_beyond_the_end_is_refused(server: Server, key: str) -> None:
    record(server, key, 2)
    log = log_of(server, key)["log"]
    for after in (f"{log}-3", f"{log}-01", f"{log_of(server, key, 'access')['log']}-0"):
        answer = server.ask("GET", f"/v1/events?after={after}", key=key)
        assert (answer.status, answer.json["path"]) == (400, "/after"), after


@pytest.mark.parametrize("name", ["nonsense", "0199e0aa-0000-7000-8def-00000000ffff"])
def test_an_unknown_event_is_404(server: Server, key: str, name: str) -> None:
    for path in (f"/v1/events/{name}", f"/v1/events/{name}/receipt"):
        assert server.ask("GET", path, key=key).code == "not-found"


def test_every_read_is_recorded_with_who_and_what(server: Server, key: str) -> None:
    (event_id,) = record(server, key, 1)
    log = log_of(server, key)["log"]
    asked = [
        server.ask("GET", f"/v1/events/{event_id}", key=key),
        server.ask("GET", "/v1/events?limit=5", key=key),
        server.ask("GET", f"/v1/events/{event_id}/receipt?wait=30", key=key),
        server.ask("GET", f"/v1/logs/{log}/checkpoint", key=key),
        server.ask("GET", f"/v1/logs/{log}/tile/0/000.p/1", key=key),
        server.ask("GET", f"/v1/logs/{log}/tile/entries/000.p/1", key=key),
    ]
    assert [answer.status for answer in asked] == [200] * 6
    told = accesses(server, key)
    actions = ["event.read", "events.listed", "receipt.issued", *["tile.read"] * 3]
    assert [event["action"] for event in told] == actions
    assert told[0]["metadata"] == {"event_id": event_id, "log": log, "index": 0}
    for event, answer in zip(told, asked, strict=True):
        assert event["actor"] == {"type": "api_key", "id": key.split("_")[1]}
        context = {"ip": "127.0.0.1", "request_id": answer.headers["x-request-id"]}
        assert event["context"] == context
        assert event["via"] == {"door": "ledger", "key_id": key.split("_")[1]}


def test_an_operators_read_is_recorded_in_the_tenants_log(
    server: Server, tenant: str, key: str
) -> None:
    (event_id,) = record(server, key, 1)
    assert server.ask("GET", f"/v1/events/{event_id}?tenant={tenant}").status == 200
    (told,) = accesses(server, key)
    assert told["actor"] == {"type": "api_key", "id": server.admin_key.split("_")[1]}


def test_the_deployments_own_log_is_read_by_a_key_for_all_and_tells_of_it(
    server: Server, key: str
) -> None:
    logs = server.ask("GET", "/v1/logs?limit=1000").json["logs"]
    (own,) = [log for log in logs if log["slot"] == 0]
    path = f"/v1/logs/{own['log']}/tile/entries/000.p/1"
    assert server.ask("GET", path, key=key).status == 403
    before = server.sizes()[own["log"]]
    assert server.ask("GET", path).status == 200
    assert server.sizes()[own["log"]] > before


def test_checkpoint_and_tiles_lead_to_the_acknowledged_entries(server: Server, key: str) -> None:
    ids = record(server, key, 260)
    server.ask("GET", f"/v1/events/{ids[-1]}/receipt?wait=30", key=key)
    log = log_of(server, key)
    below = f"/v1/logs/{log['log']}"

    answer = server.ask("GET", f"{below}/checkpoint", key=key)
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    note = Note.parse(answer.body)
    verify_note(note, [VerifierKey.parse(log["vkey"])])
    checkpoint = Checkpoint.parse(note.text)
    assert (checkpoint.origin, checkpoint.size) == (log["origin"], 260)

    leaves: list[bytes] = []
    for name in ("000", "001.p/4"):
        bundle = server.ask("GET", f"{below}/tile/entries/{name}", key=key).body
        at = 0
        while at < len(bundle):
            end = at + 2 + int.from_bytes(bundle[at : at + 2], "big")
            leaves.append(bundle[at + 2 : end])
            at = end
    assert len(leaves) == 260
    assert tree_root(leaves) == checkpoint.root
    hashes = server.ask("GET", f"{below}/tile/0/000", key=key).body
    assert hashes == b"".join(sha256(b"\x00" + leaf).digest() for leaf in leaves[:256])
    (parent,) = [server.ask("GET", f"{below}/tile/1/000.p/1", key=key).body]
    assert parent == tree_root(leaves[:256])


def test_only_a_full_tile_may_be_kept_for_ever(server: Server, key: str) -> None:
    record(server, key, 257)
    below = f"/v1/logs/{log_of(server, key)['log']}/tile"
    caching = {
        name: server.ask("GET", f"{below}/{name}", key=key).headers["cache-control"]
        for name in ("0/000", "0/000.p/7", "entries/000", "entries/001.p/1")
    }
    assert caching == {
        "0/000": "private, max-age=31536000, immutable",
        "0/000.p/7": "no-cache",
        "entries/000": "private, max-age=31536000, immutable",
        "entries/001.p/1": "no-cache",
    }


@pytest.mark.parametrize(
    "name",
    [
        "0/001",
        "0/000.p/8",
        "0/0",
        "0/000.p/0",
        "0/000.p/256",
        "64/000",
        "entries/000",
        "x",
        "0/-01",
    ],
)
def test_a_tile_that_does_not_exist_is_404(server: Server, key: str, name: str) -> None:
    record(server, key, 7)
    log = log_of(server, key)["log"]
    answer = server.ask("GET", f"/v1/logs/{log}/tile/{name}", key=key)
    assert (answer.status, answer.code) == (404, "not-found")


def test_the_super_log_is_for_everybody(server: Server, key: str) -> None:
    (event_id,) = record(server, key, 1)
    server.ask("GET", f"/v1/events/{event_id}/receipt?wait=30", key=key)

    def public(path: str) -> Answer:
        answer = server.ask("GET", path, key="")
        assert answer.status == 200, answer
        return answer

    note = Note.parse(public("/v1/super/checkpoint").body)
    (vkey,) = public("/.well-known/tallystick").json["vkeys"]
    verify_note(note, [VerifierKey.parse(vkey)])
    size = Checkpoint.parse(note.text).size
    width = min(size, 256)
    suffix = "" if width == 256 else f".p/{width}"
    assert len(public(f"/v1/super/tile/0/000{suffix}").body) == 32 * width
    bundle = public(f"/v1/super/tile/entries/000{suffix}").body
    assert b"tenant-" not in bundle
