"""Whether every epoch says what the logs say, and every super-checkpoint what the epochs say."""

from collections.abc import Iterator, Mapping, Sequence
from hashlib import sha256

from tallystick.errors import TallystickError, VerificationError
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Log, Snapshot
from tallystick.ledger.published import PUBLISHING
from tallystick.ledger.published_notes import PublishedNotes
from tallystick.ledger.queries import as_int, as_text
from tallystick.ledger.succession_check import SuccessionCheck
from tallystick.ledger.super_logs import SuperLog, super_logs
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.epoch_tree import EpochTree
from tallystick.tlog.hashing import EMPTY_ROOT
from tallystick.tlog.note import Note, verify_note
from tallystick.verify.fsck import Finding, Verdict
from tallystick.verify.records import EPOCH, EpochRecord, RegistryRecord

Roots = Mapping[int, Mapping[int, bytes]]
"""By slot, the roots that a log's entries give at some sizes."""


class EpochCheck:
    """Recomputes all epochs from the logs.

    Args:
        ledger: The ledger.
        logs: All logs but the super-log, in order of slot.
        roots: What their entries give at every size that an epoch names.
    """

    def __init__(self, ledger: Ledger, logs: Sequence[Log], roots: Roots) -> None:
        self._ledger = ledger
        self._origin = f"{ledger.logs.deployment}/super"
        self._origins = {log.slot: ledger.logs.origin(log) for log in logs}
        self._roots = roots
        self._tree = EpochTree()
        self._epoch = 0
        self._registered = 0
        self._changes: dict[int, list[tuple[int, int]]] = {}
        self._last: dict[int, tuple[int, int]] = {}
        self._notes = PublishedNotes()

    def check(self, snapshot: Snapshot) -> Iterator[Finding]:
        """Compare every record of the super-log with the logs; stop at the first that differs."""
        for epoch, slot, size in snapshot.rows(PUBLISHING["changes"]):
            change = (as_int(slot), as_int(size))
            self._changes.setdefault(as_int(epoch), []).append(change)
        self._notes = PublishedNotes(snapshot.rows(PUBLISHING["checkpoints"]))
        try:
            succession = SuccessionCheck(self._ledger, snapshot)
            succession.check_table()
        except TallystickError as error:
            yield Finding(Verdict.TAMPERED, self._origin, None, str(error))
            return
        for super_log in succession.super_logs:
            finding = self._check_super_log(snapshot, succession, super_log)
            if finding is not None:
                yield finding
                return
        for epoch in self._changes:
            what = f"table head_change: names epoch {epoch}, which has no record"
            yield Finding(Verdict.TAMPERED, self._origin, None, what)
        yield from self._check_published(snapshot)

    def _check_published(self, snapshot: Snapshot) -> Iterator[Finding]:
        """The published heads must be those of each log's last change."""
        rows = snapshot.rows(PUBLISHING["published"])
        published = {as_int(row[0]): (as_int(row[1]), as_int(row[2])) for row in rows}
        for slot in sorted(published.keys() | self._last.keys()):
            if published.get(slot) != self._last.get(slot):
                what = (
                    f"table published: slot {slot} at (epoch, size) {published.get(slot)},"
                    f" epochs give {self._last.get(slot)}"
                )
                yield Finding(Verdict.TAMPERED, self._origins.get(slot, self._origin), None, what)

    def _check_super_log(
        self, snapshot: Snapshot, succession: SuccessionCheck, super_log: SuperLog
    ) -> Finding | None:
        """Check the records of one super-log; return the first that is not as it must be."""
        slot = super_log.slot
        for entry in snapshot.entries(slot, 0, snapshot.head(slot).size):
            try:
                text = (entry.leaf or b"").decode()
                if not succession.check_record(super_log, entry.index, text):
                    self._check_record(text)
            except (TallystickError, UnicodeDecodeError) as error:
                what = f"super-log record {entry.index:,}: {error}"
                return Finding(Verdict.TAMPERED, super_log.origin, entry.index, what)
        return None

    def _check_record(self, text: str) -> None:
        if text.startswith(EPOCH):
            self._check_epoch(EpochRecord.parse(text))
        else:
            self._check_registry(RegistryRecord.parse(text))

    def _check_registry(self, record: RegistryRecord) -> None:
        origin = self._origins.get(record.slot)
        if record.slot != self._registered or origin is None:
            raise VerificationError(f"registry of slot {record.slot}, want {self._registered}")
        if record.origin_hash != sha256(origin.encode()).digest():
            raise VerificationError(f"slot {record.slot}: registered for another log")
        self._registered += 1

    def _check_epoch(self, record: EpochRecord) -> None:
        if record.epoch != self._epoch or record.slots != self._registered:
            raise VerificationError(
                f"epoch {record.epoch} of {record.slots:,} slots,"
                f" want {self._epoch} of {self._registered:,}"
            )
        self._notes.check(record)
        heads = {
            slot: (self._origins[slot], 0, EMPTY_ROOT)
            for slot in range(self._tree.slots, record.slots)
        }
        for slot, size in self._changes.pop(record.epoch, []):
            root = self._roots.get(slot, {}).get(size)
            if root is None:
                raise VerificationError(f"slot {slot}: no log of {size:,} entries stands there")
            heads[slot] = (self._origins[slot], size, root)
            self._last[slot] = (record.epoch, size)
        self._tree.update(heads)
        if self._tree.root() != record.root:
            raise VerificationError(
                f"epoch {record.epoch}: logs give root {self._tree.root().hex()},"
                f" record has {record.root.hex()}"
            )
        self._epoch += 1


def check_checkpoints(ledger: Ledger, snapshot: Snapshot) -> Iterator[Finding]:
    """Check the signature and the origin of every super-checkpoint.

    Whether its root is that of the super-log, the check of the super-log's own tree tells.
    """
    try:
        known = super_logs(snapshot, ledger.logs, ledger.drivers.keeper)
    except TallystickError:
        return  # reported where the epochs are checked
    keys = {super_log.slot: super_log.key for super_log in known}
    for size, epoch, _, note, slot in snapshot.rows(PUBLISHING["checkpoints"]):
        key = keys.get(as_int(slot))
        if key is None:
            what = f"checkpoint of epoch {as_int(epoch)}: no super-log at slot {as_int(slot)}"
            yield Finding(Verdict.TAMPERED, known[-1].origin, None, what)
            continue
        origin = key.name
        try:
            parsed = Note.parse(as_text(note))
            verify_note(parsed, [key])
            signed = Checkpoint.parse(parsed.text)
            if (signed.origin, signed.size) != (origin, as_int(size)):
                raise VerificationError(
                    f"{signed.origin} at {signed.size:,}, want {origin} at {as_int(size):,}"
                )
        except TallystickError as error:
            what = f"checkpoint of epoch {as_int(epoch)}: {error}"
            yield Finding(Verdict.TAMPERED, origin, as_int(size) - 1, what)
