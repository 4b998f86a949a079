"""What strangers ask of the routes that tell clients of Elasticsearch what there is.

They tell no event and nothing out of one: the same fields for everybody, and how many events of
one's own can be found.
"""

from collections.abc import Iterable
from itertools import product

from kit.strangers import Ask, Call, Things

NAMED = ("_mapping", "_mappings", "_settings", "_alias", "_aliases", "_stats")
TEMPLATES = ("_index_template", "_component_template", "_template")
KEPT = (*TEMPLATES, "_ilm/policy", "_ingest/pipeline")
EITHER = ("GET", "POST")


def asking(*paths: str, body: bool = False) -> Ask:
    """Ask with the names of what is another's in place of ``{index}`` and ``{name}``."""

    def ask(it: Things) -> list[Call]:
        asked = (
            (it.tenant, "", {"fields": [it.person, f"metadata.{it.erased}"]}),
            (it.log, f"?tenant={it.tenant}", {it.key: it.log}),
            (f"audit-logs,{it.event}", f"?{it.key}={it.ref}", {"fields": it.action}),
        )
        return [
            Call(f"/{path.format(index=name, name=name, table=name)}{more}", sent if body else None)
            for path in paths
            for name, more, sent in asked
        ]

    return ask


def routed(methods: Iterable[str], *paths: str, body: bool = False) -> dict[tuple[str, str], Ask]:
    """Place paths, each with its own requests, under the names that the router has for them."""
    return {
        (method, f"/{path.replace('}', ':str}')}"): asking(path, body=body)
        for method, path in product(methods, paths)
    }


METADATA_CALLS: dict[tuple[str, str], Ask] = {
    **routed(["GET"], "_cluster/health", "_cluster/health/{index}", "_resolve/index/{index}"),
    **routed(["GET"], "_nodes", "_nodes/http", "_nodes/_all/http"),
    **routed(["GET"], "_license", "_cat/health"),
    **routed(["GET"], "_cat/indices", "_cat/indices/{index}"),
    **routed(["GET"], "_cat/{table}", "_cat/{table}/{name}"),
    **routed(["GET"], *NAMED),
    **routed(["GET"], *(f"{{index}}/{path}" for path in NAMED), "{index}"),
    **routed(EITHER, "_field_caps", "{index}/_field_caps", body=True),
    **routed(EITHER, "_refresh", "{index}/_refresh"),
    **routed(["PUT", "POST"], *(f"{kind}/{{name}}" for kind in TEMPLATES), body=True),
    **routed(["GET"], *KEPT, *(f"{kind}/{{name}}" for kind in KEPT)),
    **routed(["PUT"], "_ilm/policy/{name}", "_ingest/pipeline/{name}", "{index}", body=True),
    **routed(["PUT"], "{index}/_mapping", "{index}/_settings", "{index}/_alias/{name}", body=True),
}
"""By route of the router."""
