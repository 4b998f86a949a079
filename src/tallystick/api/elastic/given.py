"""The body of a question, as it was sent and as it is read."""

from typing import Any, Final, NamedTuple

from litestar import Request

from tallystick.api.bodies import read_body
from tallystick.api.forms import MAX_FORM
from tallystick.errors import MalformedError
from tallystick.events.canonical import decode
from tallystick.search.elastic.refusal import ElasticError

_BLANK: Final = b" \t\r\n"


class Given(NamedTuple):
    """A body.

    Attributes:
        text: As it was sent; empty for none.
        body: As JSON builtins; None for none.
    """

    text: str = ""
    body: object = None


async def read_given(request: Request[Any, Any, Any]) -> Given:
    """Read the body of a request, with whatever method it came.

    Raises:
        ElasticError: It is no JSON.
        ProblemError: It is too large, or encoded in an unknown way.
    """
    raw, _ = await read_body(request, MAX_FORM)
    return given_of(raw)


def given_of(raw: bytes) -> Given:
    """Read a body.

    Raises:
        ElasticError: It is no JSON.
    """
    raw = raw.strip(_BLANK)
    if not raw:
        return Given()
    try:
        return Given(raw.decode(), decode(raw))
    except UnicodeDecodeError:
        reason = "body: bytes that are no UTF-8, want JSON in UTF-8"
        raise ElasticError(reason, kind="parse_exception") from None
    except MalformedError as error:
        raise ElasticError(str(error), path=error.path, kind="parse_exception") from None


async def read_members(request: Request[Any, Any, Any]) -> dict[str, object]:
    """Read a body that is an object, or none.

    Raises:
        ElasticError: It is something else.
    """
    body = (await read_given(request)).body
    if not isinstance(body, dict | None):
        raise ElasticError("request body: another value, want an object", kind="parse_exception")
    return body or {}
