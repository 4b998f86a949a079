"""The one table from an error to an HTTP answer (RFC 9457)."""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
from litestar import Response

from tallystick.errors import (
    ConflictError,
    ErasedError,
    ForbiddenError,
    HeldError,
    MalformedError,
    NotFoundError,
    PushbackError,
    TallystickError,
    VerificationError,
)

MEDIA_TYPE: Final = "application/problem+json"
CHALLENGE: Final = 'Bearer realm="tallystick", Basic realm="tallystick"'


class Kind(NamedTuple):
    """One kind of problem; ``code`` is stable, and ends the problem's ``type``."""

    status: int
    code: str
    title: str

    @property
    def type(self) -> str:
        """The URI that names the kind."""
        return f"urn:tallystick:problem:{self.code}"


class ProblemError(TallystickError):
    """What only HTTP knows of: a credential, a header, a size on the wire.

    Attributes:
        kind: The kind of problem.
        headers: Headers of the answer.
    """

    def __init__(
        self, kind: Kind, detail: str, *, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.headers = dict(headers or {})


UNAUTHENTICATED = Kind(401, "unauthenticated", "No valid credential")
METHOD = Kind(405, "method-not-allowed", "This path has other methods")
TOO_LARGE = Kind(413, "too-large", "Larger than this door takes")
MEDIA = Kind(415, "unsupported-media-type", "Another media type or encoding is needed")
RANGE = Kind(416, "range-not-satisfiable", "There are no such bytes")
TOO_MANY = Kind(429, "too-many-requests", "Above the limit of this key")
INTERNAL = Kind(500, "internal", "The server failed")
UNREADY = Kind(503, "unready", "Not able to take requests")
EPOCH_UNPROVEN = Kind(500, "epoch-unproven", "What is stored does not prove this epoch")
MALFORMED = Kind(400, "malformed", "The request is not of its form")
FORBIDDEN = Kind(403, "forbidden", "The credential does not allow it")
NOT_FOUND = Kind(404, "not-found", "No such thing within reach of the credential")

KINDS: Final[Mapping[type[TallystickError], Kind]] = {
    MalformedError: MALFORMED,
    ForbiddenError: FORBIDDEN,
    NotFoundError: NOT_FOUND,
    ConflictError: Kind(409, "conflict", "Another state was found than the one expected"),
    HeldError: Kind(409, "held", "A legal hold forbids it"),
    ErasedError: Kind(410, "erased", "Gone; its hash remains"),
    VerificationError: Kind(500, "verification-failed", "What is stored does not prove itself"),
    PushbackError: Kind(503, "pushback", "No room for more just now"),
}


def kind_of(error: Exception) -> Kind:
    """Return the kind of problem that an error is."""
    if isinstance(error, ProblemError):
        return error.kind
    for known in type(error).__mro__:
        kind = KINDS.get(known)
        if kind is not None:
            return kind
    return INTERNAL


def unauthenticated() -> ProblemError:
    """The same answer for every credential that is not valid, whatever is wrong with it."""
    return ProblemError(
        UNAUTHENTICATED,
        "credential: none that is valid, want an API key",
        headers={"WWW-Authenticate": CHALLENGE},
    )


def problem(error: Exception, request_id: str) -> Response[bytes]:
    """Write an error as a problem.

    Args:
        error: What was raised; the text of an unforeseen one is not shown.
        request_id: The request's id, by which the server's log is searched.
    """
    kind = kind_of(error)
    body: dict[str, object] = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": "see the server's log" if kind is INTERNAL else str(error),
        "code": kind.code,
        "request_id": request_id,
    }
    if isinstance(error, MalformedError):
        body["path"] = error.path
    return Response(
        msgspec.json.encode(body),
        status_code=kind.status,
        media_type=MEDIA_TYPE,
        headers=problem_headers(error),
    )


def problem_headers(error: Exception) -> dict[str, str]:
    """Return the headers that go with an error, whatever the form of its body."""
    if isinstance(error, ProblemError):
        return error.headers
    if isinstance(error, PushbackError):
        return {"Retry-After": str(error.retry_after_s)}
    return {}
