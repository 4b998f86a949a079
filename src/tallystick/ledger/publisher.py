"""Publish: one signed checkpoint for all logs, once an epoch.

The publisher trusts the sequencer no more than a stranger would: it recomputes every changed log
from its leaf bytes, starting at the frontier that it saved itself, and signs only what extends
the head it published last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

from tallystick.errors import ConflictError, MalformedError, VerificationError
from tallystick.ledger.epoch_tree import EpochTree
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
    Transaction,
    Value,
)
from tallystick.ledger.queries import as_bytes, as_int, as_text, load
from tallystick.ledger.reader import read_forward
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.hashing import EMPTY_ROOT, leaf_hash
from tallystick.tlog.note import Note, sign_note
from tallystick.tlog.tree import Frontier
from tallystick.verify.records import EpochRecord, RegistryRecord

PUBLISHING = load("tallystick.ledger", "publishing.sql")
HEARTBEAT_S = 600
_SECOND = 1_000_000
_NOTHING = Frontier()


@dataclass(frozen=True, slots=True)
class Published:
    """A super-checkpoint as it stands in the store.

    Attributes:
        size: Size of the super-log that it commits to.
        epoch: Number of its last epoch.
        signed_at: Microseconds since 1970-01-01T00:00:00Z.
        note: The signed note.
    """

    size: int
    epoch: int
    signed_at: int
    note: str


class Publisher:
    """Makes epochs.

    Args:
        store: The ledger's store.
        logs: The directory of logs.
        keeper: Signs super-checkpoints.
        lock: Keeps the last signed one apart from the store.
        clock: The time of an epoch.
        integrator: Appends to the super-log.
    """

    def __init__(
        self,
        store: Store,
        logs: Logs,
        keeper: KeyKeeper,
        lock: Lock,
        clock: Clock,
        integrator: Integrator,
    ) -> None:
        self._store = store
        self._logs = logs
        self._keeper = keeper
        self._lock = lock
        self._clock = clock
        self._integrator = integrator
        self._tree = EpochTree()
        self._heads: dict[int, Frontier] = {}
        self._next_epoch = 0
        self._super_size = 0
        self._loaded = False

    def publish(self) -> Published | None:
        """Make an epoch if a log has changed or the last one is ten minutes old.

        Returns:
            The new super-checkpoint, or None where there is nothing to say.

        Raises:
            VerificationError: A log does not extend its published head; nothing is signed.
            ConflictError: Another publisher signed in the meantime.
        """
        held = self._lock.fetch()
        with self._store.read() as snapshot:
            last = latest(snapshot)
            self._load(snapshot)
            logs = self._logs.every(snapshot)
            changed = self._changed(snapshot, logs)
            # Records that no checkpoint covers: the last epoch was begun and not finished.
            unfinished = snapshot.head(SUPER_SLOT).size != (last.size if last else 0)
        now = self._clock.now()
        if last and not changed and not unfinished and now - last.signed_at < HEARTBEAT_S * _SECOND:
            return None
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
            self._note_heads(tx, record.epoch, changed)
            grown = tx.head(SUPER_SLOT)
        note = self._note(grown)
        # The lock first: after a crash here it is ahead and the next start publishes what it
        # holds; the other order could publish what a second publisher does not know of.
        self._lock.replace(held, note)
        published = Published(grown.size, record.epoch, now, note)
        with self._store.write() as tx:
            tx.execute(PUBLISHING["add_checkpoint"], [_checkpoint_row(published)])
        self._heads.update(changed)
        self._super_size = grown.size
        self._next_epoch += 1
        return published

    def _registry(self, log: Log) -> str:
        origin_hash = sha256(self._logs.origin(log).encode()).digest()
        return RegistryRecord(log.slot, origin_hash).format()

    def _note(self, head: Head) -> str:
        origin = f"{self._logs.deployment}/super"
        body = Checkpoint(origin, head.size, head.root).format()
        return sign_note(body, origin, self._keeper.public_key, self._keeper.sign).format()

    def _note_heads(self, tx: Transaction, epoch: int, changed: dict[int, Frontier]) -> None:
        rows: list[dict[str, Value]] = [
            {
                "slot": slot,
                "epoch": epoch,
                "size": frontier.size,
                "root": frontier.root(),
                "frontier": frontier.encode(),
            }
            for slot, frontier in changed.items()
        ]
        tx.execute(PUBLISHING["publish"], rows)
        tx.execute(
            PUBLISHING["note_change"],
            [{"epoch": epoch, "slot": row["slot"], "size": row["size"]} for row in rows],
        )

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


def latest(snapshot: Snapshot) -> Published | None:
    """Return the newest super-checkpoint, or None before the first epoch."""
    rows = snapshot.rows(PUBLISHING["latest"])
    if not rows:
        return None
    size, epoch, signed_at, note = rows[0]
    return Published(as_int(size), as_int(epoch), as_int(signed_at), as_text(note))


def published_head(snapshot: Snapshot, slot: int) -> tuple[int, int, bytes] | None:
    """Return (epoch, size, root) of a log as last published, or None before its first epoch."""
    rows = snapshot.rows(PUBLISHING["published_at"], slot=slot)
    return (as_int(rows[0][0]), as_int(rows[0][1]), as_bytes(rows[0][2])) if rows else None


def published_frontiers(snapshot: Snapshot) -> dict[int, Frontier]:
    """Return the frontier of every published head by slot."""
    return {
        as_int(slot): Frontier.decode(as_int(size), as_bytes(frontier))
        for slot, _, size, _, frontier in snapshot.rows(PUBLISHING["published"])
    }


def epoch_tree(snapshot: Snapshot, logs: Logs, slots: int) -> EpochTree:
    """Rebuild the tree of the last epoch from the published heads."""
    frontiers = published_frontiers(snapshot)
    tree = EpochTree()
    heads: dict[int, tuple[str, int, bytes]] = {}
    for slot in range(slots):
        frontier = frontiers.get(slot, _NOTHING)
        root = frontier.root() if frontier.size else EMPTY_ROOT
        heads[slot] = (logs.origin(logs.at(snapshot, slot)), frontier.size, root)
    tree.update(heads)
    return tree


def epoch_record(snapshot: Snapshot, index: int) -> EpochRecord:
    """Read the epoch record at an index of the super-log.

    Raises:
        VerificationError: It is not there, or is no epoch record.
    """
    for entry in snapshot.entries(SUPER_SLOT, index, index + 1):
        if entry.leaf is not None:
            return EpochRecord.parse(entry.leaf.decode())
    raise VerificationError(f"super-log: no epoch record at {index:,}")


def start_up_problem(store: Store, logs: Logs, lock: Lock) -> str | None:
    """Compare the store with the last super-checkpoint that was signed.

    Returns:
        None when the store holds everything that was signed; else what is wrong, for an operator
        to read. Whoever gets a text opens the ledger for reading only.
    """
    text = lock.fetch()
    with store.read() as snapshot:
        last, head = latest(snapshot), snapshot.head(SUPER_SLOT)
        if text is None:
            return (
                None
                if last is None
                else (
                    f"the lock file is gone, but epoch {last.epoch} was signed:"
                    " put it back, or recover to a new super-log"
                )
            )
        try:
            signed = Checkpoint.parse(Note.parse(text).text)
        except MalformedError as error:
            return f"the lock file holds no super-checkpoint ({error}): put the last one back"
        if head.size < signed.size:
            return (
                f"the store was rolled back: its super-log has {head.size:,} records, but"
                f" {signed.size:,} were signed: restore a newer copy; never delete the lock file"
            )
        tree = Frontier().extend(snapshot.leaf_hashes(SUPER_SLOT, 0, signed.size))
    if tree.size != signed.size or tree.root() != signed.root:
        return (
            f"the super-log was changed: its first {signed.size:,} records lead to root"
            f" {tree.root().hex()}, but {signed.root.hex()} was signed:"
            f" run fsck, and restore a copy that matches {logs.deployment}/super"
        )
    return None


def finish_interrupted(store: Store, lock: Lock, clock: Clock) -> None:
    """Publish the checkpoint that was signed right before a crash, if there is one."""
    text = lock.fetch()
    if text is None:
        return
    signed = Checkpoint.parse(Note.parse(text).text)
    with store.read() as snapshot:
        last = latest(snapshot)
        known = last is not None and last.size >= signed.size
        record = None if known else epoch_record(snapshot, signed.size - 1)
    if record is None:
        return
    found = Published(signed.size, record.epoch, clock.now(), text)
    with store.write() as tx:
        tx.execute(PUBLISHING["add_checkpoint"], [_checkpoint_row(found)])


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


def _checkpoint_row(published: Published) -> dict[str, Value]:
    return {
        "size": published.size,
        "epoch": published.epoch,
        "signed_at": published.signed_at,
        "note": published.note,
    }
