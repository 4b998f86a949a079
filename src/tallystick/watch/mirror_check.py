"""Check a mirror's folder from its entries up to its checkpoint: ``fsck`` for strangers.

Nothing is believed but a pinned key: leaf hashes come from the bundles, tiles and root from leaf
hashes. What was checked is written down from time to time, so that a check of many million
entries goes on where it was stopped.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tallystick.errors import MalformedError
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.hashing import HASH_SIZE, leaf_hash
from tallystick.tlog.proof import tree_root
from tallystick.tlog.spelling import decode_base64, encode_base64
from tallystick.tlog.tile import TILE_WIDTH, Tile, TileHashes, decode_bundle, entries_path
from tallystick.tlog.tree import split_hashes, subtree_root
from tallystick.verify import strict_json
from tallystick.verify.fsck import Finding, Verdict
from tallystick.verify.received import ReceivedCheck
from tallystick.verify.records import slot_of
from tallystick.watch.durably import write_durably
from tallystick.watch.mirror_folder import MirrorFolder

JOURNAL: Final = ".fsck"
_WRITE_EVERY: Final = 256
_MOST_FINDINGS: Final = 1_000

Progress = Callable[[int, int], None]
"""(entries checked, in all)"""


@dataclass(slots=True)
class MirrorCheck:
    """Checks one folder.

    Attributes:
        folder: The folder.
        checkpoint: What it claims to hold.
        progress: Told of entries.
        findings: What is not as it must be.
        resumed: The entry at which an earlier check was taken up.
    """

    folder: MirrorFolder
    checkpoint: Checkpoint
    progress: Progress = lambda _done, _total: None
    findings: list[Finding] = field(default_factory=list)
    resumed: int = 0
    _next: int = 0
    _rows: list[list[bytes]] = field(default_factory=lambda: [[]])
    _received: ReceivedCheck | None = None

    def __post_init__(self) -> None:
        # A copy has no epochs: only the order of the times can be checked.
        if _is_tenants(self.checkpoint.origin):
            self._received = ReceivedCheck(self.checkpoint.origin)

    def run(self) -> list[Finding]:
        """Check everything, and return what was found."""
        self._take_up()
        size = self.checkpoint.size
        for index in range(self._next, -(-size // TILE_WIDTH)):
            self.progress(index * TILE_WIDTH, size)
            self._bundle(index, min(TILE_WIDTH, size - index * TILE_WIDTH))
            self._next = index + 1
            if self._next % _WRITE_EVERY == 0:
                self._write_down()
        self.progress(size, size)
        self._top()
        (self.folder.path / JOURNAL).unlink(missing_ok=True)
        return self.findings

    def _bundle(self, index: int, width: int) -> None:
        tile = self._tile(Tile(0, index, width))
        known = () if tile is None else split_hashes(tile)
        hashes = self._leaves(index, width)
        if hashes and known and hashes != known:
            at = _first_difference(hashes, known)
            what = f"{entries_path(index, width)}: not what its tile has"
            self._object(Verdict.TAMPERED, index * TILE_WIDTH + at, what)
        row = self._likelier(index, hashes, known) or (bytes(HASH_SIZE),) * width
        if width == TILE_WIDTH:
            self._rise(1, subtree_root(row))
        else:
            self._rows[0] = [*row]

    def _leaves(self, index: int, width: int) -> tuple[bytes, ...]:
        """Hash the entries of a bundle; none where it is not whole."""
        path = entries_path(index, width)
        data = self.folder.read(path)
        try:
            entries = decode_bundle(data or b"")
        except MalformedError:
            entries = []
        if len(entries) == width:
            self._follow_times(index * TILE_WIDTH, entries)
            return tuple(map(leaf_hash, entries))
        told = "not there" if data is None else f"{len(entries)} entries in {len(data):,} bytes"
        self._object(Verdict.INCOMPLETE, index * TILE_WIDTH, f"{path}: {told}, want {width}")
        return ()

    def _follow_times(self, first: int, entries: Sequence[bytes]) -> None:
        if self._received is not None:
            for index, entry in enumerate(entries, first):
                for it in self._received.feed(index, entry):
                    self._object(it.verdict, it.index, it.what)

    def _likelier(
        self, index: int, hashes: tuple[bytes, ...], known: tuple[bytes, ...]
    ) -> tuple[bytes, ...]:
        """Go on with what the tile above agrees with, so that one change is blamed once.

        Whichever it is, it has to lead to the signed root in the end.
        """
        if not hashes or not known or hashes == known or len(known) < TILE_WIDTH:
            return hashes or known
        above, at = divmod(index, TILE_WIDTH)
        count = min(self.checkpoint.size // TILE_WIDTH - above * TILE_WIDTH, TILE_WIDTH)
        data = self.folder.read(Tile(1, above, count).path()) or b""
        said = data[at * HASH_SIZE : (at + 1) * HASH_SIZE]
        return known if said == subtree_root(known) else hashes

    def _rise(self, level: int, node: bytes) -> None:
        """Take the root of a full tile as one hash of the tile above."""
        if level == len(self._rows):
            self._rows.append([])
        row = self._rows[level]
        row.append(node)
        if len(row) == TILE_WIDTH:
            count = (self._next * TILE_WIDTH + TILE_WIDTH) >> 8 * level
            self._compare(Tile(level, count // TILE_WIDTH - 1), row)
            self._rows[level] = []
            self._rise(level + 1, subtree_root(row))

    def _compare(self, tile: Tile, row: Sequence[bytes]) -> None:
        data = self._tile(tile)
        if data is not None and data != b"".join(row):
            at = _first_difference(row, split_hashes(data))
            first = (tile.index * TILE_WIDTH + at) * TILE_WIDTH**tile.level
            self._object(Verdict.TAMPERED, first, f"{tile.path()}: not what the entries give")

    def _top(self) -> None:
        """Compare the partial tiles above, and the root."""
        size = self.checkpoint.size
        for level, row in enumerate(self._rows):
            if level and row:
                self._compare(Tile(level, (size >> 8 * level) // TILE_WIDTH, len(row)), row)

        def fetch(wanted: Sequence[Tile]) -> list[bytes]:
            return [b"".join(self._rows[tile.level]) for tile in wanted]

        root, want = tree_root(size, TileHashes(fetch, size)), self.checkpoint.root
        if root != want:
            what = f"entries lead to root {root.hex()}, checkpoint has {want.hex()}"
            self._object(Verdict.TAMPERED, None, what)

    def _tile(self, tile: Tile) -> bytes | None:
        data = self.folder.read(tile.path())
        if data is not None and len(data) == tile.width * HASH_SIZE:
            return data
        told = "not there" if data is None else f"{len(data):,} bytes"
        first = tile.index * TILE_WIDTH ** (tile.level + 1)
        want = f"{tile.path()}: {told}, want {tile.width * HASH_SIZE:,}"
        self._object(Verdict.INCOMPLETE, first, want)
        return None

    def _object(self, verdict: Verdict, index: int | None, what: str) -> None:
        if len(self.findings) < _MOST_FINDINGS:
            self.findings.append(Finding(verdict, self.checkpoint.origin, index, what))

    def _write_down(self) -> None:
        members: dict[str, object] = {
            "checkpoint": self.checkpoint.format(),
            "next": self._next,
            "rows": [[encode_base64(node) for node in row] for row in self._rows],
            "received": self._received.last if self._received else 0,
            "findings": [
                [str(it.verdict), -1 if it.index is None else it.index, it.what]
                for it in self.findings
            ],
        }
        write_durably(self.folder.path / JOURNAL, strict_json.write(members))

    def _take_up(self) -> None:
        """Go on where a check of this very checkpoint was stopped; else begin anew."""
        data = self.folder.read(JOURNAL)
        if data is None:
            return
        try:
            members = strict_json.read(data, JOURNAL)
        except MalformedError:
            return
        match members:
            case {
                "checkpoint": text,
                "next": int() as bundle,
                "rows": [*rows],
                "findings": [*found],
                **others,
            }:
                if (
                    text == self.checkpoint.format()
                    and 0 <= bundle * TILE_WIDTH <= self.checkpoint.size
                ):
                    self._rows = [[decode_base64("row", node) for node in row] for row in rows]
                    self.findings = [*_findings(found, self.checkpoint.origin)]
                    self._next = bundle
                    self._resume_times(others.get("received"))
                    self.resumed = bundle * TILE_WIDTH

    def _resume_times(self, last: object) -> None:
        if self._received is not None and isinstance(last, int):
            self._received.last = last


def _is_tenants(origin: str) -> bool:
    """Whether the entries of a log are events, and no records of a super-log."""
    try:
        return slot_of(origin) >= 0
    except MalformedError:
        return False


def _findings(found: Sequence[object], origin: str) -> Iterator[Finding]:
    for item in found:
        match item:
            case [str() as verdict, int() as index, str() as what]:
                yield Finding(Verdict(verdict), origin, None if index < 0 else index, what)


def _first_difference(ours: Sequence[bytes], theirs: Sequence[bytes]) -> int:
    pairs = zip(ours, theirs, strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), 0)
