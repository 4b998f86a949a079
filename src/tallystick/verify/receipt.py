"""A receipt: an entry, what may be read of it, and all that proves it, in one file.

Its form is docs/specs/receipt-v1.md. Parsing says nothing about truth; see
:func:`tallystick.verify.verification.verify_receipt`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from tallystick.errors import MalformedError
from tallystick.events.commitment import SALT_LENGTH
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.hashing import require_hashes
from tallystick.tlog.note import Note
from tallystick.tlog.spelling import decode_base64, encode_base64
from tallystick.tlog.tlog_proof import TlogProof
from tallystick.tlog.tree import MAX_SIZE
from tallystick.verify import strict_json
from tallystick.verify.records import EpochRecord, slot_of

RECEIPT: Final = "tallystick/receipt/v1"

MAX_RECEIPT: Final = 8_388_608
"""Largest receipt in bytes: an event of 1 MiB, escaped once more, and its proofs."""

_MAX_HASHES: Final = 63
_NAMES: Final = {
    "disclosure", "entry", "epoch_proof", "epoch_record", "inclusion", "index", "origin",
    "receipt", "size", "slots_proof",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt, verified or not.

    Attributes:
        origin: Origin of the entry's log.
        index: Place of the entry in it.
        size: Entries that the log had in the epoch.
        entry: Leaf bytes.
        disclosure: Path → (16-byte salt, canonical JSON text of the value); what is not in it is
            withheld or erased.
        inclusion: From the leaf to the log's root at ``size``.
        slots_proof: From the log's head to the root of the epoch.
        epoch_record: What the super-log holds about the epoch.
        epoch_proof: That it does, with the super-checkpoint.

    Raises:
        MalformedError: A part cannot stand in a receipt.
    """

    origin: str
    index: int
    size: int
    entry: bytes
    disclosure: Mapping[str, tuple[bytes, str]]
    inclusion: Sequence[bytes]
    slots_proof: Sequence[bytes]
    epoch_record: EpochRecord
    epoch_proof: TlogProof

    def __post_init__(self) -> None:
        slot_of(self.origin)
        if not 0 <= self.index < self.size <= MAX_SIZE:
            raise MalformedError(f"receipt: entry {self.index:,} of {self.size:,}")
        for name, hashes in (("inclusion", self.inclusion), ("slots_proof", self.slots_proof)):
            if len(hashes) > _MAX_HASHES:
                raise MalformedError(
                    f"receipt: {name}, {len(hashes)} hashes, want at most {_MAX_HASHES}"
                )
            require_hashes(f"receipt: {name}", hashes)
        for path, (salt, _) in self.disclosure.items():
            if len(salt) != SALT_LENGTH:
                raise MalformedError(
                    f"receipt: salt of {path}, {len(salt)} bytes, want {SALT_LENGTH}"
                )
        if self.epoch_proof.extra is not None:
            raise MalformedError("receipt: extra in epoch_proof, which nothing vouches for")
        _ = self.checkpoint

    @property
    def note(self) -> Note:
        """The super-checkpoint's note."""
        return Note.parse(self.epoch_proof.checkpoint_note)

    @property
    def checkpoint(self) -> Checkpoint:
        """The super-checkpoint, believed only once its note is verified."""
        return Checkpoint.parse(self.note.text)

    def format(self) -> bytes:
        """Write the receipt in its one spelling."""
        return strict_json.write(
            {
                "receipt": RECEIPT,
                "origin": self.origin,
                "index": self.index,
                "size": self.size,
                "entry": encode_base64(self.entry),
                "disclosure": {
                    path: [encode_base64(salt), text]
                    for path, (salt, text) in self.disclosure.items()
                },
                "inclusion": [encode_base64(node) for node in self.inclusion],
                "slots_proof": [encode_base64(node) for node in self.slots_proof],
                "epoch_record": self.epoch_record.format(),
                "epoch_proof": self.epoch_proof.format(),
            }
        )

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Read a receipt.

        Raises:
            MalformedError: The bytes are not exactly what :meth:`format` writes.
        """
        if len(data) > MAX_RECEIPT:
            raise MalformedError(f"receipt: {len(data):,} bytes, want at most {MAX_RECEIPT:,}")
        members = strict_json.read(data, "receipt")
        if not isinstance(members, dict) or members.get("receipt") != RECEIPT:
            raise MalformedError(f"receipt: want an object of {RECEIPT}")
        if members.keys() != _NAMES:
            wrong = sorted(members.keys() ^ _NAMES)
            raise MalformedError(f"receipt: member {wrong[0][:80]!r} missing or unknown")
        receipt = cls(
            _text(members, "origin"),
            _number(members, "index"),
            _number(members, "size"),
            decode_base64("receipt: entry", _text(members, "entry")),
            _disclosure(members["disclosure"]),
            _hashes(members, "inclusion"),
            _hashes(members, "slots_proof"),
            EpochRecord.parse(_text(members, "epoch_record")),
            TlogProof.parse(_text(members, "epoch_proof")),
        )
        if receipt.format() != data:
            raise MalformedError("receipt: not in canonical form")
        return receipt


def build(
    *,
    origin: str,
    index: int,
    size: int,
    entry: bytes,
    values: Mapping[str, tuple[bytes, bytes]],
    inclusion: Sequence[bytes],
    slots_proof: Sequence[bytes],
    epoch_record: EpochRecord,
    record_index: int,
    record_proof: Sequence[bytes],
    checkpoint_note: str,
) -> Receipt:
    """Put a receipt together; the caller vouches for nothing, a verifier checks it all.

    Args:
        origin: Origin of the entry's log.
        index: Place of the entry in it.
        size: Entries that the log had in the epoch, more than ``index``.
        entry: Leaf bytes.
        values: What is disclosed: path → (salt, canonical value), both as bytes.
        inclusion: Inclusion proof of the entry at ``size``.
        slots_proof: Inclusion proof of the log's head at its slot in the epoch tree.
        epoch_record: The record of that epoch.
        record_index: Its place in the super-log.
        record_proof: Inclusion proof of the record in the tree of the super-checkpoint.
        checkpoint_note: The super-checkpoint, signed.

    Raises:
        MalformedError: A part cannot stand in a receipt.
    """
    return Receipt(
        origin,
        index,
        size,
        entry,
        {path: (salt, value.decode()) for path, (salt, value) in values.items()},
        tuple(inclusion),
        tuple(slots_proof),
        epoch_record,
        TlogProof(record_index, tuple(record_proof), checkpoint_note),
    )


def _text(members: Mapping[str, object], name: str) -> str:
    value = members[name]
    if not isinstance(value, str):
        raise MalformedError(f"receipt: {name}, want a text", path=f"/{name}")
    return value


def _number(members: Mapping[str, object], name: str) -> int:
    value = members[name]
    if type(value) is not int:
        raise MalformedError(f"receipt: {name}, want an integer", path=f"/{name}")
    return value


def _hashes(members: Mapping[str, object], name: str) -> tuple[bytes, ...]:
    value = members[name]
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise MalformedError(f"receipt: {name}, want a list of base64", path=f"/{name}")
    return tuple(decode_base64(f"receipt: {name}", text) for text in value)


def _disclosure(value: object) -> dict[str, tuple[bytes, str]]:
    if not isinstance(value, dict):
        raise MalformedError("receipt: disclosure, want an object", path="/disclosure")
    disclosure: dict[str, tuple[bytes, str]] = {}
    for path, pair in value.items():
        match pair:
            case [str() as salt, str() as text]:
                disclosure[path] = (decode_base64("receipt: salt", salt), text)
            case _:
                raise MalformedError(f"receipt: disclosure {path[:80]!r}, want [salt, text]")
    return disclosure
