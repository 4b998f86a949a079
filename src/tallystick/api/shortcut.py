"""A short way to the busiest route: its handler without the framework's dispatch.

Routing, the search for arguments and the making of the answer cost a request with one event as
much as all that is done with the event; the handler, its errors and its answer are the same.
"""

from collections.abc import Awaitable, Callable
from typing import Any, cast

from litestar import Request, Response
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

Answer = Callable[[Request[Any, Any, Any]], Awaitable[Response[bytes]]]
AnswerError = Callable[[Request[Any, Any, Any], Exception], Response[bytes]]


def short_cut(
    app: ASGIApp, method: str, path: str, handler: HTTPRouteHandler, answer_error: AnswerError
) -> ASGIApp:
    """Lead one route past the framework.

    Args:
        app: Takes all other requests.
        method: The route's method.
        path: Its path, without parameters.
        handler: Takes the request alone, and answers bytes.
        answer_error: Answers what the handler raises.
    """
    answer = cast("Answer", handler.fn)

    async def led(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not _is(scope, method, path):
            await app(scope, receive, send)
            return
        scope["route_handler"] = handler
        request = Request[Any, Any, Any](scope, receive, send)
        try:
            response = await answer(request)
        except Exception as error:  # noqa: BLE001 (as the framework does: every error has an answer)
            response = answer_error(request, error)
        await _send(send, response)

    return led


def _is(scope: HTTPScope, method: str, path: str) -> bool:
    return scope["path"] == path and scope["method"] == method


async def _send(send: Send, response: Response[bytes]) -> None:
    body = response.content
    headers = [(name.lower().encode(), text.encode()) for name, text in response.headers.items()]
    headers += [
        (b"content-type", str(response.media_type).encode()),
        (b"content-length", str(len(body)).encode()),
    ]
    await send(
        {
            "type": "http.response.start",
            "status": response.status_code or 200,
            "headers": headers,
        }
    )
    await send({"type": "http.response.body", "body": body, "more_body": False})
