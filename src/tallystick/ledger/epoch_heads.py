"""What the publisher knows of the last epoch: the frontiers of its heads, and their tree."""

from collections.abc import Mapping, Sequence
from hashlib import sha256

from tallystick.errors import VerificationError
from tallystick.ledger.extending import grown_logs
from tallystick.ledger.logs import Logs
from tallystick.ledger.ports import SUPER_SLOT, Log, Snapshot
from tallystick.ledger.published import (
    Published,
    epoch_record,
    epoch_tree,
    published_frontiers,
)
from tallystick.tlog.epoch_tree import EpochTree
from tallystick.tlog.tree import Frontier
from tallystick.verify.records import EpochRecord, RegistryRecord

_SECOND = 1_000_000
_NOTHING = Frontier()


class EpochHeads:
    """Heads of all logs as of the last epoch; kept in memory between epochs.

    Args:
        logs: Names them.

    Attributes:
        slot: Where the super-log is kept that has the epoch's record.
        size: How many records it has.
    """

    def __init__(self, logs: Logs) -> None:
        self._logs = logs
        self._tree = EpochTree()
        self._heads: dict[int, Frontier] = {}
        self._next_epoch = 0
        self._loaded = False
        self.slot = SUPER_SLOT
        self.size = 0

    def load(self, snapshot: Snapshot, slot: int) -> None:
        """Read the heads of the last epoch, and check them against its record.

        The record may be one that was never signed, because of a crash right after it was
        appended: the next epoch follows it all the same.

        Raises:
            VerificationError: They are not those of the record.
        """
        if self._loaded and self.slot == slot:
            return
        self._tree, self._heads, self._next_epoch = EpochTree(), {}, 0
        self.slot, self.size = slot, snapshot.head(slot).size
        if self.size:
            record = epoch_record(snapshot, slot, self.size - 1)
            self._heads = published_frontiers(snapshot)
            self._tree = epoch_tree(snapshot, self._logs, record.slots)
            self._next_epoch = record.epoch + 1
            if self._tree.root() != record.root:
                raise VerificationError(
                    f"published heads: lead to epoch root {self._tree.root().hex()},"
                    f" epoch {record.epoch} has {record.root.hex()}"
                )
        self._loaded = True

    def forget(self) -> None:
        """Read everything anew the next time: what was recorded did not become an epoch."""
        self._loaded = False

    def grown(self, snapshot: Snapshot, every: Sequence[Log]) -> dict[int, Frontier]:
        """Recompute the logs that grew since; see :func:`~tallystick.ledger.extending`."""
        return grown_logs(snapshot, self._logs, every, self._heads)

    def record(
        self,
        every: Sequence[Log],
        changed: Mapping[int, Frontier],
        now: int,
        last: Published | None,
    ) -> tuple[EpochRecord, list[str]]:
        """Put heads into the tree, and write what the super-log is to say about them.

        Args:
            every: All logs.
            changed: By slot, the frontiers of those that grew.
            now: Microseconds since 1970-01-01T00:00:00Z.
            last: The super-checkpoint that was published last.

        Returns:
            The epoch's record; and the records of new logs with it, as text.
        """
        new_logs = [log for log in every if log.slot >= self._tree.slots]
        told = {log.slot: log for log in every if log.slot in changed}
        told.update({log.slot: log for log in new_logs})
        self._tree.update({slot: self._describe(log, changed) for slot, log in told.items()})
        record = EpochRecord(
            epoch=self._next_epoch,
            time_s=now // _SECOND,
            slots=self._tree.slots,
            root=self._tree.root(),
            previous=named(last),
        )
        return record, [*(self._registry(log) for log in new_logs), record.format()]

    def follow(self, changed: Mapping[int, Frontier], slot: int, size: int) -> None:
        """Go on from an epoch that was published, by a super-log of so many records."""
        self._heads.update(changed)
        self.slot, self.size = slot, size
        self._next_epoch += 1

    def _describe(self, log: Log, changed: Mapping[int, Frontier]) -> tuple[str, int, bytes]:
        frontier = changed.get(log.slot, _NOTHING)
        return self._logs.origin(log), frontier.size, frontier.root()

    def _registry(self, log: Log) -> str:
        origin_hash = sha256(self._logs.origin(log).encode()).digest()
        return RegistryRecord(log.slot, origin_hash).format()


def named(last: Published | None) -> bytes:
    """Return how a record names the checkpoint that was published last: SHA-256 of its note."""
    return sha256(last.note.encode()).digest() if last else bytes(32)
