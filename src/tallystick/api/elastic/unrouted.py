"""What there is no route for: refused by its name."""

from typing import Any, Final

from litestar import Request
from litestar.exceptions import MethodNotAllowedException, NotFoundException

from tallystick.search.elastic.refusal import ElasticError

_INSTEAD: Final = {
    **dict.fromkeys(
        ("_async_search", "_sql", "_eql", "_query", "_search_shards", "_knn_search", "_rank_eval"),
        "[_search]",
    ),
    **dict.fromkeys(("_search_template", "_msearch_template", "_render", "_scripts"), "[_search]"),
    **dict.fromkeys(("_graph", "_terms_enum", "_termvectors", "_mtermvectors"), "aggregations"),
    **dict.fromkeys(("_explain", "_validate"), "[_search]"),
    **dict.fromkeys(("_reindex", "_snapshot", "_slm"), "the archive and the backup"),
    **dict.fromkeys(("_watcher", "_transform", "_rollup", "_ml", "_enrich"), "nothing of the kind"),
    **dict.fromkeys(("_security", "_ssl"), "[/v1/keys]"),
}
_MOST: Final = 200


def is_unrouted(request: Request[Any, Any, Any], error: Exception) -> bool:
    """Whether there is no route for a request.

    The name of an index does not begin with ``_``: a path of one such part is led to the routes
    of an index, and refused there for its method, only where it has no route of its own.
    """
    path = request.scope["path"]
    is_one_part = path.startswith("/_") and path.count("/") == 1
    if isinstance(error, MethodNotAllowedException) and is_one_part:
        return all(route.path != path for route in request.app.routes)
    return isinstance(error, NotFoundException)


def unrouted(request: Request[Any, Any, Any]) -> ElasticError:
    """Say that nothing is answered at a path."""
    path = request.scope["path"]
    method = request.scope["method"]
    told = f"no handler found for uri [{path[:_MOST]}] and method [{method}]"
    for name in path.split("/"):
        if name in _INSTEAD:
            told += f": [{name}] is not answered here, want {_INSTEAD[name]}"
            break
    return ElasticError(told, kind="illegal_argument_exception")
