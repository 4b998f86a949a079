"""How long a scroll or a point in time is good for: ``5m``, ``30s``."""

import re
from datetime import timedelta
from typing import Final

from tallystick.search.elastic.refusal import ElasticError

MAX_KEPT: Final = timedelta(days=1)
"""As Elasticsearch has it where nobody changed it."""

_FORM: Final = re.compile(r"(\d{1,12})(d|h|m|s|ms|micros)", re.ASCII).fullmatch
_UNITS: Final = {
    "d": timedelta(days=1),
    "h": timedelta(hours=1),
    "m": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "ms": timedelta(milliseconds=1),
    "micros": timedelta(microseconds=1),
}


def read_keep_alive(text: str, name: str) -> timedelta:
    """Read how long something is kept.

    Args:
        text: As the client wrote it.
        name: The parameter or member.

    Raises:
        ElasticError: It is of another form, nothing, or longer than a day.
    """
    form = _FORM(text)
    if form is None:
        reason = f"failed to parse setting [{name}] with value [{text[:64]}] as a time value"
        raise ElasticError(reason, path=f"/{name}", kind="illegal_argument_exception")
    number, unit = int(form[1]), _UNITS[form[2]]
    if number > MAX_KEPT / unit:
        reason = f"Keep alive for request ({text}) is too large. It must be less than (1d)"
        raise ElasticError(reason, path=f"/{name}", kind="illegal_argument_exception")
    if not number * unit:
        reason = f"Keep alive for request ({text}) is nothing, want a time such as 1m"
        raise ElasticError(reason, path=f"/{name}", kind="illegal_argument_exception")
    return number * unit
