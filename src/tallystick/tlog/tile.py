"""Tiles: a tree cut into files that never change (c2sp.org/tlog-tiles).

A tile of level L holds up to 256 neighbouring hashes of the tree's level 8 · L, 32 bytes each.
Hash i of tile (L, n) is the root of the complete subtree over the entries
[(256 n + i) · 256^L, (256 n + i + 1) · 256^L). A full tile's own root is one hash of a tile one
level up. While a tile is not full, each of its widths is a prefix of every larger one.
"""

import re
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Self
from zlib import crc32

from tallystick.errors import MalformedError, VerificationError
from tallystick.tlog.hashing import HASH_SIZE
from tallystick.tlog.tree import MAX_SIZE, row_root

TILE_WIDTH: Final = 256
TILE_HEIGHT: Final = 8
MAX_LEVEL: Final = 63
CHECKSUM_SIZE: Final = 4
MAX_ENTRY_BYTES: Final = 65_535
"""Longest entry: a bundle writes its length in two bytes."""

_LEVELED: Final = re.compile(r"tile/([0-9]{1,2})/([x0-9/]{3,40})(?:\.p/([0-9]{1,3}))?").fullmatch
_ENTRIES: Final = re.compile(r"tile/entries/([x0-9/]{3,40})(?:\.p/([0-9]{1,3}))?").fullmatch


@dataclass(frozen=True, slots=True)
class Tile:
    """Where a tile stands and how much of it is meant.

    Attributes:
        level: 0 for leaf hashes, at most 63.
        index: Zero-based position among the tiles of its level.
        width: Number of hashes, 1 to 256; less than 256 means a partial tile.

    Raises:
        MalformedError: One of them is out of its range.
    """

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if not 0 <= self.level <= MAX_LEVEL:
            raise MalformedError(f"tile: level {self.level}, want 0 to {MAX_LEVEL}")
        _require_place("tile", self.index, self.width)

    def path(self) -> str:
        """Return the path below a log's prefix, such as ``tile/0/x001/234.p/17``."""
        return f"tile/{self.level}/{_name(self.index, self.width)}"

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read a path; each tile has one spelling.

        Raises:
            MalformedError: It is no tile's path, or not spelled as :meth:`path` would.
        """
        if parts := _LEVELED(path):
            tile = cls(int(parts[1]), _index(parts[2]), _width(parts[3]))
            if tile.path() == path:
                return tile
        raise MalformedError(f"tile path: {path[:80]!r}, want one such as 'tile/0/x001/234.p/17'")


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of an entry bundle, such as ``tile/entries/x001/234.p/17``.

    Raises:
        MalformedError: ``index`` is negative, or ``width`` not in 1 to 256.
    """
    _require_place("entry bundle", index, width)
    return f"tile/entries/{_name(index, width)}"


def parse_entries_path(path: str) -> tuple[int, int]:
    """Read the path of an entry bundle: its index and width; each has one spelling.

    Raises:
        MalformedError: It is no such path, or not spelled as :func:`entries_path` would.
    """
    if parts := _ENTRIES(path):
        index, width = _index(parts[1]), _width(parts[2])
        if entries_path(index, width) == path:
            return index, width
    raise MalformedError(
        f"entry bundle path: {path[:80]!r}, want one such as 'tile/entries/x001/234.p/17'"
    )


def partial_width(size: int, level: int) -> int:
    """Return the width of a level's partial tile in a tree of ``size``: 0 if there is none."""
    return (size >> TILE_HEIGHT * level) % TILE_WIDTH


def full_tiles(old_size: int, new_size: int) -> list[tuple[int, int]]:
    """List the tiles that become full when a tree grows, as (level, index), lower levels first.

    Raises:
        MalformedError: ``new_size`` is less than ``old_size``, or one is negative.
    """
    if not 0 <= old_size <= new_size:
        raise MalformedError(f"tree sizes: {old_size} and then {new_size}, want growth")
    full: list[tuple[int, int]] = []
    level = 0
    while new_size := new_size // TILE_WIDTH:
        old_size //= TILE_WIDTH
        full += [(level, index) for index in range(old_size, new_size)]
        level += 1
    return full


def tile_exists(level: int, index: int, width: int, size: int) -> bool:
    """Tell whether a tree of ``size`` entries can serve a tile of this width.

    It can also serve every smaller width: a checkpoint published when the tree was smaller
    names them, and they are prefixes. An entry bundle exists where its tile of level 0 does.
    """
    return (
        level >= 0
        and index >= 0
        and 0 < width <= TILE_WIDTH
        and index * TILE_WIDTH + width <= size >> TILE_HEIGHT * level
    )


def tile_checksums(hashes: Sequence[bytes]) -> bytes:
    """Return a CRC-32 of each hash, big-endian, joined.

    They prove nothing. Where a root tells that one of its hashes was changed, they tell which
    one, at an eighth of the space of the hashes.
    """
    return struct.pack(f">{len(hashes)}I", *map(crc32, hashes))


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """Write an entry bundle: each entry behind its length in two bytes, big-endian.

    Raises:
        MalformedError: There are no entries, more than 256, or one is longer than 65,535 bytes.
    """
    _require_count(len(entries))
    if (longest := max(map(len, entries))) > MAX_ENTRY_BYTES:
        raise MalformedError(f"entry: {longest:,} bytes, want at most {MAX_ENTRY_BYTES:,}")
    return b"".join([len(entry).to_bytes(2) + entry for entry in entries])


def decode_bundle(data: bytes) -> list[bytes]:
    """Read what :func:`encode_bundle` wrote.

    Raises:
        MalformedError: There are no entries, more than 256, or the last one is cut off.
    """
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        start = at + 2
        at = start + int.from_bytes(data[at:start])
        entries.append(data[start:at])
    if at != len(data):
        raise MalformedError(f"entry bundle: {len(data)} bytes, want {at} for its lengths")
    _require_count(len(entries))
    return entries


class TileHashes:
    """A :data:`tallystick.tlog.proof.HashReader` that finds hashes in a tree's tiles.

    The hashes are as true as the tiles. A proof made of them shows by its root whether they
    were those of the log.

    Args:
        fetch: Returns the bytes of tiles, in the order asked for, or raises.
        size: Number of entries of the tree that the tiles are asked of.
    """

    def __init__(self, fetch: Callable[[Sequence[Tile]], Sequence[bytes]], size: int) -> None:
        self._fetch = fetch
        self._size = size

    def __call__(self, subtrees: Sequence[tuple[int, int]]) -> list[bytes]:
        """Return the roots of complete subtrees; each tile is asked for once.

        Raises:
            MalformedError: A subtree is not complete in this tree.
            VerificationError: A tile has not the length of its width.
        """
        places = [self._place(level, index) for level, index in subtrees]
        tiles = list(dict.fromkeys(tile for tile, _, _ in places))
        fetched = dict(zip(tiles, self._fetched(tiles), strict=True))
        return [row_root(fetched[tile][start:end]) for tile, start, end in places]

    def _place(self, level: int, index: int) -> tuple[Tile, int, int]:
        """Find a subtree: its tile, and the bytes [start, end) in there of what it covers."""
        if level < 0 or index < 0 or (index + 1) << level > self._size:
            raise MalformedError(
                f"subtree: level {level}, index {index}, want one complete at size {self._size}"
            )
        tile_level, height = divmod(level, TILE_HEIGHT)
        tile_index, start = divmod(index << height, TILE_WIDTH)
        width = min((self._size >> TILE_HEIGHT * tile_level) - tile_index * TILE_WIDTH, TILE_WIDTH)
        first, last = start * HASH_SIZE, (start + (1 << height)) * HASH_SIZE
        return Tile(tile_level, tile_index, width), first, last

    def _fetched(self, tiles: list[Tile]) -> Sequence[bytes]:
        found = self._fetch(tiles) if tiles else []
        if len(found) != len(tiles):
            raise VerificationError(f"tiles: {len(found)} fetched, want {len(tiles)}")
        for tile, data in zip(tiles, found, strict=True):
            if len(data) != tile.width * HASH_SIZE:
                raise VerificationError(
                    f"{tile.path()}: {len(data)} bytes, want {tile.width * HASH_SIZE}"
                )
        return found


def _name(index: int, width: int) -> str:
    """Spell a position: three digits an element, so that no folder passes 1,000 names."""
    digits = str(index)
    groups = f"{digits:0>{-(-len(digits) // 3) * 3}}"
    parts = [groups[at : at + 3] for at in range(0, len(groups), 3)]
    name = "/".join([*(f"x{part}" for part in parts[:-1]), parts[-1]])
    return name if width == TILE_WIDTH else f"{name}.p/{width}"


def _index(name: str) -> int:
    return int("0" + name.replace("x", "").replace("/", ""))


def _width(text: str | None) -> int:
    return TILE_WIDTH if text is None else int(text)


def _require_place(what: str, index: int, width: int) -> None:
    if not 0 <= index <= MAX_SIZE:
        raise MalformedError(f"{what}: index {index}, want 0 to 2^63 - 1")
    if not 0 < width <= TILE_WIDTH:
        raise MalformedError(f"{what}: width {width}, want 1 to {TILE_WIDTH}")


def _require_count(count: int) -> None:
    if not 0 < count <= TILE_WIDTH:
        raise MalformedError(f"entry bundle: {count} entries, want 1 to {TILE_WIDTH}")
