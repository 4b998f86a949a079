"""The records of the super-log, and the heads that an epoch commits to.

Each is a few lines of text with exactly one spelling; docs/specs/receipt-v1.md gives the grammar.
An *epoch tree* is an RFC 6962 tree whose leaf at each slot is the head of the log there, so that
an epoch holds exactly one head a log.
"""

from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from dataclasses import dataclass

from tallystick.errors import MalformedError
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.hashing import HASH_SIZE

EPOCH = "tallystick/epoch/v1"
REGISTRY = "tallystick/registry/v1"
TRANSFER = "tallystick/transfer/v1"

_MAX_NUMBER = 2**63 - 1


@dataclass(frozen=True, slots=True)
class EpochRecord:
    """What one epoch says about all logs at once.

    Attributes:
        epoch: Number of the epoch, from 0, without gaps.
        time_s: When it was made, seconds since 1970-01-01T00:00:00Z.
        slots: Number of slots, the size of the epoch tree.
        root: Root of the epoch tree, 32 bytes.
        previous: SHA-256 of the super-checkpoint note published before; nobody could know it
            earlier. 32 zero bytes in epoch 0.
    """

    epoch: int
    time_s: int
    slots: int
    root: bytes
    previous: bytes

    def format(self) -> str:
        """Write the record, with a newline after each of its six lines."""
        lines = (
            EPOCH,
            self.epoch,
            self.time_s,
            self.slots,
            b64encode(self.root).decode(),
            b64encode(self.previous).decode(),
        )
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> "EpochRecord":
        """Read a record.

        Raises:
            MalformedError: The text is not exactly what :meth:`format` writes.
        """
        match text.split("\n"):
            case [kind, epoch, time_s, slots, root, previous, ""] if kind == EPOCH:
                record = cls(
                    _number(epoch),
                    _number(time_s),
                    _number(slots),
                    _hash(root),
                    _hash(previous),
                )
            case lines:
                raise MalformedError(f"epoch record: {len(lines) - 1} lines, want 6 of {EPOCH}")
        if record.format() != text:
            raise MalformedError("epoch record: not in canonical form")
        return record


@dataclass(frozen=True, slots=True)
class RegistryRecord:
    """That a log stands at a slot, for ever.

    Attributes:
        slot: The slot.
        origin_hash: SHA-256 of the log's origin, 32 bytes: names nothing to who does not know it.
    """

    slot: int
    origin_hash: bytes

    def format(self) -> str:
        """Write the record, with a newline after each of its three lines."""
        return f"{REGISTRY}\n{self.slot}\n{b64encode(self.origin_hash).decode()}\n"

    @classmethod
    def parse(cls, text: str) -> "RegistryRecord":
        """Read a record.

        Raises:
            MalformedError: The text is not exactly what :meth:`format` writes.
        """
        match text.split("\n"):
            case [kind, slot, origin_hash, ""] if kind == REGISTRY:
                record = cls(_number(slot), _hash(origin_hash))
            case lines:
                raise MalformedError(
                    f"registry record: {len(lines) - 1} lines, want 3 of {REGISTRY}"
                )
        if record.format() != text:
            raise MalformedError("registry record: not in canonical form")
        return record


@dataclass(frozen=True, slots=True)
class TransferRecord:
    """How a super-log begins that follows another: its first record.

    Attributes:
        previous: SHA-256 of the last super-checkpoint note of the old super-log, 32 bytes.
        statement: The root key's statement about the new one, as a signed note.
    """

    previous: bytes
    statement: str

    def format(self) -> str:
        """Write the record: two lines, then the statement's note as it stands."""
        return f"{TRANSFER}\n{b64encode(self.previous).decode()}\n{self.statement}"

    @classmethod
    def parse(cls, text: str) -> "TransferRecord":
        """Read a record; its statement is not verified.

        Raises:
            MalformedError: The text is not exactly what :meth:`format` writes.
        """
        match text.split("\n", 2):
            case [kind, previous, statement] if kind == TRANSFER and statement:
                record = cls(_hash(previous), statement)
            case lines:
                raise MalformedError(f"transfer record: {len(lines)} parts, want 3 of {TRANSFER}")
        if record.format() != text:
            raise MalformedError("transfer record: not in canonical form")
        return record


def head_body(origin: str, size: int, root: bytes) -> bytes:
    """Return the leaf of an epoch tree: the body of the checkpoint that a log has there."""
    return Checkpoint(origin, size, root).format().encode()


def slot_of(origin: str) -> int:
    """Read a log's slot from its origin ``<deployment>/t/<slot>/<32 hex digits>``.

    A verifier takes the slot from here and demands the proof for it, so that an epoch can hold
    only one head for each log.

    Raises:
        MalformedError: The origin has another form.
    """
    match origin.rsplit("/", 3):
        case [deployment, "t", slot, name] if deployment and _is_hex(name):
            number = _number(slot)
            if str(number) == slot:
                return number
        case _:
            pass
    raise MalformedError(f"origin {origin!r}: want <deployment>/t/<slot>/<32 hex digits>")


def _is_hex(name: str) -> bool:
    return len(name) == HASH_SIZE and not name.strip("0123456789abcdef")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(_MAX_NUMBER)):
        raise MalformedError(f"record: {text[:40]!r}, want a decimal number")
    number = int(text)
    if number > _MAX_NUMBER:
        raise MalformedError(f"record: {number}, want a number below 2^63")
    return number


def _hash(text: str) -> bytes:
    try:
        value = b64decode(text, validate=True)
    except (Base64Error, ValueError):
        value = b""
    if len(value) != HASH_SIZE:
        raise MalformedError(f"record: a hash of {len(value)} bytes, want {HASH_SIZE} in base64")
    return value
