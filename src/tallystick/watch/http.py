"""A server that is asked over HTTP, by somebody who believes nothing of what it says."""

import json
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from time import sleep
from typing import Final
from urllib.parse import urlsplit

from tallystick.errors import (
    ForbiddenError,
    MalformedError,
    NotFoundError,
    TallystickError,
    VerificationError,
)

MAX_ANSWER: Final = 32 << 20
"""Largest answer in bytes: a full bundle is 256 entries of 64 KiB at most, half of this."""

_TRIES: Final = 3
_LONGEST_WAIT_S: Final = 10
_OK: Final = 200
_PARTIAL: Final = 206
_PUSHBACK: Final = (429, 503)
_FORBIDDEN: Final = (401, 403)
_GONE: Final = (404, 410)
_SERVER_ERROR: Final = 500
_UNPROVEN: Final = ("verification-failed", "epoch-unproven")
"""Codes of a server that does answer: it says that it can't prove what it holds."""
_LONGEST_REASON: Final = 300


class NoAnswerError(TallystickError):
    """Nobody answers, or not sensibly: ask again later; nothing is known until then."""


class Site:
    """A server and the key that it is asked with, over one connection that is kept.

    It follows no redirect, so that the key goes nowhere but to the server that was named.

    Args:
        url: ``http://HOST:PORT`` or ``https://…``, and a path below which the server stands.
        key: API key, sent where :meth:`get` is told to; empty for none.
        timeout_s: How long one answer may take to go on.
        wait: Sleeps for so many seconds between two tries.

    Raises:
        MalformedError: The URL or the key is none.
    """

    def __init__(
        self,
        url: str,
        key: str = "",
        *,
        timeout_s: float = 30,
        wait: Callable[[float], None] = sleep,
    ) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise MalformedError(f"server {url[:80]!r}: want http://HOST:PORT or https://…")
        if not key.isascii() or not (key.isprintable() and " " not in key):
            raise MalformedError("key: another form, want one as `key create` shows it")
        self.url = url.rstrip("/")
        self._secure = parts.scheme == "https"
        self._address = parts.netloc.rpartition("@")[2]
        self._prefix = parts.path.rstrip("/")
        self._key = key
        self._timeout_s = timeout_s
        self._wait = wait
        self._connection: HTTPConnection | None = None

    def get(self, path: str, *, limit: int = MAX_ANSWER, skipped: int = 0) -> bytes:
        """Ask for a resource, up to three times where the server does not answer.

        Args:
            path: Below the server's URL, with its query.
            limit: Most bytes that the answer may have.
            skipped: Bytes at its beginning that are not wanted. A server that knows ranges
                (RFC 9110 §14) does not send them.

        Raises:
            NoAnswerError: There was none, or only "not now".
            ForbiddenError: The key does not reach it.
            NotFoundError: It is not there.
            VerificationError: The server says that what it stores does not prove it.
            MalformedError: The answer is another, or too long.
        """
        headers = {"Range": f"bytes={skipped}-"} if skipped else {}
        status, data = self._ask("GET", path, None, headers, limit)
        return data if status == _PARTIAL else data[skipped:]

    def post(self, path: str, body: bytes, headers: Mapping[str, str]) -> bytes:
        """Send something, once; see :meth:`get` for the errors."""
        return self._ask("POST", path, body, headers, MAX_ANSWER, tries=1)[1]

    def close(self) -> None:
        """Close the connection; the next question opens another."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _ask(
        self,
        method: str,
        path: str,
        body: bytes | None,
        headers: Mapping[str, str],
        limit: int,
        tries: int = _TRIES,
    ) -> tuple[int, bytes]:
        reason = ""
        for left in reversed(range(tries)):
            try:
                status, data, retry_after = self._once(method, path, body, headers, limit)
            except (OSError, HTTPException) as error:
                self.close()
                reason, pause = f"{type(error).__name__}: {error}", 1.0
            else:
                if status // 100 == _OK // 100:
                    return status, data
                refusal = _refusal(status, path, data)
                if refusal is not None:
                    raise refusal
                reason, pause = f"status {status}", _seconds(retry_after)
            if left:
                self._wait(pause)
        raise NoAnswerError(f"server {self.url}: {reason}, want an answer")

    def _once(
        self, method: str, path: str, body: bytes | None, headers: Mapping[str, str], limit: int
    ) -> tuple[int, bytes, str]:
        connection = self._connection or self._open()
        sent = {"Accept": "*/*", "User-Agent": "tallystick-watch", **headers}
        if self._key:
            sent["Authorization"] = f"Bearer {self._key}"
        connection.request(method, self._prefix + path, body, sent)
        answer = connection.getresponse()
        return answer.status, self._read(answer, path, limit), answer.headers["Retry-After"] or ""

    def _open(self) -> HTTPConnection:
        kind = HTTPSConnection if self._secure else HTTPConnection
        self._connection = kind(self._address, timeout=self._timeout_s)
        return self._connection

    def _read(self, answer: HTTPResponse, path: str, limit: int) -> bytes:
        data = answer.read(limit + 1)
        if len(data) > limit:
            self.close()
            raise MalformedError(f"{path}: more than {limit:,} bytes, want no more")
        if answer.will_close:
            self.close()
        return data


def _refusal(status: int, path: str, body: bytes) -> TallystickError | None:
    """Return what a refusal means; None where the server only fails, and may be asked again."""
    code, reason = _problem(body)
    text = f"{path}: server answers {status} ({reason}), want 200"
    if status >= _SERVER_ERROR and code in _UNPROVEN:
        return VerificationError(text)
    if status in _PUSHBACK or status >= _SERVER_ERROR:
        return None
    if status in _FORBIDDEN:
        return ForbiddenError(text)
    return NotFoundError(text) if status in _GONE else MalformedError(text)


def _problem(body: bytes) -> tuple[object, str]:
    """Read (code, reason) from a problem of RFC 9457, as far as it is one."""
    try:
        problem = json.loads(body)
        reason = str(problem.get("detail") or problem["title"])[:_LONGEST_REASON]
        return problem.get("code"), reason
    except (ValueError, AttributeError, LookupError):
        return None, "no reason told"


def _seconds(retry_after: str) -> float:
    short = retry_after.isascii() and retry_after.isdigit() and len(retry_after) <= 4  # noqa: PLR2004
    return float(min(int(retry_after) if short else 1, _LONGEST_WAIT_S))
