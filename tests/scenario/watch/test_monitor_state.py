"""The file that a monitor keeps: whole, its own, and of one monitor at a time."""

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from kit.fake_log import b64
from kit.watching import Watch, grow, watching
from tallystick.errors import ConflictError, MalformedError, TallystickError, VerificationError
from tallystick.watch.monitor_state import StateFile

Edit = Callable[[dict[str, Any]], None]


@pytest.fixture
def watch(tmp_path: Path) -> Iterator[Watch]:
    with watching(tmp_path) as made:
        grow(made.log, 3)
        made.look()
        yield made


def path_of(watch: Watch) -> Path:
    return watch.folder / "state.json"


def edited(data: bytes, edit: Edit) -> bytes:
    """Edit the members, and write the sum that belongs to them: what a careful hand does."""
    members = json.loads(data[:-66])
    edit(members)
    written = json.dumps(members, separators=(",", ":"), sort_keys=True).encode()
    return written + f"\n{sha256(written).hexdigest()}\n".encode()


def test_an_edit_of_nothing_is_accepted(watch: Watch) -> None:
    data = path_of(watch).read_bytes()

    path_of(watch).write_bytes(edited(data, lambda _: None))

    assert watch.monitor().state.known is not None


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_a_file_cut_short_is_refused(watch: Watch, share: float) -> None:
    data = path_of(watch).read_bytes()
    path_of(watch).write_bytes(data[: int(len(data) * share)])

    with pytest.raises(MalformedError, match="cut or changed"):
        watch.monitor()


def test_a_file_with_any_byte_changed_is_refused(watch: Watch) -> None:
    data = path_of(watch).read_bytes()
    for at in range(0, len(data), 37):
        changed = bytearray(data)
        changed[at] ^= 1
        path_of(watch).write_bytes(changed)

        with pytest.raises(MalformedError, match="cut or changed"):
            watch.monitor()


@pytest.mark.parametrize("tail_bytes", [0, 1, 10**9])
def test_a_wrong_place_to_read_on_from_costs_a_second_question_and_no_alarm(
    watch: Watch, tail_bytes: int
) -> None:
    def move(members: dict[str, Any]) -> None:
        assert members["known"]["tail_bytes"] == sum(2 + len(it) for it in watch.log.records)
        members["known"]["tail_bytes"] = tail_bytes

    path_of(watch).write_bytes(edited(path_of(watch).read_bytes(), move))
    grow(watch.log, 2)

    assert watch.look() == set()

    kept = json.loads(path_of(watch).read_bytes()[:-66])["known"]["tail_bytes"]
    assert kept == sum(2 + len(it) for it in watch.log.records)


OTHER = b64(sha256(b"other").digest())


def set_head_root(members: dict[str, Any]) -> None:
    members["known"]["head"]["root"] = OTHER


def set_head_size(members: dict[str, Any]) -> None:
    members["known"]["head"]["size"] -= 1


def set_frontier(members: dict[str, Any]) -> None:
    members["known"]["frontier"][0] = OTHER


def set_note_size(members: dict[str, Any]) -> None:
    lines = members["known"]["note"].split("\n")
    members["known"]["note"] = "\n".join([lines[0], "99", *lines[2:]])


def set_followed_epoch(members: dict[str, Any]) -> None:
    followed = members["known"]["followed"]
    lines = followed["epoch_record"].split("\n")
    followed["epoch_record"] = "\n".join([lines[0], "99", *lines[2:]])


def set_last_slots(members: dict[str, Any]) -> None:
    last = members["known"]["last"]
    lines = last["epoch_record"].split("\n")
    last["epoch_record"] = "\n".join([*lines[:3], "2", *lines[4:]])


@pytest.mark.parametrize(
    "edit",
    [
        set_head_root, set_head_size, set_frontier, set_note_size, set_followed_epoch,
        set_last_slots,
    ],
)  # fmt: skip
def test_what_is_edited_with_its_sum_does_not_follow_from_the_pinned_key(
    watch: Watch, edit: Edit
) -> None:
    path_of(watch).write_bytes(edited(path_of(watch).read_bytes(), edit))

    with pytest.raises((VerificationError, MalformedError)):
        watch.monitor()


@pytest.mark.parametrize("name", ["known", "log", "state", "alarms", "deliveries"])
def test_a_file_without_a_member_is_refused(watch: Watch, name: str) -> None:
    def drop(members: dict[str, Any]) -> None:
        del members[name]

    path_of(watch).write_bytes(edited(path_of(watch).read_bytes(), drop))

    with pytest.raises(MalformedError):
        watch.monitor()


def test_a_refused_file_stays_as_it_is(watch: Watch) -> None:
    path_of(watch).write_bytes(b"spoiled")

    with pytest.raises(TallystickError):
        watch.monitor()

    assert path_of(watch).read_bytes() == b"spoiled"


def test_the_state_of_another_log_is_refused(watch: Watch) -> None:
    watch.slot = 2

    with pytest.raises(ConflictError, match=f"of log {watch.log.hex(1)}, want"):
        watch.monitor()


def test_a_head_of_another_log_under_this_ones_name_is_refused(watch: Watch) -> None:
    other = watch.log.hex(2)

    def rename(members: dict[str, Any]) -> None:
        members["log"] = other

    path_of(watch).write_bytes(edited(path_of(watch).read_bytes(), rename))
    watch.slot = 2

    with pytest.raises(VerificationError, match="head of"):
        watch.monitor()


def test_a_state_under_another_pinned_key_is_refused(watch: Watch) -> None:
    watch.log.seed = b"g" * 32
    watch.pins["super"] = [watch.log.vkey]

    with pytest.raises(VerificationError, match="not signed by the pinned key"):
        watch.monitor()


def test_two_monitors_do_not_share_a_file(tmp_path: Path) -> None:
    file = StateFile(tmp_path / "state.json")

    with (
        file.held(),
        pytest.raises(ConflictError, match="in use by another monitor"),
        StateFile(tmp_path / "state.json").held(),
    ):
        pass

    with StateFile(tmp_path / "state.json").held():
        pass


def test_a_file_is_for_its_owner_alone(watch: Watch) -> None:
    assert path_of(watch).stat().st_mode & 0o777 == 0o600


def test_what_a_crash_left_beside_the_file_is_in_nobodys_way(watch: Watch) -> None:
    (watch.folder / ".state.json.new").write_bytes(b"half a fi")
    grow(watch.log)

    assert watch.look() == set()
    assert not (watch.folder / ".state.json.new").exists()
