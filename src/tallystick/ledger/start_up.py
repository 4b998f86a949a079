"""What a start looks at: the store against everything that this deployment is known to have signed.

Three keep what was signed: the store, the lock, and the witnesses. Whoever of them knows more than
the store shows that the store went back, and a store that went back must sign nothing: it would
sign a second history.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from tallystick.errors import NotFoundError, TallystickError, VerificationError
from tallystick.ledger.logs import Logs
from tallystick.ledger.ports import KeyKeeper, Lock, Snapshot, Store, WitnessAnswer
from tallystick.ledger.published import latest
from tallystick.ledger.reader import tile_hashes
from tallystick.ledger.super_logs import current_super, later_origin, read_signed
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.note import Note
from tallystick.tlog.proof import tree_root
from tallystick.tlog.tree import Frontier


class Seen(NamedTuple):
    """What the witnesses said at a start.

    Attributes:
        problem: Why nothing may be written, or None.
        warnings: By witness, why it did not help; those that agreed are left out.
    """

    problem: str | None
    warnings: Mapping[str, str]


def start_up_problem(store: Store, logs: Logs, lock: Lock, keeper: KeyKeeper) -> str | None:
    """Compare the store with the last super-checkpoint that was signed.

    Returns:
        None when the store holds everything that was signed; else what is wrong, for an operator
        to read. Whoever gets a text opens the ledger for reading only.
    """
    text = lock.fetch()
    with store.read() as snapshot:
        if text is not None:
            return _behind(snapshot, text, logs, keeper)
        last = latest(snapshot)
    if last is None:
        return None
    return (
        f"the lock file is gone, but epoch {last.epoch} was signed:"
        " put it back, or recover to a new super-log"
    )


def _behind(snapshot: Snapshot, text: str, logs: Logs, keeper: KeyKeeper) -> str | None:
    """Tell what the store lacks of the checkpoint in the lock, or where it differs."""
    current = current_super(snapshot, logs, keeper)
    if later := later_origin(text, current, logs.deployment):
        return (
            "the store was rolled back to before a change of keys: it ends with"
            f" {current.origin}, but a checkpoint of {later} was signed:"
            " restore a newer copy; never delete the lock file"
        )
    try:
        note, signed, slot = read_signed(snapshot, text, logs, keeper)
    except TallystickError as error:
        return f"the lock file holds no super-checkpoint of ours ({error}): put the last back"
    return _contradiction(snapshot, note, signed, slot)


def _contradiction(snapshot: Snapshot, note: Note, signed: Checkpoint, slot: int) -> str | None:
    """Tell what in the store contradicts a checkpoint of the super-log at ``slot``, or None."""
    size: object = snapshot.head(slot).size  # the file holds what root wrote there
    if not isinstance(size, int):
        return f"the super-log's head: a {type(size).__name__}, want its size: restore a copy"
    if size < signed.size:
        return (
            f"the store was rolled back: its super-log has {size:,} records, but"
            f" {signed.size:,} were signed{_seen_by(note)}:"
            " restore a newer copy; never delete the lock file"
        )
    last = latest(snapshot)
    if last is not None and slot < last.slot:
        return (
            f"the lock file went back: it has a checkpoint of {signed.origin}, but epoch"
            f" {last.epoch} of the super-log after it was published: put the last back"
        )
    try:
        require_extends(snapshot, slot, signed)
    except VerificationError as error:
        return f"{error}{_seen_by(note)}: run fsck, and restore a copy that matches {signed.origin}"
    return None


def first_missing(store: Store, logs: Logs, lock: Lock, keeper: KeyKeeper) -> int | None:
    """Return the first record that was signed by the lock's word and is not in the store.

    Returns:
        Its index in the super-log; None where there is none, or none can be named.
    """
    text = lock.fetch()
    if text is None:
        return None
    with store.read() as snapshot:
        try:
            _, signed, slot = read_signed(snapshot, text, logs, keeper)
        except TallystickError:
            return None
        size: object = snapshot.head(slot).size
    return max(size, 0) if isinstance(size, int) and size < signed.size else None


def require_extends(snapshot: Snapshot, slot: int, signed: Checkpoint) -> None:
    """Check that the super-log at a slot begins with what was signed.

    Its tiles lead to the root, so that it takes milliseconds at any size; and what the next
    checkpoint will be made of, the head's frontier and the records behind the last full tile,
    must agree with them. That every row agrees is for `fsck` to say.

    Raises:
        VerificationError: It is shorter, or another one.
    """
    head = snapshot.head(slot)
    if head.size < signed.size:
        raise VerificationError(
            f"the store was rolled back: its super-log has {head.size:,} records, but"
            f" {signed.size:,} were signed"
        )
    root = _root(snapshot, slot, signed.size)
    if root != signed.root:
        raise VerificationError(
            f"the super-log was changed: its first {signed.size:,} records lead to root"
            f" {root.hex()}, but {signed.root.hex()} was signed"
        )
    held = _root(snapshot, slot, head.size)
    if {head.root, Frontier.decode(head.size, head.frontier).root()} != {held}:
        raise VerificationError(
            f"the super-log's head was changed: its {head.size:,} records lead to root"
            f" {held.hex()}, the head says {head.root.hex()}"
        )


def _root(snapshot: Snapshot, slot: int, size: int) -> bytes:
    try:
        return tree_root(size, tile_hashes(snapshot, slot, size))
    except NotFoundError as error:
        what = f"the super-log was changed: of its {size:,} records"
        raise VerificationError(f"{what} {error}") from None


def require_signing_key(snapshot: Snapshot, logs: Logs, keeper: KeyKeeper) -> None:
    """Check that the keeper has the signing key that the store's last epoch was signed with.

    Raises:
        VerificationError: It has another: the store is from before a change of keys.
    """
    last = latest(snapshot)
    try:
        if last is not None:
            read_signed(snapshot, last.note, logs, keeper)
    except VerificationError:
        raise VerificationError(
            "signing key: another than the copy's last epoch was signed with: the copy is from"
            " before a change of keys, want a backup from after it, or the key file of then"
        ) from None


def ask_witnesses(
    store: Store, logs: Logs, keeper: KeyKeeper, lock: Lock, answers: Sequence[WitnessAnswer]
) -> Seen:
    """Compare the store with the newest checkpoint that each witness has.

    Args:
        store: The ledger's store.
        logs: Names the super-log.
        keeper: Its key tells what this deployment signed.
        lock: Keeps what shows a rollback, so that later starts know of it too.
        answers: What the witnesses answered.
    """
    warnings: dict[str, str] = {}
    for answer in answers:
        if not answer.newest:
            warnings[answer.name] = answer.problem or "has no checkpoint of ours yet"
            continue
        try:
            problem = check_newest(store, logs, keeper, lock, answer)
        except TallystickError as error:
            warnings[answer.name] = f"shows what this deployment did not sign ({error})"
            continue
        if problem is not None:
            return Seen(problem, warnings)
    return Seen(None, warnings)


def check_newest(
    store: Store, logs: Logs, keeper: KeyKeeper, lock: Lock, answer: WitnessAnswer
) -> str | None:
    """Compare the store with a checkpoint that a witness shows.

    One that contradicts the store is put into the lock: nothing is signed beside it again, also
    when the witness can't be reached later.

    Returns:
        None where the store extends it; else what is wrong, for an operator to read.

    Raises:
        MalformedError: It is no checkpoint.
        VerificationError: This deployment did not sign it, so that it says nothing.
    """
    with store.read() as snapshot:
        _, signed, slot = read_signed(snapshot, answer.newest, logs, keeper)
    try:
        with store.read() as snapshot:
            require_extends(snapshot, slot, signed)
    except VerificationError as error:
        lock.replace(lock.fetch(), answer.newest)
        return f"witness {answer.name}: {error}: restore a newer copy"
    return None


def _seen_by(note: Note) -> str:
    """Name the witnesses whose lines stand below a note: who told of it, where one did."""
    names = sorted({line.name for line in note.signatures[1:]})
    return f" and seen by {', '.join(names)}" if names else ""
