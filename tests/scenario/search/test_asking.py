"""Searching a real server by HTTP: what is found, what is told, and what is recorded of it."""

import json
from collections.abc import Iterator
from http.client import HTTPConnection
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from kit.server import Answer, Server, running_server

MESSAGES = ("Quarterly report gone", "Nothing of note", "quarterly figures, one report")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with running_server(engine=True) as running:
        yield running


@pytest.fixture(scope="module")
def acme(server: Server) -> str:
    """A key of acme, which has three events, and of which globex's one is hidden."""
    key, other = server.key("acme"), server.key("globex")
    for number, message in enumerate(MESSAGES):
        record(server, key, number, message)
    record(server, other, 8, "Quarterly report of globex")
    server.wait_for_index(key)
    server.wait_for_index(other)
    return key


def record(server: Server, key: str, number: int, message: str) -> str:
    event = {
        "action": "document.deleted",
        "occurred_at": f"2026-11-0{number + 1}T10:00:00Z",
        "actor": {"type": "user", "id": f"u-{number}", "email": f"u{number}@acme.com"},
        "targets": [{"type": "document", "id": f"d-{number}"}],
        "message": message,
        "duration_ms": number * 100,
    }
    answer = server.ask("POST", "/v1/events", event, key=key)
    assert answer.status == 201, answer
    return str(answer.json["results"][0]["id"])


def search(server: Server, key: str, line: str = "", **more: object) -> Answer:
    return server.ask("GET", f"/v1/search?{urlencode({'q': line, **more})}", key=key)


def messages(answer: Answer) -> list[str]:
    assert answer.status == 200, answer
    return [event["message"] for event in answer.json["events"]]


def last_read(server: Server, key: str) -> dict[str, Any]:
    listed = server.ask("GET", "/v1/events?stream=access&order=desc&limit=1", key=key)
    return dict(listed.json["events"][0])


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("", (2, 1, 0)),
        ("report", (2, 0)),
        ('"quarterly report"', (0,)),
        ("DELETE", (2, 1, 0)),
        ("actor.email:u1@*", (1,)),
        ("duration_ms:>=100 -report", (1,)),
        ("targets.id:d-0 OR targets.id:d-2", (2, 0)),
        ("globex", ()),
        ("tenant:globex", ()),
        ("tenant:acme until:2026-11-02", (0,)),
    ],
)
def test_a_line_finds_events_of_the_own_tenant(
    server: Server, acme: str, line: str, found: tuple[int, ...]
) -> None:
    answer = search(server, acme, line)
    assert messages(answer) == [MESSAGES[number] for number in found]
    assert answer.json["total"] == answer.json["shown"] == len(found)


def test_a_body_asks_the_same(server: Server, acme: str) -> None:
    body = {"q": "report", "sort": "duration_ms", "limit": 1}
    answer = server.ask("POST", "/v1/search", body, key=acme)
    assert messages(answer) == [MESSAGES[0]]
    assert (answer.json["total"], answer.json["has_more"]) == (2, True)


def test_a_cursor_goes_on_and_is_refused_elsewhere(server: Server, acme: str) -> None:
    first = search(server, acme, "quarterly", limit=1)
    after = first.json["next"]
    rest = search(server, acme, "quarterly", limit=1, after=after)
    assert [*messages(first), *messages(rest)] == [MESSAGES[2], MESSAGES[0]]
    assert (rest.json["next"], rest.json["has_more"]) == (None, False)
    for line, more in (("report", {}), ("quarterly", {"sort": "occurred_at"})):
        refused = search(server, acme, line, after=after, **more)
        assert (refused.status, refused.json["path"]) == (400, "/after")
    other = server.ask("GET", f"/v1/search?q=quarterly&tenant=globex&after={after}")
    assert (other.status, other.json["path"]) == (400, "/after")


def test_a_search_is_recorded_with_its_question(server: Server, acme: str) -> None:
    search(server, acme, 'actor.id:u-1 "quarterly report"', limit=7)
    read = last_read(server, acme)
    assert read["action"] == "events.searched"
    assert read["metadata"]["q"] == 'actor.id:u-1 "quarterly report"'
    assert (read["metadata"]["limit"], read["metadata"]["total"]) == (7, 0)


def test_counts_are_recorded_too(server: Server, acme: str) -> None:
    for path in ("histogram?q=report", "facets?q=report&field=action"):
        assert server.ask("GET", f"/v1/search/{path}", key=acme).status == 200
        read = last_read(server, acme)
        assert (read["action"], read["metadata"]["q"]) == ("events.counted", "report")


def test_searches_are_found_only_by_who_asks_for_them(server: Server, acme: str) -> None:
    search(server, acme, "unheard-of")
    server.wait_for_index(acme)
    assert search(server, acme, "unheard-of").json["total"] == 0
    body = {"q": "unheard-of action:events.searched", "stream": "access"}
    for _ in range(100):
        if server.ask("POST", "/v1/search", body, key=acme).json["total"]:
            return
    pytest.fail("the access stream can't be searched")


@pytest.mark.parametrize(
    ("line", "more", "why"),
    [
        ("nonsense", {}, "none of the tenant's 3 events fits"),
        ("report", {"since": "2026-11-04"}, "the time range begins after the last event"),
        ("report", {"until": "2026-10-01"}, "the time range ends before the first event"),
        ("action:document.deleted", {"since": "2026-11-02T11", "until": "2026-11-03"}, "3 events"),
    ],
)
def test_nothing_found_has_a_reason(
    server: Server, acme: str, line: str, more: dict[str, str], why: str
) -> None:
    answer = search(server, acme, line, **more)
    assert (answer.status, answer.json["total"]) == (200, 0)
    assert why in answer.json["why_empty"]


def test_a_histogram_has_every_interval(server: Server, acme: str) -> None:
    answer = server.ask("GET", "/v1/search/histogram?q=report&interval=day", key=acme)
    assert [(b["start"][:10], b["count"]) for b in answer.json["buckets"]] == [
        ("2026-11-01", 1),
        ("2026-11-02", 0),
        ("2026-11-03", 1),
    ]


@pytest.mark.parametrize("zone", ["%2B14:00", "+14:00", "Pacific/Kiritimati"])
def test_a_day_begins_where_the_zone_says(server: Server, acme: str, zone: str) -> None:
    path = f"/v1/search/histogram?interval=day&time_zone={zone}"
    buckets = server.ask("GET", path, key=acme).json["buckets"]
    assert [bucket["start"] for bucket in buckets] == [
        f"2026-{day}T10:00:00Z" for day in ("11-01", "11-02", "11-03")
    ]


def test_facets_count_values(server: Server, acme: str) -> None:
    answer = server.ask("GET", "/v1/search/facets?field=targets.id,duration_ms&limit=2", key=acme)
    ids, durations = answer.json["facets"]
    assert (ids["field"], ids["distinct"], len(ids["values"])) == ("targets.id", 3, 2)
    assert durations["values"][0] == {"value": 0, "count": 1}


@pytest.mark.parametrize(
    ("query", "path"),
    [
        ("q=foo:bar", ""),
        ("q=action:(", ""),
        ("since=tomorrowish", ""),
        ("sort=nothing", "/field"),
        ("stream=secrets", "/stream"),
        ("limit=0", "/limit"),
        ("limit=1001", "/limit"),
        ("after=AAAA", "/after"),
        ("after=%F0", "/after"),
        ("time_zone=Mars", ""),
        ("time_zone=%2B01:99", ""),
    ],
)
def test_what_is_not_of_its_form_is_refused(
    server: Server, acme: str, query: str, path: str
) -> None:
    answer = server.ask("GET", f"/v1/search?{query}", key=acme)
    assert (answer.status, answer.json["path"]) == (400, path), answer


def test_a_masked_key_neither_sees_nor_finds_what_is_sealed(server: Server, acme: str) -> None:
    masked = server.key("acme", "read-masked")
    answer = search(server, masked)
    event = answer.json["events"][0]
    assert event["actor"] == {"type": "user"}
    assert "message" not in event
    assert answer.json["masked"] == ["actor.email", "actor.id", "message"]
    assert answer.json["total"] == 3
    for line in ("report", "actor.id:u-1", "actor.email:*", '"quarterly report"', "u1@acme.com"):
        assert search(server, masked, line).json["total"] == 0, line
    facets = server.ask("GET", "/v1/search/facets?field=actor.id", key=masked).json["facets"]
    assert facets[0]["values"] == []
    assert server.ask("GET", "/v1/events", key=masked).status == 403


def test_an_erased_person_is_found_no_more(server: Server) -> None:
    key = server.key("initech", "ingest", "read", "admin")
    record(server, key, 1, "leaves, says u1@acme.com")
    record(server, key, 2, "stays")
    server.wait_for_index(key)
    assert search(server, key, "actor.id:u-1").json["total"] == 1
    path = "/v1/subjects/u-1/erasure"
    confirm = server.ask("POST", path, {"reason": "asked"}, key=key).json["confirm"]
    server.ask("POST", path, {"reason": "asked", "confirm": confirm}, key=key)
    for line in ("actor.id:u-1", "leaves", "u1@acme.com"):
        assert search(server, key, line).json["total"] == 0, line
    assert search(server, key, "stays").json["total"] == 1


def test_a_tail_sends_what_comes_and_goes_on_at_its_cursor(server: Server) -> None:
    key = server.key("hooli")
    record(server, key, 1, "before")
    server.wait_for_index(key)
    last = tailed(server, key, "")[1]
    wanted = [record(server, key, number, f"wanted {number}") for number in (3, 2)]
    record(server, key, 4, "other")
    server.wait_for_index(key)
    events, last = tailed(server, key, last)
    assert [event["id"] for event in events] == wanted  # as they came, whenever they occurred
    assert tailed(server, key, last)[0] == []
    assert last_read(server, key)["action"] == "events.tailed"
    refused = server.ask("GET", "/v1/tail?stream=access", key=key)
    assert refused.status == 400


def tailed(server: Server, key: str, last: str) -> tuple[list[dict[str, Any]], str]:
    """Read a tail to its end: the events, and where to go on."""
    connection = HTTPConnection(server.url.removeprefix("http://"), timeout=30)
    headers = {"Authorization": f"Bearer {key}", **({"Last-Event-ID": last} if last else {})}
    connection.request("GET", f"/v1/tail?q={quote('wanted')}&wait_s=0", headers=headers)
    answer = connection.getresponse()
    assert answer.headers["content-type"].startswith("text/event-stream")
    events = []
    for line in answer.read().decode().splitlines():
        name, _, value = line.partition(": ")
        if name == "id":
            last = value
        elif name == "data":
            events.append(json.loads(value))
    connection.close()
    return events, last
