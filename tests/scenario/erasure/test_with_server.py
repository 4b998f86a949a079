"""Erasure over HTTP: the person is gone from the data folder and from the server's own log."""

import time

from kit.forensics import traces
from kit.server import Server, running_server

PERSON = "nadia.f-90210"
NAME = "Nadia Ferreira-Okonkwo"
EMAIL = "nadia.f@victim.example"
TRACES = (PERSON, NAME, EMAIL, "203.0.113.250")
ID = "0199e0aa-0000-7000-8def-0000000000aa"


def event() -> dict[str, object]:
    return {
        "id": ID,
        "action": "document.shared_widely",
        "occurred_at": "2026-11-24T10:00:00Z",
        "actor": {"type": "user", "id": PERSON, "name": NAME, "email": EMAIL},
        "context": {"ip": "203.0.113.250"},
        "message": f"{NAME} <{EMAIL}> shared a document",
    }


def erase(server: Server) -> None:
    path = f"/v1/subjects/{PERSON}/erasure?tenant=acme"
    planned = server.ask("POST", path, {"reason": "asked for it"})
    assert planned.status == 200, planned
    confirmed = {"reason": "asked for it", "confirm": planned.json["confirm"]}
    done = server.ask("POST", path, confirmed)
    assert done.status == 200, done


def test_nothing_of_an_erased_person_is_left_below_the_folder_or_in_the_log() -> None:
    with running_server(epoch_s=1) as server:
        key = server.key("acme")
        assert server.ask("POST", "/v1/events", event(), key=key).status == 201
        assert server.ask("GET", f"/v1/events/{ID}", key=key).json["actor"]["email"] == EMAIL
        receipt = server.ask("GET", f"/v1/events/{ID}/receipt?wait=20", key=key)
        assert receipt.status == 200, receipt

        erase(server)

        shown = server.ask("GET", f"/v1/events/{ID}", key=key)
        assert "/actor/email" in shown.json["erased"], shown
        again = server.ask("POST", "/v1/events", event(), key=key)
        assert again.json["results"][0]["content"] == "unverifiable", again
        deadline = time.monotonic() + 20
        while traces(server.data, TRACES) and time.monotonic() < deadline:
            time.sleep(0.5)
        assert traces(server.data, TRACES) == []
        assert traces(server.log.parent, TRACES) == []
