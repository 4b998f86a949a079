"""What a deployment's root key says about its online keys; docs/specs/receipt-v1.md has the form.

The root key stands on no server. It signs one *statement* for each new super-log: under which key
it is signed, why it follows the one before, and how far that one is still to be believed. Who
has pinned the root follows a change of keys without asking anybody else.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, Self

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.key import ED25519, VerifierKey
from tallystick.tlog.note import Note, verify_note
from tallystick.tlog.spelling import decode_base64, encode_base64, parse_decimal
from tallystick.tlog.tree import MAX_SIZE
from tallystick.verify.super_origin import FIRST_SERIAL, read_super_origin, super_origin

STATEMENT: Final = "tallystick/key/v1"
_ROOT: Final = "/root"
_NONE: Final = "-"
_HASH: Final = 32


class Reason(StrEnum):
    """Why a super-log follows another."""

    ROTATION = "rotation"
    COMPROMISE = "compromise"
    RECOVERY = "recovery"


@dataclass(frozen=True, slots=True)
class Statement:
    """That a super-log follows another, under a new key.

    Attributes:
        key: Key of the new super-log; its name is that log's origin.
        old: Key of the super-log before.
        reason: Why.
        frozen: Size and root up to which the old super-log is believed; None for all of it, which
            only a rotation may say.
        lost: First and end of the old super-log's records that nobody has any more; only a
            recovery has them.

    Raises:
        MalformedError: The parts do not fit each other.
    """

    key: VerifierKey
    old: VerifierKey
    reason: Reason
    frozen: tuple[int, bytes] | None = None
    lost: tuple[int, int] | None = None

    def __post_init__(self) -> None:
        deployment, serial = read_super_origin(self.key.name)
        for key in (self.key, self.old):
            if key.algorithm != ED25519:
                raise MalformedError(
                    f"statement: key {key.name} of algorithm 0x{key.algorithm:02x}, want 0x01"
                )
        if serial == FIRST_SERIAL:
            raise MalformedError(f"statement: of {self.key.name}, want one that follows another")
        before = super_origin(deployment, serial - 1)
        if self.old.name != before:
            raise MalformedError(f"statement: {serial} follows {self.old.name}, want {before}")
        if self.old.public == self.key.public:
            raise MalformedError(f"statement: {serial} keeps the old key, want another")
        self._require_bounds()

    def _require_bounds(self) -> None:
        if (self.frozen is None) != (self.reason is Reason.ROTATION):
            told = "not frozen" if self.frozen is None else "frozen"
            raise MalformedError(f"statement: {self.reason} of a super-log that is {told}")
        if (self.lost is not None) != (self.reason is Reason.RECOVERY):
            told = "no lost records" if self.lost is None else "lost records"
            raise MalformedError(f"statement: {self.reason} with {told}")
        if self.frozen is not None and not (
            0 < self.frozen[0] <= MAX_SIZE and len(self.frozen[1]) == _HASH
        ):
            raise MalformedError(f"statement: frozen at {self.frozen[0]:,}, want a checkpoint")
        if self.lost is not None and self.frozen is not None:
            first, end = self.lost
            if not 0 <= first < end == self.frozen[0]:
                raise MalformedError(
                    f"statement: records [{first:,}, {end:,}) lost of {self.frozen[0]:,}"
                )

    @property
    def deployment(self) -> str:
        """Name of the deployment."""
        return read_super_origin(self.key.name)[0]

    @property
    def serial(self) -> int:
        """Serial number of the new super-log; the first one has 1 and no statement."""
        return read_super_origin(self.key.name)[1]

    def format(self) -> str:
        """Write the statement, with a newline after each of its eight lines."""
        size, root = self.frozen or (None, b"")
        lines = (
            STATEMENT,
            self.deployment,
            str(self.serial),
            self.key.vkey(),
            self.old.vkey(),
            self.reason,
            _NONE if size is None else f"{size} {encode_base64(root)}",
            _NONE if self.lost is None else f"{self.lost[0]} {self.lost[1]}",
        )
        return "".join(f"{line}\n" for line in lines)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a statement; nothing is believed yet.

        Raises:
            MalformedError: The text is not exactly what :meth:`format` writes.
        """
        match text.split("\n"):
            case [kind, _, _, key, old, reason, frozen, lost, ""] if kind == STATEMENT:
                statement = cls(
                    VerifierKey.parse(key),
                    VerifierKey.parse(old),
                    _reason(reason),
                    _frozen(frozen),
                    _lost(lost),
                )
            case lines:
                raise MalformedError(f"statement: {len(lines) - 1} lines, want 8 of {STATEMENT}")
        if statement.format() != text:
            raise MalformedError("statement: not in canonical form")
        return statement


def root_name(deployment: str) -> str:
    """Return the name that a deployment's root key has."""
    return deployment + _ROOT


def require_root(key: VerifierKey) -> str:
    """Return the deployment whose root a key is.

    Raises:
        MalformedError: It is the key of something else.
    """
    if key.algorithm != ED25519 or not key.name.endswith(_ROOT):
        raise MalformedError(f"root key {key.name}: want <deployment>{_ROOT} with algorithm 0x01")
    return key.name.removesuffix(_ROOT)


def read_statement(note_text: str, root: VerifierKey) -> Statement:
    """Read a statement that a root key signed.

    Args:
        note_text: The statement as a signed note.
        root: The root key, known from elsewhere.

    Raises:
        MalformedError: It is no statement.
        VerificationError: The root did not sign it, or is the root of another deployment.
    """
    note = Note.parse(note_text)
    statement = Statement.parse(note.text)
    if root_name(statement.deployment) != root.name:
        raise VerificationError(f"statement: of {statement.deployment}, the root is {root.name}")
    verify_note(note, [root])
    return statement


def follow_statements(
    notes: Sequence[str], root: VerifierKey, since: VerifierKey
) -> Iterator[Statement]:
    """Yield, in order, the statements that lead on from a key.

    Statements up to that of ``since`` itself are verified and passed over.

    Args:
        notes: Statements as somebody shows them, in order of their serial numbers.
        root: The root key, known from elsewhere.
        since: The newest key of a super-log that is known.

    Raises:
        MalformedError: One of them is no statement.
        VerificationError: One is not signed by the root, or does not follow what is known.
    """
    known = since
    serial = read_super_origin(since.name)[1]
    for note_text in notes:
        statement = read_statement(note_text, root)
        if statement.serial < serial:
            continue
        if statement.serial == serial:
            if statement.key != known:
                raise VerificationError(f"statement {serial}: of another key than is known")
            continue
        if statement.serial != serial + 1:
            raise VerificationError(f"statement {statement.serial}: want {serial + 1} first")
        if statement.old != known:
            raise VerificationError(
                f"statement {statement.serial}: follows key {statement.old.key_id.hex()},"
                f" want {known.key_id.hex()}"
            )
        known, serial = statement.key, statement.serial
        yield statement


def _reason(text: str) -> Reason:
    if text not in set(Reason):
        raise MalformedError(f"statement: reason {text[:40]!r}, want one of {', '.join(Reason)}")
    return Reason(text)


def _frozen(text: str) -> tuple[int, bytes] | None:
    if text == _NONE:
        return None
    size, _, root = text.partition(" ")
    return parse_decimal("statement: size", size), decode_base64("statement: root", root)


def _lost(text: str) -> tuple[int, int] | None:
    if text == _NONE:
        return None
    first, _, end = text.partition(" ")
    return parse_decimal("statement: first", first), parse_decimal("statement: end", end)
