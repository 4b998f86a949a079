"""Bodies of requests for a change: one JSON object of a known form."""

from typing import Final, TypeVar

import msgspec

from tallystick.api.bodies import AnyRequest, read_body
from tallystick.errors import MalformedError
from tallystick.events.canonical import decode
from tallystick.events.refusal import refusal

MAX_FORM: Final = 256 * 1024
"""Bytes of such a body as sent."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request for a change wants."""


Form = TypeVar("Form", bound=Wanted)


async def read_object(request: AnyRequest) -> dict[str, object]:
    """Read a body that is one JSON object.

    Raises:
        MalformedError: It is something else.
        ProblemError: It is too large, or encoded in an unknown way.
    """
    body, _ = await read_body(request, MAX_FORM)
    raw = decode(body)
    if not isinstance(raw, dict):
        raise MalformedError(f"body: a {type(raw).__name__}, want an object")
    return raw


async def read_form(request: AnyRequest, form: type[Form]) -> Form:
    """Read a body of a form.

    Raises:
        MalformedError: It is of another form; ``path`` points to what is wrong.
        ProblemError: It is too large, or encoded in an unknown way.
    """
    try:
        return msgspec.convert(await read_object(request), form)
    except msgspec.ValidationError as error:
        raise refusal(str(error), "body") from None
