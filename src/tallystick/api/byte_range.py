"""Which bytes of something an answer is to hold (RFC 9110, sections 13.1.5 and 14)."""

import re
from typing import Final

from tallystick.api.bodies import AnyRequest
from tallystick.api.problems import RANGE, ProblemError

_RANGE: Final = re.compile(r"bytes=([0-9]{0,18})-([0-9]{0,18})").fullmatch


def wanted_bytes(request: AnyRequest, size: int, etag: str) -> tuple[int, int] | None:
    """Return the half-open range that a request asks for; None: all.

    A header of another form is ignored, and so are several ranges, as the RFC allows.

    Args:
        request: Its ``Range`` and ``If-Range``.
        size: Bytes altogether.
        etag: What the bytes are known by.

    Raises:
        ProblemError: There are no such bytes.
    """
    form = _RANGE(request.headers.get("range", ""))
    if form is None or form[0] == "bytes=-" or request.headers.get("if-range", etag) != etag:
        return None
    first, last = form[1], form[2]
    if not first:
        start, stop = max(0, size - int(last)), size
    else:
        start, stop = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < start:
            return None
    if start >= size:
        detail = f"range: behind the end, want bytes below {size:,}"
        raise ProblemError(RANGE, detail, headers={"Content-Range": f"bytes */{size}"})
    return start, stop
