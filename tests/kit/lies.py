"""The lies that a deployment can tell in its third epoch, each with what gives it away.

Each takes a deployment of five logs, of at least 1, 1, 2, 4 and 4 entries, and two epochs
(seven records of the super-log), and publishes one more. The super-log only grows by it.
"""

from collections.abc import Callable

from kit.fake_log import FakeLog, b64
from kit.rfc6962 import mth, proof

Lie = Callable[[FakeLog], None]


def deployment() -> FakeLog:
    """Return five logs of 0 to 4 entries in epoch 0, of which two have grown in epoch 1."""
    made = FakeLog()
    for slot in range(5):
        made.new_log(*(b"entry %d of %d" % (number, slot) for number in range(slot)))
    made.publish()
    made.entries[3].append(b"more")
    made.entries[0].append(b"the first")
    made.publish()
    return made


def rewritten_log(log: FakeLog) -> None:
    """Change an entry, and append another."""
    log.entries[4][1] = b"nothing happened"
    log.entries[4].append(b"and more")
    log.publish()


def rewritten_log_of_the_same_size(log: FakeLog) -> None:
    """Change an entry."""
    log.entries[4][1] = b"nothing happened"
    log.publish()


def rewritten_log_with_the_honest_proof(log: FakeLog) -> None:
    """Change an entry, and show the proof of the log that was."""
    honest = proof(4, [*log.entries[4], b"and more"])
    rewritten_log(log)
    changed(log, 4)["proof"] = [b64(node) for node in honest]


def shrunk_log(log: FakeLog) -> None:
    """Take the last entry away."""
    del log.entries[4][3:]
    log.publish()


def shrunk_log_with_another_old_size(log: FakeLog) -> None:
    """Take the last entry away, as if it had never been there."""
    shrunk_log(log)
    changed(log, 4)["old_size"] = 3


def shrunk_log_that_began_anew(log: FakeLog) -> None:
    """Begin a log anew at its slot."""
    log.entries[4] = [b"a new beginning"]
    log.publish()
    changed(log, 4).update(old_size=0, proof=[])


def other_origin(log: FakeLog) -> None:
    """Give a slot to another origin, of another form."""
    log.origins[2] = log.origins[2][:-1] + "x"
    log.entries[2].append(b"more")
    log.publish()


def other_origin_of_the_right_form(log: FakeLog) -> None:
    """Give a slot to another log."""
    log.origins[2] = f"{log.deployment}/t/2/{'0' * 32}"
    log.entries[2].append(b"more")
    log.publish()


def swapped_slots(log: FakeLog) -> None:
    """Swap two logs."""
    log.origins[1], log.origins[2] = log.origins[2], log.origins[1]
    log.entries[1], log.entries[2] = log.entries[2], log.entries[1]
    log.publish()


def other_root(log: FakeLog) -> None:
    """Write another root into the record."""
    log.entries[3].append(b"more")
    log.publish(root=bytes(32))


def root_of_the_last_epoch(log: FakeLog) -> None:
    """Write the last epoch's root into the record."""
    log.entries[3].append(b"more")
    last = log.epochs[-1].root
    log.new_log(b"a new one")
    log.publish(root=last)


def missing_change(log: FakeLog) -> None:
    """Keep one of two changes back."""
    log.entries[3].append(b"more")
    log.entries[4].append(b"more")
    log.publish()
    answer = log.changes[2]
    answer["changes"] = [one for one in answer["changes"] if one["slot"] != 3]


def rewritten_log_that_is_kept_quiet(log: FakeLog) -> None:
    """Change an entry, and keep that back."""
    rewritten_log_of_the_same_size(log)
    log.changes[2]["changes"] = []


def false_change(log: FakeLog) -> None:
    """Show a head that extends the last one, and publish another."""
    log.entries[3].append(b"more")
    log.publish()
    # A head that extends the last one, but is not the one in the epoch's tree.
    told = [*log.entries[3][:4], b"something else"]
    honest = [b64(node) for node in proof(4, told)]
    changed(log, 3).update(root=b64(mth(told)), proof=honest)


def change_told_twice(log: FakeLog) -> None:
    """Show a change twice."""
    log.entries[3].append(b"more")
    log.publish()
    log.changes[2]["changes"] *= 2


def fewer_slots(log: FakeLog) -> None:
    """Drop the last log."""
    log.entries.pop()
    log.origins.pop()
    log.publish()


def fewer_slots_in_the_record(log: FakeLog) -> None:
    """Write fewer slots into the record."""
    log.entries[3].append(b"more")
    log.publish(slots=4)


def new_slot_without_head(log: FakeLog) -> None:
    """Keep the head of a new log back."""
    slot = log.new_log(b"a")
    log.publish()
    answer = log.changes[2]
    answer["changes"] = [one for one in answer["changes"] if one["slot"] != slot]


def new_slot_that_is_not_registered(log: FakeLog) -> None:
    """Add a log without registering it."""
    log.new_log(b"a")
    log.publish()
    log.records.pop(-2)
    log.changes[2]["record_index"] -= 1


def new_slot_in_the_name_of_another(log: FakeLog) -> None:
    """Register a log whose origin names a slot that it does not have."""
    slot = log.new_log(b"a")
    log.origins[slot] = f"{log.deployment}/t/2/{'0' * 32}"
    log.publish()


def new_slot_of_another_deployment(log: FakeLog) -> None:
    """Register a log whose origin is of another deployment."""
    slot = log.new_log(b"a")
    log.origins[slot] = f"other.example/t/{slot}/{'0' * 32}"
    log.publish()


def first_beacon_again(log: FakeLog) -> None:
    """Name no note, as only the first epoch may."""
    log.entries[3].append(b"more")
    log.publish(previous=bytes(32), sign_it=False)


def slot_registered_again(log: FakeLog) -> None:
    """Register a slot twice."""
    log.records.append(log.records[2])
    log.publish()


def slot_registered_for_another(log: FakeLog) -> None:
    """Register a slot for another log."""
    log.records.append(f"tallystick/registry/v1\n2\n{b64(bytes(32))}\n".encode())
    log.entries[3].append(b"more")
    log.publish()


def slot_left_out(log: FakeLog) -> None:
    """Register a slot beyond the next."""
    log.records.append(f"tallystick/registry/v1\n6\n{b64(bytes(32))}\n".encode())
    log.publish()


def epoch_left_out(log: FakeLog) -> None:
    """Leave an epoch's number out."""
    log.entries[3].append(b"more")
    log.publish(number=3)


def epoch_twice(log: FakeLog) -> None:
    """Use an epoch's number twice."""
    log.entries[3].append(b"more")
    log.publish(number=1)


def other_beacon(log: FakeLog) -> None:
    """Name another note than the one published last."""
    log.entries[3].append(b"more")
    log.publish(previous=b"x" * 32, sign_it=False)


def changes_of_another_epoch(log: FakeLog) -> None:
    """Answer with another epoch."""
    log.entries[3].append(b"more")
    log.publish()
    log.changes[2]["epoch"] = 1


def changes_of_another_record(log: FakeLog) -> None:
    """Answer with another place of the record."""
    log.entries[3].append(b"more")
    log.publish()
    log.changes[2]["record_index"] += 1


def loosely_spelled_record(log: FakeLog) -> None:
    """Spell a number of the record with a leading zero."""
    log.publish()
    log.records[-1] = log.records[-1].replace(b"\n2\n", b"\n02\n")


def record_that_is_no_text(log: FakeLog) -> None:
    """Append a record that is no text."""
    log.records.append(b"tallystick/epoch/v1\n\xff\n")


def changed(log: FakeLog, slot: int) -> dict[str, object]:
    """What is answered for a slot in the last epoch."""
    (one,) = [one for one in log.changes[2]["changes"] if one["slot"] == slot]
    assert isinstance(one, dict)
    return one


LIES: list[tuple[Lie, str]] = [
    (rewritten_log, "epoch 2, slot 4: consistency proof: leads to"),
    (rewritten_log_of_the_same_size, "epoch 2, slot 4: consistency proof: leads to"),
    (rewritten_log_with_the_honest_proof, "epoch 2, slot 4: consistency proof: leads to"),
    (shrunk_log, "epoch 2, slot 4: 3 entries, want at least 4"),
    (shrunk_log_with_another_old_size, "epoch 2, slot 4: change from size 3, want 4"),
    (shrunk_log_that_began_anew, "epoch 2, slot 4: change from size 0, want 4"),
    (other_origin, "epoch 2, slot 2: origin"),
    (other_origin_of_the_right_form, "epoch 2, slot 2: origin"),
    (swapped_slots, "epoch 2, slot 1: origin"),
    (other_root, "epoch 2: heads lead to root"),
    (root_of_the_last_epoch, "epoch 2: heads lead to root"),
    (missing_change, "epoch 2: heads lead to root"),
    (rewritten_log_that_is_kept_quiet, "epoch 2: heads lead to root"),
    (false_change, "epoch 2: heads lead to root"),
    (change_told_twice, "epoch 2: 2 changes of 1 slots"),
    (fewer_slots, "epoch 2: 4 slots, want 5 as registered"),
    (fewer_slots_in_the_record, "epoch 2: 4 slots, want 5 as registered"),
    (new_slot_without_head, "epoch 2: no head of slot 5"),
    (new_slot_that_is_not_registered, "epoch 2: 6 slots, want 5 as registered"),
    (new_slot_in_the_name_of_another, "epoch 2, slot 5: origin"),
    (new_slot_of_another_deployment, "epoch 2, slot 5: origin"),
    (slot_registered_again, "record 7: registers slot 2, want slot 5"),
    (slot_registered_for_another, "record 7: registers slot 2, want slot 5"),
    (slot_left_out, "record 7: registers slot 6, want slot 5"),
    (epoch_left_out, "epoch 3: follows epoch 1"),
    (epoch_twice, "epoch 1: follows epoch 1"),
    (other_beacon, "epoch 2: names note 7878"),
    (first_beacon_again, "epoch 2: names note 0000"),
    (changes_of_another_epoch, "epoch 2: changes are of (1, 7, 5)"),
    (changes_of_another_record, "epoch 2: changes are of (2, 8, 5)"),
    (loosely_spelled_record, "record 7: epoch record: not in canonical form"),
    (record_that_is_no_text, "record 7: "),
]
