"""Reading the super-log on from where it was read last."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from tallystick.errors import MalformedError, NotFoundError, VerificationError
from tallystick.tlog.hashing import leaf_hash, node_hash
from tallystick.tlog.proof import inclusion_proof
from tallystick.tlog.tile import TILE_WIDTH
from tallystick.tlog.tlog_proof import TlogProof
from tallystick.tlog.tree import Frontier
from tallystick.verify.records import EPOCH, EpochRecord
from tallystick.watch.alarm import Alarm, AlarmError, Kind, Subject
from tallystick.watch.believing import SignedCheckpoint
from tallystick.watch.evidence import ProvenRecord
from tallystick.watch.extension import compare_sizes, disagreement, unproven
from tallystick.watch.tiles import TiledLog, frontier_of

_LENGTH_BYTES: Final = 2
"""In an entry bundle, before each entry."""


class Place(NamedTuple):
    """An epoch record and its index in the super-log."""

    record_index: int
    record: EpochRecord


@dataclass(frozen=True, slots=True)
class Edge:
    """Where a reading of the super-log ended, and the next one begins.

    Attributes:
        frontier: Of the super-log at that size.
        tail_bytes: How many bytes of the last, unfinished entry bundle were read: the next
            reading asks for those behind them.
    """

    frontier: Frontier
    tail_bytes: int = 0

    @property
    def size(self) -> int:
        """Number of records read."""
        return self.frontier.size

    def extend(self, records: Sequence[bytes]) -> "Edge":
        """Return the edge behind further records."""
        frontier = self.frontier.extend([leaf_hash(data) for data in records])
        start = frontier.size - frontier.size % TILE_WIDTH
        tail = records[max(start - self.size, 0) :]
        known = self.tail_bytes if start <= self.size else 0
        return Edge(frontier, known + sum(_LENGTH_BYTES + len(data) for data in tail))


@dataclass(frozen=True, slots=True)
class Reading:
    """The records behind a size that was known, under a checkpoint that extends it.

    Attributes:
        signed: The checkpoint.
        start: Where the records begin.
        records: The records.
        end: Where they end: at the checkpoint's size, with its root.
    """

    signed: SignedCheckpoint
    start: Edge
    records: Sequence[bytes]
    end: Edge
    _nodes: dict[tuple[int, int], bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        at = 0
        frontier = self.start.frontier
        for level, node in zip(_levels(frontier.size), frontier.hashes, strict=True):
            self._nodes[level, at >> level] = node
            at += 1 << level

    def epochs(self) -> Iterator[Place]:
        """Yield the new epoch records; other kinds are passed over.

        Raises:
            AlarmError: One cannot be read.
        """
        for index, data in enumerate(self.records, self.start.size):
            if data.startswith(f"{EPOCH}\n".encode()):
                yield Place(index, _epoch_record(index, data))

    def first_epoch(self) -> ProvenRecord:
        """Prove the first of the new epoch records; raises as :meth:`newest_epoch`."""
        return self._an_epoch(0)

    def newest_epoch(self) -> ProvenRecord:
        """Prove the last of the new epoch records.

        Raises:
            AlarmError: There is none.
        """
        return self._an_epoch(-1)

    def _an_epoch(self, at: int) -> ProvenRecord:
        places = list(self.epochs())
        if not places:
            text = f"the records of {self.signed.checkpoint.origin} hold no epoch, want one"
            raise AlarmError(Alarm(Kind.UNPROVEN, Subject.SUPER_LOG, text))
        return self.prove(places[at])

    def prove(self, place: Place) -> ProvenRecord:
        """Prove one of the new records under the checkpoint, from what was read."""
        path = inclusion_proof(place.record_index, self.end.size, self._subtrees)
        return ProvenRecord(
            place.record, TlogProof(place.record_index, tuple(path), self.signed.text)
        )

    def _subtrees(self, wanted: Sequence[tuple[int, int]]) -> list[bytes]:
        return [self._subtree(level, index) for level, index in wanted]

    def _subtree(self, level: int, index: int) -> bytes:
        node = self._nodes.get((level, index))
        if node is None and level == 0:
            node = self._nodes[level, index] = leaf_hash(self.records[index - self.start.size])
        elif node is None:
            left = self._subtree(level - 1, 2 * index)
            node = node_hash(left, self._subtree(level - 1, 2 * index + 1))
            self._nodes[level, index] = node
        return node


def read_on(log: TiledLog, old: SignedCheckpoint, start: Edge, new: SignedCheckpoint) -> Reading:
    """Read all records between two checkpoints, hashing them from the one to the other.

    Args:
        log: The super-log.
        old: The checkpoint that was believed before.
        start: The edge at its size.
        new: Another signed checkpoint.

    Raises:
        AlarmError: The new one does not extend the old one, or the log does not show that.
        NoAnswerError: The log does not answer.
    """
    compare_sizes(old, new)
    if new.checkpoint == old.checkpoint:
        return Reading(new, start, (), start)
    try:
        return _reading(log, start, new)
    except (MalformedError, NotFoundError, VerificationError):
        pass  # perhaps only something between us that knows no ranges
    try:
        return _reading(log, Edge(start.frontier), new)
    except (MalformedError, NotFoundError, VerificationError) as error:
        raise AlarmError(disagreement(log, old, new, str(error))) from None


def read_first(log: TiledLog, new: SignedCheckpoint) -> Reading:
    """Begin with a checkpoint: believe it, and read the last records before it.

    Raises:
        AlarmError: The log does not show what its checkpoint commits to.
        NoAnswerError: The log does not answer.
    """
    size = new.checkpoint.size
    try:
        start = max(size - 1, 0) // TILE_WIDTH * TILE_WIDTH
        return _reading(log, Edge(frontier_of(start, log.hashes(size))), new)
    except (MalformedError, NotFoundError, VerificationError) as error:
        raise AlarmError(unproven(new, str(error))) from None


def read_whole(log: TiledLog, new: SignedCheckpoint) -> Reading:
    """Read a super-log from its first record on, such as one that follows another.

    Raises:
        AlarmError: The log does not show what its checkpoint commits to.
        NoAnswerError: The log does not answer.
    """
    try:
        return _reading(log, Edge(Frontier()), new)
    except (MalformedError, NotFoundError, VerificationError) as error:
        raise AlarmError(unproven(new, str(error))) from None


def _reading(log: TiledLog, start: Edge, new: SignedCheckpoint) -> Reading:
    size, root = new.checkpoint.size, new.checkpoint.root
    start, records = _rest_of_bundle(log, start, size)
    for first in range(start.size + len(records), size, TILE_WIDTH):
        records += log.entries(first // TILE_WIDTH, min(TILE_WIDTH, size - first))
    end = start.extend(records)
    if end.frontier.root() != root:
        raise VerificationError(
            f"records lead to root {end.frontier.root().hex()}, want {root.hex()}"
        )
    return Reading(new, start, records, end)


def _rest_of_bundle(log: TiledLog, start: Edge, size: int) -> tuple[Edge, list[bytes]]:
    """Read what is new in a bundle that was begun."""
    index, known = divmod(start.size, TILE_WIDTH)
    width = min(TILE_WIDTH, size - index * TILE_WIDTH)
    if not known:
        return start, []
    if start.tail_bytes:
        return start, log.entries(index, width, known=known, skipped=start.tail_bytes)
    entries = log.entries(index, width)
    tail_bytes = sum(_LENGTH_BYTES + len(data) for data in entries[:known])
    return Edge(start.frontier, tail_bytes), entries[known:]


def _epoch_record(index: int, data: bytes) -> EpochRecord:
    try:
        return EpochRecord.parse(data.decode())
    except (MalformedError, UnicodeDecodeError) as error:
        text = f"record {index:,} of the super-log: {error}"
        evidence = {f"record-{index}.txt": data}
        raise AlarmError(Alarm(Kind.UNPROVEN, Subject.SUPER_LOG, text, evidence=evidence)) from None


def _levels(size: int) -> list[int]:
    """The levels of the complete subtrees of a tree, largest first."""
    return [level for level in reversed(range(size.bit_length())) if size >> level & 1]
