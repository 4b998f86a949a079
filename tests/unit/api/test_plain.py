"""Requests without the framework's object: headers, and bodies that end where they must."""

import asyncio
from typing import Any, cast

import pytest

from tallystick.api.bodies import read_body
from tallystick.api.plain import PlainHeaders, PlainRequest
from tallystick.api.problems import ProblemError

AUTHORIZATION = (b"authorization", b"Bearer \xe9")


def read(headers: list[tuple[bytes, bytes]], *parts: tuple[bytes, bool]) -> bytes:
    """Read a body that comes in parts; whoever asks for more of it than there is, fails."""
    rest = iter(parts)

    async def receive() -> dict[str, object]:
        body, more = next(rest)
        return {"type": "http.request", "body": body, "more_body": more}

    request = PlainRequest(cast("Any", {"headers": headers}), cast("Any", receive))
    body, size = asyncio.run(read_body(request, max_wire=10))
    assert size == len(body)
    assert next(rest, None) is None
    return body


def length(number: int) -> tuple[bytes, bytes]:
    return (b"content-length", b"%d" % number)


def test_a_header_is_found_by_its_name_and_the_first_one_counts() -> None:
    headers = PlainHeaders([(b"host", b"a"), (b"x-b", b"1"), (b"x-b", b"2"), AUTHORIZATION])
    assert headers.get("x-b") == "1"
    assert headers.getall("x-b", []) == ["1", "2"]
    assert headers.get("authorization") == "Bearer \u00e9"
    assert headers.get("x-c") is None
    assert headers.get("x-c", "none") == "none"
    assert headers.getall("x-c", []) == []


def test_a_body_of_declared_length_is_complete_with_its_last_byte() -> None:
    assert read([length(5)], (b"ab", True), (b"cde", True)) == b"abcde"
    assert read([length(0)]) == b""


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([], id="no length"),
        pytest.param([(b"transfer-encoding", b"chunked")], id="chunked"),
        pytest.param([length(2), (b"transfer-encoding", b"chunked")], id="chunked and a length"),
        pytest.param([(b"content-length", b"+2")], id="a length with a sign"),
        pytest.param([(b"content-length", "\u0662".encode())], id="a length in other digits"),
        pytest.param([(b"content-length", b"9" * 5_000)], id="a length beyond all bounds"),
    ],
)
def test_a_body_without_a_length_goes_on_until_the_server_says_so(
    headers: list[tuple[bytes, bytes]],
) -> None:
    assert read(headers, (b"ab", True), (b"cd", True), (b"", False)) == b"abcd"


def test_a_body_shorter_than_declared_is_what_the_server_made_of_it() -> None:
    assert read([length(5)], (b"ab", False)) == b"ab"


def test_a_declared_length_beyond_the_limit_is_read_and_refused() -> None:
    with pytest.raises(ProblemError, match="too large, want at most 10 bytes"):
        read([length(12)], (b"x" * 6, True), (b"x" * 6, True))
