"""The description of the API: OpenAPI for machines, one page without a script for people."""

from html import escape
from typing import Any, Final

import msgspec
from litestar import Request, Response, get

_CSP: Final = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
_STYLE: Final = (
    ":root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;"
    "margin:2rem auto;padding:0 1rem}code{font:14px ui-monospace,monospace}"
    "section{border-top:1px solid #8886;padding:.75rem 0}h2{font-size:1rem;margin:0}"
    "p{margin:.25rem 0}.m{display:inline-block;min-width:4.5rem;font-weight:700}"
)
_METHODS: Final = ("get", "put", "post", "delete")


@get("/openapi.json", include_in_schema=False, sync_to_thread=False)
def openapi(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Serve the OpenAPI description."""
    schema = request.app.openapi_schema.to_schema()
    return Response(msgspec.json.encode(schema), media_type="application/vnd.oai.openapi+json")


@get("/docs", include_in_schema=False, sync_to_thread=False)
def documents(request: Request[Any, Any, Any]) -> Response[bytes]:
    """Serve the description as a page."""
    schema = request.app.openapi_schema.to_schema()
    sections = [
        _section(method, path, operations[method])
        for path, operations in sorted(schema["paths"].items())
        for method in _METHODS
        if method in operations
    ]
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width">'
        f"<title>Tallystick API</title><style>{_STYLE}</style><h1>Tallystick API</h1>"
        f"<p>{escape(schema['info']['description'])}</p>"
        '<p>For machines: <a href="/openapi.json">openapi.json</a></p>'
        f"{''.join(sections)}</html>"
    )
    return Response(
        page.encode(),
        media_type="text/html",
        headers={"Content-Security-Policy": _CSP},
    )


def _section(method: str, path: str, operation: dict[str, Any]) -> str:
    parameters = ", ".join(
        f"<code>{escape(one['name'])}</code>"
        for one in operation.get("parameters", [])
        if one["in"] == "query"
    )
    return (
        f'<section><h2><span class="m">{method.upper()}</span><code>{escape(path)}</code></h2>'
        f"<p>{escape(operation.get('summary') or '')}</p>"
        f"<p>{escape(operation.get('description') or '')}</p>"
        f"{f'<p>Query: {parameters}</p>' if parameters else ''}</section>"
    )
