"""Errors in the shape of Elasticsearch's."""

from typing import Any, Final

from litestar import Request, Response

from tallystick.api.doorway import Doorway
from tallystick.api.elastic.answers import elastic_answer
from tallystick.api.problems import INTERNAL, kind_of, problem_headers
from tallystick.errors import PushbackError
from tallystick.search.counted import TooManyBucketsError
from tallystick.search.elastic.refusal import ElasticError, ElasticMissingError
from tallystick.search.ports import LimitError

_TYPES: Final = {
    400: "illegal_argument_exception",
    401: "security_exception",
    403: "security_exception",
    404: "resource_not_found_exception",
    405: "illegal_argument_exception",
    406: "media_type_header_exception",
    409: "version_conflict_engine_exception",
    410: "resource_not_found_exception",
    413: "content_too_long_exception",
    429: "es_rejected_execution_exception",
    503: "unavailable_shards_exception",
}
_CHALLENGES: Final = 'Basic realm="tallystick" charset="UTF-8", Bearer realm="tallystick", ApiKey'
_UNAUTHENTICATED: Final = 401
_MEDIA: Final = 415


def answer_error(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer what a handler raised."""
    doorway: Doorway = request.app.state.doorway
    doorway.refused(request, error)
    body = error_body(error)
    headers = problem_headers(error)
    if body["status"] == _UNAUTHENTICATED:
        headers = {**headers, "WWW-Authenticate": _CHALLENGES}
    return elastic_answer(request, body, status_of(error), headers)


def error_body(error: Exception) -> dict[str, Any]:
    """Write an error as the body of an answer, or of one answer of several."""
    status = status_of(error)
    reason = "see the server's log" if kind_of(error) is INTERNAL else str(error)
    more = error.more if isinstance(error, ElasticMissingError) else {}
    told = cause(type_of(error, status), reason, **more)
    return {"error": {"root_cause": [told], **told}, "status": status}


def cause(kind: str, reason: str, **more: str) -> dict[str, str]:
    """Write one cause of an error."""
    return {"type": kind, "reason": reason, **more}


def status_of(error: Exception) -> int:
    """Return the HTTP status by which clients of Elasticsearch know what to do.

    All that passes by waiting is 429: they send such a request again, and no other. A question
    that needs more than its limits does not pass so.
    """
    if isinstance(error, LimitError):
        return 400
    if isinstance(error, PushbackError):
        return 429
    status = kind_of(error).status
    return 406 if status == _MEDIA else status


def type_of(error: Exception, status: int) -> str:
    """Return Elasticsearch's name for a kind of error."""
    match error:
        case ElasticError() | ElasticMissingError():
            return error.kind
        case TooManyBucketsError():
            return "too_many_buckets_exception"
        case LimitError():
            return "circuit_breaking_exception"
        case _:
            return _TYPES.get(status, "exception")
