"""Token buckets, with time as an argument."""

import pytest

from tallystick.access.keys import Grant, Key
from tallystick.access.metering import Allowance, Meter

SECOND = 1_000_000


def key(events: int | None = None, size: int | None = None, name: str = "k") -> Key:
    grant = Grant(frozenset({"ingest"}), (1,), events_per_minute=events, bytes_per_minute=size)
    return Key(name, grant, "", 0)


def test_a_key_without_limits_has_nothing_to_tell() -> None:
    assert Meter().take(key(), 10**6, 10**9, 0) == ()


def test_a_fresh_key_has_its_whole_limit() -> None:
    (told,) = Meter().take(key(60), 10, 0, 0)
    assert told == Allowance("events", 60, 50, 11, 0)


def test_what_is_taken_comes_back_evenly_and_never_beyond_the_limit() -> None:
    meter = Meter()
    meter.take(key(60), 60, 0, 0)
    assert meter.take(key(60), 1, 0, SECOND // 2)[0].retry_after_s > 0
    assert meter.take(key(60), 1, 0, 2 * SECOND)[0].remaining == 1
    assert meter.take(key(60), 0, 0, 10_000 * SECOND)[0].remaining == 60


@pytest.mark.parametrize(("lacking", "wait"), [(1, 2), (30, 31)])
def test_the_wait_told_is_long_enough(lacking: int, wait: int) -> None:
    meter = Meter()
    meter.take(key(60), 60, 0, 0)
    (told,) = meter.take(key(60), lacking, 0, 0)
    assert told.retry_after_s == wait
    assert meter.take(key(60), lacking, 0, wait * SECOND)[0].retry_after_s == 0


def test_a_refused_request_takes_nothing_from_any_limit() -> None:
    meter = Meter()
    both = key(10, 100)
    meter.take(both, 1, 90, 0)
    events, size = meter.take(both, 1, 50, 0)
    assert (events.remaining, events.retry_after_s) == (9, 0)
    assert (size.remaining, size.retry_after_s > 0) == (10, True)


def test_a_request_above_the_whole_limit_passes_once_and_leaves_a_debt() -> None:
    meter = Meter()
    assert meter.take(key(10), 30, 0, 0)[0].retry_after_s == 0
    assert meter.take(key(10), 1, 0, 60 * SECOND)[0].retry_after_s > 0
    assert meter.take(key(10), 1, 0, 127 * SECOND)[0].retry_after_s == 0


def test_a_clock_that_goes_back_gives_nothing() -> None:
    meter = Meter()
    meter.take(key(10), 10, 0, 100 * SECOND)
    assert meter.take(key(10), 1, 0, 0)[0].retry_after_s > 0


def test_keys_do_not_share_a_bucket() -> None:
    meter = Meter()
    meter.take(key(1, name="a"), 1, 0, 0)
    assert meter.take(key(1, name="b"), 1, 0, 0)[0].retry_after_s == 0
