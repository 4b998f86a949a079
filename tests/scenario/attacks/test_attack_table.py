"""What root can do with the signing key in hand: who finds it, when, and who does not.

Each row of :data:`TABLE` is one attack on a deployment of its own, whose publisher, witnesses
(one plain, one auditing) and monitor are the product's. After the attack each observer looks once.
Those named must find what the row says; all others must find nothing.
docs/explanation/what-is-detected.md is the same table for readers.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from kit.attacker_observers import (
    AUDIT_VERIFIER,
    AUDITING_WITNESS,
    COMPARER,
    FSCK,
    GONE,
    MONITOR,
    OBSERVERS,
    OF_WITNESSES,
    PUBLISHER,
    SENDER,
    START,
    VERIFIER,
    WITNESS_AT_START,
    look,
    two_epochs,
)
from kit.attacker_target import Target, attacked, now_s
from kit.root import SLOT, editing

EDITED, VICTIM = 2, 3
"""Index of the entry that is changed, and of the event whose key is destroyed."""


class Row(NamedTuple):
    """One attack.

    Attributes:
        attack: What root does; the deployment is open before and after.
        found: By observer, what the finding says (a regular expression).
        when: When it is found.
        witnessed: Whether the deployment has witnesses.
        kept: Whether anybody outside kept something from before: the monitor its state, the
            sender the answers.
    """

    attack: Callable[[Target], None]
    found: dict[str, str]
    when: str
    witnessed: bool = True
    kept: bool = True


def edit_an_event(target: Target) -> None:
    """Change one entry's bytes, and nothing else."""
    with _edited(target) as slot, editing(target.data) as db:
        changed = _forged(target.attacker.leaves(slot))[EDITED]
        db.execute("UPDATE entry SET leaf = ? WHERE id = ?", (changed, slot * SLOT + EDITED))


def rewrite_a_log(target: Target) -> None:
    """Rewrite entries, hashes, tiles and head, but no epoch."""
    with _edited(target) as slot:
        target.attacker.rewrite(slot, _forged(target.attacker.leaves(slot)))


def rewrite_a_log_and_sign(target: Target) -> None:
    """Rewrite a log with all that the ledger knows of it, and sign an epoch that says so."""
    with _edited(target) as slot:
        target.attacker.rewrite(slot, _forged(target.attacker.leaves(slot)))
        target.attacker.forge_epoch()
    _show_epoch(target)


def rewrite_everything(target: Target) -> None:
    """Begin again at an old copy, with other events, and sign more epochs than there were."""
    kept = dict(target.acknowledged)
    _put_back_everything(target)
    with _without_policy(target):
        for _ in range(4):
            target.record(message="what did not happen")
            target.publish()
    target.acknowledged = kept


def truncate_a_log(target: Target) -> None:
    """Cut the last entries, and sign an epoch that says so."""
    with _edited(target) as slot:
        target.attacker.rewrite(slot, target.attacker.leaves(slot)[:-2])
        target.attacker.forge_epoch()
    _show_epoch(target)


def truncate_a_log_sloppily(target: Target) -> None:
    """Do the same, and leave what the ledger keeps of the epochs before."""
    with _edited(target) as slot:
        target.attacker.rewrite(slot, target.attacker.leaves(slot)[:-2], epochs=False)
        target.attacker.forge_epoch()
    _show_epoch(target)


def flicker(target: Target) -> None:
    """Show another log for one epoch, and the true one from the next epoch on."""
    honest = _begin_to_flicker(target)
    _show_epoch(target)
    _end_to_flicker(target, honest)


def flicker_unseen(target: Target) -> None:
    """Do the same while no monitor looks."""
    honest = _begin_to_flicker(target)
    target.open()
    target.publish()
    _end_to_flicker(target, honest)


def drop_an_unsealed_event(target: Target) -> None:
    """Take an event away that was answered, before its epoch."""
    target.record()
    with _edited(target) as slot:
        target.attacker.rewrite(slot, target.attacker.leaves(slot)[:-1])


def back_date(target: Target) -> None:
    """Invent an event, and say that it was received long before its epoch."""
    _invent(target, "2026-01-01T00:00:00.000000Z")


def future_date(target: Target) -> None:
    """Invent an event that says it will be received long after its epoch."""
    _invent(target, "2099-01-01T00:00:00.000000Z")


def future_date_the_log(target: Target) -> None:
    """Do the same, and let no later event show it by an earlier time."""
    _invent(target, "2099-01-01T00:00:00.000000Z", goes_on=True)


def date_within_the_epoch(target: Target) -> None:
    """Do the same by a minute."""
    ahead = datetime.fromtimestamp(now_s() + 60, UTC)
    _invent(target, ahead.strftime("%Y-%m-%dT%H:%M:%S.000000Z"), goes_on=True)


def roll_the_database_back(target: Target) -> None:
    """Put an old database back, but not the lock file."""
    target.close()
    for path in target.data.glob("ledger.db*"):
        path.unlink()
    for path in (target.folder / "yesterday").glob("ledger.db*"):
        (target.data / path.name).write_bytes(path.read_bytes())


def roll_everything_back(target: Target) -> None:
    """Put an old copy back: database, keys, lock file, list of erasures."""
    _put_back_everything(target)


def refuse_to_disclose(target: Target) -> None:
    """Destroy a person's key without an erasure."""
    with target.house.ledger.drivers.store.read() as snapshot:
        subjects = target.house.ledger.reader.subjects(target.tenant.number)
        person = f"user_{VICTIM * 7_919 % 200_000:06d}"
        subject = subjects.find(snapshot, person)
    assert subject is not None
    with _edited(target), editing(target.data) as db:
        db.execute("DELETE FROM subject WHERE ref = ?", (subject.ref,))


def record_a_lie(target: Target) -> None:
    """Record, in all order, what did not happen."""
    target.record(message="what did not happen")
    target.publish()


BY_WITNESS = r"witness (plain|auditor): the super-log was changed"
ROLLED_BACK = r"witness (plain|auditor): the store was rolled back"

TABLE = {
    "an event is edited in the database": Row(
        edit_an_event,
        {FSCK: "leaf hash", SENDER: "is not proven"},
        "at the next `fsck`, and when a receipt of that event is asked for",
    ),
    "a log is rewritten, head included": Row(
        rewrite_a_log,
        {
            PUBLISHER: "entries lead to root",
            VERIFIER: "not those of epoch",
            AUDIT_VERIFIER: "not those of epoch",
            FSCK: "epoch",
            SENDER: "another entry",
        },
        "at the next epoch, which is not signed; by any receipt",
    ),
    "a log is rewritten and signed with the stolen key": Row(
        rewrite_a_log_and_sign,
        {
            AUDITING_WITNESS: "422: epoch 2, slot 1: ",
            MONITOR: r"fork: .*: epoch 2 does not extend the 12 entries of epoch 1",
            AUDIT_VERIFIER: "auditor",
            FSCK: "epoch",
            SENDER: "another entry",
        },
        "at the forged epoch",
    ),
    "every log is rewritten, the super-log too, and signed with the stolen key": Row(
        rewrite_everything,
        {WITNESS_AT_START: BY_WITNESS, MONITOR: "fork: ", SENDER: GONE},
        "at the next start, when the witnesses are asked; when the monitor looks",
    ),
    "the end of a log is cut off and the epoch signed": Row(
        truncate_a_log,
        {
            AUDITING_WITNESS: "422: epoch 2, slot 1: change from size 10, want 12",
            AUDIT_VERIFIER: "auditor",
            MONITOR: r"truncation: .*: epoch 2 has 10 entries, 12 were seen",
            FSCK: "epoch 1",
            SENDER: GONE,
        },
        "at the forged epoch",
    ),
    "the same, and what the ledger keeps of the epochs before is left": Row(
        truncate_a_log_sloppily,
        {
            AUDITING_WITNESS: "422: epoch 2, slot 1: 10 entries, want at least 12",
            AUDIT_VERIFIER: "auditor",
            MONITOR: r"truncation: .*: epoch 2 has 10 entries, 12 were seen",
            FSCK: "no log of 12 entries",
            SENDER: GONE,
        },
        "at the forged epoch",
    ),
    "a log is another one for one epoch (flicker)": Row(
        flicker,
        {
            AUDITING_WITNESS: "422: epoch 2, slot 1: ",
            MONITOR: r"fork: .*: epoch 2 does not extend the 12 entries of epoch 1",
            AUDIT_VERIFIER: "auditor",
            FSCK: "epoch 2",
        },
        "at that epoch",
    ),
    "the same, and the monitor looks only when it is over": Row(
        flicker_unseen,
        {
            AUDITING_WITNESS: "422: epoch 2, slot 1: ",
            # The server has nothing left that proves the epoch, and says so.
            MONITOR: r"unproven: .* does not prove the log's head in epoch 2: .*answers 500",
            AUDIT_VERIFIER: "auditor",
            FSCK: "epoch 2",
        },
        "at that epoch by the auditor; later by the monitor, for its record stays",
    ),
    "an answered event is dropped before its epoch": Row(
        drop_an_unsealed_event,
        {SENDER: GONE},
        "when the sender asks for the receipt",
    ),
    "an event is back-dated": Row(
        back_date,
        {
            COMPARER: "received 2026-01-01",
            FSCK: r"entry 12: received 2026-01-01\S+, want none earlier than \S+ by epoch 2",
        },
        "at the next `fsck`, or when its receipt is compared with the epochs before it",
    ),
    "an event is dated ahead": Row(
        future_date,
        {
            COMPARER: "received 2099-01-01",
            FSCK: r"entry 12: received 2099-01-01\S+, want none later than \S+ by epoch 2",
        },
        "at the next `fsck`, or when its receipt is compared with its epoch",
    ),
    "the same, and the log goes on from that time": Row(
        future_date_the_log,
        {
            COMPARER: "received 2099-01-01",
            FSCK: r"entry 12: received 2099-01-01\S+, want none later than \S+ by epoch 2",
        },
        "at the next `fsck`, or when its receipt is compared with its epoch",
    ),
    "an event is dated a minute ahead, and the log goes on from that time": Row(
        date_within_the_epoch, {}, "never"
    ),
    "the database is rolled back, the lock file not": Row(
        roll_the_database_back,
        {START: "the store was rolled back", MONITOR: "truncation: ", SENDER: GONE},
        "at the next start, which is read-only",
    ),
    "everything is rolled back": Row(
        roll_everything_back,
        {WITNESS_AT_START: ROLLED_BACK, MONITOR: "truncation: ", SENDER: GONE},
        "at the next start, when the witnesses are asked; when the monitor looks",
    ),
    "everything is rolled back, no witness": Row(
        roll_everything_back,
        {MONITOR: "fork: ", SENDER: GONE},
        "when somebody outside who kept something looks",
        witnessed=False,
    ),
    "everything is rolled back, no witness, and nobody kept anything": Row(
        roll_everything_back, {}, "never", witnessed=False, kept=False
    ),
    "everything is rewritten, no witness, and nobody kept anything": Row(
        rewrite_everything, {}, "never", witnessed=False, kept=False
    ),
    "an unsealed event is dropped, and nobody kept the answer": Row(
        drop_an_unsealed_event, {}, "never", kept=False
    ),
    "a person's key is destroyed without an erasure": Row(
        refuse_to_disclose,
        {FSCK: "key", SENDER: GONE},
        "at the next `fsck`, and when a receipt of such an event is asked for",
    ),
    "a lie is recorded": Row(record_a_lie, {}, "never"),
}


@pytest.mark.parametrize("name", TABLE)
def test_an_attack_is_found_by_those_named_and_by_nobody_else(name: str, tmp_path: Path) -> None:
    row = TABLE[name]
    with attacked(tmp_path, witnessed=row.witnessed) as target:
        two_epochs(target)
        target.told.clear()
        row.attack(target)
        if not row.kept:
            target.acknowledged.clear()
        found = look(target, monitor="monitor" if row.kept else "newcomer")

    assert found.keys() == row.found.keys(), found
    for observer, text in row.found.items():
        assert re.search(text, found[observer]), (observer, found[observer])


def test_without_an_attack_nobody_finds_anything(tmp_path: Path) -> None:
    with attacked(tmp_path) as target:
        two_epochs(target)

        assert look(target) == {}


def test_the_page_for_readers_shows_this_table() -> None:
    page = Path(__file__).parents[3] / "docs" / "explanation" / "what-is-detected.md"
    shown = [line for line in page.read_text("utf-8").splitlines() if line.startswith("|")]
    rows = [line for line in shown if line.removeprefix("| ").split(" | ")[0] in TABLE]

    assert rows == [_line(name, row) for name, row in TABLE.items()]


def _line(name: str, row: Row) -> str:
    """Write a row as the page has it."""
    asked = OBSERVERS if row.witnessed else [it for it in OBSERVERS if it not in OF_WITNESSES]
    left = [it for it in asked if it not in row.found and (row.kept or it != SENDER)]
    found, others = (", ".join(names) or "nobody" for names in (row.found, left))
    return f"| {name} | {found} | {row.when} | {others} |"


@contextmanager
def _edited(target: Target) -> Iterator[int]:
    """Close the deployment while its files are edited; gives the slot of the tenant's log."""
    slot = target.slot
    target.close()
    yield slot


def _forged(leaves: list[bytes]) -> list[bytes]:
    """The entries with another outcome in one of them."""
    changed = leaves[EDITED].replace(b'"outcome":"success"', b'"outcome":"failure"')
    assert changed != leaves[EDITED]
    return [*leaves[:EDITED], changed, *leaves[EDITED + 1 :]]


def _show_epoch(target: Target) -> None:
    """Let the deployment publish the forged epoch, and a monitor look that does so each epoch."""
    target.open()
    target.publish()
    target.monitor(target.pins())


def _begin_to_flicker(target: Target) -> list[bytes]:
    with _edited(target) as slot:
        honest = target.attacker.leaves(slot)
        target.attacker.rewrite(slot, _forged(honest))
        target.attacker.forge_epoch()
    return honest


def _end_to_flicker(target: Target, honest: list[bytes]) -> None:
    with _edited(target) as slot:
        target.attacker.rewrite(slot, honest)
        target.attacker.forge_epoch()


def _invent(target: Target, received_at: str, *, goes_on: bool = False) -> None:
    """Put an event of one's own before the next epoch, with a time of receipt of one's own.

    Args:
        target: The deployment.
        received_at: The time.
        goes_on: The log's later events are received no earlier than that, as the server has it.
    """
    (event_id,) = target.record()
    del target.acknowledged[event_id]
    with _edited(target) as slot:
        *leaves, last = target.attacker.leaves(slot)
        leaf = re.sub(rb'"received_at":"[^"]*"', f'"received_at":"{received_at}"'.encode(), last)
        target.attacker.rewrite(slot, [*leaves, leaf])
        if goes_on:
            with editing(target.data) as db:
                last = int(datetime.fromisoformat(received_at).timestamp() * 1_000_000)
                db.execute("UPDATE head SET received_at = ? WHERE slot = ?", (last, slot))
    target.open()
    target.publish()


def _put_back_everything(target: Target) -> None:
    target.close()
    target.attacker.put_back(target.folder / "yesterday")


@contextmanager
def _without_policy(target: Target) -> Iterator[None]:
    """Open the deployment as the attacker does, who shows no witness what is signed."""
    policy, target.policy = target.policy, None
    target.open()
    yield
    target.close()
    target.policy = policy
