"""The audit of epochs: is every log still the one that it was an epoch ago?

A plain witness sees the super-log alone: a tenant's log that is rewritten between two epochs
changes nothing there that would not extend what went before (ADR 0007). An auditing witness keeps
a copy of the registry and of every log's head. For each new epoch record it has the changed heads
proven to extend those that it knew, and recomputes the root of the epoch tree from all heads,
the unchanged ones too, so that no change can be kept from it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256
from tempfile import SpooledTemporaryFile
from typing import IO, Final

from tallystick.errors import MalformedError, NotFoundError, PushbackError
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.key import VerifierKey
from tallystick.tlog.note import Note
from tallystick.tlog.tile import TILE_WIDTH, decode_bundle, encode_bundle
from tallystick.tlog.tree import Frontier
from tallystick.verify.records import EPOCH, REGISTRY, EpochRecord, RegistryRecord
from tallystick.verify.super_origin import FIRST_SERIAL, read_super_origin, super_origin
from tallystick.watch.audit_beginning import AuditBeginning, Audited
from tallystick.watch.audited_heads import AuditedHeads, AuditError, read_changes, refuse
from tallystick.watch.log_source import LogSource
from tallystick.watch.witness_state import AuditStep, Cosigned, Progress, WitnessState

__all__ = ["AuditError", "EpochAudit"]

_SAVE_EVERY: Final = 500
"""Epochs of a long audit after which its progress is stored."""
_IN_MEMORY_BYTES: Final = 8 << 20
_KINDS: Final = (EPOCH.encode(), REGISTRY.encode())


@dataclass(slots=True)
class _Pending:
    """What was found in order and is not stored yet."""

    leaves: list[bytes] = field(default_factory=list)
    registered: dict[int, bytes] = field(default_factory=dict)
    heads: dict[int, Checkpoint] = field(default_factory=dict)


class EpochAudit:
    """Audits one super-log. One thread at a time.

    Args:
        origin: The super-log, ``<deployment>/super`` or one that follows it.
        state: Keeps what was audited.
        source: Where records and changes are read.
        tell: Told (epoch, its slots) whenever the progress of a long audit was stored.
        root: The deployment's root key, whose recoveries are believed; None where it is unknown.
        say: Told, in a line, that a recovery was followed.

    Raises:
        MalformedError: The origin has another form.
    """

    def __init__(
        self,
        origin: str,
        state: WitnessState,
        source: LogSource,
        tell: Callable[[int, int], object] = lambda _epoch, _slots: None,
        *,
        root: VerifierKey | None = None,
        say: Callable[[str], object] = lambda _line: None,
    ) -> None:
        try:
            self._deployment, self._serial = read_super_origin(origin)
        except MalformedError as error:
            raise MalformedError(f"{error}, to audit its epochs") from None
        self._origin = origin
        self._state = state
        self._source = source
        self._tell = tell
        self._root = root
        self._say = say
        self._tail = (0, 0)
        self._frontier = Frontier()
        self._copied = Frontier()
        self._heads: AuditedHeads | None = None
        self._pending = _Pending()

    def run(self, newest: Cosigned | None, checkpoint: Checkpoint) -> AuditStep:
        """Audit every record up to a checkpoint that the super-log has signed.

        After an error, here or while the step is stored, :meth:`forget` must be called.

        Args:
            newest: The checkpoint that was cosigned last.
            checkpoint: The one to audit, proven to extend it.

        Returns:
            What is to be stored together with the checkpoint; the steps before, of a long
            audit, are stored already.

        Raises:
            AuditError: An epoch is not what its log's history allows.
            MalformedError: What the server answers is not of its form.
            TallystickError: The server could not be asked, or the state not be written.
        """
        self._load()
        return self._audit(newest, checkpoint)

    def forget(self) -> None:
        """Read the state anew the next time: what is in memory was not stored."""
        self._heads = None

    def _load(self) -> None:
        """Read what is known of all logs, unless it is in memory and nobody went on since."""
        audited = self._state.audited_size(self._origin)
        if self._heads is None or audited != self._frontier.size:
            self._pending = _Pending()
            known = Audited(*self._state.audited(self._origin))
            self._heads = self._heads_of(known)
            self._frontier = known.progress.frontier

    def _heads_of(self, known: Audited) -> AuditedHeads:
        registry = [known.registry[slot] for slot in range(len(known.registry))]
        progress = known.progress
        return AuditedHeads(self._deployment, progress.epoch, progress.slots, registry, known.heads)

    def _begun(self, first: bytes) -> AuditedHeads:
        """Begin a super-log with what the one before ended with: epochs, slots, heads go on."""
        before, source = super_origin(self._deployment, self._serial - 1), self._source.before()

        def audit(state: WitnessState, newest: Cosigned | None, end: Checkpoint) -> AuditStep:
            audits = EpochAudit(before, state, source, self._tell, root=self._root, say=self._say)
            return audits.run(newest, end)

        beginning = AuditBeginning(
            self._origin, self._state, source.published, audit, self._root, self._say
        )
        known = beginning.find(first)
        self._pending = _Pending(registered=known.registry, heads=known.heads)
        self._heads = self._heads_of(known)
        return self._heads

    def _audit(self, newest: Cosigned | None, checkpoint: Checkpoint) -> AuditStep:
        heads = self._heads or self._heads_of(Audited(Progress(), {}, {}))
        start, end = self._frontier.size, checkpoint.size
        if start > end:
            raise PushbackError(
                f"{self._origin}: {start} records are audited, checkpoint has {end}: want a newer"
            )
        followed = newest if newest and newest.checkpoint.size == start else None
        with SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES) as copy:
            # All of them first: what no signature covers is not worth auditing.
            self._read(checkpoint, copy)
            copy.seek(0)
            if not start and end and self._serial > FIRST_SERIAL:
                heads = self._begun(copy.read(int.from_bytes(copy.read(2))))
                copy.seek(0)
            for index in range(start, end):
                record = copy.read(int.from_bytes(copy.read(2)))
                self._pending.leaves.append(leaf_hash(record))
                if self._take(heads, record, index, followed):
                    followed = None
                    if heads.epoch % _SAVE_EVERY == _SAVE_EVERY - 1:
                        self._state.store_audit(self._step(heads))
                        self._tell(heads.epoch, heads.slots)
        return self._step(heads)

    def _read(self, checkpoint: Checkpoint, copy: IO[bytes]) -> None:
        """Read the new records, and check that the checkpoint covers them."""
        start, end = self._frontier.size, checkpoint.size
        known = self._tail[1] if self._tail[0] == start else 0
        if known:
            try:
                self._copy(start, end, known, copy)
            except MalformedError:
                pass  # perhaps only something between us that knows no ranges
            else:
                if self._copied.root() == checkpoint.root:
                    return
            copy.seek(0)
            copy.truncate()
        self._copy(start, end, 0, copy)
        self._require_root(self._copied, checkpoint)

    def _copy(self, start: int, end: int, known: int, copy: IO[bytes]) -> None:
        """Copy the records [start, end), passing over the known bytes of the first bundle."""
        frontier, tail = self._frontier, 0
        for index in range(start // TILE_WIDTH, -(-end // TILE_WIDTH)):
            first = index * TILE_WIDTH
            width = min(end - first, TILE_WIDTH)
            old = max(start - first, 0)
            skipped = known if old else 0
            records = decode_bundle(self._source.bundle(index, width, skipped))
            if skipped:
                records = [b""] * old + records
            if len(records) != width:
                raise MalformedError(f"bundle {index}: {len(records)} records, want {width}")
            new = encode_bundle(records[old:])
            copy.write(new)
            tail = len(new) + (skipped or sum(2 + len(record) for record in records[:old]))
            frontier = frontier.extend([leaf_hash(record) for record in records[old:]])
        self._copied = frontier
        self._tail = (end, tail if end % TILE_WIDTH else 0)

    def _require_root(self, found: Frontier, checkpoint: Checkpoint) -> None:
        if found.root() != checkpoint.root:
            raise AuditError(
                f"{self._origin}: records lead to root {found.root().hex()},"
                f" checkpoint of {checkpoint.size} has {checkpoint.root.hex()}"
            )

    def _step(self, heads: AuditedHeads) -> AuditStep:
        """Return what is to be stored now, and go on from there."""
        done, start = self._pending, self._frontier.size
        self._frontier = self._frontier.extend(done.leaves)
        self._pending = _Pending()
        progress = Progress(self._frontier, heads.epoch, heads.slots)
        return AuditStep(self._origin, start, progress, done.registered, done.heads)

    def _take(
        self, heads: AuditedHeads, record: bytes, index: int, followed: Cosigned | None
    ) -> bool:
        """Audit one record; return whether it is an epoch's.

        Records of other kinds say nothing about heads: no verifier takes a head from them.
        """
        if record.partition(b"\n")[0] not in _KINDS:
            return False
        read = _read_record(record, index)
        if isinstance(read, RegistryRecord):
            heads.register(read, index)
            self._pending.registered[read.slot] = read.origin_hash
            return False
        heads.require_next(read)
        if followed and not self._names(read.previous, followed):
            refuse(read, f"names note {read.previous.hex()}, want the one published last")
        if not heads.are_those_of(read):
            answer = read_changes(self._source.changes(read.epoch))
            self._pending.heads.update(heads.take(read, index, answer))
        heads.follow(read)
        return True

    def _names(self, previous: bytes, followed: Cosigned) -> bool:
        """Tell whether ``previous`` may be the note that was published last.

        A note of which other witnesses' lines are part is known only as long as it is the
        newest one; where it isn't any more, nothing can be said.
        """
        if previous in (followed.submitted, sha256(followed.note.encode()).digest()):
            return True
        try:
            published = self._source.published()
        except NotFoundError:
            return True
        same = Note.parse(published).text == Note.parse(followed.note).text
        return not same or previous == sha256(published).digest()


def _read_record(record: bytes, index: int) -> EpochRecord | RegistryRecord:
    try:
        text = record.decode()
        return (EpochRecord if text.startswith(EPOCH) else RegistryRecord).parse(text)
    except (MalformedError, UnicodeDecodeError) as error:
        shown = record.decode("utf-8", "backslashreplace")
        raise AuditError(f"record {index}: {error}", record=shown) from None
