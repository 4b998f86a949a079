"""Staleness, witnesses, auditors, pins: what a monitor demands beside growth."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit.rfc6962 import mth
from kit.watching import Stranger, Watch, grow, watching
from tallystick.watch.alarm import Kind


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with watching(tmp_path) as made:
        yield made


def alarm(kind: str, subject: str) -> set[tuple[str, str, str]]:
    return {("alarm", kind, subject)}


def head_of(watch: Watch) -> tuple[int, bytes]:
    known = watch.monitor().state.known
    assert known is not None
    return known.head.size, known.head.root


@pytest.mark.parametrize(
    ("seconds", "stale"), [(900, False), (901, True), (-900, False), (-901, True)]
)
def test_an_epoch_may_be_as_old_as_allowed_in_either_direction(
    watch: Watch, seconds: int, stale: bool
) -> None:
    newest_s = watch.now() - 3
    watch.time_s = newest_s + seconds

    assert watch.look() == (alarm("stale", "time") if stale else set())


def test_a_stale_checkpoint_served_for_ever_is_noticed_and_a_new_one_clears_it(
    watch: Watch,
) -> None:
    watch.look()
    watch.time_s = watch.now() + 901
    assert watch.look() == alarm("stale", "time")
    assert watch.look() == set()
    watch.time_s = None
    grow(watch.log)

    assert watch.look() == {("cleared", "stale", "time")}


W1, W2 = Stranger("w1.example"), Stranger("w2.example")
POLICY = f"witness W1 {W1.vkey}\nwitness W2 {W2.vkey}\ngroup both 1 W1 W2\nquorum both\n"


@pytest.fixture
def witnessed(tmp_path: Path) -> Iterator[Watch]:
    with watching(tmp_path, policy=POLICY) as made:
        made.log.notes[-1] = W1.cosigned(made.log.notes[-1])
        made.look()
        yield made


def test_a_checkpoint_without_quorum_is_not_believed_until_the_quorum_is_back(
    witnessed: Watch,
) -> None:
    log, good = witnessed.log, head_of(witnessed)
    grow(log, 2)

    assert witnessed.look() == alarm("no-quorum", "witnesses")
    assert head_of(witnessed) == good

    log.notes[-1] = W2.cosigned(log.notes[-1])
    assert witnessed.look() == {("cleared", "no-quorum", "witnesses")}
    assert head_of(witnessed) == (8, mth(log.entries[1]))


def test_a_false_cosignature_counts_for_nobody(witnessed: Watch) -> None:
    grow(witnessed.log)
    stolen = W1.cosigned(witnessed.log.notes[-2]).splitlines()[-1]
    witnessed.log.notes[-1] += f"{stolen}\n"

    assert witnessed.look() == alarm("no-quorum", "witnesses")


def test_a_fork_without_quorum_is_told_as_a_fork(witnessed: Watch) -> None:
    records = witnessed.log.records
    records[1] = records[1].replace(b"registry", b"register")
    witnessed.log.publish()

    assert witnessed.look() == alarm("fork", "super-log")


@pytest.mark.parametrize(("cosigner", "wrong"), [(W1, True), (W2, False)])
def test_where_auditors_are_pinned_one_of_them_must_have_cosigned(
    tmp_path: Path, cosigner: Stranger, wrong: bool
) -> None:
    with watching(tmp_path, policy=POLICY, auditors=["W2"]) as watch:
        watch.log.notes[-1] = cosigner.cosigned(watch.log.notes[-1])

        assert watch.look() == (alarm("no-quorum", "witnesses") if wrong else set())


def test_the_first_look_refuses_a_log_that_is_not_the_pinned_one(tmp_path: Path) -> None:
    with watching(tmp_path) as watch:
        name = watch.log.hex(1)
        watch.pins["origins"] = [f"log.example/t/7/{name}"]

        assert watch.look() == alarm("unproven", "log")
        assert watch.monitor().state.known is None


def test_the_first_look_refuses_a_head_that_is_not_in_the_epoch(tmp_path: Path) -> None:
    with watching(tmp_path) as watch:
        heads = [head.body for head in watch.log.epochs[-1].heads]
        watch.log.publish(root=mth([heads[1], heads[0], heads[2]]))

        assert watch.look() == alarm("unproven", "log")


def test_a_look_returns_what_is_wrong_also_where_the_alarm_was_open(watch: Watch) -> None:
    watch.look()
    watch.log.notes.append(watch.log.notes[0])
    watch.look()
    monitor = watch.monitor()

    assert monitor.look() == {Kind.TRUNCATION}

    monitor.site.close()
