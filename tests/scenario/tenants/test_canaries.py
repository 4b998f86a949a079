"""Nothing of a tenant reaches anybody else, by whatever route (DESIGN §1.6).

What is asked, stands in one table for each route of the router; a new route fails here until it
is placed.
"""

import json
import re
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from litestar import Litestar
from litestar.routes import HTTPRoute

from kit.canaries import (
    CLOSED,
    Canaries,
    canary_declaration,
    canary_event,
    fields_of,
    filled,
    without_canary,
)
from kit.elastic_calls import ELASTIC_CALLS
from kit.elastic_metadata_calls import METADATA_CALLS
from kit.elastic_search_calls import ELASTIC_SEARCH_CALLS
from kit.events import reference_event
from kit.house import new_house
from kit.search_calls import SEARCH_CALLS
from kit.server import Answer, Server
from kit.strangers import Ask, Call, Owner, Stranger, Things, asked_of
from tallystick.api.app import create_app
from tallystick.events.catalogue import CatalogueEntry
from tallystick.events.event import Event


def plain(*paths: str) -> Ask:
    """Ask for things that belong to nobody, also as if a tenant could be chosen there."""
    return lambda it: [Call(p + more) for p in paths for more in ("", f"?tenant={it.tenant}")]


def below_log(*rests: str) -> Ask:
    return lambda it: [Call(f"/v1/logs/{it.log}/{rest}") for rest in rests]


def events_sent(it: Things) -> list[Call]:
    def own(number: int, **more: object) -> dict[str, object]:
        return {**reference_event(zlib.crc32(it.tenant.encode()) % 2**20 + number), **more}

    event = own(7)
    unnamed = {name: value for name, value in own(8).items() if name != "id"}
    actor = {"type": "user", "id": it.person}
    batch = [
        {**event, "id": it.event},
        {**event, "id": it.event, "tenant": it.tenant},
        {**event, "tenant": it.tenant},
        {**unnamed, "external_id": it.external},
        own(9, actor=actor, targets=[{"type": "log", "id": it.log}]),
        own(10, actor={"type": "user", "id": it.erased}),
        own(11, links=[{"rel": "undoes", "id": it.event}]),
        own(12, action=it.action),
        own(13, metadata={"log": it.log, "index": 0, "ref": it.ref}),
    ]
    lines = b"\n".join(json.dumps(one).encode() for one in [*batch, "no event"])
    return [
        Call("/v1/events", batch),
        Call(f"/v1/events?tenant={it.tenant}", batch[0]),
        Call("/v1/events", lines, {"Content-Type": "application/x-ndjson"}),
        Call("/v1/events", {**event, "tenant": it.tenant, "action": it.tenant}),
        Call("/v1/events", b'{"tenant": "' + it.tenant.encode()),
    ]


def events_listed(it: Things) -> list[Call]:
    return [
        Call(f"/v1/events?{query}")
        for query in (
            *(f"stream={stream}" for stream in ("audit", "activity", "access", "deployment")),
            f"tenant={it.tenant}",
            f"tenant={it.tenant}&stream=access",
            f"after={it.log}-0",
            f"after={it.log}-1&order=desc",
            f"tenant={it.tenant}&after={it.log}-1",
            f"stream={it.tenant}",
            f"limit={it.tenant}",
            f"order={it.log}",
        )
    ]


def keys_made(it: Things) -> list[Call]:
    wish = {"scopes": ["read"], "label": it.tenant}
    return [
        Call("/v1/keys", {**wish, "tenants": [it.tenant]}),
        Call("/v1/keys", {**wish, "tenants": [it.tenant, it.tenant]}),
        Call("/v1/keys", {**wish, "tenants": "*"}),
        Call("/v1/keys", {**wish, "tenants": it.tenant}),
        Call("/v1/keys", {**wish, "tenants": [], "creates_tenants": True}),
        Call("/v1/keys", {**wish, "tenants": [it.tenant], it.key: it.log}),
    ]


def erasures(it: Things) -> list[Call]:
    bodies = [{"reason": it.erased}, {"reason": "asked", "confirm": "0" * 32}, {it.key: it.log}]
    return [
        Call(f"/v1/subjects/{name}/erasure{query}", body)
        for name in (it.person, it.erased, it.ref)
        for query in ("", f"?tenant={it.tenant}")
        for body in bodies
    ]


TILES = ("tile/0/000.p/1", "tile/0/000", "tile/1/000", "tile/entries/000.p/1", "tile/x")

CALLS: dict[tuple[str, str], Ask] = {
    ("POST", "/v1/events"): events_sent,
    ("GET", "/v1/events"): events_listed,
    ("GET", "/v1/events/{event_id:str}"): asked_of(lambda it: f"/v1/events/{it.event}"),
    ("GET", "/v1/events/{event_id:str}/receipt"): asked_of(
        lambda it: f"/v1/events/{it.event}/receipt"
    ),
    **SEARCH_CALLS,
    ("GET", "/v1/logs"): lambda it: [
        Call("/v1/logs"),
        Call("/v1/logs?after=0&limit=1"),
        Call(f"/v1/logs?tenant={it.tenant}"),
        Call(f"/v1/logs?after={it.log}"),
    ],
    ("GET", "/v1/logs/{log_hex:str}/checkpoint"): below_log("checkpoint"),
    ("GET", "/v1/logs/{log_hex:str}/tile/{rest:path}"): below_log(*TILES),
    ("GET", "/v1/logs/{log_hex:str}/epochs/{epoch:str}"): below_log(
        "epochs/latest", "epochs/latest?from=1", "epochs/0", "epochs/x?from=x"
    ),
    ("GET", "/v1/epochs/{epoch:str}/changes"): plain(
        "/v1/epochs/latest/changes", "/v1/epochs/0/changes", "/v1/epochs/x/changes"
    ),
    ("GET", "/v1/super/checkpoint"): plain("/v1/super/checkpoint"),
    ("GET", "/v1/super/tile/{rest:path}"): lambda it: [
        *(Call(f"/v1/super/{rest}") for rest in TILES),
        Call(f"/v1/super/tile/{it.log}"),
    ],
    ("GET", "/v1/super/{serial:str}/checkpoint"): lambda it: [
        *(Call(f"/v1/super/{serial}/checkpoint") for serial in ("1", "2", "x")),
        Call(f"/v1/super/{it.log}/checkpoint"),
    ],
    ("GET", "/v1/super/{serial:str}/tile/{rest:path}"): lambda it: [
        *(Call(f"/v1/super/1/{rest}") for rest in TILES),
        Call(f"/v1/super/1/tile/{it.log}"),
        Call(f"/v1/super/{it.log}/tile/0/000"),
    ],
    **ELASTIC_CALLS,
    **ELASTIC_SEARCH_CALLS,
    **METADATA_CALLS,
    ("GET", "/v1/tenants"): plain("/v1/tenants", "/v1/tenants?limit=1", "/v1/tenants?after=0"),
    ("POST", "/v1/tenants"): lambda it: [
        Call("/v1/tenants", {"name": it.tenant}),
        Call("/v1/tenants", {"name": it.tenant, it.key: it.log}),
    ],
    ("GET", "/v1/keys"): lambda it: [
        Call("/v1/keys"),
        Call("/v1/keys?limit=1"),
        Call(f"/v1/keys?after={it.key}"),
        Call(f"/v1/keys?tenant={it.tenant}"),
    ],
    ("POST", "/v1/keys"): keys_made,
    ("DELETE", "/v1/keys/{key_id:str}"): lambda it: [Call(f"/v1/keys/{it.key}")],
    ("GET", "/v1/catalogue/{action:str}"): asked_of(lambda it: f"/v1/catalogue/{it.action}"),
    ("PUT", "/v1/catalogue/{action:str}"): lambda it: [
        Call(f"/v1/catalogue/{it.action}?tenant={it.tenant}", {"title": "mine"}),
        Call(f"/v1/catalogue/{it.action}", {"title": "mine"}),
        Call(f"/v1/catalogue/{it.action}", {"action": it.tenant, "title": it.log}),
    ],
    ("GET", "/v1/subjects/{subject_id:str}"): lambda it: [
        Call(f"/v1/subjects/{name}{query}")
        for name in (it.person, it.erased, it.ref)
        for query in ("", f"?tenant={it.tenant}")
    ],
    ("POST", "/v1/subjects/{subject_id:str}/erasure"): erasures,
    ("GET", "/healthz"): plain("/healthz"),
    ("GET", "/readyz"): plain("/readyz"),
    ("GET", "/metrics"): plain("/metrics"),
    ("GET", "/.well-known/tallystick"): plain("/.well-known/tallystick"),
    ("GET", "/"): plain("/"),
    ("GET", "/docs"): plain("/docs"),
    ("GET", "/openapi.json"): plain("/openapi.json"),
    ("GET", "/openapi"): plain("/openapi"),
    ("GET", "/openapi/openapi.json"): plain("/openapi/openapi.json"),
    ("GET", "/openapi/{path:str}"): lambda it: [Call(f"/openapi/{it.log}")],
}

ASIDE = frozenset({"healthz", "readyz", "metrics", "_cat/health"})
"""Routes whose answer is a figure of the moment, and the same for every name in the query."""

ROUTES = [pytest.param(method, path, id=f"{method} {path}") for method, path in CALLS]


def routes_of(app: Litestar) -> set[tuple[str, str]]:
    """Return what the router leads anywhere; OPTIONS and HEAD go with every path."""
    return {
        (method, route.path)
        for route in app.routes
        for method in (route.methods if isinstance(route, HTTPRoute) else ["?"])
        if method not in {"OPTIONS", "HEAD"}
    }


def credentials(stranger: Stranger, things: Things) -> dict[str, str]:
    """Return what a stranger may present; the guess is at the key of that name."""
    return {
        **stranger.keys,
        "none": "",
        "nonsense": "let me in",
        "of nobody": f"tly_{'0' * 16}_{'0' * 64}",
        "guess": f"tly_{things.key}_{'0' * 64}",
    }


def ask(server: Server, method: str, call: Call, key: str) -> Answer:
    return server.ask(method, quote(call.path, "/?&=-"), call.body, key=key, headers=call.headers)


def shown(answer: Answer) -> bytes:
    """Write out all that an answer says."""
    told = [str(answer.status), *(f"{name}: {value}" for name, value in answer.headers.items())]
    return "\n".join(told).encode() + b"\n\n" + answer.body


def sent(call: Call, key: str) -> bytes:
    """Write out all that a request says: what an answer repeats of it tells nothing."""
    body = call.body if isinstance(call.body, bytes) else json.dumps(call.body).encode()
    return b"\n".join([call.path.encode(), body, key.encode()])


def test_every_route_of_the_router_is_placed(tmp_path: Path) -> None:
    house = new_house(tmp_path / "data")
    try:
        assert routes_of(create_app(house.ledger)) == set(CALLS)
    finally:
        house.close()


def test_a_canary_sits_in_every_field() -> None:
    mint = Canaries("trial")
    event = canary_event(mint, mint.word(), stream="audit", external_id=mint.word())
    assert filled(event) == fields_of(Event)
    assert without_canary(mint, event) == CLOSED
    declaration = canary_declaration(mint, mint.word())
    assert filled(declaration) == fields_of(CatalogueEntry)
    assert without_canary(mint, declaration) == {"crud", "severity", "ocsf_class"}


def test_the_owner_sees_every_canary_of_its_events(server: Server, owner: Owner) -> None:
    """The search for canaries finds them where they belong, so that finding none says something."""
    mint = Canaries("the owner's other event")
    event = canary_event(mint, f"{mint.word()}.{mint.word()}")
    recorded = server.ask("POST", "/v1/events", event, key=owner.key)
    assert recorded.status == 201
    listed = server.ask("GET", "/v1/events?limit=1000", key=owner.key)
    assert mint.seen_in(shown(listed)) == sorted(mint.known)
    for known in mint.known:
        owner.mint.adopt(known)


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_nothing_of_a_tenant_is_told_to_another(
    server: Server, owner: Owner, stranger: Stranger, method: str, route: str
) -> None:
    for who, key in credentials(stranger, owner.things).items():
        for call in CALLS[method, route](owner.things):
            for way in {method, "OPTIONS", *(["HEAD"] if method == "GET" else ["PATCH"])}:
                answer = ask(server, way, call, key)
                seen = owner.mint.seen_in(shown(answer), but=sent(call, key))
                assert seen == [], (who, way, call, answer)
                assert answer.status < 500, (who, way, call, answer)


@pytest.mark.parametrize(("method", "route"), ROUTES)
def test_what_belongs_to_another_is_answered_like_what_does_not_exist(
    server: Server,
    owner: Owner,
    nobodys: Things,
    stranger: Stranger,
    method: str,
    route: str,
) -> None:
    pairs = list(
        zip(CALLS[method, route](owner.things), CALLS[method, route](nobodys), strict=True)
    )
    theirs_of, nobodys_of = (credentials(stranger, it) for it in (owner.things, nobodys))
    server.wait_for_index(*theirs_of.values())
    for who in theirs_of:
        for call, other in pairs:
            if call == other or route.removeprefix("/") in ASIDE:
                continue
            one = ask(server, method, call, theirs_of[who])
            another = ask(server, method, other, nobodys_of[who])
            told = (essence(one, owner.things), essence(another, nobodys))
            assert told[0] == told[1], (who, call)


PASSING = {"connection", "content-length", "date", "ratelimit", "retry-after", "x-request-id"}
PASSING_PARTS = re.compile(
    rb'"(?:request_id|leaf_hash|key|key_id|created_at|received_at)":"[^"<]*"|"index":\d+'
    rb'|"(?:asked_at|expires_at)":"[^"<]*"|"entries":\d+|"took":\d+|"_seq_no":\d+'
    rb'|"_?id":"(?:[0-9a-f-]{36}|[0-9a-f]{32})"|want to wait \d+ s|"index_lag_ms":\d+'
    rb"|[\d,]+ ms behind|none of the tenant's [\d,]+ events fits|\"creation_time\":\d+"
    rb"|(?:\"next\":\"|id: |\"(?:pit_)?id\":\")[\w-]{60,}"
)
"""What differs between any two of the stranger's own requests."""


def essence(answer: Answer, things: Things) -> tuple[int, dict[str, str], bytes]:
    """Reduce an answer to what it says about the things asked for, whatever they are called."""
    headers = {name: text for name, text in answer.headers.items() if name not in PASSING}
    body = answer.body
    for kind, name in things.names().items():
        body = body.replace(name.encode(), f"<{kind}>".encode())
    return answer.status, headers, PASSING_PARTS.sub(b"<passing>", body)


def test_the_log_of_the_server_holds_no_canary(
    server: Server, owner: Owner, stranger: Stranger
) -> None:
    last = server.ask("GET", f"/v1/events/{owner.things.event}", key=stranger.keys["reader"])
    name = last.headers["x-request-id"].encode()
    deadline = time.monotonic() + 10
    while name not in (written := server.log.read_bytes()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    lines = list(_lines_of_others(written, owner.things.key))
    assert any(name in line for line in lines)
    assert owner.mint.seen_in(b"\n".join(lines)) == []
    # In the lines of its own requests the owner is known by the key that it presented.
    assert set(owner.mint.seen_in(written)) <= {owner.things.key}


def _lines_of_others(written: bytes, key_id: str) -> Iterator[bytes]:
    for line in written.splitlines():
        if f'"key_id":"{key_id}"'.encode() not in line:
            yield line


def test_the_figures_hold_no_canary_whoever_asks(
    server: Server, owner: Owner, stranger: Stranger
) -> None:
    for key in ("", *stranger.keys.values(), owner.key, server.admin_key):
        answer = server.ask("GET", "/metrics", key=key)
        assert answer.status == 200
        assert owner.mint.seen_in(shown(answer)) == []


def test_what_is_left_of_a_limit_does_not_depend_on_another_tenant(
    server: Server, owner: Owner, stranger: Stranger
) -> None:
    busy = server.key(owner.things.tenant, events_per_minute=5)
    own = [server.key(stranger.tenant, events_per_minute=5) for _ in range(2)]

    def left(key: str, number: int = 20) -> tuple[int, str | None, str | None]:
        answer = server.ask("POST", "/v1/events", reference_event(number), key=key)
        remaining = re.search(r"r=(\d+)", answer.headers.get("ratelimit", ""))
        policy = answer.headers.get("ratelimit-policy")
        return answer.status, policy, remaining[1] if remaining else None

    before = left(own[0])
    exhausted = [left(busy)[0] for _ in range(7)]
    assert exhausted[-1] == 429
    assert left(own[1], 21) == before
