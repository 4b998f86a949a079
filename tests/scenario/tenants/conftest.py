"""One server with a tenant whose every value is a canary, and strangers who ask for it."""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest

from kit import exported
from kit.canaries import Canaries, canary_declaration, canary_event
from kit.events import reference_event
from kit.server import Server, running_server
from kit.strangers import Owner, Stranger, Things

_numbers = count(1)


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data folder of the server."""
    return tmp_path_factory.mktemp("tenants") / "data"


@pytest.fixture(scope="session")
def server(house: Path) -> Iterator[Server]:
    """A server with one door and an epoch a second."""
    with running_server(data=house, engine=True) as running:
        yield running


@pytest.fixture(scope="session")
def owner(server: Server) -> Owner:
    """A tenant that has used everything there is, and left a canary wherever one goes in."""
    mint = Canaries("the owner")
    tenant = mint.word()
    key = server.key(
        tenant,
        "ingest",
        "read",
        "admin",
        label=mint.text(),
        events_per_minute=mint.number(),
        bytes_per_minute=mint.number(),
        expires_at=mint.moment(),
    )
    _, key_id, secret = key.split("_")
    mint.adopt(key_id)
    mint.adopt(secret)
    action, undeclared = (f"{mint.word()}.{mint.word()}" for _ in range(2))
    for name in (action, action, "document.deleted"):
        entry = {**canary_declaration(mint, name), "version": 100 + len(mint.known)}
        assert server.ask("PUT", f"/v1/catalogue/{name}", entry, key=key).status == 200
    erased = canary_event(mint, action)
    events = [
        canary_event(mint, action),
        canary_event(mint, undeclared, stream="activity"),
        canary_event(mint, "document.deleted", external_id=mint.word()),
        erased,
    ]
    answer = server.ask("POST", "/v1/events", events, key=key)
    assert [one["status"] for one in answer.json["results"]] == ["recorded"] * 4, answer
    for one in answer.json["results"]:
        for value in (one["id"], one["log"], one["leaf_hash"]):
            mint.adopt(value)
    event = answer.json["results"][0]["id"]
    receipt = server.ask("GET", f"/v1/events/{event}/receipt?wait=30", key=key)
    assert receipt.status == 200
    for log in server.ask("GET", "/v1/logs", key=key).json["logs"]:
        mint.adopt(log["log"])
    gone = str(erased["actor"]["id"])
    ref = _erase(server, key, gone, mint.text())
    saved = {"name": mint.text(), "q": f'"{mint.word()}"', "shared": True}
    kept = server.ask("POST", "/v1/saved-searches", saved, key=key)
    assert kept.status == 201, kept
    name = exported.ask(server, key, q=f'"{mint.word()}" OR *', stream="audit,access")
    made = exported.wait(server, key, name)
    assert made["state"] == "done", made
    mint.adopt(made["sha256"])
    things = Things(
        tenant=tenant,
        event=event,
        external=str(events[2]["external_id"]),
        log=answer.json["results"][0]["log"],
        key=key_id,
        person=str(events[0]["actor"]["id"]),
        erased=gone,
        ref=mint.adopt(ref),
        action=action,
        saved=mint.adopt(kept.json["id"]),
        export=mint.adopt(name),
    )
    return Owner(things, mint, key)


def _erase(server: Server, key: str, person: str, reason: str) -> str:
    path = f"/v1/subjects/{person}/erasure"
    trial = server.ask("POST", path, {"reason": reason}, key=key)
    confirmed = {"reason": reason, "confirm": trial.json["confirm"]}
    assert server.ask("POST", path, confirmed, key=key).json["state"] == "erased"
    return str(trial.json["ref"])


@pytest.fixture(scope="session")
def nobodys(owner: Owner) -> Things:
    """Names of the same form for things that do not exist."""
    mint = Canaries("nobody")
    return Things(
        tenant=mint.word(),
        event=mint.uuid(),
        external=mint.word(),
        log=mint.hex(32),
        key=mint.hex(16),
        person=mint.word(),
        erased=mint.word(),
        ref=mint.hex(32),
        action=f"{mint.word()}.{mint.word()}",
        saved=mint.hex(32),
        export=mint.hex(32),
    )


@pytest.fixture
def stranger(server: Server) -> Stranger:
    """A tenant with things of its own, that no other test knows."""
    tenant, second = (f"stranger-{next(_numbers)}" for _ in range(2))
    everything = ("ingest", "read", "admin")
    keys = {
        "reader": server.key(tenant),
        "sender": server.key(tenant, "ingest"),
        "admin": server.key(tenant, *everything, label="the admin's"),
        "limited": server.key(tenant, events_per_minute=1),
    }
    server.key(second)
    wanted = {"tenants": [tenant, second], "scopes": list(everything)}
    keys["admin of two"] = server.ask("POST", "/v1/keys", wanted).json["key"]
    for number, key in enumerate((keys["sender"], keys["limited"])):
        recorded = server.ask("POST", "/v1/events", reference_event(number), key=key)
        assert recorded.status == 201
    return Stranger(tenant, keys)
