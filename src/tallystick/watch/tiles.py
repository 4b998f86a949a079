"""A log's tiles and entry bundles, fetched from a site (c2sp.org/tlog-tiles)."""

from collections.abc import Sequence
from typing import Final

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.hashing import HASH_SIZE
from tallystick.tlog.tile import TILE_WIDTH, Tile, TileHashes, decode_bundle, entries_path
from tallystick.tlog.tree import Frontier
from tallystick.watch.http import Site

_MAX_TILE: Final = TILE_WIDTH * HASH_SIZE


class TiledLog:
    """One log as a site serves it; nothing of it is believed.

    Args:
        site: Where it is served.
        prefix: Path of the log there, such as ``/v1/super``.
    """

    def __init__(self, site: Site, prefix: str) -> None:
        self.site = site
        self.prefix = prefix

    def checkpoint(self) -> bytes:
        """Fetch the newest checkpoint's note; errors are those of :meth:`Site.get`."""
        return self.site.get(f"{self.prefix}/checkpoint", limit=1_000_000)

    def tile(self, tile: Tile) -> bytes:
        """Fetch a tile.

        Raises:
            VerificationError: It has not the length of its width.
            TallystickError: As :meth:`Site.get`.
        """
        data = self.site.get(f"{self.prefix}/{tile.path()}", limit=_MAX_TILE)
        if len(data) != tile.width * HASH_SIZE:
            raise VerificationError(
                f"{tile.path()}: {len(data)} bytes, want {tile.width * HASH_SIZE}"
            )
        return data

    def entries(self, index: int, width: int, *, known: int = 0, skipped: int = 0) -> list[bytes]:
        """Fetch an entry bundle, or what stands behind the entries that are known of it.

        Args:
            index: Of the bundle.
            width: Number of its entries.
            known: How many of them are known and left out.
            skipped: The bytes that those take.

        Raises:
            MalformedError: There are not as many entries as there should be.
            TallystickError: As :meth:`Site.get`.
        """
        path = entries_path(index, width)
        entries = decode_bundle(self.site.get(f"{self.prefix}/{path}", skipped=skipped))
        if len(entries) != width - known:
            raise MalformedError(f"{path}: {len(entries)} entries, want {width - known}")
        return entries

    def hashes(self, size: int) -> TileHashes:
        """Return a reader of the tree of ``size`` entries; each tile is fetched once."""
        known: dict[Tile, bytes] = {}

        def fetch(wanted: Sequence[Tile]) -> list[bytes]:
            for tile in wanted:
                if tile not in known:
                    known[tile] = self.tile(tile)
            return [known[tile] for tile in wanted]

        return TileHashes(fetch, size)


def frontier_of(size: int, read: TileHashes) -> Frontier:
    """Read the right edge of the tree of ``size`` entries; as true as what was read."""
    subtrees: list[tuple[int, int]] = []
    start = 0
    for level in reversed(range(size.bit_length())):
        if size >> level & 1:
            subtrees.append((level, start >> level))
            start += 1 << level
    return Frontier(size, tuple(read(subtrees)) if subtrees else ())
