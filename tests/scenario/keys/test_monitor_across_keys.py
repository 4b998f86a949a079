"""A monitor goes on by itself when the deployment's keys change, and believes the root alone."""

import json
from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from kit.plain_receipt import Signer
from kit.rooted import ROOT, SUPER, signed
from kit.rooted_strangers import Shown, shown
from tallystick.verify.statement import Reason

WELL_KNOWN = "/.well-known/tallystick"


@pytest.fixture
def deployment(tmp_path: Path) -> Iterator[Shown]:
    with shown(tmp_path) as made:
        yield made


def followed(deployment: Shown) -> tuple[str, int, int]:
    """Origin of the super-log, epoch and size of the log that the monitor knows."""
    known = deployment.monitor().state.known
    assert known is not None
    origin = known.signed.checkpoint.origin
    return origin, known.followed.record.epoch, known.head.size


@pytest.mark.parametrize("reason", [Reason.ROTATION, Reason.COMPROMISE])
def test_a_monitor_follows_every_epoch_across_a_change_of_keys(
    deployment: Shown, reason: Reason
) -> None:
    assert deployment.look() == set()
    deployment.rooted.record(2)
    note = deployment.change_keys(reason)
    last = deployment.rooted.record(3)

    assert deployment.look() == {"keys-changed"}

    assert followed(deployment) == (f"{SUPER}/2", last.epoch, 4)
    (told,) = (it for it in deployment.told if it["event"] == "keys-changed")
    assert (told["serial"], told["reason"]) == (2, reason.value)
    assert told["vkey"] == note.split("\n")[3]
    (message,) = deployment.monitor().state.deliveries
    assert json.loads(message.body)["type"] == "monitor.keys.changed"
    assert json.loads(message.body)["data"]["vkey"] == told["vkey"]
    deployment.rooted.record(4)
    assert deployment.look() == set()


def test_each_epoch_in_between_is_asked_for(deployment: Shown) -> None:
    deployment.look()
    first = followed(deployment)[1]
    deployment.rooted.record(2)
    deployment.change_keys()
    last = deployment.rooted.record(3).epoch
    deployment.asked.clear()

    deployment.look()

    prefix = f"/v1/logs/{deployment.log_hex}/epochs/"
    asked = [it.removeprefix(prefix) for it in deployment.asked if it.startswith(prefix)]
    assert [int(it.split("?")[0]) for it in asked] == list(range(first + 1, last + 1))


def test_a_monitor_that_slept_follows_several_changes(deployment: Shown) -> None:
    deployment.look()
    for number in range(2, 5):
        deployment.change_keys()
        last = deployment.rooted.record(number)

    assert deployment.look() == {"keys-changed"}

    assert followed(deployment) == (f"{SUPER}/4", last.epoch, 5)
    assert [it["serial"] for it in deployment.told if it["event"] == "keys-changed"] == [2, 3, 4]


def test_a_monitor_that_is_new_begins_at_the_newest_super_log(deployment: Shown) -> None:
    deployment.change_keys()
    last = deployment.rooted.record(2)

    assert deployment.look() == {"keys-changed"}

    assert followed(deployment) == (f"{SUPER}/2", last.epoch, 3)


def test_a_statement_that_another_key_signed_is_refused(deployment: Shown) -> None:
    deployment.look()
    known = followed(deployment)
    note = deployment.change_keys()
    body = note.split("\n\n")[0] + "\n"
    told = json.loads(deployment.fetch(WELL_KNOWN))
    forged = signed(body, Signer(ROOT.name, word="thief"))
    deployment.lies[WELL_KNOWN] = json.dumps({**told, "statements": [forged]}).encode()

    assert deployment.look() == {"wrong-key"}

    assert followed(deployment) == known
    deployment.lies.clear()
    assert deployment.look() == {"keys-changed", "cleared"}


def test_a_super_log_that_no_statement_names_is_refused(deployment: Shown) -> None:
    deployment.look()
    deployment.change_keys()
    told = json.loads(deployment.fetch(WELL_KNOWN))
    deployment.lies[WELL_KNOWN] = json.dumps({**told, "statements": []}).encode()

    assert deployment.look() == {"wrong-key"}


def test_without_a_pinned_root_a_monitor_stops_and_says_what_to_do(deployment: Shown) -> None:
    del deployment.pins["root"]
    deployment.look()
    deployment.change_keys()

    monitor = deployment.monitor()
    found = monitor.look()
    monitor.site.close()

    assert found == {"wrong-key"}
    assert monitor.stopped
    assert "pins refresh" in deployment.told[-1]["what"]


def test_a_new_super_log_that_carries_on_another_end_is_a_fork(deployment: Shown) -> None:
    deployment.look()
    deployment.change_keys()
    # An older end than the one that the transfer record names, which the old key did sign.
    known = deployment.monitor().state.known
    assert known is not None
    deployment.lies["/v1/super/1/checkpoint"] = known.signed.text.encode()

    assert deployment.look() == {"keys-changed", "fork"}

    evidence = next((deployment.folder / "state.json.evidence").glob("*fork*"))
    assert {it.name for it in evidence.iterdir()} >= {"old.note", "new.note", "statement.note"}
    named = b64encode(sha256((evidence / "old.note").read_bytes()).digest())
    assert named not in (evidence / "record-0.txt").read_bytes()


def test_a_thiefs_epochs_behind_the_frozen_size_are_not_continued(deployment: Shown) -> None:
    deployment.look()
    deployment.save()
    deployment.rooted.record(2)
    assert deployment.look() == set()
    seen = followed(deployment)
    deployment.put_back(forgotten=True)
    deployment.rooted.record(9)
    deployment.change_keys(Reason.COMPROMISE)

    assert deployment.look() & {"fork", "truncation"}

    assert followed(deployment) == seen


def test_a_monitor_that_saw_what_is_lost_tells_it_and_goes_on(deployment: Shown) -> None:
    deployment.look()
    deployment.save()
    deployment.rooted.record(2)
    deployment.rooted.record(3)
    assert deployment.look() == set()
    deployment.put_back()
    deployment.change_keys(Reason.RECOVERY)

    assert deployment.look() >= {"keys-changed", "truncation"}

    lost = next(it for it in deployment.told if it.get("kind") == "truncation")
    assert "4 entries were seen, a recovery left 2" in lost["what"]
    last = deployment.rooted.record(4)
    deployment.look()
    assert followed(deployment) == (f"{SUPER}/2", last.epoch, 3)
    assert deployment.monitor().state.alarms == ()


def test_a_monitor_that_saw_nothing_of_what_is_lost_has_no_alarm(deployment: Shown) -> None:
    deployment.look()
    deployment.save()
    deployment.rooted.record(2)
    deployment.put_back()
    deployment.change_keys(Reason.RECOVERY)

    assert deployment.look() == {"keys-changed"}
