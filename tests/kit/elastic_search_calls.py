"""What strangers ask of the routes that search as Elasticsearch does.

Few requests, with many names each: every credential sends them all, in every way.
"""

import json
from collections.abc import Callable

from kit.strangers import Ask, Call, Things

Path = Callable[[Things], str]


def question(it: Things) -> dict[str, object]:
    """Return a query that names what is another's."""
    named = [
        {"term": {"tenant": it.tenant}},
        {"term": {"log": it.log}},
        {"ids": {"values": [it.event]}},
        {"term": {"actor.id": it.person}},
        {"query_string": {"query": f"tenant:{it.tenant} OR id:{it.event}"}},
    ]
    return {"query": {"bool": {"should": named}}}


def searched(path: Path) -> Ask:
    """Ask for what is another's."""
    return lambda it: [
        Call(path(it), question(it)),
        Call(f"{path(it)}?tenant={it.tenant}", {}),
        Call(path(it), {it.key: it.ref}),
    ]


def severally(path: Path) -> Ask:
    """Ask all of it at once."""

    def ask(it: Things) -> list[Call]:
        rows = [{"index": "audit-logs"}, question(it), {"index": it.log}, {it.key: it.ref}]
        lines = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
        return [Call(path(it), lines), Call(f"{path(it)}?tenant={it.tenant}", lines)]

    return ask


def continued(path: str, member: str) -> Ask:
    """Go on with ids that are none."""
    return lambda it: [
        Call(path, {member: it.log}),
        Call(f"{path}?tenant={it.tenant}", {member: [it.key]}),
    ]


def opened(name: str) -> Ask:
    """Open points in time."""
    own = f"/audit-logs/{name}?keep_alive=1m"
    return lambda it: [
        Call(own),
        Call(f"{own}&tenant={it.tenant}"),
        Call(f"/{it.log}/{name}?keep_alive=1m"),
    ]


def few(ask: Ask) -> Ask:
    """Ask as the route's twin does, by another method, and less."""
    return lambda it: ask(it)[:1]


ELASTIC_SEARCH_CALLS: dict[tuple[str, str], Ask] = {
    ("GET", "/_search"): few(searched(lambda _: "/_search")),
    ("POST", "/_search"): searched(lambda _: "/_search"),
    ("GET", "/{index:str}/_search"): few(searched(lambda it: f"/{it.log}/_search")),
    ("POST", "/{index:str}/_search"): searched(lambda it: f"/{it.log}/_search"),
    ("GET", "/_count"): few(searched(lambda _: "/_count")),
    ("POST", "/_count"): searched(lambda _: "/_count"),
    ("GET", "/{index:str}/_count"): few(searched(lambda it: f"/{it.log}/_count")),
    ("POST", "/{index:str}/_count"): few(searched(lambda _: "/audit-logs/_count")),
    ("GET", "/_msearch"): few(severally(lambda _: "/_msearch")),
    ("POST", "/_msearch"): severally(lambda _: "/_msearch"),
    ("GET", "/{index:str}/_msearch"): few(severally(lambda it: f"/{it.log}/_msearch")),
    ("POST", "/{index:str}/_msearch"): few(severally(lambda _: "/audit-logs/_msearch")),
    ("GET", "/_search/scroll"): few(continued("/_search/scroll", "scroll_id")),
    ("POST", "/_search/scroll"): continued("/_search/scroll", "scroll_id"),
    ("DELETE", "/_search/scroll"): continued("/_search/scroll", "scroll_id"),
    ("POST", "/{index:str}/_pit"): opened("_pit"),
    ("DELETE", "/_pit"): continued("/_pit", "id"),
    ("POST", "/{index:str}/_search/point_in_time"): few(opened("_search/point_in_time")),
    ("DELETE", "/_search/point_in_time"): continued("/_search/point_in_time", "pit_id"),
}
"""By route of the router."""
