"""All routes that speak as Elasticsearch does: one line a handler."""

from typing import Any, Final, cast

from litestar import Request, Router
from litestar.handlers import BaseRouteHandler

from tallystick.api.elastic import (
    bulk,
    cat,
    catching_up,
    count,
    document,
    health,
    indices,
    information,
    node,
    points,
    reading,
    scrolling,
    search,
    several,
    templates,
    unchanging,
)

HANDLERS: Final = (
    information.show_information,
    health.show_health,
    node.show_nodes,
    node.show_license,
    cat.list_indices,
    cat.list_health,
    cat.refuse_table,
    indices.show_indices,
    indices.show_index,
    indices.show_field_caps,
    indices.show_stats,
    indices.resolve_index,
    catching_up.refresh,
    templates.acknowledge_template,
    templates.refuse_change,
    templates.list_none,
    templates.show_none,
    search.search,
    count.count,
    several.search_severally,
    scrolling.go_on,
    scrolling.end_scrolls,
    points.open_point,
    points.create_point,
    points.close_point,
    points.delete_points,
    bulk.bulk,
    document.append_document,
    document.put_document,
    document.create_document,
    reading.show_document,
    reading.show_source,
    reading.show_documents,
    unchanging.update_document,
    unchanging.delete_document,
    unchanging.change_by_query,
    unchanging.delete_index,
)

_OPTION: Final = "elastic"


def elastic_router() -> Router:
    """Make the routes of an application.

    They are no part of the OpenAPI description: it would repeat Elasticsearch's own.
    """
    return Router("/", route_handlers=HANDLERS, opt={_OPTION: True}, include_in_schema=False)


def speaks_elastic(request: Request[Any, Any, Any]) -> bool:
    """Whether who asks wants answers in Elasticsearch's shape, errors too.

    Where no route fits, a part of the path that begins with ``_`` tells it: no other route
    has one.
    """
    handler = cast("BaseRouteHandler | None", request.scope.get("route_handler"))
    if handler is not None and handler.opt.get(_OPTION):
        return True
    return any(part.startswith("_") for part in request.scope["path"].split("/"))
