"""A short way to the busiest route: its handler without the framework's dispatch.

Routing, the search for arguments and the making of the answer cost a request with one event as
much as all that is done with the event; the handler, its errors and its answer are the same.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from tallystick.api.plain import Answer, PlainRequest


class Way(NamedTuple):
    """The route that is led past the framework.

    Attributes:
        method: Its method.
        path: Its path, without parameters.
        handler: The framework's handler, by which the route is named.
        answer: What the handler does.
        answer_error: Answers what that raises.
    """

    method: str
    path: str
    handler: HTTPRouteHandler
    answer: Callable[[PlainRequest], Awaitable[Answer]]
    answer_error: Callable[[PlainRequest, Exception], Answer]


def short_cut(app: ASGIApp, way: Way) -> ASGIApp:
    """Lead one route past the framework; ``app`` takes all other requests."""
    method, path, handler, answer, answer_error = way

    async def led(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not _is(scope, method, path):
            await app(scope, receive, send)
            return
        scope["route_handler"] = handler
        request = PlainRequest(scope, receive)
        try:
            told = await answer(request)
        except Exception as error:  # noqa: BLE001 (as the framework does: every error has an answer)
            told = answer_error(request, error)
        await _send(send, told)

    return led


def _is(scope: HTTPScope, method: str, path: str) -> bool:
    return scope["path"] == path and scope["method"] == method


async def _send(send: Send, answer: Answer) -> None:
    status, body, more, media_type = answer
    headers = [
        (b"content-type", media_type.encode()),
        (b"content-length", b"%d" % len(body)),
    ]
    if more:
        headers += [(name.lower().encode(), text.encode()) for name, text in more.items()]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
