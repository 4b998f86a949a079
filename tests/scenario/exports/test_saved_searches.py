"""Saved searches: kept, shared, run by their id, in the log, and within reach of an erasure."""

import time
from typing import Any

import pytest

from kit import house as kit
from kit.server import Server
from tallystick.ledger.ports import Query
from tallystick.settings import Settings
from tallystick.wiring import open_house

PATH = "/v1/saved-searches"
ZOE = "zoe@victim.example"
WANTED: dict[str, object] = {
    "name": "what was deleted",
    "q": "action:document.deleted",
    "since": "-7d",
    "stream": "audit",
    "time_zone": "Europe/Berlin",
    "sort": "occurred_at",
}


def save(server: Server, key: str, **changes: object) -> dict[str, Any]:
    answer = server.ask("POST", PATH, {**WANTED, **changes}, key=key)
    assert answer.status == 201, answer
    return dict(answer.json)


def event(person: str, action: str = "document.deleted") -> dict[str, object]:
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    actor = {"type": "user", "id": person}
    return {"action": action, "occurred_at": now, "actor": actor}


def audit(server: Server, key: str) -> list[dict[str, Any]]:
    return list(server.ask("GET", "/v1/events?limit=1000", key=key).json["events"])


def test_what_is_saved_is_shown_as_it_was_given(server: Server, key: str) -> None:
    saved = save(server, key)

    shown = server.ask("GET", f"{PATH}/{saved['id']}", key=key).json
    listed = server.ask("GET", PATH, key=key).json

    assert shown == {"id": saved["id"], "owner": key.split("_")[1], "shared": False, **WANTED}
    assert listed == {"saved_searches": [shown], "next": None, "has_more": False}


def test_a_list_goes_on_behind_the_last_one_shown(server: Server, key: str) -> None:
    ids = sorted(save(server, key, name=str(number))["id"] for number in range(3))

    first = server.ask("GET", f"{PATH}?limit=2", key=key).json
    rest = server.ask("GET", f"{PATH}?limit=2&after={first['next']}", key=key).json

    assert [it["id"] for it in first["saved_searches"] + rest["saved_searches"]] == ids
    assert (first["has_more"], rest["has_more"]) == (True, False)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"q": "nofield:x"}, ""),
        ({"since": "yesterweek"}, ""),
        ({"stream": "secret"}, "/stream"),
        ({"sort": "nofield"}, ""),
        ({"name": ""}, "/name"),
        ({"limit": 5}, ""),
    ],
)
def test_what_could_not_be_asked_is_not_saved(
    server: Server, key: str, change: dict[str, object], path: str
) -> None:
    answer = server.ask("POST", PATH, {**WANTED, **change}, key=key)

    assert (answer.status, answer.code) == (400, "malformed")
    assert answer.json["path"].startswith(path)
    assert server.ask("GET", PATH, key=key).json["saved_searches"] == []
    assert audit(server, key) == []


def test_a_search_by_its_id_finds_what_its_line_finds(server: Server, key: str) -> None:
    server.ask("POST", "/v1/events", [event("ada"), event("bob", "document.read")], key=key)
    saved = save(server, key)
    server.wait_for_index(key)

    by_id = server.ask("GET", f"/v1/search?saved={saved['id']}", key=key).json
    posted = server.ask("POST", "/v1/search", {"saved": saved["id"], "limit": 1}, key=key).json

    assert [it["actor"]["id"] for it in by_id["events"]] == ["ada"]
    assert posted["events"] == by_id["events"]
    both = server.ask("GET", f"/v1/search?saved={saved['id']}&q=x", key=key)
    assert (both.status, both.json["path"]) == (400, "/saved")


def test_its_use_is_recorded_with_the_line_and_the_id(server: Server, key: str) -> None:
    saved = save(server, key)
    server.ask("GET", f"/v1/search?saved={saved['id']}", key=key)

    events = server.ask("GET", "/v1/events?stream=access", key=key).json["events"]
    (told,) = [it["metadata"] for it in events if it["action"] == "events.searched"]

    assert (told["saved"], told["q"]) == (saved["id"], WANTED["q"])


def test_every_change_is_an_entry_of_the_audit_log(server: Server, key: str) -> None:
    saved = save(server, key)
    path = f"{PATH}/{saved['id']}"
    changed = server.ask("PUT", path, {**WANTED, "q": "report", "shared": True}, key=key)
    deleted = server.ask("DELETE", path, key=key)

    assert (changed.status, deleted.status) == (200, 204)
    assert (changed.json["q"], changed.json["shared"]) == ("report", True)
    assert server.ask("GET", path, key=key).status == 404
    entries = [it for it in audit(server, key) if it["action"].startswith("saved_search.")]
    assert [it["action"].split(".")[1] for it in entries] == ["created", "changed", "deleted"]
    assert [it["metadata"].get("search", {}).get("q") for it in entries] == [
        WANTED["q"],
        "report",
        None,
    ]
    assert {it["via"]["key_id"] for it in entries} == {key.split("_")[1]}


def test_others_see_what_is_shared_and_change_nothing(server: Server, tenant: str) -> None:
    own, other, admin = server.key(tenant), server.key(tenant), server.key(tenant, "read", "admin")
    private, shared = (save(server, own, shared=shared)["id"] for shared in (False, True))

    def statuses(method: str, name: str, body: object = None) -> list[int]:
        keys = (other, admin)
        return [server.ask(method, f"{PATH}/{name}", body, key=key).status for key in keys]

    assert statuses("GET", private) == [404, 200]
    assert statuses("GET", shared) == [200, 200]
    assert statuses("PUT", shared, {**WANTED, "shared": True}) == [404, 200]
    assert statuses("DELETE", shared)[:1] == [404]
    assert statuses("DELETE", private) == [404, 204]
    listed = server.ask("GET", PATH, key=other).json["saved_searches"]
    assert listed == []  # the admin has deleted both
    assert server.ask("GET", f"/v1/search?saved={shared}", key=other).status == 404


def test_one_of_another_tenant_is_none(server: Server, key: str, tenant: str) -> None:
    theirs = server.key(f"{tenant}-other", "ingest", "read", "admin")
    saved = save(server, theirs, shared=True)["id"]
    missing = "0" * 32

    for method, path, body in (
        ("GET", f"{PATH}/{{}}", None),
        ("PUT", f"{PATH}/{{}}", WANTED),
        ("DELETE", f"{PATH}/{{}}", None),
        ("GET", "/v1/search?saved={}", None),
    ):
        one, nobodys = (
            server.ask(method, path.format(name), body, key=key) for name in (saved, missing)
        )
        assert (one.status, one.json["detail"]) == (404, nobodys.json["detail"])


def test_an_erasure_takes_the_line_that_mentions_the_person(server: Server, tenant: str) -> None:
    key = server.key(tenant, "ingest", "read", "admin")
    server.ask("POST", "/v1/events", event(ZOE), key=key)
    saved = save(server, key, name=f"about {ZOE}", q=f'actor.id:"{ZOE}"')
    kept = save(server, key)
    server.wait_for_index(key)
    assert server.ask("GET", f"/v1/search?saved={saved['id']}", key=key).json["total"] == 1

    erase(server, key, ZOE)

    shown = server.ask("GET", f"{PATH}/{saved['id']}", key=key).json
    assert shown == {
        "id": saved["id"],
        "owner": key.split("_")[1],
        "shared": False,
        "erased": True,
    }
    run = server.ask("GET", f"/v1/search?saved={saved['id']}", key=key)
    assert (run.status, run.code) == (410, "erased")
    assert server.ask("GET", f"{PATH}/{kept['id']}", key=key).json["q"] == WANTED["q"]


def erase(server: Server, key: str, person: str) -> None:
    path = f"/v1/subjects/{person}/erasure"
    trial = server.ask("POST", path, {"reason": "asked"}, key=key).json
    wanted = {"reason": "asked", "confirm": trial["confirm"]}
    assert server.ask("POST", path, wanted, key=key).json["state"] == "erased"


def test_fsck_finds_a_saved_search_that_was_changed_in_its_table(
    server: Server, key: str, tenant: str
) -> None:
    saved = save(server, key)
    house = open_house(Settings(data=server.data))
    try:
        assert not [it for it in kit.fsck(house, disclosures=False) if "saved_search" in it.what]
        with house.ledger.drivers.store.write() as tx:
            tx.execute(
                Query("UPDATE saved_search SET shared = 1 WHERE id = :id"), [{"id": saved["id"]}]
            )
        found = [it.what for it in kit.fsck(house, disclosures=False) if saved["id"] in it.what]
        with house.ledger.drivers.store.write() as tx:
            tx.execute(
                Query("UPDATE saved_search SET shared = 0 WHERE id = :id"), [{"id": saved["id"]}]
            )
    finally:
        house.close()

    assert [it.partition(" (")[0] for it in found] == [
        "table saved_search: entries say",
        "table saved_search: no entry says",
    ]
