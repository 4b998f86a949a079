"""Health, figures, the description of the API, and what is true of every answer."""

import re

import pytest

from kit.events import reference_event
from kit.server import Server


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/.well-known/tallystick"])
def test_machines_need_no_key(server: Server, path: str) -> None:
    assert server.ask("GET", path, key="").status == 200


def test_well_known_says_what_to_pin(server: Server) -> None:
    told = server.ask("GET", "/.well-known/tallystick", key="").json
    assert told["deployment"] == "localhost"
    assert told["super_log"] == "/v1/super/"
    assert [key.split("+")[0] for key in told["vkeys"]] == ["localhost/super"]
    assert told["statements"] == []


def test_the_figures_count_requests_and_name_no_tenant(
    server: Server, tenant: str, key: str
) -> None:
    server.ask("POST", "/v1/events", reference_event(1), key=key)
    text = server.ask("GET", "/metrics", key="").body.decode()
    counted = re.search(
        r'_requests_total\{door="1",method="POST",route="/v1/events",status="201"\} (\d+)',
        text,
    )
    assert counted is not None
    assert int(counted[1]) >= 1
    assert tenant not in text
    assert key.split("_")[1] not in text
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z_]+(\{.*\})? [0-9.e+-]+", line) for line in lines)


def test_every_route_is_in_the_description(server: Server) -> None:
    schema = server.ask("GET", "/openapi.json", key="").json
    routes = {(method, path) for path, methods in schema["paths"].items() for method in methods}
    assert routes == {
        ("post", "/v1/events"),
        ("get", "/v1/events"),
        ("get", "/v1/events/{event_id}"),
        ("get", "/v1/events/{event_id}/receipt"),
        ("get", "/v1/search"),
        ("post", "/v1/search"),
        ("get", "/v1/search/facets"),
        ("get", "/v1/search/histogram"),
        ("get", "/v1/tail"),
        ("get", "/v1/saved-searches"),
        ("post", "/v1/saved-searches"),
        ("get", "/v1/saved-searches/{saved_id}"),
        ("put", "/v1/saved-searches/{saved_id}"),
        ("delete", "/v1/saved-searches/{saved_id}"),
        ("get", "/v1/exports"),
        ("post", "/v1/exports"),
        ("get", "/v1/exports/{export_id}"),
        ("delete", "/v1/exports/{export_id}"),
        ("get", "/v1/exports/{export_id}/download"),
        ("get", "/v1/exports/{export_id}/manifest"),
        ("get", "/v1/logs"),
        ("get", "/v1/logs/{log_hex}/checkpoint"),
        ("get", "/v1/logs/{log_hex}/tile/{rest}"),
        ("get", "/v1/logs/{log_hex}/epochs/{epoch}"),
        ("get", "/v1/epochs/{epoch}/changes"),
        ("get", "/v1/super/checkpoint"),
        ("get", "/v1/super/tile/{rest}"),
        ("get", "/v1/super/{serial}/checkpoint"),
        ("get", "/v1/super/{serial}/tile/{rest}"),
        ("post", "/v1/tenants"),
        ("get", "/v1/tenants"),
        ("post", "/v1/keys"),
        ("get", "/v1/keys"),
        ("delete", "/v1/keys/{key_id}"),
        ("get", "/v1/catalogue/{action}"),
        ("put", "/v1/catalogue/{action}"),
        ("get", "/v1/subjects/{subject_id}"),
        ("post", "/v1/subjects/{subject_id}/erasure"),
        ("get", "/healthz"),
        ("get", "/readyz"),
        ("get", "/metrics"),
        ("get", "/.well-known/tallystick"),
    }


def test_the_page_for_people_loads_nothing_from_elsewhere(server: Server) -> None:
    answer = server.ask("GET", "/docs", key="")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    page = answer.body.decode()
    assert "/v1/events/{event_id}/receipt" in page
    assert not re.search(r"<script|<link|https?://", page)
    assert server.ask("GET", "/", key="").headers["location"] == "/docs"


@pytest.mark.parametrize(
    "path", ["/v1/nowhere", "/v1", "/v1/events/a/b", "/v1/logs/x", "/v1/event%00s"]
)
def test_an_unknown_path_is_a_404_problem(server: Server, path: str) -> None:
    answer = server.ask("GET", path)
    assert (answer.status, answer.code) == (404, "not-found")


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/events", {"GET", "POST"}),
        ("PUT", "/v1/events", {"GET", "POST"}),
        ("POST", "/v1/events/x", {"GET"}),
        ("GET", "/v1/keys/x", {"DELETE"}),
        ("PATCH", "/v1/tenants", {"GET", "POST"}),
        ("POST", "/healthz", {"GET"}),
    ],
)
def test_a_wrong_method_is_a_405_problem_that_names_the_right_ones(
    server: Server, method: str, path: str, allowed: set[str]
) -> None:
    answer = server.ask(method, path)
    assert (answer.status, answer.code) == (405, "method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) - {"OPTIONS"} == allowed


@pytest.mark.parametrize("path", ["/healthz", "/v1/events", "/docs", "/nowhere"])
def test_head_answers_as_get_without_a_body(server: Server, key: str, path: str) -> None:
    head, got = (server.ask(method, path, key=key) for method in ("HEAD", "GET"))
    assert (head.status, head.body) == (got.status, b"")
    assert head.headers["content-type"] == got.headers["content-type"]


def test_a_request_id_is_kept_if_it_is_harmless(server: Server) -> None:
    for sent, kept in (("abc-123_X", True), ("a b", False), ("x" * 65, False), ("<i>", False)):
        answer = server.ask("GET", "/v1/nowhere", headers={"X-Request-Id": sent})
        assert (answer.headers["x-request-id"] == sent) is kept
        assert answer.json["request_id"] == answer.headers["x-request-id"]


def test_answers_are_not_kept_or_guessed_at(server: Server, key: str) -> None:
    for path in ("/v1/events", "/v1/logs", "/nowhere", "/readyz"):
        headers = server.ask("GET", path, key=key).headers
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
