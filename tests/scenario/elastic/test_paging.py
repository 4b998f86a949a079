"""Scrolls and points in time show one view of the log, whatever arrives meanwhile."""

from collections.abc import Iterator

import pytest

from kit.elastic import Json, error_of, event, hits_of, numbers, send
from kit.server import Server

COUNT = 40
LATER = range(500, 510)


@pytest.fixture(scope="module")
def key(server: Server) -> str:
    key = server.key("paging")
    send(server, key, *map(event, range(COUNT)))
    return key


@pytest.fixture(scope="module")
def arrivals(server: Server, key: str) -> Iterator[int]:
    """Numbers of events that come between two pages."""
    return iter(range(1_000, 2_000))


def scrolled(server: Server, key: str, body: Json, arrivals: Iterator[int]) -> list[int]:
    """Scroll to the end, while events arrive."""
    answer = server.ask("POST", "/audit-logs/_search?scroll=5m", body, key=key)
    shown: list[int] = []
    while hits := hits_of(answer):
        shown += numbers(hits)
        send(server, key, event(next(arrivals)))
        assert answer.json["hits"]["total"]["relation"] == "eq"
        told = {"scroll_id": answer.json["_scroll_id"], "scroll": "5m"}
        answer = server.ask("POST", "/_search/scroll", told, key=key)
    assert "_scroll_id" in answer.json
    return shown


@pytest.mark.parametrize("sort", ["_doc", [{"@timestamp": "desc"}], None])
def test_a_scroll_shows_what_there_was_when_it_began(
    server: Server, key: str, arrivals: Iterator[int], sort: object
) -> None:
    begun = server.ask("GET", "/audit-logs/_count", key=key).json["count"]
    body: Json = {"size": 17, **({} if sort is None else {"sort": sort})}
    shown = scrolled(server, key, body, arrivals)
    assert len(shown) == len(set(shown)) == begun
    assert set(range(COUNT)) <= set(shown)
    assert shown[:5] == list(range(5)) if sort == "_doc" else shown[-5:] == [4, 3, 2, 1, 0]


def test_a_scroll_has_the_total_of_its_beginning(
    server: Server, key: str, arrivals: Iterator[int]
) -> None:
    answer = server.ask("POST", "/audit-logs/_search?scroll=1m&size=5", {}, key=key)
    total = answer.json["hits"]["total"]
    send(server, key, event(next(arrivals)))
    told = {"scroll_id": answer.json["_scroll_id"]}
    assert server.ask("GET", "/_search/scroll", told, key=key).json["hits"]["total"] == total
    path = "/_search/scroll?rest_total_hits_as_int=true"
    assert server.ask("POST", path, told, key=key).json["hits"]["total"] == total["value"]


def test_each_part_of_a_scroll_is_recorded_with_its_question(server: Server, key: str) -> None:
    body = {"query": {"term": {"actor.id": "u1"}}, "size": 2}
    answer = server.ask("POST", "/audit-logs/_search?scroll=1m", body, key=key)
    told = {"scroll_id": answer.json["_scroll_id"]}
    server.ask("POST", "/_search/scroll", told, key=key)
    newest = server.ask("GET", "/v1/events?stream=access&order=desc&limit=2", key=key).json
    second, first = (entry["metadata"] for entry in newest["events"])
    assert second["query"] == first["query"]
    assert "u1" in second["query"]
    assert (second["continued"], second["shown"]) == (True, 2)


def test_closing_says_whether_there_was_one(server: Server, key: str) -> None:
    answer = server.ask("POST", "/audit-logs/_search?scroll=1m&size=1", {}, key=key)
    scroll_id = answer.json["_scroll_id"]
    for told in (scroll_id, [scroll_id]):
        closed = server.ask("DELETE", "/_search/scroll", {"scroll_id": told}, key=key)
        assert (closed.status, closed.json) == (200, {"succeeded": True, "num_freed": 1})
    closed = server.ask("DELETE", "/_search/scroll", {"scroll_id": ["nothing"]}, key=key)
    assert (closed.status, closed.json) == (404, {"succeeded": True, "num_freed": 0})


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ("scroll=1m", {"from": 1}),
        ("scroll=1m", {"size": 0}),
        ("scroll=1m", {"sort": "_doc", "search_after": [1]}),
        ("scroll=2d", {}),
        ("scroll=soon", {}),
        ("scroll=0s", {}),
    ],
)
def test_what_no_scroll_can_have_is_refused(
    server: Server, key: str, query: str, body: Json
) -> None:
    answer = server.ask("POST", f"/audit-logs/_search?{query}", body, key=key)
    assert error_of(answer)[0] == 400


def test_an_id_is_good_for_its_key_alone_and_for_a_while(server: Server, key: str) -> None:
    answer = server.ask("POST", "/audit-logs/_search?scroll=1m&size=1", {}, key=key)
    told = {"scroll_id": answer.json["_scroll_id"]}
    point = server.ask("POST", "/audit-logs/_pit?keep_alive=1ms", key=key).json["id"]
    short = server.ask("POST", "/audit-logs/_search?scroll=1ms&size=1", {}, key=key)
    scroll_id = str(told["scroll_id"])
    turned = scroll_id[:40] + ("A" if scroll_id[40] != "A" else "B") + scroll_id[41:]
    others = server.key("paging-elsewhere")
    again = server.key("paging")
    for asker, path, body in (
        (others, "/_search/scroll", told),
        (again, "/_search/scroll", told),
        (key, "/_search/scroll", {"scroll_id": turned}),
        (key, "/_search/scroll", {"scroll_id": "nothing"}),
        (key, "/_search/scroll", {"scroll_id": short.json["_scroll_id"]}),
        (key, "/_search/scroll", {"scroll_id": point}),
        (key, "/_search", {"pit": {"id": point}}),
        (key, "/_search", {"pit": {"id": told["scroll_id"]}}),
    ):
        answer = server.ask("POST", path, body, key=asker)
        assert error_of(answer) == (404, "search_context_missing_exception")
    assert server.ask("POST", "/_search/scroll", told, key=key).status == 200


@pytest.mark.parametrize(
    ("path", "member"),
    [("/audit-logs/_pit", "id"), ("/audit-logs/_search/point_in_time", "pit_id")],
)
def test_a_point_in_time_shows_what_there_was_when_it_was_opened(
    server: Server, key: str, arrivals: Iterator[int], path: str, member: str
) -> None:
    begun = server.ask("GET", "/audit-logs/_count", key=key).json["count"]
    opened = server.ask("POST", f"{path}?keep_alive=1m", key=key).json
    assert opened["_shards"]["failed"] == 0
    body: Json = {
        "pit": {"id": opened[member], "keep_alive": "2m"},
        "sort": [{"@timestamp": "asc"}],
        "size": 17,
    }
    shown: list[int] = []
    while hits := hits_of(answer := server.ask("POST", "/_search", body, key=key)):
        shown += numbers(hits)
        send(server, key, event(next(arrivals)))
        body["search_after"] = hits[-1]["sort"]
        body["pit"] = {"id": answer.json["pit_id"], "keep_alive": "2m"}
    assert len(shown) == len(set(shown)) == begun
    assert shown[:COUNT] == list(range(COUNT))


def test_a_point_in_time_takes_no_index(server: Server, key: str) -> None:
    point = server.ask("POST", "/audit-logs/_pit?keep_alive=1m", key=key).json["id"]
    answer = server.ask("POST", "/audit-logs/_search", {"pit": {"id": point}}, key=key)
    assert error_of(answer) == (400, "action_request_validation_exception")


def test_points_in_time_are_closed_by_either_address(server: Server, key: str) -> None:
    point = server.ask("POST", "/audit-logs/_pit?keep_alive=1m", key=key).json["id"]
    closed = server.ask("DELETE", "/_pit", {"id": point}, key=key)
    assert (closed.status, closed.json) == (200, {"succeeded": True, "num_freed": 1})
    closed = server.ask("DELETE", "/_search/point_in_time", {"pit_id": [point, "x"]}, key=key)
    assert closed.json["pits"] == [
        {"successful": True, "pit_id": point},
        {"successful": False, "pit_id": "x"},
    ]
    assert server.ask("DELETE", "/_pit", {"id": "x"}, key=key).status == 404


def test_a_point_in_time_of_no_index_or_no_length_is_refused(server: Server, key: str) -> None:
    missing = server.ask("POST", "/nothing/_pit?keep_alive=1m", key=key)
    assert error_of(missing) == (404, "index_not_found_exception")
    assert error_of(server.ask("POST", "/audit-logs/_pit", key=key))[0] == 400
