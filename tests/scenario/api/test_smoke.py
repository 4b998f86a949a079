"""POST, show, receipt: what the product is for, on a real server."""

from base64 import b64decode
from hashlib import sha256

from kit.events import reference_event
from kit.server import Server
from tallystick.verify.fsck import Verdict
from tallystick.verify.pins import Pins
from tallystick.verify.verification import verify_receipt


def test_an_event_is_recorded_shown_and_proved(server: Server, key: str) -> None:
    event = reference_event(1)

    posted = server.ask("POST", "/v1/events", event, key=key)
    assert posted.status == 201
    (result,) = posted.json["results"]
    assert result["status"] == "recorded"
    assert (result["id"], result["index"]) == (event["id"], 0)

    shown = server.ask("GET", f"/v1/events/{event['id']}", key=key).json
    assert {name: shown[name] for name in event} == event
    assert {name: shown[name] for name in ("log", "index", "leaf_hash")} == {
        name: result[name] for name in ("log", "index", "leaf_hash")
    }
    assert "erased" not in shown

    receipt = server.ask("GET", f"/v1/events/{event['id']}/receipt?wait=30", key=key)
    assert receipt.status == 200, receipt
    entry = b64decode(receipt.json["entry"])
    assert sha256(b"\x00" + entry).hexdigest() == result["leaf_hash"]  # RFC 6962 §2.1
    (vkey,) = server.ask("GET", "/.well-known/tallystick", key="").json["vkeys"]
    report = verify_receipt(receipt.body, Pins.of_key(vkey))
    assert report.verdict == Verdict.INTACT, report


def test_a_receipt_is_pending_until_its_epoch(server: Server, key: str) -> None:
    event = reference_event(2)
    server.ask("POST", "/v1/events", event, key=key)
    answer = server.ask("GET", f"/v1/events/{event['id']}/receipt", key=key)
    assert answer.status in {200, 202}
    if answer.status == 202:
        assert answer.json == {"state": "pending", "id": event["id"]}
        assert int(answer.headers["retry-after"]) > 0
