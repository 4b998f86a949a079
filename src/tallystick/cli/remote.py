"""A server that is asked over HTTP, by commands that were told ``--server`` or ``--key``."""

import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from http.client import HTTPException, HTTPResponse
from typing import Any, Final, NamedTuple
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlencode, urlsplit
from urllib.request import Request, urlopen

from tallystick.cli.exit_codes import UnreachableError, UsageError
from tallystick.errors import (
    ConflictError,
    ErasedError,
    ForbiddenError,
    MalformedError,
    NotFoundError,
    PushbackError,
    TallystickError,
)
from tallystick.settings import Settings

_TIMEOUT_S: Final = 90
_SERVER_ERROR: Final = 500
_PARTIAL: Final = 206
_PIECE: Final = 1 << 18
_LONGEST_WORD: Final = 4
_CLASSES: Final[Mapping[int, type[TallystickError]]] = {
    401: ForbiddenError,
    403: ForbiddenError,
    404: NotFoundError,
    409: ConflictError,
    410: ErasedError,
}


class Answer(NamedTuple):
    """What a server answered; the status is below 400."""

    status: int
    body: bytes

    @property
    def json(self) -> Any:  # noqa: ANN401 (whatever the server says)
        """The body, read as JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise UnreachableError("server: answers something else, want Tallystick's") from None


class Remote:
    """One server, and the key that it is asked with.

    Args:
        settings: Names both.

    Raises:
        UsageError: The URL is none.
    """

    def __init__(self, settings: Settings) -> None:
        parts = urlsplit(settings.server)
        if parts.scheme not in {"http", "https"} or not parts.netloc:
            raise UsageError(
                f"--server {settings.server[:80]!r}: want http://HOST:PORT or https://…"
            )
        if not settings.key.isascii() or not settings.key.isprintable():
            raise UsageError("--key: want a key as `key create` shows it")
        self._url = settings.server.rstrip("/")
        self._key = settings.key

    def get(self, path: str, **query: object) -> Answer:
        """Ask for something; members of the query that are None are left out.

        Raises:
            TallystickError: As :meth:`ask`.
        """
        return self.ask("GET", f"{quote(path)}{_written(query)}")

    def ask_about(self, path: str, query: Mapping[str, object]) -> Any:  # noqa: ANN401 (JSON)
        """Ask for something that may be gone; return what is said of it, None if it is.

        Raises:
            TallystickError: As :meth:`ask`.
        """
        try:
            return self.get(path, **query).json
        except (NotFoundError, ErasedError):
            return None

    def post(self, path: str, body: bytes, headers: Mapping[str, str], **query: object) -> Answer:
        """Send something that is to be made.

        Raises:
            TallystickError: As :meth:`ask`.
        """
        return self.ask("POST", f"{quote(path)}{_written(query)}", body, headers)

    def stream(self, path: str, headers: Mapping[str, str]) -> Iterator[bytes]:
        """Yield an answer in pieces; where the connection breaks, it ends with what came.

        Args:
            path: With its query.
            headers: With ``Range``; an answer that is not the part asked for is none.

        Raises:
            TallystickError: As :meth:`ask`, before the first byte.
        """
        request = self._request("GET", path, None, headers)
        with (
            suppress(HTTPException, TimeoutError, ConnectionError),
            self._opened(request) as answer,
        ):
            if answer.status != _PARTIAL:
                raise UnreachableError(f"server: answers {answer.status}, want the part asked for")
            while piece := answer.read1(_PIECE):
                yield piece

    def send_lines(self, path: str, body: bytes) -> Answer:
        """Send NDJSON.

        Raises:
            TallystickError: As :meth:`ask`; an answer 422 or 409 is none: it tells of each line.
        """
        return self.ask("POST", path, body, {"Content-Type": "application/x-ndjson"}, (409, 422))

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        expected: tuple[int, ...] = (),
    ) -> Answer:
        """Send one request.

        Args:
            method: Such as ``GET``.
            path: With its query.
            body: What is sent.
            headers: More headers.
            expected: Statuses from 400 on that are an answer all the same.

        Raises:
            UnreachableError: There is no answer.
            PushbackError: It is too much just now.
            TallystickError: The class that fits another refusal.
        """
        request = self._request(method, path, body, headers)
        try:
            with self._opened(request, expected) as answer:
                return Answer(answer.status, answer.read())
        except HTTPError as error:
            with error:
                return Answer(error.code, error.read())
        except (HTTPException, TimeoutError, ConnectionError) as error:
            raise self._silent(error) from None

    def _request(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str] | None
    ) -> Request:
        sent = {"Accept": "application/json", **(headers or {})}
        if self._key:
            sent["Authorization"] = f"Bearer {self._key}"
        return Request(self._url + path, body, sent, method=method)  # noqa: S310 (checked: http)

    def _opened(self, request: Request, expected: tuple[int, ...] = ()) -> HTTPResponse:
        """Send a request; what is refused is raised as what it means.

        Raises:
            HTTPError: A refusal that is expected.
        """
        try:
            answer: HTTPResponse = urlopen(request, timeout=_TIMEOUT_S)  # noqa: S310 (checked: http)
        except HTTPError as error:
            if error.code in expected and _is_no_problem(error):
                raise
            with error:
                text = error.read()
            raise _error(error.code, text, error.headers.get("Retry-After")) from None
        except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
            raise self._silent(error) from None
        return answer

    def _silent(self, error: Exception) -> UnreachableError:
        reason = getattr(error, "reason", error)
        return UnreachableError(f"server {self._url}: {reason}, want an answer")


def _written(query: Mapping[str, object]) -> str:
    given = {name: value for name, value in query.items() if value is not None}
    return f"{'?' if given else ''}{urlencode(given)}"


def _is_no_problem(error: HTTPError) -> bool:
    return "problem" not in (error.headers.get("Content-Type") or "")


def _error(status: int, body: bytes, retry_after: str | None) -> TallystickError:
    try:
        problem = json.loads(body)
        detail = str(problem.get("detail") or problem["title"])
    except (ValueError, AttributeError, LookupError):
        detail = f"server: answers {status}, want Tallystick's answer"
    if status in {429, 503}:
        told = retry_after or ""
        short = told.isascii() and told.isdigit() and len(told) <= _LONGEST_WORD
        return PushbackError(detail, retry_after_s=int(told) if short else 1)
    if status >= _SERVER_ERROR:
        return UnreachableError(detail)
    return _CLASSES.get(status, MalformedError)(detail)
