"""Request bodies within bounds: what is declared is not believed, what expands is measured."""

import re
import zlib
from typing import Any, Final

import zstandard
from litestar import Request

from tallystick.api.plain import PlainRequest
from tallystick.api.problems import MALFORMED, MEDIA, TOO_LARGE, ProblemError
from tallystick.errors import MalformedError

MAX_WIRE: Final = 16 * 1024 * 1024
"""Bytes of a body as sent."""

MAX_BODY: Final = 64 * 1024 * 1024
"""Bytes of a body once it is decompressed."""

MAX_RATIO: Final = 200
"""How many bytes one compressed byte may become, beyond the first mebibyte."""

_DISCARD: Final = 4
"""Times the limit that is read and dropped of a larger body: a sender that is cut off while it
sends does not read the answer."""

_FREE: Final = 1024 * 1024
_GZIP: Final = 31  # zlib's window of 15 bits, plus 16 for the gzip frame
_MAX_WINDOW: Final = 8 * 1024 * 1024
_LENGTH: Final = re.compile("[0-9]{1,18}")

AnyRequest = Request[Any, Any, Any] | PlainRequest


async def read_body(request: AnyRequest, max_wire: int = MAX_WIRE) -> tuple[bytes, int]:
    """Read a body and undo its ``Content-Encoding``.

    Returns:
        The body, and its size as sent.

    Raises:
        ProblemError: Too large, or an encoding other than gzip and zstd.
        MalformedError: The compressed data is damaged or cut short.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in {"identity", "gzip", "zstd"}:
        raise ProblemError(MEDIA, "content encoding: another one, want gzip, zstd or none")
    raw = await _read(request, max_wire)
    if encoding == "identity":
        return raw, len(raw)
    limit = min(MAX_BODY, max(_FREE, MAX_RATIO * len(raw)))
    return (_gunzip if encoding == "gzip" else _unzstd)(raw, limit), len(raw)


async def _read(request: AnyRequest, limit: int) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    declared = _declared(request)
    # With its last byte a body of declared length has ended. To wait until the server says so,
    # too, costs a small request one more turn of the loop.
    while more and size != declared:
        message = await request.receive()
        if message["type"] != "http.request":
            raise ProblemError(MALFORMED, "body: cut short by the sender")
        part = message["body"]
        size += len(part)
        more = message["more_body"]
        if size <= limit:
            parts.append(part)
        elif parts:
            parts.clear()
        if size > _DISCARD * limit:
            break
    if size > limit:
        raise ProblemError(TOO_LARGE, f"body: too large, want at most {limit:,} bytes as sent")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _declared(request: AnyRequest) -> int | None:
    """Return the length that the server holds the body to; None where it comes in chunks."""
    length = request.headers.get("content-length", "")
    if request.headers.get("transfer-encoding") is not None or not _LENGTH.fullmatch(length):
        return None
    return int(length)


def _gunzip(raw: bytes, limit: int) -> bytes:
    parts: list[bytes] = []
    left, rest = limit, raw
    while rest:
        member = zlib.decompressobj(_GZIP)
        try:
            part = member.decompress(rest, left + 1)
        except zlib.error:
            raise MalformedError("body: damaged, want gzip data") from None
        left -= len(part)
        if left < 0:
            raise _expands(limit)
        if not member.eof:
            raise MalformedError("body: gzip data cut short")
        parts.append(part)
        rest = member.unused_data
    return b"".join(parts)


def _unzstd(raw: bytes, limit: int) -> bytes:
    try:
        declared = zstandard.get_frame_parameters(raw).content_size
        if declared != zstandard.CONTENTSIZE_UNKNOWN and declared > limit:
            raise _expands(limit)
        inflater = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
        if declared != zstandard.CONTENTSIZE_UNKNOWN:
            return inflater.decompress(raw, allow_extra_data=False)
        return _unzstd_stream(inflater, raw, limit)
    except zstandard.ZstdError:
        raise MalformedError("body: damaged or cut short, want one frame of zstd data") from None


def _unzstd_stream(inflater: zstandard.ZstdDecompressor, raw: bytes, limit: int) -> bytes:
    """Decompress a frame that does not tell its size, without making room for all of the limit."""
    size = 0
    with inflater.stream_reader(raw) as probe:
        while size <= limit:
            part = probe.read(_FREE)
            if not part:
                break
            size += len(part)
    if size > limit:
        raise _expands(limit)
    return inflater.decompress(raw, max_output_size=max(size, 1), allow_extra_data=False)


def _expands(limit: int) -> ProblemError:
    return ProblemError(
        TOO_LARGE, f"body: more than {limit:,} bytes once decompressed, want a smaller batch"
    )
