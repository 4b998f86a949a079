"""The super-logs: one after the other, each under a key of its own.

The key of all but the newest is known from the root key's statements, since its private half is
destroyed when the next one begins.
"""

from dataclasses import dataclass

from tallystick.errors import ConflictError, MalformedError, VerificationError
from tallystick.ledger.logs import Logs, settled
from tallystick.ledger.ports import SUPER_SLOT, KeyKeeper, Log, Snapshot, Transaction
from tallystick.ledger.queries import as_int, as_text, load
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.key import ED25519, VerifierKey
from tallystick.tlog.note import Note, verify_note
from tallystick.verify.statement import Statement, root_name
from tallystick.verify.super_origin import FIRST_SERIAL, read_super_origin

ROOT = "root"
"""The deployment's fact that holds the public half of its root key, in hex."""

_SUPER_LOGS = load("tallystick.ledger", "super_logs.sql")


@dataclass(frozen=True, slots=True)
class SuperLog:
    """One super-log.

    Attributes:
        serial: Its number, from 1.
        log: The log.
        key: Who signs its checkpoints; the key's name is its origin.
    """

    serial: int
    log: Log
    key: VerifierKey

    @property
    def slot(self) -> int:
        """Where it is kept."""
        return self.log.slot

    @property
    def origin(self) -> str:
        """Name of the log in its checkpoints."""
        return self.key.name


def super_logs(snapshot: Snapshot, logs: Logs, keeper: KeyKeeper) -> list[SuperLog]:
    """Return the super-logs in their order; the last one is current."""
    said = {serial: read_note(note) for serial, note in statements(snapshot).items()}
    found: list[SuperLog] = []
    for serial, log in enumerate(logs.every_super(snapshot), FIRST_SERIAL):
        if serial in said:
            key = said[serial].key
        elif serial + 1 in said:
            key = said[serial + 1].old
        else:
            key = VerifierKey.of(logs.origin(log), ED25519, keeper.public_key)
        found.append(SuperLog(serial, log, key))
    return found


def current_super(snapshot: Snapshot, logs: Logs, keeper: KeyKeeper) -> SuperLog:
    """Return the super-log that epochs go to."""
    return super_logs(snapshot, logs, keeper)[-1]


def later_origin(text: str, current: SuperLog, deployment: str) -> str | None:
    """Tell whether a checkpoint is of a super-log that comes after the store's current one.

    Nobody's signature is looked at: the key that follows is one that this store does not know.

    Args:
        text: The checkpoint's note, such as the lock has.
        current: The newest super-log in the store.
        deployment: Name of the deployment.

    Returns:
        Its origin; None where it is none of this deployment's, or of a known super-log.
    """
    try:
        origin = Checkpoint.parse(Note.parse(text).text).origin
        named, serial = read_super_origin(origin)
    except MalformedError:
        return None
    return origin if named == deployment and serial > current.serial else None


def read_signed(
    snapshot: Snapshot, text: str, logs: Logs, keeper: KeyKeeper
) -> tuple[Note, Checkpoint, int]:
    """Read a super-checkpoint that this deployment signed.

    One of a super-log that the store does not know yet, because it went back, is ours if the
    keeper's key signed it.

    Returns:
        The note, what it says, and the slot where its super-log is kept.

    Raises:
        MalformedError: The text is no checkpoint's note.
        VerificationError: It is of another log, or not signed by the deployment's key.
    """
    note = Note.parse(text)
    signed = Checkpoint.parse(note.text)
    known = super_logs(snapshot, logs, keeper)
    for super_log in known:
        if super_log.origin == signed.origin:
            verify_note(note, [super_log.key])
            return note, signed, super_log.slot
    try:
        deployment, serial = read_super_origin(signed.origin)
    except MalformedError:
        deployment, serial = "", 0
    if deployment != logs.deployment:
        want = known[-1].origin
        raise VerificationError(f"checkpoint: of {signed.origin!r}, want {want!r}")
    verify_note(note, [VerifierKey.of(signed.origin, ED25519, keeper.public_key)])
    return note, signed, SUPER_SLOT + serial - FIRST_SERIAL


def statements(snapshot: Snapshot) -> dict[int, str]:
    """Return the root key's statements, signed notes, by serial number."""
    rows = snapshot.rows(_SUPER_LOGS["statements"])
    return {as_int(serial): as_text(note) for serial, note in rows}


def waiting_statement(snapshot: Snapshot, logs: Logs) -> str | None:
    """Return the statement whose super-log has not begun yet: a rotation stopped half-way."""
    return statements(snapshot).get(len(logs.every_super(snapshot)) + FIRST_SERIAL)


def add_statement(tx: Transaction, serial: int, note: str) -> None:
    """Keep a statement that was verified.

    Raises:
        ConflictError: Another one stands there.
    """
    known = statements(tx).get(serial)
    if known is None:
        tx.execute(_SUPER_LOGS["add_statement"], [{"serial": serial, "note": note}])
    elif known != note:
        raise ConflictError(f"statement {serial}: another one was begun with, want that")


def read_note(note: str) -> Statement:
    """Read a statement that the store holds, and that was verified when it came there."""
    return Statement.parse(Note.parse(note).text)


def pinned_root(snapshot: Snapshot, logs: Logs) -> VerifierKey | None:
    """Return the deployment's root key, if one was pinned."""
    public = settled(snapshot, ROOT)
    if public is None:
        return None
    return VerifierKey.of(root_name(logs.deployment), ED25519, bytes.fromhex(public))
