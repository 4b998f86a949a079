"""A request and its answer as the busiest route needs them, without the framework's objects.

The framework's own cost a request with one event as much as reading the event does.
"""

from typing import NamedTuple, overload

from litestar import Response
from litestar.types import HTTPScope, Receive

RawHeaders = list[tuple[bytes, bytes]]


class PlainHeaders:
    """The headers of a request; the server has their names in lower case.

    Args:
        raw: Names and values as sent.
    """

    __slots__ = ("_raw",)

    def __init__(self, raw: RawHeaders) -> None:
        self._raw = raw

    @overload
    def get(self, name: str) -> str | None: ...
    @overload
    def get(self, name: str, default: str) -> str: ...
    def get(self, name: str, default: str | None = None) -> str | None:
        """Return the first header of a name, which is in lower case."""
        wanted = name.encode()
        for found, value in self._raw:
            if found == wanted:
                return value.decode("latin-1")
        return default

    def getall(self, name: str, default: list[str]) -> list[str]:
        """Return all headers of a name, which is in lower case."""
        wanted = name.encode()
        return [value.decode("latin-1") for found, value in self._raw if found == wanted] or default


class PlainRequest:
    """A request: what all handlers read of the framework's one, and nothing else.

    Attributes:
        scope: As the server and :class:`~tallystick.api.traffic.Traffic` made it.
        headers: Its headers.
        receive: Gives the body, a part at a time.
    """

    __slots__ = ("headers", "receive", "scope")

    def __init__(self, scope: HTTPScope, receive: Receive) -> None:
        self.scope = scope
        self.headers = PlainHeaders(scope["headers"])  # type: ignore[arg-type]
        self.receive = receive


class Answer(NamedTuple):
    """An answer: bytes of one media type.

    Attributes:
        status: The HTTP status.
        body: All of it.
        headers: Beside type and length.
        media_type: Of the body.
    """

    status: int
    body: bytes
    headers: dict[str, str]
    media_type: str = "application/json"

    @classmethod
    def of(cls, response: Response[bytes]) -> "Answer":
        """Take an answer out of the framework's object."""
        media_type = str(response.media_type)
        return cls(response.status_code or 200, response.content, response.headers, media_type)

    def response(self) -> Response[bytes]:
        """Return the framework's object."""
        return Response(
            self.body,
            status_code=self.status,
            media_type=self.media_type,
            headers=self.headers,
        )
