"""What clients ask before they send or search: how the server is, and where."""

from itertools import count
from urllib.parse import quote

import pytest

from kit.events import reference_event
from kit.server import Server, running_server

TENANTS = (f"cluster-{number}" for number in count())


def error_of(server: Server, method: str, path: str, key: str, body: object = None) -> str:
    """Return why a request is refused as one that can't be right."""
    answer = server.ask(method, path, body, key=key)
    assert answer.status == 400, answer
    return str(answer.json["error"]["root_cause"][0]["reason"])


@pytest.fixture
def key(server: Server) -> str:
    return server.key(next(TENANTS))


def test_a_server_that_takes_and_finds_events_is_green(server: Server, key: str) -> None:
    path = f"/_cluster/health?wait_for_status=green&timeout=30s&wait_for_nodes={quote('>=1')}"

    answer = server.ask("GET", path, key=key)

    assert answer.status == 200
    assert (answer.json["status"], answer.json["timed_out"]) == ("green", False)


def test_a_shipper_may_ask_how_the_server_is(server: Server) -> None:
    shipper = server.key(next(TENANTS), "ingest")

    assert server.ask("GET", "/_cluster/health", key=shipper).status == 200
    assert server.ask("GET", "/_cat/health", key=shipper).status == 200
    assert server.ask("GET", "/_cat/indices", key=shipper).status == 403


@pytest.mark.parametrize("wanted", ["2", ">=2", ">1", "ge(2)", "<1", "le(0)"])
def test_nodes_that_never_come_are_waited_for_no_longer_than_asked(
    server: Server, key: str, wanted: str
) -> None:
    path = f"/_cluster/health?timeout=1ms&wait_for_nodes={quote(wanted)}"

    answer = server.ask("GET", path, key=key)

    assert (answer.status, answer.json["timed_out"]) == (408, True)


def test_a_server_without_an_engine_takes_events_and_is_yellow() -> None:
    with running_server() as server:
        health = server.ask("GET", "/_cluster/health?wait_for_status=yellow").json
        late = server.ask("GET", "/_cluster/health?wait_for_status=green&timeout=10ms")
        refresh = server.ask("POST", "/_refresh")

    assert (health["status"], late.status, late.json["timed_out"]) == ("yellow", 408, True)
    assert (refresh.status, refresh.json["error"]["type"]) == (
        429,
        "es_rejected_execution_exception",
    )


@pytest.mark.parametrize(
    ("asked", "named"),
    [
        ("wait_for_status=purple", "wait_for_status"),
        ("timeout=soon", "timeout"),
        ("wait_for_nodes=some", "wait_for_nodes"),
        ("level=shards", "level"),
        ("surprise=1", "surprise"),
    ],
)
def test_what_can_not_be_waited_for_is_named(
    server: Server, key: str, asked: str, named: str
) -> None:
    assert f"[{named}]" in error_of(server, "GET", f"/_cluster/health?{asked}", key)


def test_health_in_one_line_tells_the_same(server: Server, key: str) -> None:
    text = server.ask("GET", "/_cat/health?h=status,node.total", key=key)
    lines = server.ask("GET", "/_cat/health?v", key=key).body.decode().splitlines()

    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert text.headers["x-elastic-product"] == "Elasticsearch"
    assert text.body == b"green 1\n"
    assert dict(zip(lines[0].split(), lines[1].split(), strict=True))["status"] == "green"


def test_other_tables_are_refused_by_name(server: Server, key: str) -> None:
    for path in ("/_cat/nodes", "/_cat/shards/audit-logs"):
        assert f"[{path}]" in error_of(server, "GET", path, key)


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("audit.example.com", "audit.example.com:80"),
        ("audit.example.com:9200", "audit.example.com:9200"),
        ("[2001:db8::1]:9200", "[2001:db8::1]:9200"),
    ],
)
def test_a_client_that_sniffs_is_told_the_address_that_it_asked(
    server: Server, host: str, address: str
) -> None:
    for path in ("/_nodes/http", "/_nodes/_all/http"):
        told = server.ask("GET", path, key="", headers={"Host": host}).json
        (node,) = told["nodes"].values()
        assert node["http"]["publish_address"] == address


def test_nothing_is_licensed_for_a_time(server: Server, key: str) -> None:
    told = server.ask("GET", "/_license", key=key).json["license"]

    assert (told["status"], told["type"]) == ("active", "oss")


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refresh_ends_when_all_that_was_recorded_is_found(
    server: Server, key: str, method: str
) -> None:
    events = [reference_event(number) for number in range(50)]
    assert server.ask("POST", "/v1/events", events, key=key).status == 201

    refreshed = server.ask(method, "/audit-logs/_refresh", key=key)

    assert refreshed.json["_shards"]["failed"] == 0
    assert server.ask("GET", "/v1/search", key=key).json["total"] == 50


def test_a_refresh_with_a_key_for_several_waits_for_each_tenant(server: Server) -> None:
    names = [next(TENANTS), next(TENANTS)]
    keys = [server.key(name) for name in names]
    both = server.ask("POST", "/v1/keys", {"tenants": names, "scopes": ["read"]}).json["key"]
    for number, each in enumerate(keys):
        assert server.ask("POST", "/v1/events", reference_event(number), key=each).status == 201

    assert server.ask("POST", "/_refresh", key=both).status == 200
    assert [server.ask("GET", "/v1/search", key=each).json["total"] for each in keys] == [1, 1]


@pytest.mark.parametrize("kind", ["_index_template", "_component_template", "_template"])
def test_a_template_is_acknowledged_with_a_warning_and_kept_nowhere(
    server: Server, key: str, kind: str
) -> None:
    assert server.ask("HEAD", f"/{kind}/logs", key=key).status == 404

    made = server.ask("PUT", f"/{kind}/logs", {"index_patterns": ["audit-*"]}, key=key)

    assert (made.status, made.json) == (200, {"acknowledged": True})
    assert made.headers["warning"].startswith("299 ")
    assert "change nothing" in made.headers["warning"]
    assert server.ask("GET", f"/{kind}/logs", key=key).status == 404
    assert "logs" not in server.ask("GET", f"/{kind}", key=key).body.decode()
    reader = server.key(next(TENANTS), "read")
    assert server.ask("PUT", f"/{kind}/logs", {}, key=reader).status == 403


@pytest.mark.parametrize(
    "path",
    [
        *("/_ilm/policy/short", "/_ingest/pipeline/change", "/audit-logs", "/audit-logs/_mapping"),
        *("/audit-logs/_settings", "/audit-logs/_alias/mine"),
    ],
)
def test_what_would_change_how_events_are_kept_is_refused_by_name(
    server: Server, key: str, path: str
) -> None:
    assert f"[PUT {path}]" in error_of(server, "PUT", path, key, {})


def test_without_a_credential_nothing_is_told(server: Server) -> None:
    for path in ("/_cluster/health", "/_license", "/_mapping", "/_cat/indices", "/_refresh"):
        answer = server.ask("GET", path, key="")
        assert (answer.status, answer.json["error"]["type"]) == (401, "security_exception")
