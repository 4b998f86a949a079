"""Tenants, keys, catalogue and subjects."""

import pytest

from kit.events import reference_event
from kit.server import Server

PERSON = reference_event(5)["actor"]["id"]  # type: ignore[index]


def test_a_tenant_is_created_once(server: Server) -> None:
    wanted = {"name": "created-once"}
    made = server.ask("POST", "/v1/tenants", wanted)
    assert (made.status, made.json["name"]) == (201, "created-once")
    again = server.ask("POST", "/v1/tenants", wanted)
    assert (again.status, again.code) == (409, "conflict")


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "/name"),
        ({"name": 7}, "/name"),
        ({"name": "No Spaces"}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": "a", "more": 1}, "/more"),
        ([], ""),
        (b"{", ""),
        (b'{"name":"a","name":"b"}', "/name"),
    ],
)
def test_a_bad_tenant_is_400(server: Server, body: object, path: str) -> None:
    answer = server.ask("POST", "/v1/tenants", body)
    assert (answer.status, answer.code, answer.json["path"]) == (400, "malformed", path)


def test_tenants_are_listed_page_by_page(server: Server) -> None:
    names = [f"listed-{i}" for i in range(5)]
    for name in names:
        server.ask("POST", "/v1/tenants", {"name": name})
    found: list[str] = []
    after = ""
    while True:
        page = server.ask("GET", f"/v1/tenants?limit=2{after}").json
        found += [one["name"] for one in page["tenants"]]
        if not page["has_more"]:
            break
        after = f"&after={page['next']}"
    assert [name for name in found if name in names] == names
    assert len(found) == len(set(found))


def test_a_key_is_shown_once(server: Server, tenant: str) -> None:
    wanted = {"tenants": [tenant], "scopes": ["read"], "label": "for the auditor"}
    made = server.ask("POST", "/v1/keys", wanted)
    assert made.status == 201
    told = made.json
    text = told.pop("key")
    assert text.startswith(f"tly_{told['key_id']}_")
    keys = {one["key_id"]: one for one in server.ask("GET", "/v1/keys?limit=1000").json["keys"]}
    assert keys[told["key_id"]] == told
    assert text.split("_")[2] not in server.ask("GET", "/v1/keys?limit=1000").body.decode()


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["root"]}, "/scopes"),
        ({"tenants": []}, "/tenants"),
        ({"tenants": "some"}, "/tenants"),
        ({"events_per_minute": 0}, "/events_per_minute"),
        ({"expires_at": "tomorrow"}, "/expires_at"),
        ({"expires_at": "2026-11-24T00:00:00"}, "/expires_at"),
        ({"creates_tenants": True}, "/creates_tenants"),
        ({"secret": "mine"}, "/secret"),
    ],
)
def test_a_bad_key_is_400(server: Server, tenant: str, more: dict[str, object], path: str) -> None:
    wanted = {"tenants": [tenant], "scopes": ["read"], **more}
    answer = server.ask("POST", "/v1/keys", wanted)
    assert (answer.status, answer.code, answer.json["path"]) == (400, "malformed", path)


def test_an_action_is_declared_and_read_back(server: Server, tenant: str) -> None:
    path = f"/v1/catalogue/parcel.sent?tenant={tenant}"
    assert server.ask("GET", path).code == "not-found"
    entry = {"title": "Parcel sent", "clear": ["/targets/*/id"], "class": "short"}
    put = server.ask("PUT", path, entry)
    assert put.status == 200, put
    got = server.ask("GET", path).json
    assert {name: got[name] for name in entry} == entry
    assert server.ask("PUT", path, entry).json["path"] == "/version"
    assert server.ask("PUT", path, {**entry, "version": 2}).status == 200


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"action": "other.sent"}, "/action"),
        ({"clear": ["/actor/email"]}, "/clear/0"),
        ({"crud": "destroy"}, "/crud"),
        ({"title": ""}, "/title"),
    ],
)
def test_a_bad_declaration_is_400(
    server: Server, tenant: str, more: dict[str, object], path: str
) -> None:
    answer = server.ask(
        "PUT", f"/v1/catalogue/parcel.lost?tenant={tenant}", {"title": "Parcel lost", **more}
    )
    assert (answer.status, answer.json["path"]) == (400, path)


def test_a_pack_is_in_force_until_the_tenant_declares_otherwise(server: Server, key: str) -> None:
    assert server.ask("GET", "/v1/catalogue/key.created", key=key).json["title"]


def test_a_person_is_found_erased_after_a_dry_run_and_then_unknown(
    server: Server, tenant: str, key: str
) -> None:
    event = reference_event(5)
    server.ask("POST", "/v1/events", event, key=key)
    path = f"/v1/subjects/{PERSON}?tenant={tenant}"
    found = server.ask("GET", path).json
    assert found["entries"] == 1

    erasure = f"/v1/subjects/{PERSON}/erasure?tenant={tenant}"
    dry = server.ask("POST", erasure, {"reason": "asked by mail"}).json
    assert (dry["state"], dry["entries"]) == ("dry_run", 1)
    assert server.ask("GET", f"/v1/events/{event['id']}", key=key).json["actor"]["id"] == PERSON

    other = {"reason": "another reason", "confirm": dry["confirm"]}
    assert server.ask("POST", erasure, other).code == "conflict"
    wanted = {"reason": "asked by mail", "confirm": dry["confirm"]}
    done = server.ask("POST", erasure, wanted)
    assert (done.status, done.json["state"]) == (200, "erased")

    shown = server.ask("GET", f"/v1/events/{event['id']}", key=key).json
    assert "/actor/id" in shown["erased"]
    assert str(PERSON) not in server.ask("GET", f"/v1/events/{event['id']}", key=key).body.decode()
    assert server.ask("GET", path).code == "not-found"
    assert server.ask("POST", erasure, wanted).code == "not-found"
    again = server.ask("POST", "/v1/events", event, key=key)
    (result,) = again.json["results"]
    assert (again.status, result["status"], result["content"]) == (
        200,
        "duplicate",
        "unverifiable",
    )


@pytest.mark.parametrize(
    ("body", "path"),
    [({}, "/reason"), ({"reason": " "}, "/reason"), ({"reason": "a", "x": 1}, "/x")],
)
def test_a_bad_erasure_is_400(
    server: Server, tenant: str, key: str, body: object, path: str
) -> None:
    server.ask("POST", "/v1/events", reference_event(5), key=key)
    answer = server.ask("POST", f"/v1/subjects/{PERSON}/erasure?tenant={tenant}", body)
    assert (answer.status, answer.json["path"]) == (400, path)
