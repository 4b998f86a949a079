"""Reads the ledger: entries opened as far as their keys live, and what proves them.

What is served here comes from the store's rows alone; the proofs made of them are worth what the
checkpoint is worth that they lead to.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from threading import Lock as ThreadLock

from tallystick.errors import ErasedError, NotFoundError, VerificationError
from tallystick.ledger.log_opener import LogOpener, log_opener
from tallystick.ledger.logs import Logs
from tallystick.ledger.opening import Opened
from tallystick.ledger.ports import Entropy, Entry, KeyKeeper, Log, Place, Snapshot, Store
from tallystick.ledger.subjects import TenantSubjects
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.proof import consistency_proof, inclusion_proof
from tallystick.tlog.tile import TILE_WIDTH, Tile, TileHashes, encode_bundle


class Reader:
    """The reading side of the ledger.

    Args:
        store: Where entries lie.
        logs: The directory of logs.
        keeper: Unwraps tenant keys.
        entropy: For the subjects that a reader never mints.
    """

    def __init__(self, store: Store, logs: Logs, keeper: KeyKeeper, entropy: Entropy) -> None:
        self.store = store
        self.logs = logs
        self._keeper = keeper
        self._entropy = entropy
        self._subjects: dict[int, TenantSubjects] = {}
        self._mutex = ThreadLock()

    def subjects(self, tenant: int) -> TenantSubjects:
        """Return this process's view of a tenant's subjects."""
        with self._mutex:
            known = self._subjects.get(tenant)
            if known is None:
                known = TenantSubjects(tenant, self._keeper, self._entropy)
                self._subjects[tenant] = known
            return known

    def entry(self, snapshot: Snapshot, log: Log, index: int) -> Entry:
        """Return one entry.

        Raises:
            NotFoundError: The log has no such index.
            VerificationError: Its row is gone, or its bytes have another leaf hash.
        """
        size = snapshot.head(log.slot).size
        if not 0 <= index < size:
            raise NotFoundError(f"entry {index:,}: log {log.hex} has {size:,}")
        for entry in snapshot.entries(log.slot, index, index + 1):
            if entry.leaf is not None and leaf_hash(entry.leaf) != entry.leaf_hash:
                raise VerificationError(
                    f"entry {index:,} of {log.hex}: leaf hash {leaf_hash(entry.leaf).hex()},"
                    f" want {entry.leaf_hash.hex()}"
                )
            return entry
        raise VerificationError(f"entry {index:,} of {log.hex}: its row is gone")

    def open_at(self, snapshot: Snapshot, place: Place) -> tuple[Log, bytes, Opened]:
        """Open the entry at a place; return its log and leaf hash with it.

        Raises:
            ErasedError: The entry is pruned.
            VerificationError: A value can't be opened, and no erasure explains it.
        """
        log = self.logs.at(snapshot, place.slot)
        entry = self.entry(snapshot, log, place.index)
        return log, entry.leaf_hash, self.open(snapshot, log, entry)

    def open(self, snapshot: Snapshot, log: Log, entry: Entry) -> Opened:
        """Open an entry, and refuse to call erased what nobody erased."""
        with self.opener(snapshot, log) as opener:
            return opener.open(entry)

    def opener(self, snapshot: Snapshot, log: Log) -> AbstractContextManager[LogOpener]:
        """Lend what opens many entries of a log; see :func:`~.log_opener.log_opener`."""
        return log_opener(snapshot, log, self.logs.origin(log), self.subjects(log.tenant))

    def find(self, snapshot: Snapshot, tenants: Sequence[int], event_id: bytes) -> Place:
        """Say where an event stands, in the logs of the given tenants.

        Raises:
            NotFoundError: In none of them.
        """
        for tenant in tenants:
            place = snapshot.find(tenant, [event_id]).get(event_id)
            if place is not None:
                return place
        raise NotFoundError("event: not in the logs that this credential can read")

    def tiles(self, snapshot: Snapshot, slot: int, wanted: Sequence[Tile]) -> list[bytes]:
        """Return tiles as C2SP tlog-tiles serves them: 32 bytes a hash.

        Raises:
            NotFoundError: The tree is smaller than such a tile needs.
        """
        return [_tile(snapshot, slot, tile) for tile in wanted]

    def bundle(self, snapshot: Snapshot, slot: int, index: int, width: int) -> bytes:
        """Return an entry bundle: ``width`` entries from 256 * ``index`` on.

        Raises:
            NotFoundError: The tree has fewer entries.
            ErasedError: One of them is pruned.
        """
        start = index * TILE_WIDTH
        leaves: list[bytes] = []
        for entry in snapshot.entries(slot, start, start + width):
            if entry.leaf is None:
                raise ErasedError(f"entry {entry.index:,}: pruned, its hash remains")
            leaves.append(entry.leaf)
        if len(leaves) != width:
            raise NotFoundError(f"entry bundle {index:,}: {len(leaves)} entries, want {width}")
        return encode_bundle(leaves)

    def inclusion(self, snapshot: Snapshot, slot: int, index: int, size: int) -> list[bytes]:
        """Prove that entry ``index`` is in the tree of the first ``size`` entries."""
        return inclusion_proof(index, size, self.hashes(snapshot, slot, size))

    def consistency(self, snapshot: Snapshot, slot: int, old: int, new: int) -> list[bytes]:
        """Prove that the tree of ``new`` entries extends that of ``old``."""
        return consistency_proof(old, new, self.hashes(snapshot, slot, new))

    def hashes(self, snapshot: Snapshot, slot: int, size: int) -> TileHashes:
        """Return the hashes of a log's tree of ``size`` entries, read from its tiles."""
        return tile_hashes(snapshot, slot, size)


def tile_hashes(snapshot: Snapshot, slot: int, size: int) -> TileHashes:
    """Return the hashes of a log's tree of ``size`` entries, read from its tiles."""
    return TileHashes(lambda wanted: [_tile(snapshot, slot, tile) for tile in wanted], size)


def read_forward(
    snapshot: Snapshot, slot: int, start: int, end: int, page: int = 1_000
) -> Iterator[Entry]:
    """Yield entries of ``[start, end)`` a page at a time, and stop at the first gap.

    Raises:
        VerificationError: A row is missing.
    """
    want = start
    for first in range(start, end, page):
        for entry in snapshot.entries(slot, first, min(first + page, end)):
            if entry.index != want:
                raise VerificationError(f"entry {want:,}: its row is gone")
            want += 1
            yield entry
    if want != end:
        raise VerificationError(f"entry {want:,}: its row is gone")


def _tile(snapshot: Snapshot, slot: int, tile: Tile) -> bytes:
    start = tile.index * TILE_WIDTH
    end = start + tile.width
    hashes = (
        snapshot.leaf_hashes(slot, start, end)
        if tile.level == 0
        else snapshot.tile_roots(slot, tile.level - 1, start, end)
    )
    if len(hashes) != tile.width:
        raise NotFoundError(f"{tile.path()}: not in this tree")
    return b"".join(hashes)
