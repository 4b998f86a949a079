"""Laws of what people type: whatever it is, it is read or refused, and soon."""

import re
import string
import time
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tallystick.errors import MalformedError
from tallystick.search.lucene import Dialect, parse_line, parse_query_string
from tallystick.search.patterns import read_regexp
from tallystick.search.terms import When

NOW = datetime(2026, 11, 24, 17, 24, 12, tzinfo=UTC)

pieces = st.sampled_from(
    [
        *("AND", "OR", "NOT", "TO", "&&", "||", "!", "+", "-", "(", ")", "[", "]", "{", "}"),
        *(":", "*", "?", "~", "^", '"', "/", "\\", "<", ">", "=", " ", "\t", "\n", "\x00", "2"),
        *("actor.id", "occurred_at", "duration_ms", "metadata.a", "severity", "context.ip"),
        *("since", "until", "_exists_", "action", "-7d", "now/d", "2026-11-24T02:45:00Z", "a"),
        *("::1", "10.0.0.0/8", "é", "\ud800", "high"),
    ]
)
lines = st.one_of(st.text(), st.lists(pieces, max_size=40).map("".join))


@given(lines)
@example("a~1.2.3")
@example("\\")
@example("since:" + "9" * 200)
@example("duration_ms:" + "9" * 5_000)
@example("duration_ms:1e999")
def test_a_line_is_read_or_refused(line: str) -> None:
    for read in (
        lambda: parse_line(line, now=NOW),
        lambda: parse_query_string(line, Dialect(implicit="or"), When(NOW)),
    ):
        with suppress(MalformedError):
            read()


@given(st.text(alphabet=string.printable, max_size=60))
@example("[[a]]")
@example("[a--b]")
@example("(" * 200)
def test_a_regular_expression_is_read_or_refused(text: str) -> None:
    with suppress(MalformedError):
        re.compile(read_regexp(text))


@pytest.mark.parametrize(
    "line",
    [
        '"' * 8_191,
        "/" * 8_191,
        "\\" * 8_190,
        "(" * 8_192,
        ":" * 8_192,
        "a:" * 4_096,
        "a " * 4_096,
        "a OR b AND " * 744 + "a",
        "2026-11-24T00:00" * 512,
        "a OR b -c " * 800,
        "a OR b AND c -" * 580 + "a",
        "a" + ":f" * 4_000,
        "!" * 8_000 + "a",
        "- " * 4_000 + "a",
        "x" * 8_000 + ":a",
    ],
)
def test_a_hostile_line_takes_bounded_time(line: str) -> None:
    begin = time.thread_time()
    with suppress(MalformedError):
        parse_line(line, now=NOW)

    assert time.thread_time() - begin < 5  # of the processor: a bound, no measurement
