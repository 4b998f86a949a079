"""Where the audit of a super-log begins that follows another: with what the other one ended with.

Epochs, slots and heads go on. What this witness did not see of the old super-log is audited first.
A recovery goes back behind what was seen; only the root key's statement can allow that, and the
heads to go on from are then found by auditing what is left of the old super-log from its beginning.
"""

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.key import VerifierKey
from tallystick.tlog.note import Note
from tallystick.verify.records import TransferRecord
from tallystick.verify.statement import Reason, read_statement
from tallystick.verify.super_origin import read_super_origin, super_origin
from tallystick.watch.audited_heads import AuditError
from tallystick.watch.witness_state import AuditStep, Cosigned, Progress, WitnessState

Audit = Callable[[WitnessState, Cosigned | None, Checkpoint], AuditStep]
"""Audits the old super-log up to its end, with a state and the checkpoint cosigned last."""


class Audited(NamedTuple):
    """What is known of a super-log: how far, its registry and its heads, by slot."""

    progress: Progress
    registry: dict[int, bytes]
    heads: dict[int, Checkpoint]


@dataclass(frozen=True, slots=True)
class AuditBeginning:
    """Finds out what the audit of a super-log begins with.

    Attributes:
        origin: The super-log, not the first one.
        state: Keeps what was audited.
        ended: Returns the newest note of the super-log before, as the server has it.
        audit: Audits that one.
        root: The deployment's root key, or None: then no recovery is believed.
        say: Told, in a line, that a recovery was followed.
    """

    origin: str
    state: WitnessState
    ended: Callable[[], bytes]
    audit: Audit
    root: VerifierKey | None
    say: Callable[[str], object]

    @property
    def before(self) -> str:
        """Origin of the super-log before."""
        deployment, serial = read_super_origin(self.origin)
        return super_origin(deployment, serial - 1)

    def find(self, first: bytes) -> Audited:
        """Return what is known at the end of the super-log before.

        Args:
            first: The first record, which the super-log's checkpoint covers.

        Raises:
            AuditError: It does not carry on what was audited, and no recovery says why.
            TallystickError: The server could not be asked, or the state not be written.
        """
        record, end = self._end(first)
        seen = self.state.audited_size(self.before)
        if seen > end.size:
            return self._recovered(record.statement, end)
        if seen < end.size:
            newest = self.state.newest(self.before)
            self.state.store_audit(self.audit(self.state, newest, end))
        known = Audited(*self.state.audited(self.before))
        if known.progress.frontier.root() != end.root:
            raise self._refused(f"carries on {self.before} with root {end.root.hex()}", first)
        return known

    def _end(self, first: bytes) -> tuple[TransferRecord, Checkpoint]:
        """Read which checkpoint the old super-log ended with, as the new one says."""
        note = self.ended()
        try:
            record = TransferRecord.parse(first.decode())
            end = Checkpoint.parse(Note.parse(note).text)
        except (MalformedError, UnicodeDecodeError) as error:
            raise self._refused(f"record 0: {error}", first) from None
        if end.origin != self.before or sha256(note).digest() != record.previous:
            text = f"carries on note {record.previous.hex()}, {self.before} ended with"
            raise self._refused(f"{text} {sha256(note).hexdigest()}", first)
        return record, end

    def _recovered(self, note: str, end: Checkpoint) -> Audited:
        """Go back to what a recovery left, if the root says so."""
        known = Audited(*self.state.audited(self.before))
        lost = self._lost(note, end, known.progress)
        with TemporaryDirectory(prefix="tallystick-recovery-") as folder:
            fresh = WitnessState(Path(folder) / "state.db", self.origin, audits=True)
            fresh.store_audit(self.audit(fresh, None, end))
            left = Audited(*fresh.audited(self.before))
        for slot, head in left.heads.items():
            seen = known.heads.get(slot)
            if seen is None or seen.size < head.size or (seen.size == head.size and seen != head):
                text = f"recovered head of slot {slot} has {head.size} entries and root"
                raise self._refused(
                    f"{text} {head.root.hex()}, another one was seen", note.encode()
                )
        back = sum(left.heads.get(slot) != head for slot, head in known.heads.items())
        self.say(
            f"recovery: {self.origin} goes on from record {end.size:,} of {self.before};"
            f" records {lost[0]:,} to {lost[1] - 1:,} are lost, {back:,} logs went back"
        )
        return left

    def _lost(self, note: str, end: Checkpoint, seen: Progress) -> tuple[int, int]:
        """Return the lost records, if the root's statement covers what was seen of them."""
        size = seen.frontier.size
        text = f"carries on {self.before} at {end.size:,} records, {size:,} were audited"
        if self.root is None:
            raise self._refused(f"{text}, and no root key is known to believe a recovery by", note)
        try:
            statement = read_statement(note, self.root)
        except (MalformedError, VerificationError) as error:
            raise self._refused(f"{text}: {error}", note) from None
        lost, frozen = statement.lost, statement.frozen
        names = (statement.reason, statement.key.name) == (Reason.RECOVERY, self.origin)
        if not names or lost is None or frozen is None:
            raise self._refused(f"{text}, want the root's recovery of it", note)
        if not end.size <= lost[0] < size <= lost[1]:
            raise self._refused(f"{text}, of which the recovery says nothing", note)
        if size == lost[1] and seen.frontier.root() != frozen[1]:
            raise self._refused(f"{text}, and another root than the recovery says", note)
        return lost

    def _refused(self, text: str, shown: bytes | str) -> AuditError:
        data = shown if isinstance(shown, str) else shown.decode("utf-8", "backslashreplace")
        return AuditError(f"{self.origin}: {text}", record=data)
