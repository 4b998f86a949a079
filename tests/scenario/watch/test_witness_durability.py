"""A witness never cosigns two histories: not across a crash, not with many at one state."""

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from http.client import HTTPException
from pathlib import Path
from threading import Barrier
from time import sleep

import pytest

from kit.checkout import ROOT
from kit.fake_log import FakeLog, b64
from kit.rfc6962 import mth, proof
from kit.syscalls import read_calls, tracing, why_not
from kit.witness import (
    NOW_S,
    RunningWitness,
    Told,
    cosignature,
    made_witness,
    running_witness,
)
from tallystick.watch.witness import WitnessAnswer


def history(*, rewritten: bool = False, size: int = 12) -> FakeLog:
    """One of two histories of one log, that have their first two records in common."""
    word = b"rewritten" if rewritten else b"record"
    records = [b"%s %d" % (b"record" if at < 2 else word, at) for at in range(size)]
    return FakeLog(records=records)


@contextmanager
def process(folder: Path, point: str, *before: str) -> Iterator[RunningWitness]:
    """A witness in a process of its own; see kit.dying_witness."""
    command = [*before, sys.executable, "-m", "kit.dying_witness", str(folder), point]
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")])
    started = subprocess.Popen(
        [*command, history().vkey], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": path}
    )
    try:
        assert started.stdout is not None
        with started.stdout:
            yield RunningWitness(folder, int(started.stdout.readline()))
    finally:
        started.kill()
        started.wait()


def expected(log: FakeLog, size: int) -> Told:
    """The answer to a checkpoint that is cosigned."""
    body = f"{log.origin}\n{size}\n{b64(mth(log.records[:size]))}\n"
    return Told(200, "text/plain; charset=utf-8", cosignature(body, NOW_S))


@pytest.mark.parametrize(
    ("point", "again"),
    [
        pytest.param("stored", Told(409, "text/x.tlog.size", "7\n"), id="after it was stored"),
        pytest.param("decided", expected(history(), 7), id="before it was stored"),
    ],
)
def test_a_crash_before_the_answer_leaves_one_history(
    tmp_path: Path, point: str, again: Told
) -> None:
    honest, fork = history(), history(rewritten=True)
    with process(tmp_path, "never") as witness:
        assert witness.add(honest.submission(0, 5)) == expected(honest, 5)
    with process(tmp_path, point) as witness, pytest.raises((OSError, HTTPException)):
        witness.add(honest.submission(5, 7))

    with process(tmp_path, "never") as witness:
        assert witness.add(fork.submission(5, 7)).status in {409, 422}
        assert witness.add(fork.submission(7, 7)).status in {409, 422}
        assert witness.add(honest.submission(5, 7)) == again
        assert witness.add(honest.submission(7, 7)) == expected(honest, 7)
        assert witness.add(honest.submission(7, 12)) == expected(honest, 12)


def together(asked: Sequence[Callable[[], Told]]) -> list[Told]:
    """Ask all at one moment."""
    barrier = Barrier(len(asked))

    def ask(one: Callable[[], Told]) -> Told:
        barrier.wait()
        return one()

    with ThreadPoolExecutor(len(asked)) as pool:
        return [*pool.map(ask, asked)]


def require_one_history(told: dict[bytes, Told], base: list[bytes]) -> None:
    """Check that all checkpoints that were cosigned extend each other, by their records."""
    cosigned = [body for body, answer in told.items() if answer.status == 200]
    sizes = {body: int(body.split(b"\n\n")[1].split(b"\n")[1]) for body in cosigned}
    texts = {sizes[body]: body.split(b"\n\n")[1] for body in sorted(cosigned, key=len)}
    assert len({*texts.values()}) == len({body.split(b"\n\n")[1] for body in cosigned})
    for rewritten in (False, True):
        log = history(rewritten=rewritten, size=len(base))
        if all(b64(mth(log.records[:size])).encode() in texts[size] for size in texts):
            return
    raise AssertionError(f"two histories were cosigned: {texts}")


@pytest.mark.parametrize("processes", [1, 2])
def test_of_two_histories_submitted_at_once_one_is_cosigned(tmp_path: Path, processes: int) -> None:
    honest, fork = history(size=40), history(rewritten=True, size=40)
    with process(tmp_path, "never") as one, process(tmp_path, "never") as two:
        ports = [one, two][:processes]
        assert one.add(honest.submission(0, 2)).status == 200
        told: dict[bytes, Told] = {}
        size = 2
        for new in range(3, 40):
            bodies = [log.submission(size, new) for log in (honest, fork, honest, fork)]
            asked = [partial(ports[at % processes].add, body) for at, body in enumerate(bodies)]
            answers = together(asked)
            told.update(
                {body: it for body, it in zip(bodies, answers, strict=True) if it.status == 200}
            )
            assert {it.status for it in answers} <= {200, 409, 422}, answers
            size = new if any(it.status == 200 for it in answers) else size

    assert size == 39
    require_one_history(told, honest.records)


def test_the_race_that_the_specification_prints_rolls_nothing_back(tmp_path: Path) -> None:
    log = history(size=64)
    with running_witness(tmp_path, log) as witness:
        assert witness.add(log.submission(0, 1)).status == 200
        stored = 1
        while stored < 60:
            sizes = [stored + 1, stored + 2]
            asked = [partial(witness.add, log.submission(stored, size)) for size in sizes]
            statuses = dict(zip(sizes, [it.status for it in together(asked)], strict=True))

            stored = int(witness.monitored(log.origin).text.split("\n")[1])
            assert sorted(statuses.values()) == [200, 409]
            assert statuses[stored] == 200


def test_who_comes_while_another_one_decides_waits_for_what_it_stores(tmp_path: Path) -> None:
    honest, fork = history(), history(rewritten=True)
    later: list[Future[WitnessAnswer]] = []
    other = made_witness(tmp_path, fork, now=lambda: NOW_S)
    with ThreadPoolExecutor(1) as pool:

        def now() -> int:  # asked for in the middle of a decision
            if not later:
                later.append(pool.submit(other.add_checkpoint, fork.submission(2, 7)))
                sleep(0.3)
                assert not later[0].done()
            return NOW_S

        first = made_witness(tmp_path, honest, now=lambda: NOW_S)
        assert first.add_checkpoint(honest.submission(0, 2)).status == 200
        slow = made_witness(tmp_path, honest, now=now)
        answer = slow.add_checkpoint(honest.submission(2, 7))

        assert (answer.status, later[0].result().status) == (200, 409)


@pytest.mark.skipif(why_not() is not None, reason=str(why_not()))
def test_the_answer_leaves_after_state_and_folder_are_synced(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    log = history()
    with process(tmp_path, "never", *tracing(trace)) as witness:
        witness.add(log.submission(0, 5))
        witness.add(log.submission(5, 12))

    calls = read_calls(trace)
    answers = [call for call in calls if re.search(r"HTTP/1\.1 200", call.text)]
    assert len(answers) == 2
    for answer in answers:
        before = [call for call in calls if call.end < answer.start and not call.failed]
        files = [call for call in before if call.file.startswith(str(tmp_path / "witness.db"))]
        unlinked = max(call.end for call in files if call.name == "unlink")
        written = max(
            call.end for call in files if call.name == "pwrite64" and call.file.endswith(".db")
        )
        syncs = [call for call in before if call.name in {"fsync", "fdatasync"}]
        assert any(s.start > written and s.file.endswith("witness.db") for s in syncs)
        assert any(s.start > unlinked and s.file == str(tmp_path) for s in syncs)


def test_proofs_of_the_oracle_are_those_of_the_rfc() -> None:
    # The whole file leans on it: 3 of 7 entries, the example of RFC 6962 §2.1.3.
    leaves = [bytes([at]) for at in range(7)]

    c, d = mth(leaves[2:3]), mth(leaves[3:4])
    assert proof(3, leaves) == [c, d, mth(leaves[:2]), mth(leaves[4:])]
