"""What an auditing witness knows of all logs of a deployment, and what an epoch may change in it.

Nothing here reads or writes anything: the answers that it judges come as values.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Annotated, Final, Never

import msgspec

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.epoch_tree import EpochTree
from tallystick.tlog.hashing import EMPTY_ROOT, HASH_SIZE
from tallystick.tlog.proof import verify_consistency
from tallystick.verify.records import EpochRecord, RegistryRecord, slot_of

MAX_PROOF: Final = 63
_Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]


class Change(msgspec.Struct, frozen=True):
    """A new head of one slot, as ``/v1/epochs/{epoch}/changes`` tells it."""

    slot: _Count
    origin: str
    size: _Count
    root: bytes
    old_size: _Count
    proof: Annotated[tuple[bytes, ...], msgspec.Meta(max_length=MAX_PROOF)]


class EpochChanges(msgspec.Struct, frozen=True):
    """Every head that differs from the epoch before."""

    epoch: _Count
    record_index: _Count
    slots: _Count
    changes: tuple[Change, ...]


_decode = msgspec.json.Decoder(EpochChanges).decode


def read_changes(data: bytes) -> EpochChanges:
    """Read an answer.

    Raises:
        MalformedError: It is not of its form.
    """
    try:
        return _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise MalformedError(f"changes: {error}") from None


class AuditError(VerificationError):
    """An epoch is not what its logs' history allows.

    Attributes:
        found: What shows it: record, changes, the head that was known.
    """

    def __init__(self, message: str, **found: object) -> None:
        super().__init__(message)
        self.found = found


class AuditedHeads:
    """The registry and the head of every log, as of the last audited epoch.

    Args:
        deployment: Its name, in front of every origin.
        epoch: Number of that epoch, -1 before the first.
        slots: Number of slots in it.
        registry: SHA-256 of the origin of each slot.
        heads: The head at each slot.
    """

    def __init__(
        self,
        deployment: str,
        epoch: int,
        slots: int,
        registry: Sequence[bytes],
        heads: Mapping[int, Checkpoint],
    ) -> None:
        self.epoch = epoch
        self.slots = slots
        self._deployment = deployment
        self._registry = [*registry]
        self._heads = dict(heads)
        self._tree = EpochTree()
        self._tree.update({slot: _triple(head) for slot, head in heads.items()})

    def register(self, record: RegistryRecord, index: int) -> None:
        """Take a registry record.

        Raises:
            AuditError: The slot is taken, or not the next.
        """
        if record.slot != len(self._registry):
            raise AuditError(
                f"record {index}: registers slot {record.slot}, want slot {len(self._registry)}:"
                f" a slot is given once, in order",
                record=record.format(),
            )
        self._registry.append(record.origin_hash)

    def require_next(self, record: EpochRecord) -> None:
        """Check what an epoch record says about the epochs and slots before it.

        Raises:
            AuditError: It does not follow.
        """
        if record.epoch != self.epoch + 1:
            refuse(record, f"follows epoch {self.epoch}, want {self.epoch + 1} after it")
        if record.slots != len(self._registry):
            refuse(record, f"{record.slots} slots, want {len(self._registry)} as registered")
        if record.epoch == 0 and record.previous != bytes(HASH_SIZE):
            refuse(record, f"names note {record.previous.hex()}, want none before the first")

    def are_those_of(self, record: EpochRecord) -> bool:
        """Tell whether an epoch has the heads that the last one had."""
        return (record.slots, record.root) == (self.slots, self._tree.root())

    def take(self, record: EpochRecord, index: int, answer: EpochChanges) -> dict[int, Checkpoint]:
        """Take the changes of the next epoch; after an error, what is here is of no more use.

        Args:
            record: The epoch's record, which :meth:`require_next` let pass.
            index: Its place in the super-log.
            answer: What is said to have changed.

        Returns:
            The new heads by slot: together with those that were known, they lead to the
            record's root.

        Raises:
            AuditError: A log does not extend its last head, or the heads are not the record's.
        """
        told = (answer.epoch, answer.record_index, answer.slots)
        want = (record.epoch, index, record.slots)
        if told != want:
            refuse(record, f"changes are of {told}, want epoch, index and slots {want}")
        heads = {change.slot: self._head(record, change) for change in answer.changes}
        if len(heads) != len(answer.changes):
            refuse(record, f"{len(answer.changes)} changes of {len(heads)} slots, want one of each")
        if missing := [slot for slot in range(self.slots, record.slots) if slot not in heads]:
            refuse(record, f"no head of slot {missing[0]}, want one of each new slot")
        self._tree.update({slot: _triple(head) for slot, head in heads.items()})
        if self._tree.root() != record.root:
            raise AuditError(
                f"epoch {record.epoch}: heads lead to root {self._tree.root().hex()},"
                f" record has {record.root.hex()}",
                record=record.format(),
                changes=msgspec.to_builtins(answer),
            )
        self._heads.update(heads)
        return heads

    def follow(self, record: EpochRecord) -> None:
        """Go on to the epoch whose heads were taken, or are those of the last one."""
        self.epoch, self.slots = record.epoch, record.slots

    def _head(self, record: EpochRecord, change: Change) -> Checkpoint:
        """Check that a new head is of the slot's log and extends the head that was known."""
        known = self._heads.get(change.slot)
        try:
            head = Checkpoint(change.origin, change.size, change.root)
            self._require_origin(change)
            size, root = (known.size, known.root) if known else (0, EMPTY_ROOT)
            _require_growth(change, size)
            verify_consistency(size, change.size, change.proof, root, change.root)
        except (MalformedError, VerificationError) as error:
            raise AuditError(
                f"epoch {record.epoch}, slot {change.slot}: {error}",
                record=record.format(),
                change=msgspec.to_builtins(change),
                known=known.format() if known else None,
            ) from None
        return head

    def _require_origin(self, change: Change) -> None:
        if change.slot >= len(self._registry):
            raise VerificationError(f"not registered, want one of {len(self._registry)} slots")
        origin_hash = sha256(change.origin.encode()).digest()
        if origin_hash != self._registry[change.slot]:
            raise VerificationError(f"origin {change.origin!r}, want the one that is registered")
        prefix = f"{self._deployment}/t/"
        if not change.origin.startswith(prefix) or slot_of(change.origin) != change.slot:
            raise VerificationError(f"origin {change.origin!r}, want {prefix}{change.slot}/…")


def refuse(record: EpochRecord, reason: str) -> Never:
    """Refuse an epoch for what its record alone shows.

    Raises:
        AuditError: Always.
    """
    raise AuditError(f"epoch {record.epoch}: {reason}", record=record.format())


def _require_growth(change: Change, size: int) -> None:
    if change.old_size != size:
        raise VerificationError(f"change from size {change.old_size}, want {size}")
    if change.size < size:
        raise VerificationError(f"{change.size} entries, want at least {size}")


def _triple(head: Checkpoint) -> tuple[str, int, bytes]:
    return head.origin, head.size, head.root
