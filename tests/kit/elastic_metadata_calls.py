"""What strangers ask of the routes that tell clients of Elasticsearch what there is.

They tell no event and nothing out of one: the same fields for everybody, and how many events of
one's own can be found.
"""

from kit.strangers import Ask, Call, Things

NAMED = ("_mappings", "_settings", "_alias", "_aliases")
TEMPLATES = ("_index_template", "_component_template", "_template")


def asking(path: str, *, body: bool, most: int) -> Ask:
    """Ask with the names of what is another's in place of ``{index}`` and ``{name}``."""

    def ask(it: Things) -> list[Call]:
        asked = (
            (it.log, f"?tenant={it.tenant}", {it.key: it.log}),
            (it.tenant, "", {"fields": [it.person, f"metadata.{it.erased}"]}),
            (f"audit-logs,{it.event}", f"?{it.key}={it.ref}", {"fields": it.action}),
        )
        return [
            Call(f"/{path.format(index=name, name=name, table=name)}{more}", sent if body else None)
            for name, more, sent in asked[:most]
        ]

    return ask


def routed(
    method: str, *paths: str, body: bool = False, most: int = 3
) -> dict[tuple[str, str], Ask]:
    """Place paths, each with its own requests, under the names that the router has for them."""
    return {
        (method, f"/{path.replace('}', ':str}')}"): asking(path, body=body, most=most)
        for path in paths
    }


def twins(method: str, *paths: str, body: bool = False) -> dict[tuple[str, str], Ask]:
    """Place paths whose handler is asked in full by another path or method."""
    return routed(method, *paths, body=body, most=1)


METADATA_CALLS: dict[tuple[str, str], Ask] = {
    **routed("GET", "_cluster/health/{index}", "_cat/indices/{index}", "_resolve/index/{index}"),
    **routed("GET", "{index}/_mapping", "{index}/_stats", "{index}", "_cat/{table}/{name}"),
    **routed("GET", "_nodes/http", "_license", "_ilm/policy/{name}", "_ingest/pipeline"),
    **routed("POST", "{index}/_field_caps", "_index_template/{name}", body=True),
    **routed("POST", "{index}/_refresh"),
    **routed("PUT", "{index}", "_ilm/policy/{name}", body=True),
    **twins("GET", "_cluster/health", "_nodes", "_nodes/_all/http", "_cat/health", "_cat/indices"),
    **twins("GET", "_cat/{table}", "_mapping", "_stats", "_field_caps", "{index}/_field_caps"),
    **twins("GET", "_refresh", "{index}/_refresh"),
    **twins("GET", *NAMED, *(f"{{index}}/{path}" for path in NAMED)),
    **twins("GET", *TEMPLATES, "_ilm/policy", *(f"{kind}/{{name}}" for kind in TEMPLATES)),
    **twins("GET", "_ingest/pipeline/{name}"),
    **twins("POST", "_refresh"),
    **twins("POST", "_field_caps", *(f"{kind}/{{name}}" for kind in TEMPLATES[1:]), body=True),
    **twins("PUT", *(f"{kind}/{{name}}" for kind in TEMPLATES), body=True),
    **twins("PUT", "_ingest/pipeline/{name}", "{index}/_mapping", "{index}/_settings", body=True),
    **twins("PUT", "{index}/_alias/{name}", body=True),
}
"""By route of the router."""
