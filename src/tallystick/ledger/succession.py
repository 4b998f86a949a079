"""Whether a super-log may be followed by another: what the root key must have said, and when."""

from tallystick.errors import ConflictError, NotFoundError, VerificationError
from tallystick.ledger.logs import Logs
from tallystick.ledger.ports import KeyKeeper, Lock, Snapshot
from tallystick.ledger.published import latest_of
from tallystick.ledger.reader import tile_hashes
from tallystick.ledger.super_logs import (
    SuperLog,
    current_super,
    later_origin,
    pinned_root,
    read_signed,
)
from tallystick.tlog.key import ED25519, VerifierKey
from tallystick.tlog.proof import tree_root
from tallystick.verify.statement import Reason, Statement, read_statement
from tallystick.verify.super_origin import super_origin


def propose(
    snapshot: Snapshot, logs: Logs, keeper: KeyKeeper, lock: Lock, reason: Reason
) -> Statement:
    """Write the statement that the root key is to sign.

    Raises:
        NotFoundError: No next key was drawn, or there is no epoch yet.
        VerificationError: A recovery is asked for, but nothing is lost; or the store is from
            before a change of keys.
    """
    current = current_super(snapshot, logs, keeper)
    _require_last(logs, lock, current)
    public = keeper.next_public_key
    if public is None:
        raise NotFoundError("key file: no next key, want one: `tallystick keys root request`")
    frozen: tuple[int, bytes] | None = None
    lost: tuple[int, int] | None = None
    if reason is Reason.COMPROMISE:
        # What witnesses saw was there before anybody could sign with a stolen key alone.
        believed = latest_of(snapshot, current.slot, cosigned=True)
        believed = believed or latest_of(snapshot, current.slot)
        if believed is None:
            raise NotFoundError(f"{current.origin}: no epoch yet, want one to freeze it at")
        frozen = believed.size, _root(snapshot, current, believed.size)
    elif reason is Reason.RECOVERY:
        frozen, lost = _loss(snapshot, logs, keeper, lock, current)
    origin = super_origin(logs.deployment, current.serial + 1)
    key = VerifierKey.of(origin, ED25519, public)
    return Statement(key, current.key, reason, frozen, lost)


def require_succeeds(
    snapshot: Snapshot, logs: Logs, keeper: KeyKeeper, lock: Lock, note: str
) -> Statement:
    """Check that a statement leads on from the current super-log to the key that was drawn.

    Raises:
        MalformedError: It is no statement.
        NotFoundError: No root is pinned here, there is no epoch yet, or no next key was drawn.
        VerificationError: The root did not sign it, or it says what is not so here.
        ConflictError: It is of another serial number than the next, such as an old one.
    """
    root = pinned_root(snapshot, logs)
    if root is None:
        raise NotFoundError("root key: none is pinned, want `tallystick keys root pin` first")
    statement = read_statement(note, root)
    current = current_super(snapshot, logs, keeper)
    _require_last(logs, lock, current)
    if statement.serial != current.serial + 1:
        raise ConflictError(f"statement: serial {statement.serial}, want {current.serial + 1}")
    if statement.old != current.key:
        raise VerificationError(
            f"statement {statement.serial}: follows key {statement.old.key_id.hex()},"
            f" want {current.key.key_id.hex()}"
        )
    if keeper.next_public_key != statement.key.public:
        raise NotFoundError(f"key file: no next key {statement.key.key_id.hex()}, want that one")
    if latest_of(snapshot, current.slot) is None:
        raise NotFoundError(f"{current.origin}: no epoch yet, want one before another super-log")
    _require_bounds(snapshot, logs, keeper, lock, statement, current)
    return statement


def _require_last(logs: Logs, lock: Lock, current: SuperLog) -> None:
    """Refuse a store from before a change of keys: the root has spoken of what follows already.

    A second statement of one number would be two histories of keys, and the copy's signing key
    is not even known here.
    """
    text = lock.fetch()
    later = None if text is None else later_origin(text, current, logs.deployment)
    if later is not None:
        raise VerificationError(
            f"lock file: of {later}, the store knows nothing after {current.origin}:"
            " restore a copy from after that change of keys"
        )


def _require_bounds(
    snapshot: Snapshot,
    logs: Logs,
    keeper: KeyKeeper,
    lock: Lock,
    statement: Statement,
    current: SuperLog,
) -> None:
    if statement.frozen is None:
        return
    size, root = statement.frozen
    if statement.reason is Reason.RECOVERY:
        if (statement.frozen, statement.lost) != _loss(snapshot, logs, keeper, lock, current):
            raise VerificationError("statement: of another loss than this store has")
        return
    held = snapshot.head(current.slot).size
    if size > held or _root(snapshot, current, size) != root:
        raise VerificationError(
            f"statement: frozen at {size:,} with root {root.hex()}, which the super-log of"
            f" {held:,} records never had"
        )


def _loss(
    snapshot: Snapshot, logs: Logs, keeper: KeyKeeper, lock: Lock, current: SuperLog
) -> tuple[tuple[int, bytes], tuple[int, int]]:
    """Compare the store with the newest checkpoint that was signed: what is gone?"""
    text = lock.fetch()
    if text is None:
        raise NotFoundError("lock file: gone, want it: it tells how far the super-log came")
    _, signed, slot = read_signed(snapshot, text, logs, keeper)
    if slot != current.slot:
        raise VerificationError(f"lock file: of {signed.origin}, want {current.origin}")
    size = snapshot.head(slot).size
    if size >= signed.size:
        raise VerificationError(
            f"{current.origin}: {size:,} records, {signed.size:,} were signed: nothing is lost"
        )
    return (signed.size, signed.root), (size, signed.size)


def _root(snapshot: Snapshot, super_log: SuperLog, size: int) -> bytes:
    return tree_root(size, tile_hashes(snapshot, super_log.slot, size))
