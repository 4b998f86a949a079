"""What strangers ask of the routes that speak as Elasticsearch does."""

import json
from collections.abc import Callable

from kit.strangers import Ask, Call, Things

LINED = {"Content-Type": "application/x-ndjson"}


def document_sent(kind: str, names: Callable[[Things], list[str]]) -> Ask:
    """Send documents that name what is another's, by each of the names."""

    def ask(it: Things) -> list[Call]:
        named = {
            "action": "document.deleted",
            "@timestamp": "2026-11-24T10:00:00Z",
            "user": {"id": it.person},
            "resource": f"log/{it.log}",
        }
        first = names(it)[0]
        return [
            *(Call(f"/audit-logs/{kind}{name}", named) for name in names(it)),
            Call(f"/audit-logs/{kind}{first}", {**named, "tenant": it.tenant}),
            Call(f"/{it.log}/{kind}{first}?tenant={it.tenant}", {"message": it.ref}),
            Call(f"/audit-logs/{kind}{first}?{it.key}=1", {it.key: it.erased}),
        ]

    return ask


def bulk_sent(path: Callable[[Things], str]) -> Ask:
    """Send bodies whose lines name what is another's."""

    def ask(it: Things) -> list[Call]:
        document = {"action": it.action, "@timestamp": "2026-11-24T10:00:00Z", "user_id": it.person}
        lines: list[object] = []
        for name in (it.event, it.external):
            for operation in ("create", "index", "update", "delete"):
                lines.append({operation: {"_index": "audit-logs", "_id": name}})
                lines += [] if operation == "delete" else [document]
        lines += [{"index": {"_index": it.log}}, {**document, "tenant": it.tenant}]
        body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
        return [
            Call(path(it), body, LINED),
            Call(f"{path(it)}?tenant={it.tenant}", body, LINED),
            Call(path(it), f'{{"index": {{"{it.log}": '.encode(), LINED),
            Call(f"{path(it)}?pipeline={it.action}", body, LINED),
            Call(f"{path(it)}?filter_path=items.*._id,{it.tenant}", body, LINED),
        ]

    return ask


def below_index(rest: str) -> Ask:
    """Ask for what is another's by each of its names, in its own index and in others."""
    return lambda it: [
        *(Call(f"/audit-logs/{rest}{name}") for name in (it.event, it.external, it.ref)),
        Call(f"/{it.log}/{rest}{it.event}", {"doc": {it.key: it.log}}),
        Call(f"/audit-logs/{rest}{it.event}?tenant={it.tenant}"),
    ]


def documents_wanted(path: Callable[[Things], str]) -> Ask:
    """Ask for several documents of another's."""

    def ask(it: Things) -> list[Call]:
        documents = [{"_index": "audit-logs", "_id": name} for name in (it.event, it.external)]
        bodies = ({"docs": documents}, {"ids": [it.event, it.external]}, {it.key: it.log})
        return [
            *(Call(path(it), body) for body in bodies),
            Call(f"{path(it)}?tenant={it.tenant}", bodies[0]),
        ]

    return ask


def by_id(it: Things) -> list[str]:
    """Return the names by which an event of another's may be overwritten."""
    return [it.event, it.external]


def few(ask: Ask) -> Ask:
    """Ask as the route's twin does, by another method, and less."""
    return lambda it: ask(it)[:2]


ELASTIC_CALLS: dict[tuple[str, str], Ask] = {
    ("POST", "/_bulk"): bulk_sent(lambda _: "/_bulk"),
    ("PUT", "/_bulk"): few(bulk_sent(lambda _: "/_bulk")),
    ("POST", "/{index:str}/_bulk"): bulk_sent(lambda it: f"/{it.log}/_bulk"),
    ("PUT", "/{index:str}/_bulk"): few(bulk_sent(lambda _: "/audit-logs/_bulk")),
    ("POST", "/{index:str}/_doc"): document_sent("_doc", lambda _: [""]),
    ("POST", "/{index:str}/_doc/{doc_id:str}"): few(document_sent("_doc/", by_id)),
    ("PUT", "/{index:str}/_doc/{doc_id:str}"): document_sent("_doc/", by_id),
    ("POST", "/{index:str}/_create/{doc_id:str}"): few(document_sent("_create/", by_id)),
    ("PUT", "/{index:str}/_create/{doc_id:str}"): document_sent("_create/", by_id),
    ("GET", "/{index:str}/_doc/{doc_id:str}"): below_index("_doc/"),
    ("DELETE", "/{index:str}/_doc/{doc_id:str}"): below_index("_doc/"),
    ("GET", "/{index:str}/_source/{doc_id:str}"): below_index("_source/"),
    ("POST", "/{index:str}/_update/{doc_id:str}"): below_index("_update/"),
    ("PUT", "/{index:str}/_update/{doc_id:str}"): few(below_index("_update/")),
    ("POST", "/{index:str}/_update_by_query"): below_index("_update_by_query?q="),
    ("POST", "/{index:str}/_delete_by_query"): below_index("_delete_by_query?q="),
    ("GET", "/_mget"): few(documents_wanted(lambda _: "/_mget")),
    ("POST", "/_mget"): documents_wanted(lambda _: "/_mget"),
    ("GET", "/{index:str}/_mget"): documents_wanted(lambda it: f"/{it.log}/_mget"),
    ("POST", "/{index:str}/_mget"): few(documents_wanted(lambda _: "/audit-logs/_mget")),
    ("DELETE", "/{index:str}"): lambda it: [Call(f"/{it.log}"), Call(f"/{it.tenant}?q={it.key}")],
}
"""By route of the router."""
