"""Which bytes are wanted (RFC 9110): those that were asked for, or all."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from tallystick.api.byte_range import wanted_bytes
from tallystick.api.problems import RANGE, ProblemError

SIZE, ETAG = 100, '"e"'


def asked(**headers: str) -> Any:  # noqa: ANN401 (as much of a request as is read)
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return cast("Any", SimpleNamespace(headers=named))


@pytest.mark.parametrize(
    ("text", "want"),
    [
        ("bytes=0-", (0, 100)),
        ("bytes=0-0", (0, 1)),
        ("bytes=10-19", (10, 20)),
        ("bytes=10-", (10, 100)),
        ("bytes=90-1000", (90, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-1000", (0, 100)),
        ("bytes=-", None),
        ("bytes=20-10", None),
        ("bytes=1-2,5-6", None),
        ("lines=1-2", None),
        ("bytes=a-b", None),
        ("", None),
    ],
)
def test_a_range_is_half_open_and_what_is_none_is_ignored(
    text: str, want: tuple[int, int] | None
) -> None:
    assert wanted_bytes(asked(range=text), SIZE, ETAG) == want


@pytest.mark.parametrize("text", ["bytes=100-", "bytes=100-200", "bytes=-0"])
def test_bytes_that_are_not_there_are_refused_with_the_size(text: str) -> None:
    with pytest.raises(ProblemError) as refused:
        wanted_bytes(asked(range=text), SIZE, ETAG)

    assert (refused.value.kind, refused.value.headers) == (RANGE, {"Content-Range": "bytes */100"})


@pytest.mark.parametrize(("told", "want"), [(ETAG, (10, 100)), ('"other"', None), ('W/"e"', None)])
def test_a_part_of_something_else_is_not_joined_to_it(
    told: str, want: tuple[int, int] | None
) -> None:
    assert wanted_bytes(asked(range="bytes=10-", if_range=told), SIZE, ETAG) == want
