"""The contract of ``POST /v1/events``: what is answered, and what is then in the log."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import zstandard

from kit.events import reference_event
from kit.server import Answer, Server


def post(server: Server, key: str, body: object, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.ask("POST", "/v1/events", body, key=key, headers=named)


def statuses(answer: Answer) -> list[str]:
    return [result["status"] for result in answer.json["results"]]


def listed(server: Server, key: str) -> list[Any]:
    events = server.ask("GET", "/v1/events?limit=1000", key=key).json["events"]
    return [(event["id"], event["index"]) for event in events]


def lines(events: list[dict[str, object]]) -> bytes:
    return b"".join(json.dumps(event).encode() + b"\n" for event in events)


def test_one_event_an_array_and_lines_are_recorded_in_order(server: Server, key: str) -> None:
    events = [reference_event(i) for i in range(10, 17)]
    assert statuses(post(server, key, events[0])) == ["recorded"]
    assert statuses(post(server, key, events[1:4])) == ["recorded"] * 3
    answer = post(server, key, lines(events[4:]), Content_Type="application/x-ndjson")
    assert statuses(answer) == ["recorded"] * 3
    assert listed(server, key) == [(event["id"], i) for i, event in enumerate(events)]


@pytest.mark.parametrize("encoding", ["gzip", "zstd", "zstd without size", "two members"])
def test_a_compressed_body_means_the_same(server: Server, key: str, encoding: str) -> None:
    events = [reference_event(i) for i in range(20, 30)]
    body = json.dumps(events).encode()
    unsized = zstandard.ZstdCompressor(write_content_size=False)
    packed = {
        "gzip": gzip.compress(body),
        "zstd": zstandard.compress(body),
        "zstd without size": unsized.compress(body),
        "two members": gzip.compress(body[:99]) + gzip.compress(body[99:]),
    }[encoding]
    name = "zstd" if encoding.startswith("zstd") else "gzip"
    assert statuses(post(server, key, packed, Content_Encoding=name)) == ["recorded"] * 10
    assert listed(server, key) == [(event["id"], i) for i, event in enumerate(events)]


def test_a_resend_is_a_duplicate_at_the_same_place(server: Server, key: str) -> None:
    first = post(server, key, reference_event(40))
    again = post(server, key, reference_event(40))
    assert (first.status, again.status) == (201, 200)
    (recorded,), (duplicate,) = first.json["results"], again.json["results"]
    assert duplicate == {**recorded, "status": "duplicate"}


def test_another_event_with_the_same_id_is_a_conflict(server: Server, key: str) -> None:
    post(server, key, reference_event(41))
    answer = post(server, key, {**reference_event(41), "outcome": "failure"})
    assert answer.status == 409
    assert answer.json["results"] == [{"status": "conflict", "id": reference_event(41)["id"]}]
    assert len(listed(server, key)) == 1


def test_the_good_ones_of_a_mixed_batch_are_recorded(server: Server, key: str) -> None:
    good = [reference_event(50), reference_event(51)]
    bad = {**reference_event(52), "outcome": "splendid"}
    answer = post(server, key, [good[0], bad, 7, good[1]])
    assert answer.status == 201
    assert statuses(answer) == ["recorded", "refused", "refused", "recorded"]
    refused = answer.json["results"][1]
    assert (refused["path"], refused["id"]) == ("/outcome", bad["id"])
    assert refused["reason"]
    assert listed(server, key) == [(event["id"], i) for i, event in enumerate(good)]


def test_a_bad_line_does_not_spoil_the_others(server: Server, key: str) -> None:
    body = lines([reference_event(60)]) + b'{"action":\n' + lines([reference_event(61)])
    answer = post(server, key, body, Content_Type="application/x-ndjson")
    assert answer.status == 201
    assert statuses(answer) == ["recorded", "refused", "recorded"]


def test_a_batch_of_bad_events_is_422_and_changes_nothing(server: Server, key: str) -> None:
    answer = post(server, key, [{}, {"action": "Not An Action"}])
    assert answer.status == 422
    assert statuses(answer) == ["refused", "refused"]
    assert listed(server, key) == []


def test_the_streams_of_a_tenant_are_apart(server: Server, key: str) -> None:
    activity = {**reference_event(70), "stream": "activity"}
    answer = post(server, key, [reference_event(71), activity])
    assert statuses(answer) == ["recorded", "recorded"]
    assert len({result["log"] for result in answer.json["results"]}) == 2
    events = server.ask("GET", "/v1/events?stream=activity", key=key).json["events"]
    assert [event["id"] for event in events] == [activity["id"]]


def test_nobody_writes_the_access_stream(server: Server, key: str) -> None:
    answer = post(server, key, {**reference_event(72), "stream": "access"})
    assert (answer.status, answer.json["results"][0]["path"]) == (422, "/stream")


def test_an_action_of_the_server_cannot_be_forged(server: Server, key: str) -> None:
    answer = post(server, key, {**reference_event(73), "action": "subject.erased"})
    assert (answer.status, answer.json["results"][0]["path"]) == (422, "/action")


def test_an_event_without_id_gets_one(server: Server, key: str) -> None:
    event = reference_event(74)
    del event["id"]
    (result,) = post(server, key, event).json["results"]
    assert server.ask("GET", f"/v1/events/{result['id']}", key=key).status == 200


def test_the_version_header_is_checked_if_it_is_there(server: Server, key: str) -> None:
    known = post(server, key, reference_event(75), Tallystick_Version="2026-11-24")
    other = post(server, key, reference_event(76), Tallystick_Version="1999-01-01")
    assert (known.status, other.status, other.code) == (201, 400, "malformed")


def test_ten_thousand_events_pass_and_one_more_does_not(server: Server, key: str) -> None:
    event = reference_event(80)
    del event["id"]
    assert post(server, key, [event] * 10_001).code == "too-large"
    assert listed(server, key) == []
    assert post(server, key, [event] * 10_000).status == 201


def test_many_small_requests_at_once_are_each_answered_their_own(server: Server, key: str) -> None:
    with ThreadPoolExecutor(32) as pool:
        events = [reference_event(i) for i in range(1_000, 1_200)]
        answers = list(pool.map(lambda event: post(server, key, event), events))
    results = [answer.json["results"][0] for answer in answers]
    assert [result["id"] for result in results] == [event["id"] for event in events]
    assert sorted(result["index"] for result in results) == list(range(200))
    assert sorted(listed(server, key)) == sorted((r["id"], r["index"]) for r in results)
