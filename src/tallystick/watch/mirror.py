"""A mirror: a copy of a log in which nothing is kept that does not verify.

The order is from the signed root downwards: the partial tiles lead to the root, each full tile
to a hash of the tile above it, each entry bundle to the hashes of its tile. So each file is
checked before it is written, whoever served it, and an interrupted copy goes on where it was.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tallystick.errors import ConflictError, MalformedError, NotFoundError, VerificationError
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.proof import tree_root
from tallystick.tlog.tile import (
    TILE_WIDTH,
    Tile,
    TileHashes,
    decode_bundle,
    entries_path,
    full_tiles,
    tile_exists,
)
from tallystick.tlog.tree import split_hashes, subtree_root
from tallystick.verify.pins import Pins
from tallystick.watch.alarm import AlarmError
from tallystick.watch.believing import SignedCheckpoint, keys_of_log, read_signed
from tallystick.watch.extension import require_extension, unproven
from tallystick.watch.mirror_folder import CHECKPOINT, MirrorFolder, right_edge
from tallystick.watch.tiles import TiledLog

Progress = Callable[[int, int], None]
"""(files in place, in all)"""


def mirrored(folder: MirrorFolder, pins: Pins, *, earlier: bool = False) -> SignedCheckpoint | None:
    """Return the checkpoint that a folder has, or None where it has none yet.

    Args:
        folder: The folder.
        pins: What to believe.
        earlier: Whether it is enough that it was believed when it was copied, by a key that is
            frozen now.

    Raises:
        VerificationError: No pinned key signed it.
    """
    data = folder.read(CHECKPOINT)
    if data is None:
        return None
    try:
        origin = data.partition(b"\n")[0].decode(errors="replace")
        keys = keys_of_log(origin, pins, earlier=earlier)
        return read_signed(data, keys or list(pins.keys))
    except AlarmError as error:
        raise VerificationError(f"{folder.path}: {error.alarm.what}") from None


@dataclass(slots=True)
class Copy:
    """One step of a mirror: from the checkpoint that it has to a newer one.

    Attributes:
        log: Where tiles and bundles come from.
        folder: Where they go.
        new: The checkpoint to reach; signed, and cosigned as pinned.
        progress: Told of files.
    """

    log: TiledLog
    folder: MirrorFolder
    new: SignedCheckpoint
    progress: Progress = lambda _done, _total: None
    _edge: dict[int, bytes] = field(default_factory=dict)

    @property
    def size(self) -> int:
        """Number of entries to reach."""
        return self.new.checkpoint.size

    def make(self, old: SignedCheckpoint | None) -> int:
        """Fetch what is missing, and publish the new checkpoint last.

        Args:
            old: The checkpoint that the folder has, or None.

        Returns:
            The number of entries that are new.

        Raises:
            AlarmError: The new checkpoint does not extend the old one, or the log does not
                show what it signed. The folder's checkpoint stays as it was.
            NoAnswerError: The log does not answer.
            ConflictError: The folder has another log.
        """
        known = 0
        if old is not None:
            if old.checkpoint.origin != self.new.checkpoint.origin:
                raise ConflictError(
                    f"{self.folder.path}: mirrors {old.checkpoint.origin},"
                    f" want {self.new.checkpoint.origin}"
                )
            require_extension(self.log, old, self.new)
            known = old.checkpoint.size
        if known == self.size and old is not None:
            self.folder.publish(self.new.text)
            return 0
        try:
            self._fetch(known)
        except (MalformedError, NotFoundError, VerificationError) as error:
            raise AlarmError(unproven(self.new, str(error), old)) from None
        self.folder.publish(self.new.text)
        self.folder.drop_partial(known, self.size)
        return self.size - known

    def _fetch(self, known: int) -> None:
        self._edge = self._right_edge()
        self.folder.note_sizes(*self.folder.sizes(), known, self.size)
        tiles = [Tile(level, index) for level, index in full_tiles(known, self.size)]
        upper = sorted((tile for tile in tiles if tile.level), key=lambda it: (-it.level, it.index))
        first = known // TILE_WIDTH
        bundles = range(first, -(-self.size // TILE_WIDTH))
        total = len(upper) + len(bundles)
        for done, tile in enumerate(upper):
            self.progress(done, total)
            self._full_tile(tile)
        for done, index in enumerate(bundles, len(upper)):
            self.progress(done, total)
            self._bundle(index)
        for tile in right_edge(self.size):
            self.folder.keep(tile.path(), self._edge[tile.level])
        self.progress(total, total)

    def _right_edge(self) -> dict[int, bytes]:
        """Fetch the partial tiles, which together lead to the root, and to nothing else."""
        found = {tile.level: self.log.tile(tile) for tile in right_edge(self.size)}

        def fetch(wanted: Sequence[Tile]) -> list[bytes]:
            return [found[tile.level] for tile in wanted]

        root, want = tree_root(self.size, TileHashes(fetch, self.size)), self.new.checkpoint.root
        if root != want:
            raise VerificationError(f"tiles: lead to root {root.hex()}, want {want.hex()}")
        return found

    def _full_tile(self, tile: Tile) -> bytes:
        """Put a full tile in place, unless it is there."""
        return self._placed(tile.path(), lambda data: self._is_tile(tile, data))

    def _bundle(self, index: int) -> None:
        """Put the tile of a bundle and then the bundle in place."""
        width = min(TILE_WIDTH, self.size - index * TILE_WIDTH)
        tile = self._full_tile(Tile(0, index)) if width == TILE_WIDTH else self._edge[0]
        hashes = split_hashes(tile)
        self._placed(entries_path(index, width), lambda data: _is_bundle(data, hashes))

    def _is_tile(self, tile: Tile, data: bytes) -> bool:
        return subtree_root(split_hashes(data)) == self._parent(tile)

    def _parent(self, tile: Tile) -> bytes:
        """Return the hash that the tile above has for a full tile."""
        index, at = divmod(tile.index, TILE_WIDTH)
        above = Tile(tile.level + 1, index)
        if tile_exists(above.level, index, TILE_WIDTH, self.size):
            return split_hashes(self._full_tile(above))[at]
        return split_hashes(self._edge[above.level])[at]

    def _placed(self, path: str, fits: Callable[[bytes], bool]) -> bytes:
        known = self.folder.read(path)
        if known is not None and _fits(known, fits):
            return known
        data = self.log.site.get(f"{self.log.prefix}/{path}")
        if not _fits(data, fits):
            raise VerificationError(f"{path}: hashes to something else, want what the tree has")
        self.folder.keep(path, data)
        return data


def _fits(data: bytes, fits: Callable[[bytes], bool]) -> bool:
    try:
        return fits(data)
    except MalformedError:
        return False


def _is_bundle(data: bytes, hashes: Sequence[bytes]) -> bool:
    return tuple(map(leaf_hash, decode_bundle(data))) == tuple(hashes)
