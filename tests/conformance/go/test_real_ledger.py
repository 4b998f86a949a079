"""A ledger of 70,000 entries, as a door serves it, verified by code that others wrote.

PyPI's ``tlog-scales`` does so in the ordinary tests, Go's own checksum database in the slow ones.
Every proof is checked against a checkpoint that the ledger has signed and a door has served.
"""

import json
import os
import shutil
import subprocess
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from pathlib import Path
from urllib.parse import quote

import pytest
from cryptography.exceptions import InvalidSignature
from tlog_scales import signing, tlog
from tlog_scales.reader import TilesReader
from tlog_scales.tiles import leaf_hash

from kit.door import Door, Orders, admin_key, open_door
from kit.house import new_house, new_tenant, submit
from tallystick.ledger.ports import Log
from tallystick.wiring import House

SIZE = 70_000
NAMED_SIZES = (1, 255, 256, SIZE)
SIZES = (1, 2, 255, 256, 257, 4_097, 65_536, SIZE)
BATCH = 4_000
PAIRS = list(combinations(SIZES, 2))[-20:]
EDGES = [255, 256, 65_535, 65_536, 69_887, 69_888]
INCLUSIONS = [
    (0, 1),
    *[(index, 255) for index in [*range(0, 253, 8), 254]],
    *[(index, 256) for index in [*range(0, 253, 8), 255]],
    *[(index, SIZE) for index in [*range(0, SIZE, 2_711), *EDGES, SIZE - 1]],
]

SOURCE = Path(__file__).with_name("main.go")
GOPATH = Path("/usr/share/gocode")
XMOD = GOPATH / "src/golang.org/x/mod/sumdb/tlog"


@dataclass
class Served:
    """What a door gave out, and the door itself."""

    house: House
    door: Door
    log: Log
    vkey: str = ""
    super_vkey: str = ""
    notes: dict[int, str] = field(default_factory=dict)
    super_note: str = ""

    def get(self, path: str) -> bytes:
        """Fetch a path."""
        with self.door.visit() as visitor:
            answer = visitor.ask("GET", path)
        assert answer.status == 200, (path, answer)
        return answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()

    def inclusion(self, index: int, size: int) -> tuple[bytes, list[bytes]]:
        """Return an entry, and its proof."""
        with self.house.ledger.drivers.store.read() as snapshot:
            (entry,) = snapshot.entries(self.log.slot, index, index + 1)
            proof = self.house.ledger.reader.inclusion(snapshot, self.log.slot, index, size)
        assert entry.leaf is not None
        return entry.leaf, proof

    def consistency(self, old: int, new: int) -> list[bytes]:
        """Return the proof that the log of ``new`` entries extends that of ``old``."""
        with self.house.ledger.drivers.store.read() as snapshot:
            return self.house.ledger.reader.consistency(snapshot, self.log.slot, old, new)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    data = tmp_path_factory.mktemp("ledger") / "data"
    house = new_house(data)
    tenant = new_tenant(house)
    key = admin_key(house)
    with house.ledger.drivers.store.read() as snapshot:
        log = house.ledger.logs.stream(snapshot, tenant.number, "audit")
    with open_door(Orders(str(data), ""), key) as door:
        made = Served(house, door, log)
        logs = json.loads(made.get("/v1/logs?tenant=acme"))["logs"]
        (made.vkey,) = [it["vkey"] for it in logs if it["log"] == log.hex]
        made.super_vkey = json.loads(made.get("/.well-known/tallystick"))["vkeys"][0]
        event = {
            "action": "document.viewed",
            "outcome": "success",
            "occurred_at": "2026-11-24T02:00:00Z",
            "actor": {"type": "system"},
        }
        recorded = 0
        for size in SIZES:
            batches = [min(BATCH, size - at) for at in range(recorded, size, BATCH)]
            futures = [submit(house, tenant, [event] * batch) for batch in batches]
            for future in futures:
                future.result(60)
            recorded = size
            house.publisher.publish()
            made.notes[size] = made.get(f"/v1/logs/{log.hex}/checkpoint").decode()
        made.super_note = made.get("/v1/super/checkpoint").decode()
        yield made
    house.close()


def flipped(data: bytes, bit: int = 100) -> bytes:
    """Flip one bit, of the first bytes where there are few."""
    at = bit % (8 * len(data))
    return (int.from_bytes(data) ^ 1 << at).to_bytes(len(data))


def with_flipped_hash(proof: Sequence[bytes], at: int) -> list[bytes]:
    return [flipped(it) if n == at % len(proof) else it for n, it in enumerate(proof)]


def test_there_are_a_hundred_inclusions_and_twenty_pairs() -> None:
    assert len(set(INCLUSIONS)) == 100
    assert {size for _, size in INCLUSIONS} == set(NAMED_SIZES)
    assert len(set(PAIRS)) == 20


def their_checkpoint(served: Served, size: int) -> tlog.Checkpoint:
    found = tlog.Checkpoint.from_text(served.notes[size])
    found.verify(signing.Vkey.from_string(served.vkey))
    assert found.size == size
    return found


def test_tlog_scales_verifies_every_served_checkpoint(served: Served) -> None:
    for size in SIZES:
        their_checkpoint(served, size)
        forged = served.notes[size].replace(f"\n{size}\n", f"\n{size ^ 1}\n")
        with pytest.raises(InvalidSignature):
            tlog.Checkpoint.from_text(forged).verify(signing.Vkey.from_string(served.vkey))


def test_tlog_scales_verifies_a_hundred_inclusion_proofs(served: Served) -> None:
    for index, size in INCLUSIONS:
        leaf, proof = served.inclusion(index, size)
        root = their_checkpoint(served, size).root_hash

        tlog.InclusionProof(index, size, proof).check(leaf_hash(leaf), root)

        false = [(flipped(leaf), proof)]
        if proof:
            false.append((leaf, with_flipped_hash(proof, index)))
        for false_leaf, false_proof in false:
            with pytest.raises(tlog.InclusionProofInvalid):
                tlog.InclusionProof(index, size, false_proof).check(leaf_hash(false_leaf), root)


def test_tlog_scales_verifies_twenty_consistency_proofs(served: Served) -> None:
    for old, new in PAIRS:
        proof = served.consistency(old, new)
        older, newer = (their_checkpoint(served, size).root_hash for size in (old, new))

        tlog.ConsistencyProof(old, new, proof).check(older, newer)

        with pytest.raises(tlog.ConsistencyProofInvalid):
            tlog.ConsistencyProof(old, new, with_flipped_hash(proof, old)).check(older, newer)


def test_tlog_scales_reads_the_tiles_and_entries_that_a_door_serves(served: Served) -> None:
    class OverHttp:
        def get(self, *path: str) -> bytes | None:
            return served.get(f"/v1/logs/{served.log.hex}/{quote('/'.join(path))}")

    reader = TilesReader(OverHttp())
    reader.get_checkpoint()

    assert reader.calculate_root_hash() == their_checkpoint(served, SIZE).root_hash
    for index in (0, 65_536, SIZE - 1):
        leaf, proof = served.inclusion(index, SIZE)
        assert reader.get_entry(index) == leaf
        assert reader.get_inclusion_proof(index, SIZE).node_hashes == proof


@dataclass(frozen=True)
class Claim:
    """What the Go program is asked to verify; see ``claim`` in main.go."""

    kind: str
    vkey: str
    note: str
    older: str = ""
    index: int = 0
    leaf: bytes = b""
    proof: Sequence[bytes] = ()
    folder: str = ""

    def told(self) -> dict[str, object]:
        """Write it as JSON."""
        proof = [b64encode(it).decode() for it in self.proof]
        return {**vars(self), "leaf": b64encode(self.leaf).decode(), "proof": proof}


@pytest.fixture(scope="module")
def go(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the verifier from Debian's packages, without any network."""
    if shutil.which("go") is None or not XMOD.is_dir():
        pytest.skip("golang-go and golang-golang-x-mod-dev are not installed")
    folder = tmp_path_factory.mktemp("go")
    offline = {"GO111MODULE": "off", "GOPATH": str(GOPATH), "GOCACHE": str(folder / "cache")}
    command = ["go", "build", "-o", str(folder / "verify"), str(SOURCE)]
    subprocess.run(command, check=True, env={**os.environ, **offline})
    return folder / "verify"


def verdicts(go: Path, claims: Sequence[Claim]) -> list[str]:
    """Return what Go finds wrong with each claim, or "" where it holds."""
    told = json.dumps([claim.told() for claim in claims]).encode()
    done = subprocess.run([go], input=told, check=True, capture_output=True)
    found: list[str] = json.loads(done.stdout)
    assert len(found) == len(claims)
    return found


def assert_only_the_true_hold(go: Path, true: Sequence[Claim], false: Sequence[Claim]) -> None:
    assert verdicts(go, true) == [""] * len(true)
    assert [claim for claim, why in zip(false, verdicts(go, false), strict=True) if not why] == []


def other_letter(line: str, at: int) -> str:
    """Replace one letter of base64 by another one."""
    letters = [*line]
    letters[at] = "A" if letters[at] != "A" else "B"
    return "".join(letters)


@pytest.mark.slow
def test_go_verifies_every_served_checkpoint(served: Served, go: Path) -> None:
    true = [Claim("checkpoint", served.vkey, note) for note in served.notes.values()]
    true.append(Claim("checkpoint", served.super_vkey, served.super_note))
    false = []
    for claim in true:
        origin, size, root, *rest = claim.note.split("\n")
        assert rest[1].startswith("— ")
        false += [
            replace(claim, note="\n".join(lines))
            for lines in (
                [origin + "0", size, root, *rest],
                [origin, f"{int(size) ^ 1}", root, *rest],
                [origin, size, other_letter(root, 0), *rest],
                [origin, size, root, rest[0], other_letter(rest[1], -8), *rest[2:]],
            )
        ]
    false.append(replace(true[0], vkey=served.super_vkey))

    assert_only_the_true_hold(go, true, false)


@pytest.mark.slow
def test_go_verifies_a_hundred_inclusion_proofs(served: Served, go: Path) -> None:
    true, false = [], []
    for index, size in INCLUSIONS:
        leaf, proof = served.inclusion(index, size)
        claim = Claim(
            "inclusion", served.vkey, served.notes[size], index=index, leaf=leaf, proof=proof
        )
        true.append(claim)
        false.append(replace(claim, leaf=flipped(leaf)))
        false.append(replace(claim, index=index ^ 1))
        false += [replace(claim, proof=with_flipped_hash(proof, index))] if proof else []

    assert_only_the_true_hold(go, true, false)


@pytest.mark.slow
def test_go_verifies_twenty_consistency_proofs(served: Served, go: Path) -> None:
    true, false = [], []
    for old, new in PAIRS:
        proof = served.consistency(old, new)
        note, older = served.notes[new], served.notes[old]
        claim = Claim("consistency", served.vkey, note, older=older, proof=proof)
        true.append(claim)
        false.append(replace(claim, proof=with_flipped_hash(proof, old)))
        false.append(replace(claim, older=served.notes[min(set(SIZES) - {old, new})]))

    assert_only_the_true_hold(go, true, false)


def tile_paths(size: int) -> list[str]:
    """List the tiles and bundles of a tree of at most 256 * 1,000 entries, as C2SP names them."""

    def row(level: str, count: int) -> list[str]:
        full = [f"tile/{level}/{n:03d}" for n in range(count // 256)]
        return full + ([f"tile/{level}/{count // 256:03d}.p/{count % 256}"] if count % 256 else [])

    paths = row("entries", size)
    level = 0
    while size:
        paths += row(str(level), size)
        level, size = level + 1, size // 256
    return paths


def download(served: Served, prefix: str, size: int, folder: Path) -> Path:
    for path in tile_paths(size):
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(served.get(f"{prefix}/{path}"))
    return folder


@pytest.mark.slow
def test_go_leads_every_served_entry_to_the_root_of_the_checkpoint(
    served: Served, go: Path, tmp_path: Path
) -> None:
    log = download(served, f"/v1/logs/{served.log.hex}", SIZE, tmp_path / "log")
    super_size = int(served.super_note.split("\n")[1])
    super_log = download(served, "/v1/super", super_size, tmp_path / "super")
    true = Claim("tiles", served.vkey, served.notes[SIZE], folder=str(log))

    found = verdicts(
        go,
        [true, Claim("tiles", served.super_vkey, served.super_note, folder=str(super_log))],
    )

    assert found == ["", ""]
    for path in (
        *["tile/0/000", "tile/0/200", "tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17"],
        *["tile/2/000.p/1", "tile/entries/000", "tile/entries/273.p/112"],
    ):
        file = log / path
        whole = file.read_bytes()
        file.write_bytes(flipped(whole, 1_000))
        (why,) = verdicts(go, [true])
        assert why, path
        file.write_bytes(whole)
    assert verdicts(go, [true]) == [""]
