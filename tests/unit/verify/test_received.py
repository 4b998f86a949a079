"""Times of receipt: in order, within their windows, and in one spelling."""

from datetime import UTC, datetime, timedelta

import pytest

from tallystick.verify.fsck import Finding
from tallystick.verify.received import ReceivedCheck, Window

START = datetime(2026, 11, 24, 2, 45, tzinfo=UTC)


def text(seconds: float) -> str:
    return (START + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def microseconds(seconds: float) -> int:
    return round((START.timestamp() + seconds) * 1_000_000)


def leaf(seconds: float) -> bytes:
    return b'{"outcome":"success","received_at":"%b","v":1}' % text(seconds).encode()


def check(times: list[float], *windows: tuple[int, float, float]) -> list[Finding]:
    bounds = [
        Window(end, number, microseconds(earliest), microseconds(latest))
        for number, (end, earliest, latest) in enumerate(windows)
    ]
    received = ReceivedCheck("log", bounds)
    return [it for index, at in enumerate(times) for it in received.feed(index, leaf(at))]


def indexes(times: list[float], *windows: tuple[int, float, float]) -> list[int | None]:
    return [finding.index for finding in check(times, *windows)]


def test_times_that_stand_still_or_rise_are_in_order() -> None:
    assert check([0, 0, 0.000001, 5, 5, 900]) == []


def test_a_time_before_that_of_the_entry_before_is_found_once() -> None:
    (found,) = check([0, 10, 4, 5, 20])

    assert (found.index, found.what) == (
        2,
        f"entry 2: received {text(4)}, want none earlier than {text(10)} as the entry before",
    )


def test_each_bound_of_a_window_belongs_to_it() -> None:
    assert check([10, 20, 20, 30], (2, 10, 20), (4, 20, 30)) == []


@pytest.mark.parametrize(("times", "side", "bound"), [
    ([9.999999, 12], "earlier", 10), ([10, 20.000001], "later", 20),
])  # fmt: skip
def test_a_time_outside_its_window_is_named_with_its_epoch(
    times: list[float], side: str, bound: float
) -> None:
    (found,) = check(times, (2, 10, 20))

    wrong = times[side == "later"]
    assert found.what.endswith(
        f": received {text(wrong)}, want none {side} than {text(bound)} by epoch 0"
    )


def test_a_stretch_of_wrong_times_is_one_finding_in_each_epoch() -> None:
    assert indexes([5, 90, 91, 92, 93], (3, 0, 10), (5, 0, 20)) == [1, 3]


def test_what_follows_an_entry_dated_ahead_is_not_blamed() -> None:
    assert indexes([5, 90, 6, 7], (4, 0, 10)) == [1]


def test_an_entry_that_no_epoch_bounds_is_held_against_the_one_before() -> None:
    assert indexes([5, 90, 6], (1, 0, 10)) == [2]


@pytest.mark.parametrize("stamp", [
    b"2026-11-24T02:45:00Z", b"2026-11-24T02:45:00.000000+00:00", b"2026-13-24T02:45:00.000000Z",
    b"", b"2026-11-24 02:45:00.000000Z", b"2026-11-24T02:45:00.00000\xff0Z",
])  # fmt: skip
def test_another_spelling_of_a_time_is_found(stamp: bytes) -> None:
    (found,) = ReceivedCheck("log").feed(7, b'{"received_at":"%b"}' % stamp)

    assert found.index == 7
    assert "want a time in UTC with six digits" in found.what


def test_an_entry_without_a_time_is_found() -> None:
    (found,) = ReceivedCheck("log").feed(7, b'{"v":1}')

    assert found.what == "entry 7: received_at: none, want a time"


@pytest.mark.parametrize("inner", [
    b'"metadata":{"received_at":"1999-01-01T00:00:00.000000Z"},"received_at":"%b"',
    b'"received_at":"%b","targets":[{"metadata":{"received_at":"1999-01-01T00:00:00.000000Z"}}]',
])  # fmt: skip
def test_a_member_of_that_name_further_inside_is_no_time_of_receipt(inner: bytes) -> None:
    received = ReceivedCheck("log")

    found = [*received.feed(0, leaf(5)), *received.feed(1, b"{%b}" % inner % text(5).encode())]

    assert (found, received.last) == ([], microseconds(5))


def test_a_check_that_was_stopped_goes_on_from_the_last_time() -> None:
    received = ReceivedCheck("log")

    found = [*received.take_up(2, microseconds(50)), *received.feed(2, leaf(49))]

    assert [finding.index for finding in found] == [2]


def test_an_epoch_made_since_the_stop_bounds_what_was_checked_before_it() -> None:
    received = ReceivedCheck("log", [Window(4, 0, 0, microseconds(40))])

    (found,) = received.take_up(2, microseconds(50))

    assert found.index == 1
