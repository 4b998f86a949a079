"""Facts with all that proves them, so that they can be kept, checked again and handed on."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.note import Note, VerifierKey, verify_note
from tallystick.tlog.proof import verify_inclusion
from tallystick.tlog.spelling import decode_base64, encode_base64
from tallystick.tlog.tlog_proof import TlogProof
from tallystick.verify.records import EpochRecord, head_body, slot_of


@dataclass(frozen=True, slots=True)
class ProvenRecord:
    """An epoch record, and that a signed super-checkpoint covers it.

    Attributes:
        record: The record.
        proof: Its place in the super-log, with the super-checkpoint's note.
    """

    record: EpochRecord
    proof: TlogProof

    def verify(self, keys: list[VerifierKey]) -> None:
        """Check it from the record up to the signature.

        Raises:
            MalformedError: A part is not of its form.
            VerificationError: The record is not in the super-log, or no such key signed that.
        """
        note = Note.parse(self.proof.checkpoint_note)
        verify_note(note, keys)
        checkpoint = Checkpoint.parse(note.text)
        if checkpoint.origin not in {key.name for key in keys}:
            raise VerificationError(
                f"super-checkpoint: of {checkpoint.origin}, want the pinned one"
            )
        leaf = leaf_hash(self.record.format().encode())
        verify_inclusion(
            leaf, self.proof.index, checkpoint.size, self.proof.hashes, checkpoint.root
        )

    def members(self) -> dict[str, object]:
        """Write it as JSON builtins, spelled as in a receipt."""
        return {"epoch_record": self.record.format(), "epoch_proof": self.proof.format()}

    @classmethod
    def of(cls, members: Mapping[str, object]) -> Self:
        """Read what :meth:`members` wrote.

        Raises:
            MalformedError: It is something else.
        """
        match members:
            case {"epoch_record": str() as record, "epoch_proof": str() as proof}:
                return cls(EpochRecord.parse(record), TlogProof.parse(proof))
        raise MalformedError("proven record: want epoch_record and epoch_proof as texts")


@dataclass(frozen=True, slots=True)
class ProvenHead:
    """What one log was in one epoch: a receipt's chain without an entry.

    Attributes:
        origin: The log.
        size: Its number of entries.
        root: Its root, 32 bytes.
        slots_proof: From its head to the root of the epoch.
        at: The epoch's record, proven.
    """

    origin: str
    size: int
    root: bytes
    slots_proof: tuple[bytes, ...]
    at: ProvenRecord

    @property
    def epoch(self) -> int:
        """Number of the epoch."""
        return self.at.record.epoch

    def verify_slot(self) -> None:
        """Check that the epoch has this head at the log's own slot.

        Raises:
            MalformedError: The proof cannot belong to slot and epoch.
            VerificationError: It leads to another root.
        """
        # The slot comes from the origin: a second head of one log would stand at a second slot.
        record = self.at.record
        leaf = leaf_hash(head_body(self.origin, self.size, self.root))
        verify_inclusion(leaf, slot_of(self.origin), record.slots, self.slots_proof, record.root)

    def verify(self, keys: list[VerifierKey]) -> None:
        """Check it from the head up to the signature; raises as :meth:`ProvenRecord.verify`."""
        self.verify_slot()
        self.at.verify(keys)

    def members(self) -> dict[str, object]:
        """Write it as JSON builtins, spelled as in a receipt."""
        return {
            "origin": self.origin,
            "size": self.size,
            "root": encode_base64(self.root),
            "slots_proof": [encode_base64(node) for node in self.slots_proof],
            **self.at.members(),
        }

    @classmethod
    def of(cls, members: Mapping[str, object]) -> Self:
        """Read what :meth:`members` wrote.

        Raises:
            MalformedError: It is something else.
        """
        match members:
            case {
                "origin": str() as origin,
                "size": int() as size,
                "root": str() as root,
                "slots_proof": [*path],
            }:
                head = Checkpoint(origin, size, decode_base64("root", root))
                at = ProvenRecord.of(members)
                return cls(head.origin, head.size, head.root, hashes_of(path, "slots_proof"), at)
        raise MalformedError("proven head: want origin, size, root and slots_proof")


def hashes_of(value: object, what: str) -> tuple[bytes, ...]:
    """Read a list of hashes in base64.

    Raises:
        MalformedError: It is something else.
    """
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise MalformedError(f"{what}: another form, want a list of base64")
    return tuple(decode_base64(what, text) for text in value)
