"""The credential fixes the set of tenants (DESIGN §1.6)."""

import pytest

from kit.events import reference_event
from kit.server import Server


def event(i: int, **more: object) -> dict[str, object]:
    return {**reference_event(i), **more}


@pytest.fixture
def two(server: Server, tenant: str) -> tuple[str, str, str]:
    """Two tenants, and a key for both."""
    other = f"{tenant}-b"
    assert server.ask("POST", "/v1/tenants", {"name": other}).status == 201
    wanted = {"tenants": [tenant, other], "scopes": ["ingest", "read"]}
    return tenant, other, server.ask("POST", "/v1/keys", wanted).json["key"]


def test_a_key_for_one_tenant_refuses_to_be_told_one(server: Server, tenant: str, key: str) -> None:
    answer = server.ask("POST", "/v1/events", event(1, tenant=tenant), key=key)
    assert (answer.status, answer.json["results"][0]["path"]) == (422, "/tenant")


def test_a_key_for_several_needs_the_tenant_and_checks_it(
    server: Server, two: tuple[str, str, str]
) -> None:
    one, other, key = two
    server.ask("POST", "/v1/tenants", {"name": "stranger"})
    batch = [
        event(1, tenant=one),
        event(1, tenant=other),
        event(2),
        event(3, tenant="stranger"),
        event(4, tenant="no-such-tenant"),
        event(5, tenant=7),
    ]
    answer = server.ask("POST", "/v1/events", batch, key=key)
    assert answer.status == 201
    results = answer.json["results"]
    assert [r["status"] for r in results] == ["recorded"] * 2 + ["refused"] * 4
    assert results[0]["log"] != results[1]["log"]
    assert [r["path"] for r in results[2:]] == ["/tenant"] * 4
    # One that exists and one that does not are told alike.
    assert results[3]["reason"] == results[4]["reason"]


def test_a_read_with_a_key_for_several_covers_one(
    server: Server, two: tuple[str, str, str]
) -> None:
    one, other, key = two
    server.ask("POST", "/v1/events", [event(1, tenant=one)], key=key)
    path = f"/v1/events/{event(1)['id']}"
    assert server.ask("GET", path, key=key).status == 400
    assert server.ask("GET", f"{path}?tenant={one}", key=key).json["tenant"] == one
    assert server.ask("GET", f"{path}?tenant={other}", key=key).status == 404
    unknown = server.ask("GET", f"{path}?tenant=no-such-tenant", key=key)
    server.ask("POST", "/v1/tenants", {"name": "stranger"})
    foreign = server.ask("GET", f"{path}?tenant=stranger", key=key)
    assert (unknown.status, foreign.status) == (403, 403)
    assert unknown.json["detail"] == foreign.json["detail"]


def test_another_tenants_events_and_logs_are_out_of_reach(
    server: Server, tenant: str, key: str
) -> None:
    other = server.key(f"{tenant}-b")
    mine = server.ask("POST", "/v1/events", event(1), key=key).json["results"][0]
    path = f"/v1/events/{mine['id']}"
    assert server.ask("GET", path, key=other).status == 404
    assert server.ask("GET", f"{path}/receipt", key=other).status == 404
    assert server.ask("GET", f"{path}?tenant={tenant}", key=other).status == 403
    for below in ("checkpoint", "tile/0/000.p/1", "tile/entries/000.p/1"):
        foreign = server.ask("GET", f"/v1/logs/{mine['log']}/{below}", key=other)
        unknown = server.ask("GET", f"/v1/logs/{'0' * 32}/{below}", key=other)
        assert (foreign.status, unknown.status) == (403, 403)
        assert foreign.json["detail"] == unknown.json["detail"]
    assert mine["log"] not in server.ask("GET", "/v1/logs", key=other).body.decode()


def test_the_same_id_in_two_tenants_is_two_events(
    server: Server, two: tuple[str, str, str]
) -> None:
    one, other, key = two
    batch = [event(1, tenant=one), event(1, tenant=other, outcome="failure")]
    answer = server.ask("POST", "/v1/events", batch, key=key)
    assert [r["status"] for r in answer.json["results"]] == ["recorded", "recorded"]


def test_a_key_that_creates_tenants_makes_them_on_first_use(server: Server, tenant: str) -> None:
    name = f"{tenant}-new"
    answer = server.ask("POST", "/v1/events", [event(1, tenant=name), event(2, tenant="No!")])
    assert [r["status"] for r in answer.json["results"]] == ["recorded", "refused"]
    tenants = server.ask("GET", "/v1/tenants?limit=1000").json["tenants"]
    assert name in [one["name"] for one in tenants]


def test_a_key_for_all_that_does_not_create_refuses_an_unknown_tenant(
    server: Server, tenant: str
) -> None:
    wanted = {"tenants": "*", "scopes": ["ingest"]}
    key = server.ask("POST", "/v1/keys", wanted).json["key"]
    batch = [event(1, tenant=tenant), event(2, tenant=f"{tenant}-new")]
    answer = server.ask("POST", "/v1/events", batch, key=key)
    assert [r["status"] for r in answer.json["results"]] == ["recorded", "refused"]


def test_an_admin_of_one_tenant_gives_no_more_than_it_has(server: Server, tenant: str) -> None:
    admin = server.key(tenant, "admin")
    server.ask("POST", "/v1/tenants", {"name": "stranger"})
    for tenants in ("*", ["stranger"], [tenant, "stranger"], ["no-such-tenant"]):
        wanted = {"tenants": tenants, "scopes": ["read"]}
        assert server.ask("POST", "/v1/keys", wanted, key=admin).status == 403
    assert server.ask("POST", "/v1/tenants", {"name": "mine"}, key=admin).status == 403
    made = server.ask("POST", "/v1/keys", {"tenants": [tenant], "scopes": ["read"]}, key=admin)
    assert made.status == 201
    shown = server.ask("GET", "/v1/keys", key=admin).json["keys"]
    assert {one["key_id"] for one in shown} >= {made.json["key_id"], admin.split("_")[1]}
    assert all(one["tenants"] == [tenant] for one in shown)
    foreign = server.admin_key.split("_")[1]
    assert server.ask("DELETE", f"/v1/keys/{foreign}", key=admin).status == 404
