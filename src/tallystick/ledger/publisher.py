"""Publish: one signed checkpoint for all logs, once an epoch.

The publisher trusts the sequencer no more than a stranger would: it recomputes every changed log
from its leaf bytes, starting at the frontier that it saved itself, and signs only what extends
the head it published last.
"""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

from tallystick.errors import ConflictError, VerificationError
from tallystick.ledger.announcing import Announcer
from tallystick.ledger.cosigning import Cosigning
from tallystick.ledger.epoch_heads import EpochHeads, named
from tallystick.ledger.integration import Integrator
from tallystick.ledger.logs import Logs
from tallystick.ledger.ports import (
    SUPER_SLOT,
    Clock,
    Entry,
    Head,
    KeyKeeper,
    Lock,
    Log,
    Store,
)
from tallystick.ledger.published import (
    Published,
    epoch_record,
    latest,
    latest_of,
    note_heads,
)
from tallystick.ledger.start_up import require_extends, start_up_problem
from tallystick.ledger.succession import require_succeeds
from tallystick.ledger.super_logs import (
    SuperLog,
    add_statement,
    current_super,
    read_note,
    read_signed,
    waiting_statement,
)
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.note import Note, sign_note, verify_note
from tallystick.tlog.tree import Frontier
from tallystick.verify.records import EpochRecord, TransferRecord
from tallystick.verify.statement import Reason, Statement

HEARTBEAT_S = 600
RETRY_S = 60
"""So soon comes another epoch where nothing has changed, but the last one had no quorum."""

_SECOND = 1_000_000


class _Draft(NamedTuple):
    """What the next epoch is made of, as of one snapshot.

    Attributes:
        last: The newest super-checkpoint.
        current: The super-log that it goes to.
        logs: All logs.
        changed: By slot, those that grew since their published heads.
        unfinished: Whether records stand there that no checkpoint covers.
        waiting: The statement of a rotation that stopped half-way.
        now: The epoch's time, in microseconds since 1970.
    """

    last: Published | None
    current: SuperLog
    logs: Sequence[Log]
    changed: dict[int, Frontier]
    unfinished: bool
    waiting: str | None
    now: int


class Publisher:
    """Makes epochs.

    Args:
        store: The ledger's store.
        logs: The directory of logs.
        keeper: Signs super-checkpoints.
        lock: Keeps the last signed one apart from the store.
        clock: The time of an epoch.
        integrator: Appends to the super-log.
        cosigning: Shows each super-checkpoint to witnesses; None where there are none.
    """

    def __init__(
        self,
        store: Store,
        logs: Logs,
        keeper: KeyKeeper,
        lock: Lock,
        clock: Clock,
        integrator: Integrator,
        cosigning: Cosigning | None = None,
    ) -> None:
        self._store = store
        self._logs = logs
        self._keeper = keeper
        self._lock = lock
        self._clock = clock
        self._integrator = integrator
        self._cosigning = cosigning
        self._announcer = Announcer(store, logs, keeper, lock, clock, cosigning)
        self._heads = EpochHeads(logs)

    def publish(self) -> Published | None:
        """Make an epoch if a log has changed, the last is ten minutes old, or has no quorum.

        A change of keys that stopped half-way is finished first.

        Returns:
            The new super-checkpoint, or None where there is nothing to say.

        Raises:
            VerificationError: A log does not extend its published head, or more was signed than
                the store holds; nothing is signed.
            ConflictError: Another publisher signed in the meantime.
        """
        held = self._lock.fetch()
        self._adopt()
        finished = self._finish_interrupted(held)
        draft = self._draft()
        if draft.waiting is not None and not draft.unfinished:
            # Verified once more: what stands in the store alone begins nothing.
            self._require_succeeds(draft.waiting)
            return self._make(draft, held, draft.waiting, begins=True)
        last = draft.last
        if (
            last
            and not draft.changed
            and not draft.unfinished
            and draft.now - last.signed_at < self._pause_s(last) * _SECOND
        ):
            return finished
        return self._make(draft, held)

    def succeed(self, statement_note: str) -> Published:
        """Begin the next super-log, under the key that a statement of the root key names.

        In a rotation the old super-log first ends with an epoch that holds the statement, signed
        by the old key; in all other cases the old key signs nothing any more.

        Returns:
            The first checkpoint of the new super-log.

        Raises:
            TallystickError: See :func:`~tallystick.ledger.succession.require_succeeds`, and
                :meth:`publish`; stopped half-way, the next epoch goes on where it stopped.
        """
        statement = self._require_succeeds(statement_note)
        if statement.reason is Reason.ROTATION:
            problem = start_up_problem(self._store, self._logs, self._lock, self._keeper)
            if problem is not None:
                raise VerificationError(problem)
            self._finish_interrupted(self._lock.fetch())
            draft = self._draft()
            if draft.waiting is None or draft.unfinished:
                note = None if draft.waiting else statement_note
                self._make(draft, self._lock.fetch(), note)
        try:
            return self._make(self._draft(), self._lock.fetch(), statement_note, begins=True)
        except ConflictError:
            # Another publisher may have been faster to sign what was begun here.
            with self._store.read() as snapshot:
                current = current_super(snapshot, self._logs, self._keeper)
                begun = latest_of(snapshot, current.slot)
            if begun is None or current.key != statement.key:
                raise
            return begun

    def _require_succeeds(self, statement_note: str) -> Statement:
        with self._store.read() as snapshot:
            return require_succeeds(snapshot, self._logs, self._keeper, self._lock, statement_note)

    def _adopt(self) -> None:
        """Sign with the current super-log's key, if the power went before that was settled."""
        with self._store.read() as snapshot:
            key = current_super(snapshot, self._logs, self._keeper).key
        if key.public != self._keeper.public_key:
            self._keeper.adopt(key.public)

    def _draft(self) -> _Draft:
        """Look at all that the next epoch is made of."""
        with self._store.read() as snapshot:
            last = latest(snapshot)
            # The time of the snapshot, however long it takes to read the logs: what it holds was
            # received before, what it does not hold only after; fsck dates entries by that.
            now = self._clock.now()
            current = current_super(snapshot, self._logs, self._keeper)
            self._heads.load(snapshot, current.slot)
            logs = self._logs.every(snapshot)
            changed = self._heads.grown(snapshot, logs)
            # Records that no checkpoint covers: the last epoch was begun and not finished.
            covered = last.size if last and last.slot == current.slot else 0
            unfinished = snapshot.head(current.slot).size != covered
            waiting = waiting_statement(snapshot, self._logs)
        return _Draft(last, current, logs, changed, unfinished, waiting, now)

    def _pause_s(self, last: Published) -> int:
        return HEARTBEAT_S if self._cosigning is None or last.quorum else RETRY_S

    def _make(
        self, draft: _Draft, held: str | None, note: str | None = None, *, begins: bool = False
    ) -> Published:
        """Make an epoch, at the end of the current super-log or, by a statement, of the next."""
        try:
            record, texts = self._heads.record(draft.logs, draft.changed, draft.now, draft.last)
            super_log, grown = self._append(draft, record, texts, note, begins=begins)
            self._keeper.adopt(super_log.key.public)
            signed = self._note(super_log, grown)
            # The lock first: after a crash here it is ahead, and the next epoch begins by
            # publishing what it holds; the other order could publish what a second publisher
            # does not know of.
            self._lock.replace(held, signed.format())
            published = self._announcer.announce(
                signed, super_log.slot, grown.size, record.epoch, draft.now
            )
        except Exception:
            # What was put into the tree did not become an epoch: read it anew the next time.
            self._heads.forget()
            raise
        self._heads.follow(draft.changed, super_log.slot, grown.size)
        return published

    def _append(
        self,
        draft: _Draft,
        record: EpochRecord,
        texts: Sequence[str],
        note: str | None,
        *,
        begins: bool,
    ) -> tuple[SuperLog, Head]:
        """Append records and heads in one transaction, with the statement and its super-log."""
        current = draft.current
        with self._store.write() as tx:
            head = tx.head(current.slot)
            newest = self._logs.every_super(tx)[-1].slot
            if (newest, head.size) != (current.slot, self._heads.size):
                raise ConflictError(
                    f"super-log: {head.size:,} records, want {self._heads.size:,}:"
                    " another publisher is at work"
                )
            target = current
            if note is not None:
                statement = read_note(note)
                add_statement(tx, statement.serial, note)
                opening = TransferRecord(named(draft.last), note).format() if begins else note
                texts = [opening, *texts]
                if begins:
                    log = self._logs.create_next_super(tx, statement.serial)
                    target, head = SuperLog(statement.serial, log, statement.key), tx.head(log.slot)
            entries = [
                _super_entry(target.slot, index, text)
                for index, text in enumerate(texts, head.size)
            ]
            self._integrator.append_entries(tx, target.log, head, entries, draft.now)
            note_heads(tx, record.epoch, draft.changed)
            return target, tx.head(target.slot)

    def _finish_interrupted(self, held: str | None) -> Published | None:
        """Publish the checkpoint that was signed right before a crash, if there is one."""
        if held is None:
            return None
        with self._store.read() as snapshot:
            note, signed, slot = read_signed(snapshot, held, self._logs, self._keeper)
            last = latest(snapshot)
            if last is not None and (last.slot, last.size) >= (slot, signed.size):
                return None
            require_extends(snapshot, slot, signed)
            record = epoch_record(snapshot, slot, signed.size - 1)
        return self._announcer.announce(note, slot, signed.size, record.epoch, self._clock.now())

    def _note(self, super_log: SuperLog, head: Head) -> Note:
        key = super_log.key
        body = Checkpoint(super_log.origin, head.size, head.root).format()
        note = sign_note(body, super_log.origin, key.public, self._keeper.sign)
        # Another process may have changed the key since: what it signs must not get out.
        verify_note(note, [key])
        return note


def _super_entry(slot: int, index: int, text: str) -> Entry:
    leaf = text.encode()
    # The super-log needs no idempotency key of a sender: its place names a record.
    place = b"" if slot == SUPER_SLOT else slot.to_bytes(8, "big")
    event_id = sha256(b"super" + place + index.to_bytes(8, "big")).digest()[:16]
    return Entry(index, event_id, leaf, leaf_hash(leaf), None)
