"""Publish: one signed checkpoint for all logs, once an epoch.

The publisher trusts the sequencer no more than a stranger would: it recomputes every changed log
from its leaf bytes, starting at the frontier that it saved itself, and signs only what extends
the head it published last.
"""

from collections.abc import Sequence
from hashlib import sha256

from tallystick.errors import ConflictError, VerificationError
from tallystick.ledger.cosigning import Cosigning, Vouched, note_answers
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
    Snapshot,
    Store,
)
from tallystick.ledger.published import (
    PUBLISHING,
    Published,
    epoch_record,
    epoch_tree,
    latest,
    note_heads,
    of_size,
    published_frontiers,
)
from tallystick.ledger.reader import read_forward, tile_hashes
from tallystick.ledger.start_up import ask_witnesses, read_signed, require_extends
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.epoch_tree import EpochTree
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.note import Note, sign_note
from tallystick.tlog.proof import consistency_proof
from tallystick.tlog.tree import Frontier
from tallystick.verify.records import EpochRecord, RegistryRecord

HEARTBEAT_S = 600
RETRY_S = 60
"""So soon comes another epoch where nothing has changed, but the last one had no quorum."""

_SECOND = 1_000_000
_NOTHING = Frontier()


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
        self._tree = EpochTree()
        self._heads: dict[int, Frontier] = {}
        self._next_epoch = 0
        self._super_size = 0
        self._loaded = False

    def publish(self) -> Published | None:
        """Make an epoch if a log has changed, the last is ten minutes old, or has no quorum.

        Returns:
            The new super-checkpoint, or None where there is nothing to say.

        Raises:
            VerificationError: A log does not extend its published head, or more was signed than
                the store holds; nothing is signed.
            ConflictError: Another publisher signed in the meantime.
        """
        held = self._lock.fetch()
        finished = self._finish_interrupted(held)
        with self._store.read() as snapshot:
            last = latest(snapshot)
            self._load(snapshot)
            logs = self._logs.every(snapshot)
            changed = self._changed(snapshot, logs)
            # Records that no checkpoint covers: the last epoch was begun and not finished.
            unfinished = snapshot.head(SUPER_SLOT).size != (last.size if last else 0)
        now = self._clock.now()
        if (
            last
            and not changed
            and not unfinished
            and now - last.signed_at < self._pause_s(last) * _SECOND
        ):
            return finished
        new_logs = [log for log in logs if log.slot >= self._tree.slots]
        heads = {slot: self._describe(log, changed) for slot, log in _by_slot(logs, changed)}
        heads.update({log.slot: self._describe(log, changed) for log in new_logs})
        self._tree.update(heads)
        record = EpochRecord(
            epoch=self._next_epoch,
            time_s=now // _SECOND,
            slots=self._tree.slots,
            root=self._tree.root(),
            previous=sha256(last.note.encode()).digest() if last else bytes(32),
        )
        try:
            return self._sign(record, new_logs, changed, now, held)
        except Exception:
            # What was put into the tree did not become an epoch: read it anew the next time.
            self._loaded = False
            raise

    def _pause_s(self, last: Published) -> int:
        return HEARTBEAT_S if self._cosigning is None or last.quorum else RETRY_S

    def _changed(self, snapshot: Snapshot, logs: Sequence[Log]) -> dict[int, Frontier]:
        """Recompute every log that grew since its published head."""
        changed: dict[int, Frontier] = {}
        for log in logs:
            head = snapshot.head(log.slot)
            old = self._heads.get(log.slot, _NOTHING)
            if head.size == old.size and (head.root == old.root() or not head.size):
                continue
            changed[log.slot] = self._extended(snapshot, log, old, head)
        return changed

    def _extended(self, snapshot: Snapshot, log: Log, old: Frontier, head: Head) -> Frontier:
        origin = self._logs.origin(log)
        if head.size < old.size:
            raise VerificationError(
                f"{origin}: {head.size:,} entries, but {old.size:,} are published"
            )
        hashes = [_rehash(entry) for entry in read_forward(snapshot, log.slot, old.size, head.size)]
        grown = old.extend(hashes)
        if grown.root() != head.root:
            raise VerificationError(
                f"{origin}: entries lead to root {grown.root().hex()}, head has {head.root.hex()}"
            )
        return grown

    def _describe(self, log: Log, changed: dict[int, Frontier]) -> tuple[str, int, bytes]:
        frontier = changed.get(log.slot, _NOTHING)
        return self._logs.origin(log), frontier.size, frontier.root()

    def _sign(
        self,
        record: EpochRecord,
        new_logs: Sequence[Log],
        changed: dict[int, Frontier],
        now: int,
        held: str | None,
    ) -> Published:
        super_log = Log(SUPER_SLOT, "", 0, "super")
        with self._store.write() as tx:
            head = tx.head(SUPER_SLOT)
            if head.size != self._super_size:
                raise ConflictError(
                    f"super-log: {head.size:,} records, want {self._super_size:,}:"
                    " another publisher is at work"
                )
            texts = [self._registry(log) for log in new_logs] + [record.format()]
            entries = [_super_entry(index, text) for index, text in enumerate(texts, head.size)]
            self._integrator.append_entries(tx, super_log, head, entries, now)
            note_heads(tx, record.epoch, changed)
            grown = tx.head(SUPER_SLOT)
        note = self._note(grown)
        # The lock first: after a crash here it is ahead, and the next epoch begins by publishing
        # what it holds; the other order could publish what a second publisher does not know of.
        self._lock.replace(held, note.format())
        published = self._publish(note, grown.size, record.epoch, now)
        self._heads.update(changed)
        self._super_size = grown.size
        self._next_epoch += 1
        return published

    def _finish_interrupted(self, held: str | None) -> Published | None:
        """Publish the checkpoint that was signed right before a crash, if there is one."""
        if held is None:
            return None
        note, signed = read_signed(held, self._logs, self._keeper)
        with self._store.read() as snapshot:
            last = latest(snapshot)
            if last is not None and last.size >= signed.size:
                return None
            require_extends(snapshot, signed)
            record = epoch_record(snapshot, signed.size - 1)
        return self._publish(note, signed.size, record.epoch, self._clock.now())

    def _publish(self, note: Note, size: int, epoch: int, signed_at: int) -> Published:
        """Collect cosignatures, then store the note with them, once and for ever.

        No transaction is open meanwhile: nobody who records ever waits for a witness.
        """
        vouched = self._vouched(note, size)
        cosigned = note.format() if vouched is None else vouched.note.format()
        quorum = vouched is not None and vouched.quorum
        made = Published(size, epoch, signed_at, cosigned, quorum=quorum)
        with self._store.write() as tx:
            tx.execute(PUBLISHING["add_checkpoint"], [made.row()])
            note_answers(tx, vouched.problems if vouched else {}, self._clock.now())
            # Where another publisher was faster, its note stands: the next epoch names that one.
            return of_size(tx, size) or made

    def _vouched(self, note: Note, size: int) -> Vouched | None:
        """Show a checkpoint to the witnesses, and stop where one of them knows a later one."""
        if self._cosigning is None:
            return None
        vouched = self._cosigning.collect(note, size, lambda old: self._prove(old, size))
        seen = ask_witnesses(self._store, self._logs, self._keeper, self._lock, vouched.newer)
        if seen.problem is not None:
            raise VerificationError(seen.problem)
        return vouched

    def _prove(self, old: int, size: int) -> list[bytes]:
        with self._store.read() as snapshot:
            return consistency_proof(old, size, tile_hashes(snapshot, SUPER_SLOT, size))

    def _registry(self, log: Log) -> str:
        origin_hash = sha256(self._logs.origin(log).encode()).digest()
        return RegistryRecord(log.slot, origin_hash).format()

    def _note(self, head: Head) -> Note:
        origin = f"{self._logs.deployment}/super"
        body = Checkpoint(origin, head.size, head.root).format()
        return sign_note(body, origin, self._keeper.public_key, self._keeper.sign)

    def _load(self, snapshot: Snapshot) -> None:
        """Read the heads of the last epoch, and check them against its record.

        The record may be one that was never signed, because of a crash right after it was
        appended: the next epoch follows it all the same.
        """
        if self._loaded:
            return
        self._tree, self._heads, self._next_epoch = EpochTree(), {}, 0
        size = self._super_size = snapshot.head(SUPER_SLOT).size
        if size:
            record = epoch_record(snapshot, size - 1)
            self._heads = published_frontiers(snapshot)
            self._tree = epoch_tree(snapshot, self._logs, record.slots)
            self._next_epoch = record.epoch + 1
            if self._tree.root() != record.root:
                raise VerificationError(
                    f"published heads: lead to epoch root {self._tree.root().hex()},"
                    f" epoch {record.epoch} has {record.root.hex()}"
                )
        self._loaded = True


def _rehash(entry: Entry) -> bytes:
    if entry.leaf is None:
        raise ConflictError(f"entry {entry.index:,}: pruned before it was published")
    return leaf_hash(entry.leaf)


def _super_entry(index: int, text: str) -> Entry:
    leaf = text.encode()
    # The super-log needs no idempotency key of a sender: its place names a record.
    event_id = sha256(b"super" + index.to_bytes(8, "big")).digest()[:16]
    return Entry(index, event_id, leaf, leaf_hash(leaf), None)


def _by_slot(logs: Sequence[Log], changed: dict[int, Frontier]) -> list[tuple[int, Log]]:
    return [(log.slot, log) for log in logs if log.slot in changed]
