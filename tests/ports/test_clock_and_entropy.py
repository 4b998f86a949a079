"""What clock and entropy promise."""

import datetime as dt
import os
from concurrent.futures import ThreadPoolExecutor

from tallystick.drivers.system import SystemClock, SystemEntropy


def test_the_clock_counts_microseconds_since_1970_in_utc() -> None:
    before = dt.datetime.now(dt.UTC)  # noqa: TID251 (the independent source)

    now = SystemClock().now()

    assert 0 <= now / 1e6 - before.timestamp() < 60


def test_entropy_has_the_size_that_was_asked_for_and_does_not_repeat() -> None:
    entropy = SystemEntropy()
    drawn = {entropy.draw(16) for _ in range(1_000)}
    drawn |= {SystemEntropy().draw(16) for _ in range(100)}

    assert len(drawn) == 1_100
    assert {len(each) for each in drawn} == {16}
    assert SystemEntropy().draw(0) == b""
    assert len(SystemEntropy().draw(100_000)) == 100_000


def test_threads_draw_nothing_twice() -> None:
    entropy = SystemEntropy()
    with ThreadPoolExecutor(8) as pool:
        drawn = list(pool.map(lambda _: entropy.draw(12), range(20_000), chunksize=100))

    assert len(set(drawn)) == 20_000


def test_a_forked_child_does_not_draw_what_its_parent_draws() -> None:
    entropy = SystemEntropy()
    entropy.draw(12)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writing, entropy.draw(12))
        os._exit(0)
    os.waitpid(child, 0)

    assert os.read(reading, 12) != entropy.draw(12)
    os.close(reading)
    os.close(writing)
