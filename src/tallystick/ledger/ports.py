"""What the ledger asks of the outside world, told as promises that a driver must keep.

A driver is held to these promises by the contract suite in ``tests/ports``, which runs unchanged
against every driver. Times are integers: microseconds since 1970-01-01T00:00:00Z.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, NewType, Protocol

SUPER_SLOT = 1 << 22
"""Where the first super-log is kept, above every slot that a tenant's log can have; each that
follows it stands at the next slot."""

Query = NewType("Query", str)
"""One SQL statement with ``:name`` parameters, written in the subset that every driver speaks."""

Value = bytes | str | int | None
Row = tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Log:
    """One Merkle tree: a tenant's stream, at its permanent slot."""

    slot: int
    hex: str
    tenant: int
    stream: str


class Head(NamedTuple):
    """The state of a log: what its next commit must extend.

    ``frontier`` holds the roots of the complete subtrees, largest first, 32 bytes each;
    ``received_at`` is the time of the last entry, which the next one may not precede.
    """

    size: int
    root: bytes
    frontier: bytes
    received_at: int


class Entry(NamedTuple):
    """One entry with what lies beside it.

    ``leaf`` is None once the entry is pruned, ``disclosure`` is None when nothing was sealed or
    everything is scrubbed; ``leaf_hash`` (32 bytes) and ``event_id`` (16 bytes) stay for ever.
    """

    index: int  # type: ignore[assignment]  # hides tuple.index()
    event_id: bytes
    leaf: bytes | None
    leaf_hash: bytes
    disclosure: bytes | None


class FullTile(NamedTuple):
    """What is kept of a tile that has all its 256 hashes: their checksums, and the root over them.

    The hashes themselves stand where they come from: on level 0 they are the leaf hashes of 256
    entries, above it the roots of 256 full tiles one level down. ``checksums`` (1,024
    bytes) are those of :func:`tallystick.tlog.tile.tile_checksums`, ``root`` has 32 bytes.
    """

    level: int
    index: int  # type: ignore[assignment]  # hides tuple.index()
    checksums: bytes
    root: bytes


class Place(NamedTuple):
    """Where an event stands: the slot of its log, and its index there."""

    slot: int
    index: int  # type: ignore[assignment]  # hides tuple.index()


class Extent(NamedTuple):
    """A journal row: commit ``seq`` appended ``[start, end)`` to the log at ``slot``."""

    seq: int
    slot: int
    start: int
    end: int


class Listed(NamedTuple):
    """One erasure in the list that stands apart from the store: names, and no people.

    ``names`` are those of the erasure entry, in hex: refs of subjects (32 digits), and refs of
    blocks with the id of an event (64). ``erased_after`` is the size of the super-log that was
    published last before.
    """

    tenant: int
    logs: Sequence[str]
    names: Sequence[str]
    erased_after: int


class Snapshot(Protocol):
    """One consistent view of the store; it never sees half a commit."""

    def head(self, slot: int) -> Head:
        """Return the log's head; a log without entries has size 0 and the empty root."""
        ...

    def entries(self, slot: int, start: int, end: int) -> Iterator[Entry]:
        """Yield the entries of ``[start, end)`` that exist, in order of index, streaming."""
        ...

    def leaf_hashes(self, slot: int, start: int, end: int) -> list[bytes]:
        """Return the leaf hashes of ``[start, end)`` that exist, in order of index."""
        ...

    def tiles(self, slot: int, level: int, start: int, end: int) -> list[FullTile]:
        """Return the full tiles ``[start, end)`` of ``level`` that exist, in order."""
        ...

    def tile_roots(self, slot: int, level: int, start: int, end: int) -> list[bytes]:
        """Return the roots of the full tiles ``[start, end)`` of ``level`` that exist, in order."""
        ...

    def find(self, tenant: int, event_ids: Sequence[bytes]) -> dict[bytes, Place]:
        """Say where the tenant's events with these ids stand; unknown ids are left out."""
        ...

    def journal(self, after: int, limit: int) -> list[Extent]:
        """Return up to ``limit`` journal rows with ``seq`` > ``after``, in order of ``seq``."""
        ...

    def rows(self, query: Query, **parameters: Value | tuple[bytes, ...]) -> list[Row]:
        """Run a reading query of the room that owns the table, and return all its rows.

        A tuple is bound as an array: ``unnest(:name) AS value`` makes a table of it.
        """
        ...


class Transaction(Snapshot, Protocol):
    """The one writer's view: sees its own writes; all of it happens, or none."""

    def append(
        self, log: Log, entries: Sequence[Entry], head: Head, tiles: Sequence[FullTile]
    ) -> None:
        """Add entries, finished tiles, the new head and the journal row together.

        ``entries`` stand at consecutive indexes from the log's size, ``head`` is the head after
        them, and ``tiles`` are those that become full by them.

        Raises:
            ConflictError: One of the event ids exists in the tenant already, or the log's size
                is another than the first index. The transaction is then spoilt: leave the
                ``with`` block by the error.
        """
        ...

    def scrub(self, slot: int, index: int, disclosure: bytes | None) -> None:
        """Replace the disclosure of one entry; the old bytes are overwritten, not unlinked."""
        ...

    def execute(self, query: Query, rows: Sequence[Mapping[str, Value]]) -> None:
        """Run a writing query of the room that owns the table, once for each row."""
        ...


class Store(Protocol):
    """Where entries, heads, tiles, journal and the rooms' own tables live."""

    def write(self) -> AbstractContextManager[Transaction]:
        """Open the one write transaction; writers queue, across threads and processes.

        When the block ends without an exception, everything is on disk and survives loss of
        power; when it ends by one, nothing has changed.

        Raises:
            PushbackError: The store can't take writes just now (disk full, locked too long).
        """
        ...

    def read(self) -> AbstractContextManager[Snapshot]:
        """Open a snapshot of everything committed so far; it blocks no writer."""
        ...

    def compact(self) -> None:
        """Bring the files into the form in which overwritten and deleted bytes are gone."""
        ...

    def close(self) -> None:
        """Release files and locks; a closed store is not used again."""
        ...


class KeyKeeper(Protocol):
    """Who holds the deployment's own keys; a file, or a key management service."""

    def wrap(self, key: bytes, context: bytes) -> bytes:
        """Encrypt a 32-byte key under the current epoch key, bound to ``context``."""
        ...

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """Undo :meth:`wrap`.

        Raises:
            VerificationError: ``wrapped`` belongs to another context, was changed, or its epoch
                key has been destroyed.
        """
        ...

    def is_current(self, wrapped: bytes) -> bool:
        """Whether ``wrapped`` is under the current epoch key."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign with the super-log's Ed25519 key: 64 bytes."""
        ...

    @property
    def public_key(self) -> bytes:
        """The super-log's Ed25519 public key: 32 bytes."""
        ...

    @property
    def next_public_key(self) -> bytes | None:
        """The public key that is to follow, or None where none was drawn."""
        ...

    def adopt(self, public_key: bytes) -> None:
        """Sign with the next key from now on; when it returns, the old one is destroyed.

        Does nothing where ``public_key`` signs already.

        Raises:
            NotFoundError: ``public_key`` is not that of the next key.
        """
        ...


class Clock(Protocol):
    """The time of day."""

    def now(self) -> int:
        """Microseconds since 1970-01-01T00:00:00Z."""
        ...


class Entropy(Protocol):
    """Chance from the operating system."""

    def draw(self, size: int) -> bytes:
        """Return ``size`` bytes that nobody can foresee."""
        ...


class Lock(Protocol):
    """The one mutable cell outside the store: the last super-checkpoint that was signed.

    It stands on another disk or host where possible, so that a store that was rolled back is
    noticed at the next start.
    """

    def fetch(self) -> str | None:
        """Return the last note put here, or None before the first."""
        ...

    def replace(self, old: str | None, new: str) -> None:
        """Swap ``old`` for ``new`` durably.

        Raises:
            ConflictError: What stands there is not ``old``: another publisher is at work.
            PushbackError: It can't be written just now; ``old`` still stands there.
        """
        ...


class WitnessAnswer(NamedTuple):
    """What one witness answered, as it came: nothing in it is verified.

    ``lines`` holds signature lines, ``newest`` the note of the newest checkpoint of our log that
    the witness has; each is empty where there was none, and ``problem`` then says why, or is
    empty where there is nothing to say.
    """

    name: str
    lines: str = ""
    newest: str = ""
    problem: str = ""


class Witnesses(Protocol):
    """Those who vouch that the super-log only grows (c2sp.org/tlog-witness)."""

    def cosign(
        self, note: str, size: int, prove: Callable[[int], Sequence[bytes]]
    ) -> list[WitnessAnswer]:
        """Show a signed checkpoint of ``size`` records to all witnesses at once.

        ``prove`` makes the consistency proof from an older size, and may be called from several
        threads. Returns one answer a witness, within the driver's deadline whatever a witness
        does. A witness that has seen more records, or others, answers with ``newest``.
        """
        ...

    def newest(self, origin: str) -> list[WitnessAnswer]:
        """Ask all witnesses at once for their newest checkpoint of a log, within the deadline."""
        ...


class ErasureList(Protocol):
    """What was erased, kept where a copy of the store that is put back does not replace it."""

    def exists(self) -> bool:
        """Whether it was ever appended to, if only nothing."""
        ...

    def append(self, lines: Sequence[Listed]) -> None:
        """Add to the end; when it returns, the lines are on disk.

        Raises:
            PushbackError: It can't be written just now; the list is as it was.
        """
        ...

    def read(self) -> Iterator[Listed]:
        """Yield everything in the order in which it was appended.

        Raises:
            VerificationError: A line was changed, put in or taken out.
        """
        ...
