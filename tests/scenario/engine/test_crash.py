"""The engine is killed at any moment: what it acknowledged is there, and once."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.engine import EngineProcess, running_engine
from tallystick.errors import PushbackError
from tallystick.search.ports import EngineAwayError, Question

ROWS = 500
JANUARY, MONTH = 1_767_225_600_000_000, 31 * 86_400_000_000


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[EngineProcess]:
    with running_engine(tmp_path / "engine") as running:
        running.table()
        yield running


def batch(number: int) -> dict[str, list[object]]:
    """Rows of one batch, in three months."""
    indexes = range(number * ROWS, (number + 1) * ROWS)
    return {
        "tenant": [1] * ROWS,
        "stream": ["audit"] * ROWS,
        "id": [index.to_bytes(16) for index in indexes],
        "index": list(indexes),
        "received_at": [JANUARY + index % 3 * MONTH for index in indexes],
        "message": [f"message {index}" for index in indexes],
    }


def insert(engine: EngineProcess, number: int) -> None:
    engine.driver.insert("events", batch(number), f"batch-{number}")


def insert_until_told(engine: EngineProcess, number: int) -> None:
    """What a follower does: the same batch under the same token, until it is acknowledged."""
    while True:
        try:
            insert(engine, number)
        except PushbackError:
            time.sleep(0.02)
        else:
            return


def found(engine: EngineProcess) -> tuple[int, int]:
    """Count rows, and different events."""
    sql = "SELECT count(), uniqExact(id) FROM events WHERE hasAllTokens(words, ['message'])"
    return engine.driver.ask(Question(sql)).rows[0]  # type: ignore[return-value]


def test_an_acknowledged_batch_outlives_a_kill(engine: EngineProcess) -> None:
    insert(engine, 0)

    engine.kill()
    engine.start()

    assert found(engine) == (ROWS, ROWS)


def test_a_token_outlives_a_kill(engine: EngineProcess) -> None:
    insert(engine, 0)

    engine.kill()
    engine.start()
    insert(engine, 0)

    assert found(engine) == (ROWS, ROWS)


def test_without_an_engine_it_is_away_and_nothing_waits(engine: EngineProcess) -> None:
    engine.kill()
    started = time.monotonic()

    with pytest.raises(EngineAwayError):
        engine.driver.ask(Question("SELECT 1"))
    with pytest.raises(EngineAwayError):
        insert(engine, 0)

    assert time.monotonic() - started < 15


def test_a_stream_that_loses_its_engine_does_not_end_quietly(engine: EngineProcess) -> None:
    question = Question("SELECT number FROM numbers(3000000000)")
    killer = threading.Timer(0.3, engine.kill)
    killer.start()

    with pytest.raises(EngineAwayError), engine.driver.stream(question) as pieces:
        assert sum(len(piece) for piece in pieces) < 0

    killer.join()


@pytest.mark.slow
def test_batches_over_three_months_are_there_once_after_kills_in_their_midst(
    engine: EngineProcess,
) -> None:
    batches, kills = 60, 6
    done = threading.Event()

    def kill_often() -> None:
        for n in range(kills):
            done.wait(0.3 + 0.07 * n)
            engine.kill()
            engine.start()
        done.set()

    killer = threading.Thread(target=kill_often)
    killer.start()
    number = 0
    while number < batches or not done.is_set():
        insert_until_told(engine, number)
        number += 1
    killer.join()

    assert found(engine) == (number * ROWS, number * ROWS)
