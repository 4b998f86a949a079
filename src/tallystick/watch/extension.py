"""Whether one signed checkpoint of a log extends another, and what proves that it does not."""

from tallystick.errors import MalformedError, NotFoundError, VerificationError
from tallystick.tlog.proof import consistency_proof, tree_root, verify_consistency
from tallystick.tlog.spelling import encode_base64
from tallystick.watch.alarm import Alarm, AlarmError, Kind, Subject
from tallystick.watch.believing import SignedCheckpoint, deployment_of
from tallystick.watch.tiles import TiledLog


def compare_sizes(old: SignedCheckpoint, new: SignedCheckpoint) -> None:
    """Compare two signed checkpoints, as far as that goes without asking for anything.

    Raises:
        AlarmError: The new one is smaller, or has another root at the same size.
    """
    seen, shown = old.checkpoint, new.checkpoint
    if shown.size < seen.size:
        text = f"checkpoint of {shown.size:,} entries, {seen.size:,} were seen"
        raise AlarmError(_alarm(Kind.TRUNCATION, text, old, new))
    if shown.size == seen.size and shown.root != seen.root:
        text = f"checkpoint of {shown.size:,} entries has root {shown.root.hex()}"
        raise AlarmError(_alarm(Kind.FORK, f"{text}, {seen.root.hex()} was seen", old, new))


def require_extension(log: TiledLog, old: SignedCheckpoint, new: SignedCheckpoint) -> None:
    """Demand that the log's tiles prove a checkpoint to extend one that was believed.

    Raises:
        AlarmError: They do not.
        NoAnswerError: The log does not answer.
    """
    compare_sizes(old, new)
    seen, shown = old.checkpoint, new.checkpoint
    try:
        path = consistency_proof(seen.size, shown.size, log.hashes(shown.size))
        verify_consistency(seen.size, shown.size, path, seen.root, shown.root)
    except (MalformedError, NotFoundError, VerificationError) as error:
        raise AlarmError(disagreement(log, old, new, str(error))) from None


def disagreement(log: TiledLog, old: SignedCheckpoint, new: SignedCheckpoint, text: str) -> Alarm:
    """Find out whether the new checkpoint belies the old one, or the log merely shows nothing.

    A fork is proven when a consistency proof leads from *another* root of the old size to the
    new checkpoint's root: no tree can have both.
    """
    seen, shown = old.checkpoint, new.checkpoint
    hashes = log.hashes(shown.size)
    try:
        other = tree_root(seen.size, hashes)
        path = consistency_proof(seen.size, shown.size, hashes)
        verify_consistency(seen.size, shown.size, path, other, shown.root)
    except (MalformedError, NotFoundError, VerificationError) as error:
        return unproven(new, f"{text}; {error}", old)
    if other == seen.root:
        return unproven(new, text, old)
    lines = "".join(f"{encode_base64(node)}\n" for node in (other, *path))
    what = (
        f"at size {shown.size:,} its first {seen.size:,} entries have root {other.hex()},"
        f" {seen.root.hex()} was seen"
    )
    proof = {"other-root-and-consistency-proof.txt": lines.encode()}
    return _alarm(Kind.FORK, what, old, new, proof)


def unproven(new: SignedCheckpoint, text: str, old: SignedCheckpoint | None = None) -> Alarm:
    """Return the alarm of a log that does not show what its checkpoint commits to."""
    return _alarm(Kind.UNPROVEN, f"the log does not show what it signed: {text}", old, new)


def _alarm(
    kind: Kind,
    text: str,
    old: SignedCheckpoint | None,
    new: SignedCheckpoint,
    proof: dict[str, bytes] | None = None,
) -> Alarm:
    origin = new.checkpoint.origin
    subject = Subject.SUPER_LOG if deployment_of(origin) else Subject.LOG
    evidence = {"shown.note": new.text.encode(), **(proof or {})}
    if old is not None:
        evidence["seen.note"] = old.text.encode()
    return Alarm(kind, subject, f"{origin}: {text}", evidence=evidence)
