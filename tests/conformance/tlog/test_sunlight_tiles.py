"""Tiles of a real Certificate Transparency log, written by Sunlight (c2sp.org/static-ct-api)."""

import gzip
from collections.abc import Iterator
from typing import Final

import pytest

from kit.vectors import vector
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.tile import Tile

LOG: Final = "sunlight/testdata/navigli2025h2"
PRECERTIFICATE: Final = 1


def merkle_tree_leaves(data: bytes) -> Iterator[bytes]:
    """Take the RFC 6962 leaves out of a data tile, as static-ct-api lays them out."""
    at = 0

    def skip(length_bytes: int) -> None:
        nonlocal at
        at += length_bytes + int.from_bytes(data[at : at + length_bytes])

    while at < len(data):
        start = at
        kind = int.from_bytes(data[at + 8 : at + 10])
        at += 10 + (32 if kind == PRECERTIFICATE else 0)
        skip(3)  # certificate
        skip(2)  # extensions
        yield b"\x00\x00" + data[start:at]  # version 1, timestamped entry
        if kind == PRECERTIFICATE:
            skip(3)
        skip(2)  # fingerprints of the chain


@pytest.mark.parametrize("tile", [*(Tile(0, index) for index in range(4)), Tile(0, 3, 10)])
def test_a_real_log_s_tile_holds_our_hashes_of_its_entries(tile: Tile) -> None:
    data = vector(f"{LOG}/{tile.path().replace('tile/0', 'tile/data')}").read_bytes()
    entries = gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data
    hashes = vector(f"{LOG}/{tile.path()}").read_bytes()

    assert b"".join(map(leaf_hash, merkle_tree_leaves(entries))) == hashes
    assert len(hashes) == 32 * tile.width


def test_a_partial_tile_is_a_prefix_of_the_full_one() -> None:
    full = vector(f"{LOG}/{Tile(0, 3).path()}").read_bytes()

    assert full.startswith(vector(f"{LOG}/{Tile(0, 3, 10).path()}").read_bytes())
