"""A monitor on a deployment that lies; the expected alarm follows from the lie that was told."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from kit.fake_log import FakeLog, b64
from kit.rfc6962 import mth, path, proof
from kit.watching import Watch, grow, watching

Lie = Callable[[FakeLog], None]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with watching(tmp_path) as made:
        yield made


def alarm(kind: str, subject: str) -> set[tuple[str, str, str]]:
    return {("alarm", kind, subject)}


def passing(kind: str, subject: str) -> set[tuple[str, str, str]]:
    return {("alarm", kind, subject), ("cleared", kind, subject)}


def head_of(watch: Watch) -> tuple[int, bytes]:
    known = watch.monitor().state.known
    assert known is not None
    return known.head.size, known.head.root


@pytest.mark.parametrize("epochs", [0, 1, 3, 70])
@pytest.mark.parametrize("others", [0, 220, 251, 252, 700])
def test_an_honest_log_gives_no_alarm_and_its_head_is_remembered(
    watch: Watch, epochs: int, others: int
) -> None:
    grow(watch.log)
    assert watch.look() == set()
    watch.log.records += [b"tallystick/other/v1\n%d\n" % number for number in range(others)]
    grow(watch.log, epochs)

    assert watch.look() == set()

    assert head_of(watch) == (7 + epochs, mth(watch.log.entries[1]))


@pytest.mark.parametrize("size", [255, 256, 257, 511, 512, 513, 770])
def test_a_monitor_begins_with_a_super_log_of_any_size(watch: Watch, size: int) -> None:
    missing = size - 1 - len(watch.log.records)
    watch.log.records += [b"tallystick/other/v1\n%d\n" % number for number in range(missing)]
    grow(watch.log)
    assert len(watch.log.records) == size

    assert watch.look() == set()
    grow(watch.log)
    assert watch.look() == set()

    assert head_of(watch) == (8, mth(watch.log.entries[1]))


def test_every_epoch_is_followed_also_those_of_other_logs(watch: Watch) -> None:
    watch.look()
    grow(watch.log, 3)
    grow(watch.log, 2, slot=2)
    watch.log.asked.clear()

    watch.look()

    name = watch.log.hex(1)
    asked = [it for it in watch.log.asked if it.startswith("/v1/logs/")]
    sizes = [6, 7, 8, 9, 9]
    assert asked == [
        f"/v1/logs/{name}/epochs/{epoch}?from={size}"
        for epoch, size in zip(range(2, 7), sizes, strict=True)
    ]


def test_nothing_is_asked_of_the_log_where_there_is_no_new_epoch(watch: Watch) -> None:
    watch.look()
    watch.log.asked.clear()

    assert watch.look() == set()

    assert watch.log.asked == ["/v1/super/checkpoint"]


def rewrite_then_grow(log: FakeLog) -> None:
    log.entries[1][2] = b"another story"
    grow(log)


def rewrite_only(log: FakeLog) -> None:
    log.entries[1][2] = b"another story"
    log.publish()


def cut_the_log(log: FakeLog) -> None:
    del log.entries[1][4:]
    log.publish()


def empty_the_log(log: FakeLog) -> None:
    log.entries[1].clear()
    log.publish()


def rewrite_the_super_log(log: FakeLog) -> None:
    log.records[1] = log.records[1].replace(b"registry", b"register")
    log.publish()


def rewrite_the_super_log_at_its_size(log: FakeLog) -> None:
    log.records[1] = log.records[1].replace(b"registry", b"register")
    log.notes.append(log.note())


def serve_an_older_checkpoint(log: FakeLog) -> None:
    log.notes.append(log.notes[0])


def sign_with_another_key(log: FakeLog) -> None:
    log.seed = b"g" * 32
    grow(log)


def sign_a_root_without_a_tree(log: FakeLog) -> None:
    grow(log)
    log.notes[-1] = log.note(root=sha256(b"nothing").digest())


def leave_out_a_number(log: FakeLog) -> None:
    log.publish(number=9)


def name_another_note(log: FakeLog) -> None:
    log.publish(previous=sha256(b"a note for others").digest())


def give_the_slot_away(log: FakeLog) -> None:
    other = b64(sha256(b"log.example/t/1/00000000000000000000000000000000").digest())
    log.records.append(f"tallystick/registry/v1\n1\n{other}\n".encode())
    grow(log)


def drop_the_slot(log: FakeLog) -> None:
    log.publish(slots=1, root=mth([log.epochs[-1].heads[0].body]))


def swap_the_slots(log: FakeLog) -> None:
    heads = [head.body for head in log.epochs[-1].heads]
    log.publish(root=mth([heads[1], heads[0], heads[2]]))


def say_no_epoch_is_there(log: FakeLog) -> None:
    grow(log)
    for query in ("?from=6", ""):
        log.answers[f"/v1/logs/{log.hex(1)}/epochs/2{query}"] = (404, b"{}")


def change_a_hash_of_the_consistency_proof(log: FakeLog) -> None:
    grow(log, 1)
    answer = log.head_in(1, "2", 6)
    assert answer is not None
    answer["consistency"][0] = b64(sha256(b"").digest())
    target = f"/v1/logs/{log.hex(1)}/epochs/2?from=6"
    log.answers[target] = (200, json.dumps(answer).encode())


def leave_out_the_consistency_proof(log: FakeLog) -> None:
    grow(log, 1)
    answer = log.head_in(1, "2", 6)
    target = f"/v1/logs/{log.hex(1)}/epochs/2?from=6"
    log.answers[target] = (200, json.dumps({**(answer or {}), "consistency": []}).encode())


def answer_for_another_log(log: FakeLog) -> None:
    grow(log)
    answer = log.head_in(2, "2", 6)
    target = f"/v1/logs/{log.hex(1)}/epochs/2?from=6"
    log.answers[target] = (200, json.dumps(answer).encode())


def serve_garbage_for_bundles(log: FakeLog) -> None:
    grow(log)
    log.answers[f"/v1/super/1/tile/entries/000.p/{len(log.records)}"] = (200, b"\x00" * 99)


def serve_garbage_for_the_checkpoint(log: FakeLog) -> None:
    log.answers["/v1/super/checkpoint"] = (200, b"<html>")


def refuse_the_key(log: FakeLog) -> None:
    grow(log)
    log.answers[f"/v1/logs/{log.hex(1)}/epochs/2?from=6"] = (401, b"{}")


def fail(log: FakeLog) -> None:
    log.answers["/v1/super/checkpoint"] = (500, b"")


def fail_in_the_middle(log: FakeLog) -> None:
    grow(log, 4)
    log.answers[f"/v1/logs/{log.hex(1)}/epochs/4?from=8"] = (503, b"")


LASTING: dict[str, tuple[Lie, str, str]] = {
    "a rewritten log that grows": (rewrite_then_grow, "fork", "log"),
    "a rewritten log of the same size": (rewrite_only, "fork", "log"),
    "a cut log": (cut_the_log, "truncation", "log"),
    "an emptied log": (empty_the_log, "truncation", "log"),
    "a rewritten super-log that grows": (rewrite_the_super_log, "fork", "super-log"),
    "a rewritten super-log": (rewrite_the_super_log_at_its_size, "fork", "super-log"),
    "an older super-checkpoint": (serve_an_older_checkpoint, "truncation", "super-log"),
    "another key": (sign_with_another_key, "wrong-key", "signature"),
    "a signed root without a tree": (sign_a_root_without_a_tree, "unproven", "super-log"),
    "an epoch's number left out": (leave_out_a_number, "fork", "super-log"),
    "another note named before": (name_another_note, "fork", "super-log"),
    "its slot given to another log": (give_the_slot_away, "fork", "super-log"),
    "heads swapped in the epoch": (swap_the_slots, "unproven", "log"),
    "an epoch denied": (say_no_epoch_is_there, "unproven", "log"),
    "a false consistency proof": (change_a_hash_of_the_consistency_proof, "fork", "log"),
    "no consistency proof": (leave_out_the_consistency_proof, "unproven", "log"),
    "another log's head": (answer_for_another_log, "unproven", "log"),
    "garbage for a bundle": (serve_garbage_for_bundles, "unproven", "super-log"),
    "garbage for a checkpoint": (serve_garbage_for_the_checkpoint, "wrong-key", "signature"),
    "the key refused": (refuse_the_key, "unproven", "server"),
    "a server error": (fail, "unreachable", "server"),
    "a server error while catching up": (fail_in_the_middle, "unreachable", "server"),
}


@pytest.mark.parametrize(("lie", "kind", "subject"), LASTING.values(), ids=LASTING)
def test_a_lie_gives_its_alarm_once_and_good_state_stays(
    watch: Watch, lie: Lie, kind: str, subject: str
) -> None:
    watch.look()
    good = head_of(watch)

    lie(watch.log)

    assert watch.look() == alarm(kind, subject)
    again = watch.look()
    assert not {event for event in again if event[0] == "alarm"}
    if (kind, subject) != ("fork", "super-log") and "server" not in subject:
        assert head_of(watch)[0] >= good[0]
    if subject == "log":
        assert head_of(watch) == good


def test_a_slot_that_is_dropped_is_told_of_both_logs(watch: Watch) -> None:
    watch.look()

    drop_the_slot(watch.log)

    assert watch.look() == alarm("truncation", "super-log") | alarm("truncation", "log")


def test_a_fork_of_one_epoch_is_noticed_when_it_is_over(watch: Watch) -> None:
    watch.look()
    truth = list(watch.log.entries[1])
    watch.log.entries[1][0] = b"flicker"
    watch.log.publish()
    watch.log.entries[1][:] = truth
    grow(watch.log, 2)

    assert watch.look() == passing("fork", "log")

    assert head_of(watch) == (8, mth(watch.log.entries[1]))
    assert watch.look() == set()


def test_two_forks_of_one_epoch_each_are_two_alarms(watch: Watch) -> None:
    watch.look()
    for _ in range(2):
        truth = list(watch.log.entries[1])
        watch.log.entries[1][0] = b"flicker"
        watch.log.publish()
        watch.log.entries[1][:] = truth
        grow(watch.log)

    watch.look()

    assert [line["epoch"] for line in watch.told if line["event"] == "alarm"] == [2, 4]


def test_a_fork_that_stays_is_one_alarm_over_many_epochs(watch: Watch) -> None:
    watch.look()
    rewrite_then_grow(watch.log)
    grow(watch.log, 5)

    assert watch.look() == alarm("fork", "log")
    grow(watch.log, 5)
    assert watch.look() == set()

    assert len(watch.told) == 1


def test_the_evidence_of_a_forked_log_convinces_plain_code(watch: Watch) -> None:
    watch.look()
    rewrite_then_grow(watch.log)
    watch.look()

    kept = watch.evidence()
    seen, shown = (json.loads(kept[name]) for name in ("seen.json", "shown.json"))

    heads = {}
    for name, head in (("seen", seen), ("shown", shown)):
        epoch = head["epoch_record"].encode()
        proven = next(it for it in watch.log.epochs if it.number == int(epoch.split(b"\n")[1]))
        bodies = [it.body for it in proven.heads]
        body = f"{head['origin']}\n{head['size']}\n{head['root']}\n".encode()
        assert bodies[1] == body
        assert head["slots_proof"] == [b64(node) for node in path(1, bodies)]
        assert watch.log.records[proven.record_index] == epoch
        text = head["epoch_proof"].partition("\n\n")[2]
        assert text in watch.log.notes
        size = int(text.split("\n")[1])
        lines = head["epoch_proof"].partition("\n\n")[0].split("\n")[1:]
        record_path = [b64(it) for it in path(proven.record_index, watch.log.records[:size])]
        assert lines == [f"index {proven.record_index}", *record_path]
        heads[name] = proven.heads[1]
    assert heads["shown"].entries[: heads["seen"].size] != heads["seen"].entries


def test_the_evidence_of_a_forked_super_log_holds_another_root_of_the_size_seen(
    watch: Watch,
) -> None:
    watch.look()
    seen_size, seen_note = len(watch.log.records), watch.log.notes[-1]
    rewrite_the_super_log(watch.log)
    watch.look()

    kept = watch.evidence()

    other = [b64(mth(watch.log.records[:seen_size]))]
    other += [b64(node) for node in proof(seen_size, watch.log.records)]
    assert kept["seen.note"].decode() == seen_note
    assert kept["shown.note"].decode() == watch.log.notes[-1]
    assert kept["other-root-and-consistency-proof.txt"].decode().split() == other


def test_after_a_rollback_is_mended_the_alarm_is_taken_back_and_nothing_is_left_out(
    watch: Watch,
) -> None:
    watch.look()
    serve_an_older_checkpoint(watch.log)
    watch.look()
    watch.log.notes.pop()
    grow(watch.log, 3)

    assert watch.look() == {("cleared", "truncation", "super-log")}

    assert head_of(watch)[0] == 9


def test_an_epoch_denied_once_is_asked_for_again(watch: Watch) -> None:
    watch.look()
    say_no_epoch_is_there(watch.log)
    grow(watch.log)
    watch.look()
    watch.log.answers.clear()

    assert watch.look() == {("cleared", "unproven", "log")}

    assert head_of(watch)[0] == 8


def test_what_was_followed_before_the_server_failed_is_not_asked_again(watch: Watch) -> None:
    watch.look()
    fail_in_the_middle(watch.log)
    watch.look()
    watch.log.answers.clear()
    watch.log.asked.clear()

    assert watch.look() == {("cleared", "unreachable", "server")}

    name = watch.log.hex(1)
    asked = [it for it in watch.log.asked if it.startswith("/v1/logs/")]
    assert asked == [f"/v1/logs/{name}/epochs/{epoch}?from={epoch + 4}" for epoch in (4, 5)]
