"""A change of keys as strangers follow it: by statements of a pinned root, and by nothing else.

A statement says that one super-log follows another. That the new one carries on what the old one
ended with is shown by its first record, the transfer record, which names the old one's last note.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from tallystick.errors import MalformedError, NotFoundError, VerificationError
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.key import VerifierKey
from tallystick.tlog.note import Note
from tallystick.tlog.proof import (
    consistency_proof,
    inclusion_proof,
    verify_consistency,
    verify_inclusion,
)
from tallystick.tlog.tile import TILE_WIDTH
from tallystick.verify.pins import Pins
from tallystick.verify.records import TransferRecord
from tallystick.verify.refreshing import follow
from tallystick.verify.statement import (
    Reason,
    Statement,
    follow_statements,
    read_statement,
)
from tallystick.verify.super_origin import read_super_origin
from tallystick.watch.alarm import Alarm, AlarmError, Kind, Subject
from tallystick.watch.believing import SignedCheckpoint, deployment_of, read_signed
from tallystick.watch.http import Site
from tallystick.watch.tiles import TiledLog

_MOST_SHOWN: Final = 1 << 22


@dataclass(frozen=True, slots=True)
class KeyChange:
    """That a super-log follows another, as the pinned root signed it.

    Attributes:
        statement: What the root said.
        note: The signed note.
    """

    statement: Statement
    note: str

    @property
    def is_recovery(self) -> bool:
        """Whether records of the old super-log are lost."""
        return self.statement.reason is Reason.RECOVERY

    @property
    def lines(self) -> list[str]:
        """What people are told."""
        return lines_about(self.statement)

    def members(self) -> dict[str, object]:
        """Write it as JSON builtins."""
        statement = self.statement
        return {
            "serial": statement.serial,
            "reason": str(statement.reason),
            "origin": statement.key.name,
            "vkey": statement.key.vkey(),
            "old_vkey": statement.old.vkey(),
            "frozen_at": None if statement.frozen is None else statement.frozen[0],
            "lost": None if statement.lost is None else list(statement.lost),
        }


def lines_about(statement: Statement) -> list[str]:
    """Tell a change of keys in a line, and in further ones what it freezes and what is lost."""
    lines = [f"{statement.reason}: {statement.key.name} follows {statement.old.name}"]
    if statement.frozen is not None:
        lines.append(f"{statement.old.name} is believed up to {statement.frozen[0]:,} records")
    if statement.lost is not None:
        first, end = statement.lost
        lines.append(f"{statement.old.name} lost its records {first:,} to {end - 1:,}")
    return lines


def super_log_of(site: Site, origin: str) -> TiledLog:
    """Return a super-log by its serial number: what stands there stays when others follow."""
    return TiledLog(site, f"/v1/super/{read_super_origin(origin)[1]}")


def shown_statements(site: Site) -> list[str]:
    """Ask a server for statements; nothing in them is believed.

    Raises:
        MalformedError: It shows no list of them.
        TallystickError: As :meth:`Site.get`.
    """
    try:
        told = json.loads(site.get("/.well-known/tallystick", limit=_MOST_SHOWN))
    except ValueError:
        told = None
    notes = told.get("statements") if isinstance(told, dict) else None
    if not isinstance(notes, list) or not all(isinstance(note, str) for note in notes):
        raise MalformedError("server: no list of statements, want one")
    return notes


def changes_since(root: VerifierKey, notes: Sequence[str], since: VerifierKey) -> list[KeyChange]:
    """Return the changes that lead on from a key, in order; raises as `follow_statements`."""
    of = {read_statement(note, root).serial: note for note in notes}
    return [KeyChange(it, of[it.serial]) for it in follow_statements(notes, root, since)]


def learn(site: Site, pins: Pins, shown: bytes) -> tuple[Pins, list[KeyChange]]:
    """Follow the root's statements where a server shows a super-log that is not pinned.

    Args:
        site: The server, asked for statements only then.
        pins: What is believed.
        shown: The super-checkpoint's note as it was served.

    Returns:
        What is believed now, and the changes that led there.

    Raises:
        AlarmError: No root is pinned, or the statements do not lead there.
        TallystickError: As :meth:`Site.get`.
    """
    origin = shown.partition(b"\n")[0].decode(errors="replace")
    if not _is_later(origin, pins):
        return pins, []
    if pins.root is None:
        raise unrooted(origin)
    notes = shown_statements(site)
    try:
        grown, followed = follow(pins, notes)
    except (MalformedError, VerificationError) as error:
        raise _unfollowed(origin, str(error), notes, shown) from None
    if all(key.name != origin for key in grown.keys):
        raise _unfollowed(origin, "no statement names it", notes, shown)
    of = {read_statement(note, pins.root).serial: note for note in notes}
    return grown, [KeyChange(it, of[it.serial]) for it in followed]


def unrooted(origin: str) -> AlarmError:
    """Return the alarm of somebody who can believe no statement: only people can go on from it."""
    text = (
        f"super-log {origin} follows another, and no root key is pinned to believe that by:"
        " get the root's vkey from the operator, put it into the pins as `root`,"
        " and run `tallystick pins refresh`"
    )
    return AlarmError(Alarm(Kind.WRONG_KEY, Subject.KEYS, text))


def carried(
    site: Site, change: KeyChange, newest: SignedCheckpoint
) -> tuple[SignedCheckpoint, SignedCheckpoint]:
    """Demand that a super-log carries on the one before it.

    Args:
        site: The server.
        change: The statement between the two.
        newest: The newest super-checkpoint, of this super-log or of one that follows it.

    Returns:
        The last checkpoint of the old super-log, and the newest of the other.

    Raises:
        AlarmError: It does not, or that is not shown.
        TallystickError: As :meth:`Site.get`.
    """
    statement = change.statement
    old_log, log = (super_log_of(site, it.name) for it in (statement.old, statement.key))
    old = read_signed(old_log.checkpoint(), [statement.old])
    new = newest
    if newest.checkpoint.origin != statement.key.name:
        new = read_signed(log.checkpoint(), [statement.key])
    require_carried(log, new, old, change)
    require_frozen(old_log, old, change)
    return old, new


def require_carried(
    log: TiledLog, new: SignedCheckpoint, old: SignedCheckpoint, change: KeyChange
) -> None:
    """Demand that a super-log begins where the statement says that the one before it ended.

    Args:
        log: The new super-log.
        new: A checkpoint of it.
        old: The last checkpoint of the one before.
        change: The statement between them.

    Raises:
        AlarmError: It names another checkpoint or statement, or does not show what it names.
        NoAnswerError: The log does not answer.
    """
    evidence = {
        "old.note": old.text.encode(),
        "new.note": new.text.encode(),
        "statement.note": change.note.encode(),
    }
    origin = new.checkpoint.origin
    try:
        first = first_record(log, new.checkpoint)
        evidence["record-0.txt"] = first
        record = TransferRecord.parse(first.decode())
        told = Statement.parse(Note.parse(record.statement).text)
    except (MalformedError, NotFoundError, UnicodeDecodeError, VerificationError) as error:
        text = f"{origin} does not show what it carries on: {error}"
        raise AlarmError(Alarm(Kind.UNPROVEN, Subject.KEYS, text, evidence=evidence)) from None
    named = sha256(old.text.encode()).digest()
    if told == change.statement and record.previous == named:
        return
    text = f"{origin} carries on checkpoint {record.previous.hex()} by its statement"
    text += f" {told.serial}, want {named.hex()} of {old.checkpoint.origin}"
    raise AlarmError(Alarm(Kind.FORK, Subject.KEYS, text, evidence=evidence))


def require_frozen(log: TiledLog, old: SignedCheckpoint, change: KeyChange) -> None:
    """Demand that the old super-log has, at the size where it is frozen, the root that is told.

    A recovery tells a size that the old super-log does not reach any more: nothing is shown then.

    Raises:
        AlarmError: It has not.
        NoAnswerError: The log does not answer.
    """
    statement, end = change.statement, old.checkpoint
    if statement.frozen is None or change.is_recovery:
        return
    size, root = statement.frozen
    try:
        path = consistency_proof(size, end.size, log.hashes(end.size))
        verify_consistency(size, end.size, path, root, end.root)
    except (MalformedError, NotFoundError, VerificationError) as error:
        text = f"{end.origin} is not what the root froze at {size:,} records: {error}"
        evidence = {"old.note": old.text.encode(), "statement.note": change.note.encode()}
        raise AlarmError(Alarm(Kind.UNPROVEN, Subject.KEYS, text, evidence=evidence)) from None


def is_lost(seen: Checkpoint, end: Checkpoint, change: KeyChange) -> bool:
    """Tell whether more was seen of the old super-log than is left of it, as the statement says.

    Raises:
        AlarmError: What was seen is not what the statement says was signed.
    """
    if not change.is_recovery or change.statement.frozen is None or seen.size <= end.size:
        return False
    size, root = change.statement.frozen
    if seen.size > size or (seen.size == size and seen.root != root):
        text = f"{seen.origin}: {seen.size:,} records with root {seen.root.hex()} were seen,"
        text += f" the root says that {size:,} with root {root.hex()} were signed"
        evidence = {"statement.note": change.note.encode(), "seen.txt": seen.format().encode()}
        raise AlarmError(Alarm(Kind.FORK, Subject.KEYS, text, evidence=evidence))
    return True


def first_record(log: TiledLog, checkpoint: Checkpoint) -> bytes:
    """Return the first record of a log, proven under a checkpoint that is believed.

    Raises:
        MalformedError: The log shows something else.
        VerificationError: It is not what the checkpoint covers.
        TallystickError: As :meth:`Site.get`.
    """
    size = checkpoint.size
    first = log.entries(0, min(size, TILE_WIDTH))[0]
    path = inclusion_proof(0, size, log.hashes(size))
    verify_inclusion(leaf_hash(first), 0, size, path, checkpoint.root)
    return first


def _is_later(origin: str, pins: Pins) -> bool:
    """Tell whether a super-log may follow one that is pinned; another one's is none of ours."""
    if any(key.name == origin for key in pins.keys):
        return False
    deployment = deployment_of(origin)
    serials = [
        read_super_origin(key.name)[1]
        for key in (*pins.keys, *pins.frozen)
        if deployment is not None and deployment_of(key.name) == deployment
    ]
    return bool(serials) and read_super_origin(origin)[1] > max(serials)


def _unfollowed(origin: str, text: str, notes: Sequence[str], shown: bytes) -> AlarmError:
    evidence = {f"statement-{n}.note": note.encode() for n, note in enumerate(notes[:256])}
    evidence["shown.note"] = shown
    what = f"no statements of the pinned root lead to super-log {origin}: {text}"
    return AlarmError(Alarm(Kind.WRONG_KEY, Subject.KEYS, what, evidence=evidence))
