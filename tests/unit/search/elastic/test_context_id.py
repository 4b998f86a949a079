"""Ids of scrolls and points in time say what was put into them, to whom they were given."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta

import pytest

from tallystick.search.elastic.context_id import MAX_ID, read_id, write_id
from tallystick.search.elastic.hits import Total
from tallystick.search.elastic.indices import IndexOptions
from tallystick.search.elastic.keep_alive import read_keep_alive
from tallystick.search.elastic.point import PointInTime, read_point, write_point
from tallystick.search.elastic.refusal import ElasticError, ElasticMissingError
from tallystick.search.elastic.scroll import Scroll, read_scroll, write_scroll
from tallystick.search.elastic.view import View

NOW = datetime(2026, 11, 24, 10, 0, 0, 123456, tzinfo=UTC)
WHOSE = ("7", "key")
POINT = PointInTime(
    view=View(NOW, {"a" * 32: 17, "b" * 32: 0}),
    until=NOW + timedelta(minutes=1),
    indices="audit-*,-x",
    options=IndexOptions(ignore_unavailable=True, hidden=True),
)
SCROLL = Scroll(
    point=POINT,
    body='{"size": 3}',
    parameters={"scroll": "1m"},
    after=(NOW, None, 5, "x"),
    total=Total(10_000, is_exact=False),
    kept=timedelta(minutes=1),
)


def test_an_id_gives_back_what_was_put_into_it() -> None:
    assert read_point(write_point(POINT, WHOSE), WHOSE, NOW) == POINT
    assert read_scroll(write_scroll(SCROLL, WHOSE), WHOSE, NOW) == SCROLL


@pytest.mark.parametrize("whose", [("8", "key"), ("7", "other"), ("7",), ("7k", "ey")])
def test_an_id_is_good_for_its_owner_alone(whose: tuple[str, ...]) -> None:
    with pytest.raises(ElasticMissingError) as refused:
        read_point(write_point(POINT, WHOSE), whose, NOW)
    assert refused.value.kind == "search_context_missing_exception"


def test_an_id_is_good_until_it_ends() -> None:
    written = write_point(POINT, WHOSE)
    read_point(written, WHOSE, POINT.until - timedelta(microseconds=1))
    with pytest.raises(ElasticMissingError):
        read_point(written, WHOSE, POINT.until)


def test_every_turned_letter_is_noticed() -> None:
    written = write_point(POINT, WHOSE)
    for place, letter in enumerate(written[:-1]):
        turned = f"{written[:place]}{'A' if letter != 'A' else 'B'}{written[place + 1 :]}"
        with pytest.raises(ElasticMissingError):
            read_point(turned, WHOSE, NOW)


@pytest.mark.parametrize("text", ["", "A", "ä", "=" * 9, "A" * (MAX_ID + 1), "\ud800"])
def test_what_is_no_id_is_missing(text: str) -> None:
    with pytest.raises(ElasticMissingError):
        read_id(text, WHOSE)


@pytest.mark.parametrize(
    "told",
    [
        None,
        [],
        {},
        [1, {}, 2, "x", []],
        [1, {"a": -1}, 2, "x", [True] * 3],
        [1, {"a": 2**63}, 2, "x", [True] * 3],
        [10**30, {}, 2, "x", [True] * 3],
        [1, {}, 2, 3, [True] * 3],
        [1, [], 2, "x", [True] * 3],
    ],
)
def test_an_id_of_somebody_s_own_making_is_missing(told: object) -> None:
    for kind in ("pit", "scroll"):
        written = write_id(told, (kind, *WHOSE))
        with pytest.raises(ElasticMissingError):
            (read_point if kind == "pit" else read_scroll)(written, WHOSE, NOW)


def test_what_expands_without_end_is_missing() -> None:
    written = write_id("x" * 5_000_000, WHOSE)
    assert len(written) < MAX_ID
    with pytest.raises(ElasticMissingError):
        read_id(written, WHOSE)


def test_a_question_that_is_too_long_is_refused() -> None:
    body = "".join(
        urlsafe_b64encode(bytes([n % 256, n // 256 % 256, n % 7])).decode() for n in range(60_000)
    )
    with pytest.raises(ElasticError):
        write_id(body, WHOSE)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("1m", timedelta(minutes=1)),
        ("30s", timedelta(seconds=30)),
        ("1d", timedelta(days=1)),
        ("24h", timedelta(days=1)),
        ("500ms", timedelta(milliseconds=500)),
    ],
)
def test_a_time_to_keep_is_read(text: str, length: timedelta) -> None:
    assert read_keep_alive(text, "scroll") == length


@pytest.mark.parametrize(
    "text", ["", "0s", "1", "-1m", "1w", "25h", "2d", "1 m", "٣m", "9" * 13 + "s"]
)
def test_another_time_to_keep_is_refused(text: str) -> None:
    with pytest.raises(ElasticError):
        read_keep_alive(text, "scroll")
