"""What an auditing witness reads of the super-log for each epoch: what is new, and no more."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kit.fake_log import FakeLog, serving_log
from kit.witness import RunningWitness, running_witness

LENGTH_BYTES = 2


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def log() -> FakeLog:
    made = FakeLog()
    for slot in range(3):
        made.new_log(b"entry 0 of %d" % slot)
    made.publish()
    return made


def auditor(ends: ExitStack, folder: Path, log: FakeLog, url: str) -> RunningWitness:
    return ends.enter_context(running_witness(folder, log, audited=url))


def grow(log: FakeLog, others: int = 0) -> int:
    """Make an epoch, behind some records of another kind; return the records' bytes in bundles."""
    before = len(log.records)
    log.records += [b"tallystick/other/v1\n%d\n" % number for number in range(others)]
    log.entries[1].append(b"entry %d" % len(log.entries[1]))
    log.publish()
    return sum(LENGTH_BYTES + len(record) for record in log.records[before:])


def bundles(sent: list[tuple[str, int]]) -> int:
    return sum(length for path, length in sent if "/tile/entries/" in path)


@pytest.mark.parametrize("others", [0, 100, 252, 300])
def test_each_epoch_the_new_records_alone_are_sent(
    ends: ExitStack, tmp_path: Path, log: FakeLog, others: int
) -> None:
    sent: list[tuple[str, int]] = []
    url = ends.enter_context(serving_log(log, sent))
    running = auditor(ends, tmp_path / "w", log, url)
    assert running.add(log.submission(0)).status == 200
    for more in (0, others, 0, 0):
        old = len(log.records)
        new_bytes = grow(log, more)
        sent.clear()

        assert running.add(log.submission(old)).status == 200

        assert bundles(sent) == new_bytes


def test_a_witness_that_starts_anew_reads_the_last_bundle_once(
    ends: ExitStack, tmp_path: Path, log: FakeLog
) -> None:
    sent: list[tuple[str, int]] = []
    url = ends.enter_context(serving_log(log, sent))
    with running_witness(tmp_path / "w", log, audited=url) as first:
        assert first.add(log.submission(0)).status == 200
    running = auditor(ends, tmp_path / "w", log, url)
    sizes = []
    for _ in range(2):
        old = len(log.records)
        new_bytes = grow(log)
        sent.clear()
        assert running.add(log.submission(old)).status == 200
        sizes.append((bundles(sent), new_bytes))

    whole = sum(LENGTH_BYTES + len(record) for record in log.records[: len(log.records) - 1])
    assert sizes == [(whole, sizes[0][1]), (sizes[1][1], sizes[1][1])]


def test_a_refused_epoch_leaves_the_place_to_read_on_from_right(
    ends: ExitStack, tmp_path: Path, log: FakeLog
) -> None:
    url = ends.enter_context(serving_log(log, []))
    running = auditor(ends, tmp_path / "w", log, url)
    assert running.add(log.submission(0)).status == 200
    old = len(log.records)
    grow(log)
    honest = log.changes[1]
    log.changes[1] = {**honest, "changes": []}
    assert running.add(log.submission(old)).status == 422
    log.changes[1] = honest

    assert running.add(log.submission(old)).status == 200


def test_bytes_skipped_wrongly_on_the_way_are_asked_for_again_as_a_whole(
    ends: ExitStack, tmp_path: Path, log: FakeLog
) -> None:
    url = ends.enter_context(serving_log(log, []))
    running = auditor(ends, tmp_path / "w", log, url)
    assert running.add(log.submission(0)).status == 200
    old = len(log.records)
    grow(log)
    path = f"/v1/super/1/tile/entries/000.p/{len(log.records)}"
    truth = log.answer(path)
    answers = iter([(200, b"\x00\x01" * 600), truth])
    real = log.answer
    log.answers[path] = truth

    def answer(target: str) -> tuple[int, bytes]:
        return next(answers) if target == path else real(target)

    object.__setattr__(log, "answer", answer)

    assert running.add(log.submission(old)).status == 200
