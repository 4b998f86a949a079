"""A log of 70,000 entries made by us, checked and read by tlog-scales, made by others.

tlog-scales accepts hashes of any length and lines of loose spelling; each corruption here is one
that any verifier must see.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tlog_scales import signing, tlog
from tlog_scales.reader import TilesReader
from tlog_scales.tiles import leaf_hash as their_leaf_hash

from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.cosignature import cosign
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.note import Note, sign_note, verify_note, vkey
from tallystick.tlog.note import VerifierKey as OurKey
from tallystick.tlog.proof import consistency_proof, inclusion_proof
from tallystick.tlog.tile import (
    Tile,
    TileHashes,
    encode_bundle,
    full_tiles,
    parse_entries_path,
    tile_exists,
)
from tallystick.tlog.tree import Frontier, subtree_root

ORIGIN = "audit.example/t/7/000102030405060708090a0b0c0d0e0f"
SIZE = 70_000
SIZES = [1, 255, 256, SIZE]
NAMED = [0, 1, 254, 255, 256, 65_535, 65_536, 69_887, 69_888, SIZE - 1]
KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
PUBLIC = KEY.public_key().public_bytes_raw()
WITNESS = Ed25519PrivateKey.from_private_bytes(b"w" * 32)
WITNESS_PUBLIC = WITNESS.public_key().public_bytes_raw()

pairs = [
    *[(1, SIZE), (255, 256), (255, SIZE), (256, 257), (256, SIZE), (65_536, SIZE)],
    *[(65_535, 65_536), (SIZE - 1, SIZE), (2, 3), (6, 7)],
    *[(1 + 997 * step, 1 + 6_101 * step) for step in range(1, 11)],
]


def entry(index: int) -> bytes:
    return b"entry %d of our log" % index


@dataclass(frozen=True)
class Log:
    """A log's leaf hashes and, cut by our code, its full tiles."""

    leaves: list[bytes]
    full: dict[tuple[int, int], bytes]

    def tiles(self, wanted: Sequence[Tile], size: int) -> list[bytes]:
        """Serve tiles of the log when it had ``size`` entries."""
        return [self.tile(tile, size) for tile in wanted]

    def tile(self, tile: Tile, size: int) -> bytes:
        """Serve one tile."""
        assert tile_exists(tile.level, tile.index, tile.width, size)
        if row := self.full.get((tile.level, tile.index)):
            return row[: 32 * tile.width]
        below = self.leaves if tile.level == 0 else self.roots(tile.level - 1)
        return b"".join(below[tile.index * 256 :][: tile.width])

    @cache  # noqa: B019 - one log lives as long as this file's tests
    def roots(self, level: int) -> list[bytes]:
        """Return the roots of the full tiles of a level."""
        below = self.leaves if level == 0 else self.roots(level - 1)
        return [subtree_root(below[at : at + 256]) for at in range(0, len(below) - 255, 256)]

    def __hash__(self) -> int:
        return id(self)

    def hashes(self, size: int) -> TileHashes:
        """Read the tree of ``size`` entries from its tiles."""
        return TileHashes(lambda wanted: self.tiles(wanted, size), size)

    @cache  # noqa: B019
    def root(self, size: int) -> bytes:
        """Return the root of the tree of ``size`` entries."""
        return Frontier().extend(self.leaves[:size]).root()


@pytest.fixture(scope="module")
def log() -> Log:
    made = Log([leaf_hash(entry(index)) for index in range(SIZE)], {})
    for level, index in full_tiles(0, SIZE):
        below = made.leaves if level == 0 else made.roots(level - 1)
        made.full[level, index] = b"".join(below[index * 256 : index * 256 + 256])
    return made


def flipped(data: bytes, bit: int = 100) -> bytes:
    return (int.from_bytes(data) ^ 1 << bit).to_bytes(len(data))


def signed(log: Log, size: int) -> Note:
    body = Checkpoint(ORIGIN, size, log.root(size)).format()
    note = sign_note(body, ORIGIN, PUBLIC, KEY.sign)
    return note.with_signatures(
        cosign(note, "w.example", WITNESS_PUBLIC, WITNESS.sign, 1_800_000_000)
    )


def their_verdict(note: str) -> None:
    """Verify the log's and the witness's line, which raises if either is false."""
    checkpoint = tlog.Checkpoint.from_text(note)
    checkpoint.verify(signing.Vkey.from_string(vkey(ORIGIN, 1, PUBLIC)))
    checkpoint.verify(signing.Vkey.from_string(vkey("w.example", 4, WITNESS_PUBLIC)))


@pytest.mark.parametrize("size", SIZES)
def test_they_verify_our_signed_and_cosigned_checkpoint(log: Log, size: int) -> None:
    note = signed(log, size).format()

    their_verdict(note)

    assert tlog.Checkpoint.from_text(note).serialize() == note


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "corrupt",
    [
        pytest.param(lambda c, s: (Checkpoint(c.origin, c.size ^ 1, c.root), s), id="size"),
        pytest.param(lambda c, s: (Checkpoint(c.origin, c.size, flipped(c.root)), s), id="root"),
        pytest.param(lambda c, s: (Checkpoint(c.origin + "0", c.size, c.root), s), id="origin"),
        pytest.param(lambda c, s: (c, [flipped(s[0]), s[1]]), id="the log's signature"),
        pytest.param(lambda c, s: (c, [s[0], flipped(s[1])]), id="the witness's signature"),
        pytest.param(lambda c, s: (c, [s[0], flipped(s[1], 8 * 64)]), id="the witness's time"),
    ],
)
def test_they_refuse_our_checkpoint_with_one_change_in(
    log: Log,
    size: int,
    corrupt: Callable[[Checkpoint, list[bytes]], tuple[Checkpoint, list[bytes]]],
) -> None:
    note = signed(log, size)
    payloads = [it.payload for it in note.signatures]

    checkpoint, payloads = corrupt(Checkpoint.parse(note.text), payloads)
    lines = [
        signing.NoteSignature(it.name, int.from_bytes(it.key_id), payload).serialize()
        for it, payload in zip(note.signatures, payloads, strict=True)
    ]
    text = checkpoint.format() + "\n" + "".join(f"{line}\n" for line in lines)

    with pytest.raises(InvalidSignature):
        their_verdict(text)


@pytest.mark.parametrize("size", SIZES)
def test_they_verify_our_inclusion_proofs_and_refuse_each_with_a_flipped_bit(
    log: Log, size: int
) -> None:
    spread = {(step * 7_919) % size for step in range(100)}
    indices = sorted({index for index in NAMED if index < size} | spread)[-100:]
    hashes, root = log.hashes(size), log.root(size)

    for index in indices:
        path = inclusion_proof(index, size, hashes)
        leaf = their_leaf_hash(entry(index))
        tlog.InclusionProof(index, size, path).check(leaf, root)

        broken = [(flipped(leaf), path, root), (leaf, path, flipped(root))]
        if path:
            at = index % len(path)
            broken.append((leaf, [*path[:at], flipped(path[at]), *path[at + 1 :]], root))
        for false_leaf, false_path, false_root in broken:
            with pytest.raises(tlog.InclusionProofInvalid):
                tlog.InclusionProof(index, size, false_path).check(false_leaf, false_root)

    assert len(indices) == min(size, 100)


@pytest.mark.parametrize(("old", "new"), pairs)
def test_they_verify_our_consistency_proof_and_refuse_it_with_a_flipped_bit(
    log: Log, old: int, new: int
) -> None:
    proof = consistency_proof(old, new, log.hashes(new))
    older, newer = log.root(old), log.root(new)

    tlog.ConsistencyProof(old, new, proof).check(older, newer)

    broken = [(proof, flipped(older), newer), (proof, older, flipped(newer))]
    broken += [
        ([*proof[:at], flipped(proof[at]), *proof[at + 1 :]], older, newer)
        for at in range(len(proof))
    ]
    for false_proof, false_older, false_newer in broken:
        with pytest.raises(tlog.ConsistencyProofInvalid):
            tlog.ConsistencyProof(old, new, false_proof).check(false_older, false_newer)


def test_there_are_twenty_pairs_of_sizes() -> None:
    assert len({*pairs}) == 20


@pytest.mark.parametrize("size", SIZES)
def test_they_read_our_tiles_and_bundles_and_make_the_same_proofs(log: Log, size: int) -> None:
    served: list[str] = []

    class OurPaths:
        def get(self, *path: str) -> bytes | None:
            served.append("/".join(path))
            return get(log, size, served[-1])

    reader = TilesReader(OurPaths())

    reader.get_checkpoint()

    assert reader.calculate_root_hash() == log.root(size)
    for index in {0, size // 2, size - 1}:
        theirs = reader.get_inclusion_proof(index, size)
        assert inclusion_proof(index, size, log.hashes(size)) == theirs.node_hashes
        assert reader.get_entry(index) == entry(index)
    for old in {1, size // 2 + 1, size}:
        ours = consistency_proof(old, size, log.hashes(size))
        assert ours == reader.get_consistency_proof(old, size).node_hashes
    if size == SIZE:
        # The layout that c2sp.org/tlog-tiles tells for 70,000 entries.
        right_edge = {"tile/0/273.p/112", "tile/1/001.p/17", "tile/entries/273.p/112"}
        assert right_edge <= {*served}


def get(log: Log, size: int, path: str) -> bytes | None:
    """Serve a path of our log, by our own parsers; ``None`` is for what does not exist."""
    if path == "checkpoint":
        return signed(log, size).format().encode()
    if path.startswith("tile/entries/"):
        index, width = parse_entries_path(path)
        if not tile_exists(0, index, width, size):
            return None
        return encode_bundle([entry(index * 256 + at) for at in range(width)])
    tile = Tile.parse(path)
    if not tile_exists(tile.level, tile.index, tile.width, size):
        return None
    return log.tile(tile, size)


def test_we_verify_the_ml_dsa_44_cosignature_that_they_make(log: Log) -> None:
    theirs = signing.MLDSA44CosignatureSigner("w44.example", b"m" * 32)
    signer = signing.PlainEd25519Signer(ORIGIN, b"k" * 32)
    made = tlog.Checkpoint.make_signed(ORIGIN, SIZE, log.root(SIZE), [signer, theirs])
    note = Note.parse(made.serialize())
    keys = [OurKey.parse(signer.vkey.serialize()), OurKey.parse(theirs.vkey.serialize())]

    assert verify_note(note, keys) == keys
