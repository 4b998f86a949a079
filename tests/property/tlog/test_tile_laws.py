from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from kit.rfc6962 import mth, path, subtrees_of
from tallystick.errors import MalformedError
from tallystick.tlog.proof import inclusion_proof, tree_root
from tallystick.tlog.tile import (
    Tile,
    TileHashes,
    decode_bundle,
    encode_bundle,
    entries_path,
    full_tiles,
    parse_entries_path,
    partial_width,
    tile_exists,
)

MOST = 66_100  # a little more than a full tile of level 1
NUMBERED = [b"%d" % index for index in range(MOST)]
READ = subtrees_of(NUMBERED)

sizes = st.integers(0, MOST) | st.sampled_from(
    [1, 255, 256, 257, 512, 65_535, 65_536, 65_537, MOST]
)
indices = st.integers(0, 2**63 - 1) | st.sampled_from([0, 999, 1_000, 999_999, 1_000_000])
widths = st.integers(1, 256)


def tile_bytes(tile: Tile) -> bytes:
    first = tile.index * 256
    return b"".join(READ([(8 * tile.level, first + hash_) for hash_ in range(tile.width)]))


def tiles_of(size: int) -> set[tuple[int, int, int]]:
    """Lay a tree's hashes out in tiles, as the specification tells it: (level, index, width)."""
    laid = set()
    level, count = 0, size
    while count:
        laid |= {(level, index, 256) for index in range(count // 256)}
        if count % 256:
            laid.add((level, count // 256, count % 256))
        level, count = level + 1, count // 256
    return laid


@settings(max_examples=25)
@given(sizes, st.data())
def test_hashes_read_from_tiles_are_those_of_the_tree(size: int, data: st.DataObject) -> None:
    levels = st.integers(0, max(size.bit_length() - 1, 0))
    drawn = data.draw(st.lists(levels, max_size=6)) if size else []
    wanted = [(level, data.draw(st.integers(0, (size >> level) - 1))) for level in drawn]
    asked: list[Sequence[Tile]] = []

    def fetch(tiles: Sequence[Tile]) -> list[bytes]:
        asked.append(tiles)
        return [tile_bytes(tile) for tile in tiles]

    assert TileHashes(fetch, size)(wanted) == READ(wanted)
    assert len(asked) == bool(wanted)
    for tiles in asked:
        assert len(tiles) == len({*tiles})
        assert {(it.level, it.index, it.width) for it in tiles} <= tiles_of(size)


@settings(max_examples=15)
@given(sizes.filter(bool), st.data())
def test_proofs_made_from_tiles_are_those_of_the_rfc(size: int, data: st.DataObject) -> None:
    hashes = TileHashes(lambda tiles: [tile_bytes(tile) for tile in tiles], size)
    index = data.draw(st.integers(0, size - 1))

    assert tree_root(size, hashes) == tree_root(size, READ)
    assert inclusion_proof(index, size, hashes) == inclusion_proof(index, size, READ)


@settings(max_examples=10)
@given(st.integers(1, 600), st.data())
def test_a_small_tree_read_from_tiles_is_the_one_that_the_rfc_defines(
    size: int, data: st.DataObject
) -> None:
    hashes = TileHashes(lambda tiles: [tile_bytes(tile) for tile in tiles], size)
    index = data.draw(st.integers(0, size - 1))

    assert tree_root(size, hashes) == mth(NUMBERED[:size])
    assert inclusion_proof(index, size, hashes) == path(index, NUMBERED[:size])


@given(sizes, sizes)
def test_the_tiles_that_become_full_are_those_that_were_not(one: int, other: int) -> None:
    old, new = sorted([one, other])
    full = {
        size: {(level, index) for level, index, width in tiles_of(size) if width == 256}
        for size in (old, new)
    }

    assert len(full_tiles(old, new)) == len({*full_tiles(old, new)})
    assert {*full_tiles(old, new)} == full[new] - full[old]


@given(st.integers(0, 1_500), st.integers(-1, 2), st.integers(-1, 6), st.integers(-1, 257))
def test_a_tile_exists_if_a_tree_up_to_this_size_has_it(
    size: int, level: int, index: int, width: int
) -> None:
    ever = any((level, index, width) in tiles_of(earlier) for earlier in range(size + 1))

    assert tile_exists(level, index, width, size) == ever


@given(sizes, st.integers(0, 3))
def test_a_level_has_a_partial_tile_of_the_width_that_the_layout_tells(
    size: int, level: int
) -> None:
    partial = {width for at, _, width in tiles_of(size) if at == level and width < 256}

    assert partial_width(size, level) == (partial.pop() if partial else 0)


@given(st.integers(0, 63), indices, widths)
def test_a_tile_s_path_leads_back_to_it(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)

    assert Tile.parse(tile.path()) == tile
    assert parse_entries_path(entries_path(index, width)) == (index, width)


@given(st.text(alphabet="tile/entries0123456789x.p", max_size=30) | st.text(max_size=30))
def test_whatever_parses_as_a_path_is_written_back(text: str) -> None:
    for name in (text, f"tile/{text}", f"tile/0/{text}", f"tile/entries/{text}"):
        try:
            tile = Tile.parse(name)
        except MalformedError:
            pass
        else:
            assert tile.path() == name
        try:
            index, width = parse_entries_path(name)
        except MalformedError:
            pass
        else:
            assert entries_path(index, width) == name


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_has_each_entry_behind_its_length(entries: list[bytes]) -> None:
    data = encode_bundle(entries)

    assert decode_bundle(data) == entries
    assert data == b"".join(bytes([len(it) >> 8, len(it) & 255]) + it for it in entries)


@given(st.binary(max_size=400))
def test_whatever_parses_as_a_bundle_is_written_back(data: bytes) -> None:
    try:
        entries = decode_bundle(data)
    except MalformedError:
        return
    assert encode_bundle(entries) == data
