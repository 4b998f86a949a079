import re

import pytest

from tallystick.errors import MalformedError, VerificationError
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


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(1, 1_000), "tile/1/x001/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(0, 273, 112), "tile/0/273.p/112"),
        (Tile(63, 1_234, 1), "tile/63/x001/234.p/1"),
        (Tile(0, 2**63 - 1), "tile/0/x009/x223/x372/x036/x854/x775/807"),
    ],
)
def test_a_tile_stands_where_the_specification_says(tile: Tile, path: str) -> None:
    assert tile.path() == path
    assert Tile.parse(path) == tile


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("tile/0/000.p/0", id="width 0"),
        pytest.param("tile/0/000.p/256", id="full width spelled as partial"),
        pytest.param("tile/0/000.p/257", id="width beyond 256"),
        pytest.param("tile/0/000.p/017", id="width with a leading zero"),
        pytest.param("tile/0/000.p/", id="no width"),
        pytest.param("tile/0/000.p", id="partial folder itself"),
        pytest.param("tile/00/000", id="level with a leading zero"),
        pytest.param("tile/64/000", id="level beyond 63"),
        pytest.param("tile/-1/000", id="negative level"),
        pytest.param("tile/٣/000", id="Arabic-Indic digit"),
        pytest.param("tile/0/0", id="unpadded index"),
        pytest.param("tile/0/1234", id="index not in groups"),
        pytest.param("tile/0/x000/001", id="index with an empty group before it"),
        pytest.param("tile/0/001/234", id="group without x"),
        pytest.param("tile/0/x001/x234", id="x in the last group"),
        pytest.param("tile/0/x001", id="only a first group"),
        pytest.param("tile/0//000", id="empty element"),
        pytest.param("tile/0/../0", id="path upwards"),
        pytest.param("tile/0/000/", id="slash at the end"),
        pytest.param("tile/0/000\n", id="newline at the end"),
        pytest.param("/tile/0/000", id="slash at the start"),
        pytest.param("tile/entries/000", id="an entry bundle"),
        pytest.param("tile/0/x009/x223/x372/x036/x854/x775/808", id="index beyond 2^63 - 1"),
        pytest.param("tile/0/" + "x999/" * 2_000 + "999", id="index of 6,000 digits"),
        pytest.param("", id="nothing"),
    ],
)
def test_a_tile_s_path_is_refused_for(path: str) -> None:
    with pytest.raises(MalformedError, match=r"^tile"):
        Tile.parse(path)


@pytest.mark.parametrize(
    ("index", "width", "path"),
    [
        (0, 256, "tile/entries/000"),
        (273, 112, "tile/entries/273.p/112"),
        (1_234_067, 1, "tile/entries/x001/x234/067.p/1"),
    ],
)
def test_a_bundle_stands_where_the_specification_says(index: int, width: int, path: str) -> None:
    assert entries_path(index, width) == path
    assert parse_entries_path(path) == (index, width)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("tile/entries/000.p/0", id="width 0"),
        pytest.param("tile/entries/000.p/256", id="full width spelled as partial"),
        pytest.param("tile/entries/x000/000", id="second spelling of the index"),
        pytest.param("tile/0/000", id="a tile"),
        pytest.param("tile/data/000", id="the layout of static-ct-api"),
    ],
)
def test_a_bundle_s_path_is_refused_for(path: str) -> None:
    with pytest.raises(MalformedError, match=r"^entry bundle"):
        parse_entries_path(path)


@pytest.mark.parametrize(
    ("level", "index", "width", "why"),
    [
        pytest.param(-1, 0, 256, "level -1, want 0 to 63", id="negative level"),
        pytest.param(64, 0, 256, "level 64, want 0 to 63", id="level beyond 63"),
        pytest.param(0, -1, 256, "index -1", id="negative index"),
        pytest.param(0, 0, 0, "width 0, want 1 to 256", id="width 0"),
        pytest.param(0, 0, 257, "width 257, want 1 to 256", id="width beyond 256"),
    ],
)
def test_there_is_no_tile_of(level: int, index: int, width: int, why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        Tile(level, index, width)


def test_70_000_entries_have_the_tiles_that_the_specification_counts() -> None:
    full = full_tiles(0, 70_000)

    assert full == [*((0, index) for index in range(273)), (1, 0)]
    assert [partial_width(70_000, level) for level in range(4)] == [112, 17, 1, 0]
    assert tile_exists(0, 273, 112, 70_000)
    assert tile_exists(2, 0, 1, 70_000)
    assert not tile_exists(0, 273, 113, 70_000)
    assert not tile_exists(2, 0, 2, 70_000)


def test_256_entries_are_a_full_tile_and_the_first_hash_of_the_next_level() -> None:
    assert full_tiles(255, 256) == [(0, 0)]
    assert [partial_width(256, level) for level in range(3)] == [0, 1, 0]
    assert tile_exists(1, 0, 1, 256)


@pytest.mark.parametrize(("old", "new"), [(2, 1), (-1, 1)])
def test_a_log_that_does_not_grow_fills_no_tiles(old: int, new: int) -> None:
    with pytest.raises(MalformedError, match=f"tree sizes: {old} and then {new}"):
        full_tiles(old, new)


def test_a_bundle_writes_lengths_in_two_bytes() -> None:
    assert encode_bundle([b"ab", b"", b"c" * 256]) == (
        b"\x00\x02ab" + b"\x00\x00" + b"\x01\x00" + b"c" * 256
    )


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        pytest.param([], "0 entries, want 1 to 256", id="no entries"),
        pytest.param([b""] * 257, "257 entries, want 1 to 256", id="257 entries"),
        pytest.param([b"", bytes(65_536)], "65,536 bytes, want at most 65,535", id="long entry"),
    ],
)
def test_a_bundle_is_not_written_of(entries: list[bytes], why: str) -> None:
    with pytest.raises(MalformedError, match=why):
        encode_bundle(entries)


def test_the_longest_entry_fits_into_a_bundle() -> None:
    assert decode_bundle(encode_bundle([bytes(65_535)])) == [bytes(65_535)]


@pytest.mark.parametrize(
    ("data", "why"),
    [
        pytest.param(b"", "0 entries, want 1 to 256", id="nothing"),
        pytest.param(b"\x00", "1 bytes, want 2", id="half a length"),
        pytest.param(b"\x00\x03ab", "4 bytes, want 5", id="entry cut off"),
        pytest.param(b"\x00\x01a\x00", "4 bytes, want 5", id="half a second length"),
        pytest.param(bytes(2 * 257), "257 entries", id="257 entries"),
    ],
)
def test_a_bundle_is_refused_for(data: bytes, why: str) -> None:
    with pytest.raises(MalformedError, match=re.escape(why)):
        decode_bundle(data)


@pytest.mark.parametrize(
    "subtree",
    [
        pytest.param((0, 300), id="entry at the end"),
        pytest.param((8, 1), id="subtree of which the tree has a part"),
        pytest.param((9, 0), id="subtree larger than the tree"),
        pytest.param((-1, 0), id="negative level"),
        pytest.param((0, -1), id="negative index"),
    ],
)
def test_a_subtree_is_not_read_from_tiles_where_it_is(subtree: tuple[int, int]) -> None:
    hashes = TileHashes(lambda wanted: [bytes(32 * tile.width) for tile in wanted], 300)

    with pytest.raises(MalformedError, match="want one complete at size 300"):
        hashes([subtree])


def test_tiles_of_another_length_or_number_are_not_relied_on() -> None:
    with pytest.raises(VerificationError, match=re.escape("tile/0/000.p/7: 192 bytes, want 224")):
        TileHashes(lambda _: [bytes(6 * 32)], 7)([(0, 0)])
    with pytest.raises(VerificationError, match="tiles: 0 fetched, want 1"):
        TileHashes(lambda _: [], 7)([(0, 0)])
