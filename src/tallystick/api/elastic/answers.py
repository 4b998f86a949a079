"""Answers as clients of Elasticsearch want them: product, media type, parts, indentation."""

import re
from typing import Final

import msgspec
from litestar import Response

from tallystick.api.bodies import AnyRequest
from tallystick.api.elastic.filter_path import filtered

PRODUCT: Final = {"X-Elastic-Product": "Elasticsearch"}
"""Without this header the official clients call a successful answer an error."""

_COMPATIBLE: Final = re.compile(
    r"application/vnd\.elasticsearch\+(?:json|x-ndjson)\s*;\s*compatible-with\s*=\s*([789])\b"
).search
_PRETTY: Final = frozenset({"", "true"})


def elastic_answer(
    request: AnyRequest,
    value: object,
    status: int = 200,
    headers: dict[str, str] | None = None,
    parameters: dict[str, str] | None = None,
) -> Response[bytes]:
    """Write an answer.

    Args:
        request: Whom it answers.
        value: JSON builtins or structs.
        status: The HTTP status.
        headers: More headers.
        parameters: Those of the request, for ``filter_path`` and ``pretty``.
    """
    told = parameters or {}
    if "filter_path" in told:
        value = filtered(msgspec.to_builtins(value), told["filter_path"])
    body = msgspec.json.encode(value)
    if told.get("pretty", "false") in _PRETTY:
        body = msgspec.json.format(body, indent=2) + b"\n"
    return Response(
        body,
        status_code=status,
        media_type=media_type(request),
        headers={**PRODUCT, **(headers or {})},
    )


def media_type(request: AnyRequest) -> str:
    """Return the media type that the client asks for: that of its version, or plain JSON."""
    compatible = _COMPATIBLE(request.headers.get("accept", ""))
    if compatible is None:
        return "application/json"
    return f"application/vnd.elasticsearch+json;compatible-with={compatible[1]}"
