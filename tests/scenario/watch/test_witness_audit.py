"""An auditing witness against a deployment that lies: each refusal is fixed by the lie told."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import process_time

import pytest

from kit.fake_log import FakeLog, b64, serving_log
from kit.lies import LIES, Lie, deployment, rewritten_log
from kit.rfc6962 import mth
from kit.witness import NOW_S, RunningWitness, cosignature, running_witness
from tallystick.watch import epoch_audit


@pytest.fixture
def log() -> FakeLog:
    return deployment()


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def auditor(tmp_path: Path, log: FakeLog, ends: ExitStack) -> RunningWitness:
    """An auditing witness that cosigned the first two epochs."""
    url = ends.enter_context(serving_log(log))
    running = ends.enter_context(running_witness(tmp_path / "a", log, audited=url))
    told = running.add(log.submission(0))
    assert told.status == 200, told
    return running


@pytest.fixture
def plain(tmp_path: Path, log: FakeLog, ends: ExitStack) -> RunningWitness:
    """A plain witness that cosigned the first two epochs."""
    running = ends.enter_context(running_witness(tmp_path, log))
    assert running.add(log.submission(0)).status == 200
    return running


@pytest.mark.parametrize(("lie", "why"), [pytest.param(*one, id=one[0].__name__) for one in LIES])
def test_an_auditing_witness_refuses_and_a_plain_one_sees_nothing(
    auditor: RunningWitness, plain: RunningWitness, log: FakeLog, lie: Lie, why: str
) -> None:
    cosigned = auditor.monitored(log.origin).text
    old = len(log.records)

    lie(log)
    told = auditor.add(log.submission(old))

    assert (told.status, why in told.text) == (422, True), told
    assert auditor.monitored(log.origin).text == cosigned
    (kept,) = auditor.evidence()
    assert kept["reason"] == told.text.strip()
    assert (kept["cosigned"], kept["submitted"]) == (cosigned, log.note())
    # The super-log itself only grew: that is all that a plain witness vouches for.
    assert plain.add(log.submission(old)).status == 200


def test_what_an_auditing_witness_refused_it_refuses_for_ever(
    auditor: RunningWitness, log: FakeLog
) -> None:
    old = len(log.records)
    honest = [*log.entries[4]]
    rewritten_log(log)
    assert auditor.add(log.submission(old)).status == 422

    log.entries[4] = [*honest, b"and more"]
    log.publish()
    told = auditor.add(log.submission(old))

    # A flicker: the log was rewritten for one epoch, and is what it was again.
    assert (told.status, "epoch 2, slot 4" in told.text) == (422, True)


def test_records_that_are_not_those_of_the_checkpoint_are_refused(
    auditor: RunningWitness, log: FakeLog
) -> None:
    old = len(log.records)
    log.publish()
    submitted = log.submission(old)

    log.records[-1] = log.records[-1].replace(b"\n5\n", b"\n6\n")
    told = auditor.add(submitted)

    assert (told.status, "records lead to root" in told.text) == (422, True)


def test_an_honest_deployment_is_cosigned_epoch_by_epoch(
    auditor: RunningWitness, log: FakeLog
) -> None:
    for number in range(40):
        old = len(log.records)
        log.entries[number % 5].append(b"entry of epoch %d" % number)
        if number % 4 == 0:
            log.new_log(*[b"x"] * (number % 3))
        if number % 3 == 0:
            log.publish(sign_it=False)  # its checkpoint was never signed: the next one covers it
        log.publish()

        told = auditor.add(log.submission(old))

        body = f"{log.origin}\n{len(log.records)}\n{b64(mth(log.records))}\n"
        assert (told.status, told.text) == (200, cosignature(body, NOW_S)), told
    assert auditor.evidence() == []


def test_many_epochs_at_once_are_audited_one_by_one(auditor: RunningWitness, log: FakeLog) -> None:
    old = len(log.records)
    log.records += [b"tallystick/key/v1\n%d\n" % number for number in range(250)]
    for number in range(10):
        log.entries[number % 5].append(b"entry of epoch %d" % number)
        log.publish(sign_it=False)
    log.asked.clear()

    assert auditor.add(log.submission(old)).status == 200

    assert log.asked == [
        "/v1/super/1/tile/entries/000",
        f"/v1/super/1/tile/entries/001.p/{len(log.records) - 256}",
        *[f"/v1/epochs/{number}/changes" for number in range(2, 12)],
    ]


def test_the_same_lie_hidden_among_honest_epochs_is_found(
    auditor: RunningWitness, log: FakeLog
) -> None:
    old = len(log.records)
    for number in range(50):
        log.entries[number % 5].append(b"entry of epoch %d" % number)
        if number == 30:
            log.entries[2][0] = b"rewritten"
        log.publish()

    told = auditor.add(log.submission(old))

    assert (told.status, told.text[:18]) == (422, "epoch 32, slot 2: "), told


def test_an_epoch_in_which_nothing_changed_is_not_asked_for(
    auditor: RunningWitness, log: FakeLog
) -> None:
    old = len(log.records)
    log.publish()
    log.asked.clear()

    assert auditor.add(log.submission(old)).status == 200
    assert log.asked == ["/v1/super/1/tile/entries/000.p/8"]


def test_records_of_kinds_that_say_nothing_of_heads_are_passed_over(
    auditor: RunningWitness, log: FakeLog
) -> None:
    old = len(log.records)
    log.records.append(b"tallystick/key/v1\nwhatever\n")
    log.entries[3].append(b"more")
    log.publish()

    assert auditor.add(log.submission(old)).status == 200


def test_a_beacon_with_other_witnesses_lines_is_known_from_the_published_note(
    auditor: RunningWitness, log: FakeLog
) -> None:
    old = len(log.records)
    log.notes[-1] += cosignature(f"{log.origin}\n", 5, "other.example", b"o" * 32)
    log.publish(sign_it=False)

    assert auditor.add(log.submission(old)).status == 200


def test_a_restarted_auditor_goes_on_from_what_it_stored(
    tmp_path: Path, log: FakeLog, ends: ExitStack
) -> None:
    url = ends.enter_context(serving_log(log))
    with running_witness(tmp_path, log, audited=url) as first:
        assert first.add(log.submission(0)).status == 200
    old = len(log.records)
    log.entries[4].append(b"more")
    log.publish()
    with running_witness(tmp_path, log, audited=url) as second:
        assert second.add(log.submission(old)).status == 200
        old = len(log.records)
        rewritten = [*log.entries[1]]
        rewritten[0] = b"rewritten"
        log.entries[1] = rewritten
        log.publish()
        log.asked.clear()

        told = second.add(log.submission(old))

    assert (told.status, "epoch 3, slot 1" in told.text) == (422, True)
    assert "/v1/epochs/0/changes" not in log.asked


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        pytest.param((500, b"trouble"), 503, id="trouble"),
        pytest.param((404, b"{}"), 503, id="unknown epoch"),
        pytest.param((403, b"{}"), 503, id="forbidden"),
        pytest.param((200, b""), 422, id="empty"),
        pytest.param((200, b"[]"), 422, id="list"),
        pytest.param((200, b'{"epoch": 2}'), 422, id="members missing"),
        pytest.param((200, b"\xff"), 422, id="no text"),
    ],
)
def test_without_an_answer_to_audit_nothing_is_cosigned(
    auditor: RunningWitness, log: FakeLog, answer: tuple[int, bytes], status: int
) -> None:
    old = len(log.records)
    log.entries[3].append(b"more")
    log.publish()
    log.answers["/v1/epochs/2/changes"] = answer

    assert auditor.add(log.submission(old)).status == status

    log.answers.clear()
    assert auditor.add(log.submission(old)).status == 200


def test_a_key_is_sent_where_changes_are_asked_for(tmp_path: Path, log: FakeLog) -> None:
    log.key = "secret-of-the-auditor"
    with serving_log(log) as url:
        with running_witness(tmp_path / "with", log, audited=url, key=log.key) as witness:
            assert witness.add(log.submission(0)).status == 200
        with running_witness(tmp_path / "without", log, audited=url, key="other") as witness:
            told = witness.add(log.submission(0))

    assert (told.status, log.key in str(witness.lines)) == (503, False)


def test_witnesses_that_share_a_state_go_on_from_each_other(
    tmp_path: Path, log: FakeLog, ends: ExitStack
) -> None:
    url = ends.enter_context(serving_log(log))
    witnesses = [ends.enter_context(running_witness(tmp_path, log, audited=url)) for _ in range(2)]
    assert witnesses[0].add(log.submission(0)).status == 200
    for number in range(6):
        old = len(log.records)
        log.entries[number % 5].append(b"entry of epoch %d" % number)
        log.publish()

        assert witnesses[number // 2 % 2].add(log.submission(old)).status == 200

    old = len(log.records)
    log.entries[4][1] = b"rewritten"
    log.publish()
    assert [it.add(log.submission(old)).status for it in witnesses] == [422, 422]


def test_a_long_audit_that_breaks_off_goes_on_where_it_was(
    auditor: RunningWitness, log: FakeLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(epoch_audit, "_SAVE_EVERY", 4)
    old = len(log.records)
    for number in range(2, 12):
        log.entries[number % 5].append(b"entry of epoch %d" % number)
        log.publish(sign_it=False)
    log.answers["/v1/epochs/9/changes"] = (500, b"")
    assert auditor.add(log.submission(old)).status == 503
    log.answers.clear()
    log.asked.clear()

    # What is audited already is not cosigned: a fork behind the cosigned size is refused all
    # the same, and so is a smaller checkpoint than the one that was begun with.
    honest = log.records
    log.records = [*honest[:old], *(b"another history",) * 10]
    assert auditor.add(log.submission(old)).status == 422
    log.records = honest
    assert auditor.add(log.submission(old, old + 1)).status == 503
    assert auditor.monitored(log.origin).text.split("\n")[1] == str(old)
    log.asked.clear()
    assert auditor.add(log.submission(old)).status == 200

    assert log.asked[1:] == [f"/v1/epochs/{number}/changes" for number in range(8, 12)]


def test_the_first_epoch_can_follow_no_note(tmp_path: Path, log: FakeLog, ends: ExitStack) -> None:
    begun = FakeLog()
    begun.new_log(b"a")
    begun.publish(previous=b"x" * 32)
    url = ends.enter_context(serving_log(begun))
    witness = ends.enter_context(running_witness(tmp_path, begun, audited=url))

    told = witness.add(begun.submission(0))

    assert (told.status, "epoch 0: names note 7878" in told.text) == (422, True)


def test_ten_thousand_logs_with_a_tenth_changed_take_well_below_an_epoch(tmp_path: Path) -> None:
    log = FakeLog()
    for slot in range(10_000):
        log.new_log(b"a", b"b", b"c of %d" % slot)
    log.publish()
    with serving_log(log) as url, running_witness(tmp_path, log, audited=url) as witness:
        assert witness.add(log.submission(0)).status == 200
        old = len(log.records)
        for slot in range(0, 10_000, 10):
            log.entries[slot].append(b"more")
        log.publish()
        body = log.submission(old)
        began = process_time()

        told = witness.add(body)

        assert (told.status, process_time() - began < 5) == (200, True)
