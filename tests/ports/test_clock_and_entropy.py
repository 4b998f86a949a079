"""What clock and entropy promise."""

import datetime as dt

from tallystick.drivers.system import SystemClock, SystemEntropy


def test_the_clock_counts_microseconds_since_1970_in_utc() -> None:
    before = dt.datetime.now(dt.UTC)  # noqa: TID251 (the independent source)

    now = SystemClock().now()

    assert 0 <= now / 1e6 - before.timestamp() < 60


def test_entropy_has_the_size_that_was_asked_for_and_does_not_repeat() -> None:
    drawn = {SystemEntropy().draw(16) for _ in range(1_000)}

    assert len(drawn) == 1_000
    assert {len(each) for each in drawn} == {16}
    assert SystemEntropy().draw(0) == b""
