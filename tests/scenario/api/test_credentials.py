"""Who may ask: all ways to present a key mean the same, all failures look the same."""

import time
from base64 import b64encode

import pytest

from kit.events import reference_event
from kit.server import Answer, Server


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


def ask(server: Server, value: str, path: str = "/v1/events") -> Answer:
    return server.ask("GET", path, key="", headers={"Authorization": value})


def forms(key: str) -> dict[str, str]:
    return {
        "Bearer": f"Bearer {key}",
        "lower case": f"bearer {key}",
        "Splunk": f"Splunk {key}",
        "ApiKey": f"ApiKey {key}",
        "ApiKey in base64": f"ApiKey {b64(key)}",
        "ApiKey with an id": f"ApiKey {b64('some-id:' + key)}",
        "Basic as password": f"Basic {b64('elastic:' + key)}",
        "Basic as user": f"Basic {b64(key + ':')}",
    }


@pytest.mark.parametrize("form", forms(""))
def test_every_form_of_a_key_means_the_same(server: Server, key: str, form: str) -> None:
    assert ask(server, forms(key)[form]).status == 200


BAD = {
    "none": "",
    "another scheme": "Digest abc",
    "no key": "Bearer",
    "not a key": "Bearer hello",
    "of the right form, unknown": f"Bearer tly_{'0' * 16}_{'0' * 64}",
    "Basic that is no base64": "Basic !!!",
    "ApiKey of other bytes": f"ApiKey {b64encode(bytes(range(200, 256))).decode()}",
    "not ASCII": "Bearer t\u00e9",
    "very long": "Bearer " + "a" * 6_000,
}


@pytest.mark.parametrize("name", BAD)
def test_every_failure_is_the_same_401(server: Server, name: str) -> None:
    headers = {"Authorization": BAD[name]} if BAD[name] else {}
    answer = server.ask("GET", "/v1/events", key="", headers=headers)
    assert answer.status == 401
    assert answer.headers["www-authenticate"].startswith("Bearer ")
    told = answer.json
    del told["request_id"]
    assert told == {
        "type": "urn:tallystick:problem:unauthenticated",
        "title": "No valid credential",
        "status": 401,
        "detail": "credential: none that is valid, want an API key",
        "code": "unauthenticated",
    }


def test_a_key_with_another_secret_is_unknown(server: Server, key: str) -> None:
    changed = key[:-1] + ("0" if key[-1] != "0" else "1")
    assert ask(server, f"Bearer {changed}").status == 401


def test_an_expired_and_a_revoked_key_look_like_an_unknown_one(server: Server, tenant: str) -> None:
    expired = server.key(tenant, expires_at="2020-01-01T00:00:00Z")
    revoked = server.key(tenant)
    assert ask(server, f"Bearer {revoked}").status == 200
    key_id = revoked.split("_")[1]
    assert server.ask("DELETE", f"/v1/keys/{key_id}").status == 204
    answers = [ask(server, f"Bearer {key}") for key in (expired, revoked)]
    assert [answer.status for answer in answers] == [401, 401]
    assert server.ask("DELETE", f"/v1/keys/{key_id}").code == "not-found"


@pytest.mark.parametrize(
    ("scope", "method", "path"),
    [
        ("read", "POST", "/v1/events"),
        ("ingest", "GET", "/v1/events"),
        ("ingest", "GET", f"/v1/events/{reference_event(1)['id']}"),
        ("ingest", "GET", f"/v1/events/{reference_event(1)['id']}/receipt"),
        ("ingest", "GET", "/v1/logs"),
        ("ingest", "GET", f"/v1/logs/{'0' * 32}/checkpoint"),
        ("ingest", "GET", f"/v1/logs/{'0' * 32}/tile/0/000"),
        ("read", "GET", "/v1/keys"),
        ("read", "POST", "/v1/keys"),
        ("read", "DELETE", "/v1/keys/abc"),
        ("read", "GET", "/v1/tenants"),
        ("read", "POST", "/v1/tenants"),
        ("ingest", "GET", "/v1/catalogue/document.deleted"),
        ("read", "PUT", "/v1/catalogue/document.deleted"),
        ("read", "GET", "/v1/subjects/u1"),
        ("read", "POST", "/v1/subjects/u1/erasure"),
    ],
)
def test_a_key_without_the_scope_is_403(
    server: Server, tenant: str, scope: str, method: str, path: str
) -> None:
    body = b"{}" if method in {"POST", "PUT"} else None
    answer = server.ask(method, path, body, key=server.key(tenant, scope))
    assert (answer.status, answer.code) == (403, "forbidden")


def test_refusals_are_recorded_once_a_minute_and_counted(server: Server, tenant: str) -> None:
    read_only = server.key(tenant, "read")
    for _ in range(20):
        assert server.ask("POST", "/v1/events", b"{}", key=read_only).status == 403
    reader = server.key(tenant)
    deadline = time.monotonic() + 10
    found: list[dict[str, object]] = []
    while not found and time.monotonic() < deadline:
        page = server.ask("GET", "/v1/events?stream=access&limit=1000", key=reader).json
        found = [one for one in page["events"] if one["action"] == "access.refused"]
    (refused,) = found
    assert refused["actor"] == {"type": "api_key", "id": read_only.split("_")[1]}
    assert refused["metadata"] == {"refusals": 1, "status": 403}


def log_with(server: Server, request_id: str) -> str:
    """The server's log once it tells of a request."""
    deadline = time.monotonic() + 10
    while request_id not in (written := server.log.read_text()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return written


def test_no_credential_reaches_the_log(server: Server, key: str) -> None:
    for value in forms(key).values():
        ask(server, value)
    refused = ask(server, "Bearer hunter2-is-my-password").headers["x-request-id"]
    written = log_with(server, refused)
    assert key not in written
    assert key.split("_")[2] not in written
    assert "hunter2" not in written


def test_a_person_in_a_path_does_not_reach_the_log(server: Server, tenant: str) -> None:
    path = f"/v1/subjects/canary%40example.com?tenant={tenant}&note=canary-query"
    assert server.ask("GET", path).status == 404
    nowhere = server.ask("GET", "/nowhere/canary%40example.com")
    assert nowhere.status == 404
    assert "canary" not in log_with(server, nowhere.headers["x-request-id"])
