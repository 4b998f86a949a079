"""What was published, as the store holds it: super-checkpoints, epoch records, heads."""

from collections.abc import Mapping
from dataclasses import dataclass

from tallystick.errors import VerificationError
from tallystick.ledger.logs import Logs
from tallystick.ledger.ports import SUPER_SLOT, Row, Snapshot, Transaction, Value
from tallystick.ledger.queries import as_bytes, as_int, as_text, load
from tallystick.tlog.epoch_tree import EpochTree
from tallystick.tlog.hashing import EMPTY_ROOT
from tallystick.tlog.tree import Frontier
from tallystick.verify.records import EpochRecord

PUBLISHING = load("tallystick.ledger", "publishing.sql")
_NOTHING = Frontier()


@dataclass(frozen=True, slots=True)
class Published:
    """A super-checkpoint as it stands in the store.

    Attributes:
        slot: Where its super-log is kept.
        size: Size of the super-log that it commits to.
        epoch: Number of its last epoch.
        signed_at: Microseconds since 1970-01-01T00:00:00Z.
        note: The signed note, with the cosignatures that it was published with.
        quorum: Whether these made the quorum of the policy of that time.
    """

    slot: int
    size: int
    epoch: int
    signed_at: int
    note: str
    quorum: bool = False

    def row(self) -> dict[str, Value]:
        """Return it as its table takes it."""
        return {
            "slot": self.slot,
            "size": self.size,
            "epoch": self.epoch,
            "signed_at": self.signed_at,
            "note": self.note,
            "quorum": int(self.quorum),
        }


def latest(snapshot: Snapshot) -> Published | None:
    """Return the newest super-checkpoint, or None before the first epoch."""
    rows = snapshot.rows(PUBLISHING["latest"])
    return _published(rows[0]) if rows else None


def latest_of(snapshot: Snapshot, slot: int, *, cosigned: bool = False) -> Published | None:
    """Return the newest checkpoint of one super-log, or the newest that had its quorum."""
    query = PUBLISHING["latest_cosigned" if cosigned else "latest_of"]
    rows = snapshot.rows(query, slot=slot)
    return _published(rows[0]) if rows else None


def records_published(snapshot: Snapshot) -> int:
    """Count the records of all super-logs up to the newest checkpoint; it only ever grows."""
    last = latest(snapshot)
    if last is None:
        return 0
    return last.size + sum(snapshot.head(slot).size for slot in range(SUPER_SLOT, last.slot))


def of_size(snapshot: Snapshot, slot: int, size: int) -> Published | None:
    """Return the checkpoint of a super-log that commits to so many records, if there is one."""
    rows = snapshot.rows(PUBLISHING["of_size"], slot=slot, size=size)
    return _published(rows[0]) if rows else None


def up_to_epoch(snapshot: Snapshot, epoch: int) -> Published | None:
    """Return the newest super-checkpoint of an epoch or of one before it."""
    rows = snapshot.rows(PUBLISHING["up_to_epoch"], epoch=epoch)
    return _published(rows[0]) if rows else None


def published_head(snapshot: Snapshot, slot: int) -> tuple[int, int, bytes] | None:
    """Return (epoch, size, root) of a log as last published, or None before its first epoch."""
    rows = snapshot.rows(PUBLISHING["published_at"], slot=slot)
    return (as_int(rows[0][0]), as_int(rows[0][1]), as_bytes(rows[0][2])) if rows else None


def published_frontiers(snapshot: Snapshot) -> dict[int, Frontier]:
    """Return the frontier of every published head by slot."""
    return {
        as_int(slot): Frontier.decode(as_int(size), as_bytes(frontier))
        for slot, _, size, _, frontier in snapshot.rows(PUBLISHING["published"])
    }


def epoch_tree(snapshot: Snapshot, logs: Logs, slots: int) -> EpochTree:
    """Rebuild the tree of the last epoch from the published heads."""
    frontiers = published_frontiers(snapshot)
    tree = EpochTree()
    heads: dict[int, tuple[str, int, bytes]] = {}
    for slot in range(slots):
        frontier = frontiers.get(slot, _NOTHING)
        root = frontier.root() if frontier.size else EMPTY_ROOT
        heads[slot] = (logs.origin(logs.at(snapshot, slot)), frontier.size, root)
    tree.update(heads)
    return tree


def epoch_record(snapshot: Snapshot, slot: int, index: int) -> EpochRecord:
    """Read the epoch record at an index of a super-log.

    Raises:
        VerificationError: It is not there, or is no epoch record.
    """
    for entry in snapshot.entries(slot, index, index + 1):
        if entry.leaf is not None:
            return EpochRecord.parse(entry.leaf.decode())
    raise VerificationError(f"super-log: no epoch record at {index:,}")


def _published(row: Row) -> Published:
    slot, size, epoch, signed_at, note, quorum = row
    made = (as_int(slot), as_int(size), as_int(epoch), as_int(signed_at), as_text(note))
    return Published(*made, quorum=as_int(quorum) == 1)


def note_heads(tx: Transaction, epoch: int, changed: Mapping[int, Frontier]) -> None:
    """Store the heads of the logs that an epoch changed, with the publisher's own frontiers."""
    rows: list[dict[str, Value]] = [
        {
            "slot": slot,
            "epoch": epoch,
            "size": frontier.size,
            "root": frontier.root(),
            "frontier": frontier.encode(),
        }
        for slot, frontier in changed.items()
    ]
    tx.execute(PUBLISHING["publish"], rows)
    tx.execute(
        PUBLISHING["note_change"],
        [{"epoch": epoch, "slot": row["slot"], "size": row["size"]} for row in rows],
    )
