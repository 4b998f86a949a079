"""What a stranger asks of the routes of search, of things that are another tenant's."""

from kit.strangers import Ask, Call, Things, asked_of


def searched(it: Things, path: str, more: str = "") -> list[Call]:
    lines = ("", it.person, f"id:{it.event}", f"log:{it.log}", f"tenant:{it.tenant}", it.erased)
    return [
        *(Call(f"{path}?q={line}{more}") for line in (*lines, f"{it.tenant}:x", f'"{it.ref}')),
        *(Call(f"{path}?{name}={it.tenant}{more}") for name in ("tenant", "stream", "since")),
        Call(f"{path}?after={it.log}{more}"),
        *([Call(f"{path}?saved={it.saved}")] if path == "/v1/search" else []),
    ]


def search_posted(it: Things) -> list[Call]:
    lines = ({"q": it.person}, {"q": f"tenant:{it.tenant}", "stream": "access"})
    lines = (*lines, {it.key: it.log}, {"sort": it.tenant}, {"saved": it.saved})
    return [Call("/v1/search", body) for body in lines]


def saved(it: Things) -> list[Call]:
    bodies = [{"name": it.tenant, "q": f"tenant:{it.tenant}"}, {"name": "x", it.key: it.log}]
    paths = [f"/v1/saved-searches/{name}" for name in (it.saved, it.key, it.log)]
    return [
        Call(f"{path}{query}", body)
        for path in paths
        for query in ("", f"?tenant={it.tenant}")
        for body in bodies
    ]


def exports_wanted(it: Things) -> list[Call]:
    wishes = ({"q": it.person}, {"q": f"log:{it.log}", "stream": "access"}, {it.key: it.log})
    return [
        *(Call("/v1/exports", wish) for wish in (*wishes, {"stream": it.tenant})),
        Call(f"/v1/exports?tenant={it.tenant}", {"format": "csv"}),
    ]


def of_export(rest: str = "") -> Ask:
    return lambda it: [
        Call(f"/v1/exports/{name}{rest}{query}", headers=headers)
        for name in (it.export, it.saved)
        for query in ("", f"?tenant={it.tenant}")
        for headers in ({}, {"Range": "bytes=0-9"})
    ]


SEARCH_CALLS: dict[tuple[str, str], Ask] = {
    ("GET", "/v1/search"): lambda it: searched(it, "/v1/search"),
    ("POST", "/v1/search"): search_posted,
    ("GET", "/v1/search/histogram"): lambda it: searched(it, "/v1/search/histogram"),
    ("GET", "/v1/search/facets"): lambda it: searched(
        it, "/v1/search/facets", "&field=actor.id,tenant,log,metadata"
    ),
    ("GET", "/v1/tail"): lambda it: searched(it, "/v1/tail", "&wait_s=0"),
    ("GET", "/v1/saved-searches"): lambda it: [
        Call(f"/v1/saved-searches{query}")
        for query in ("", f"?tenant={it.tenant}", f"?after={it.saved}", f"?limit={it.tenant}")
    ],
    ("POST", "/v1/saved-searches"): lambda it: [
        Call(f"/v1/saved-searches?tenant={it.tenant}", {"name": it.person, "q": it.tenant}),
        Call("/v1/saved-searches", {"name": "x", "stream": it.tenant}),
        Call("/v1/saved-searches", {"name": "x", it.key: it.log}),
    ],
    ("GET", "/v1/saved-searches/{saved_id:str}"): asked_of(
        lambda it: f"/v1/saved-searches/{it.saved}"
    ),
    ("PUT", "/v1/saved-searches/{saved_id:str}"): saved,
    ("DELETE", "/v1/saved-searches/{saved_id:str}"): lambda it: [
        Call(f"/v1/saved-searches/{it.saved}{query}") for query in ("", f"?tenant={it.tenant}")
    ],
    ("POST", "/v1/exports"): exports_wanted,
    ("GET", "/v1/exports"): lambda it: [
        Call(f"/v1/exports{query}") for query in ("", f"?tenant={it.tenant}", f"?after={it.export}")
    ],
    ("GET", "/v1/exports/{export_id:str}"): of_export(),
    ("DELETE", "/v1/exports/{export_id:str}"): of_export(),
    ("GET", "/v1/exports/{export_id:str}/download"): of_export("/download"),
    ("GET", "/v1/exports/{export_id:str}/manifest"): of_export("/manifest"),
}
