"""Hundreds of receipts from three makers, whole and broken, each with the verdict it deserves.

The makers: our ledger; ``tlog-scales`` (Merkle trees, proofs and signatures by other people's
code); and the plain code of the tests. The verdict follows from what was done to a receipt.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import CheckpointSigner, MLDSA44CosignatureSigner, PlainEd25519Signer
from tlog_scales.writer import TilesWriter

from kit import house as house_kit
from kit.plain_receipt import (
    POLICY,
    SUPER,
    WITNESSES,
    Deployment,
    Json,
    b64,
    epoch_text,
    head_text,
    plain_origin,
    sealed_event,
)
from kit.receipt_breaks import KINDS
from kit.whole_receipt import INTACT, Whole
from tallystick.access.erasing import erase
from tallystick.events.identity import id_bytes
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.receipts import Receipts

STALE = "stale"
LOG_KEY = sha256(b"the super-log's key").digest()


@dataclass(frozen=True)
class Judged:
    """A receipt, the pins, and what must be said.

    Attributes:
        name: What was done, and to which receipt.
        kind: What was done.
        receipt: The file.
        pins: The file, or None for none.
        verdict: One of the verdicts, or ``unreadable``.
    """

    name: str
    kind: str
    receipt: bytes
    pins: bytes | None
    verdict: str


def corpus(folder: Path, amount: int, now_s: int) -> list[Judged]:
    """Make receipts.

    Args:
        folder: An empty one.
        amount: How many; every kind of break comes before any comes again.
        now_s: The time at which they are judged.
    """
    wholes = [*_from_ledger(folder / "ledger"), *_from_others(folder), *_plain()]
    made = [*_aged(now_s)]
    seen: set[tuple[bytes, bytes | None]] = set()
    for turn in count():
        for at, kind in enumerate(KINDS):
            if len(made) == amount:
                return made
            found = _broken(wholes, kind, turn, at * 5 + turn * 11, seen)
            if found is not None:
                made.append(Judged(f"{len(made):03} {kind}", kind, *found, KINDS[kind][0]))
    raise AssertionError


def _broken(
    wholes: Sequence[Whole],
    kind: str,
    turn: int,
    start: int,
    seen: set[tuple[bytes, bytes | None]],
) -> tuple[bytes, bytes | None] | None:
    """Break the first receipt, from ``start`` on, that can be broken so and was not yet."""
    for step in range(len(wholes)):
        changed = KINDS[kind][1](wholes[(start + step) % len(wholes)], turn)
        if changed is None:
            continue
        pins = None if changed.pins is None else json.dumps(changed.pins).encode()
        found = changed.receipt(), pins
        if found not in seen:
            seen.add(found)
            return found
    return None


def _aged(now_s: int) -> Iterator[Judged]:
    """Receipts whose epoch is as old as it is, of an hour allowed."""
    for age, kind, verdict in (
        (600, "young enough", INTACT),
        (-600, "a little ahead", INTACT),
        (7_200, "too old", STALE),
        (-7_200, "from the future", STALE),
    ):
        for size in (1, 6):
            made = Deployment(time_s=now_s - age, size=size, index=size - 1)
            whole = Whole(made.receipt(), {"super": [made.signer.vkey], "max_age_s": 3_600})
            pins = json.dumps(whole.pins).encode()
            yield Judged(f"{kind} {size}", kind, whole.receipt(), pins, verdict)


def _plain() -> Iterator[Whole]:
    for slot, slots, index, size, before, behind in (
        (0, 1, 0, 1, 0, 0),
        (0, 4, 0, 2, 3, 0),
        (2, 5, 3, 7, 9, 2),
        (4, 5, 6, 7, 1, 1),
        (1, 33, 16, 17, 30, 5),
        (6, 8, 63, 64, 64, 0),
    ):
        for cosigners in ((), WITNESSES[:2], WITNESSES):
            made = Deployment(
                slot=slot,
                slots=slots,
                index=index,
                size=size,
                before=before,
                behind=behind,
                cosigners=cosigners,
            )
            pins: Json = {"super": [made.signer.vkey]}
            yield Whole(made.receipt(), {**pins, "policy": POLICY} if cosigners else pins)


class Tree:
    """A log that ``tlog-scales`` keeps."""

    def __init__(
        self, folder: Path, origin: str, leaves: list[bytes], *signers: CheckpointSigner
    ) -> None:
        writer = TilesWriter.create(folder, origin)
        for leaf in leaves:
            writer.add_leaf(leaf)
        writer.commit([*signers])
        self.size = len(leaves)
        self.reader = TilesReader(LocalBackend(folder))
        self.note = (folder / "checkpoint").read_text("utf-8")
        self.reader.set_size(self.size)
        self.root = self.reader.calculate_root_hash()

    def path(self, index: int) -> list[bytes]:
        """The inclusion proof of a leaf."""
        return list(self.reader.get_inclusion_proof(index, self.size).node_hashes)


def _from_others(folder: Path) -> Iterator[Whole]:
    """Trees, proofs and signatures by tlog-scales; some cosigned with ML-DSA-44."""
    signer = PlainEd25519Signer(SUPER, Ed25519PrivateKey.from_private_bytes(LOG_KEY))
    witness = MLDSA44CosignatureSigner("pq.example", sha256(b"a witness").digest())
    pins: Json = {"super": [signer.vkey.serialize()]}
    policy = f"witness pq {witness.vkey.serialize()}\nquorum pq\n"
    for number, (size, slots, records) in enumerate(
        ((1, 1, 1), (5, 3, 4), (255, 12, 20), (256, 2, 257), (700, 40, 3))
    ):
        home = folder / f"others{number}"
        slot, index, at = slots // 2, size * 2 // 3, records - 1
        origin = plain_origin(slot)
        pairs = [sealed_event(entry, origin) for entry in range(size)]
        log = Tree(home / "log", origin, [leaf for leaf, _ in pairs], signer)
        heads = [
            head_text(plain_origin(it), it, sha256(b"%d" % it).digest()) for it in range(slots)
        ]
        heads[slot] = head_text(origin, size, log.root)
        epoch = Tree(home / "epoch", "epoch", heads, signer)
        record = epoch_text(number, 1_790_000_000, slots, epoch.root, bytes(32))
        texts = [f"record {it}\n".encode() for it in range(records)]
        texts[at] = record.encode()
        more = [witness] if number % 2 else []
        above = Tree(home / "super", SUPER, texts, signer, *more)
        proof = "".join(f"{b64(node)}\n" for node in above.path(at))
        members: Json = {
            "receipt": "tallystick/receipt/v1",
            "origin": origin,
            "index": index,
            "size": size,
            "entry": b64(pairs[index][0]),
            "disclosure": pairs[index][1],
            "inclusion": [b64(node) for node in log.path(index)],
            "slots_proof": [b64(node) for node in epoch.path(slot)],
            "epoch_record": record,
            "epoch_proof": f"c2sp.org/tlog-proof@v1\nindex {at}\n{proof}\n{above.note}",
        }
        yield Whole(members, pins)
        if more:
            body = above.note.split("\n\n")[0] + "\n"
            members = dict(members)
            members["epoch_proof"] += "".join(who.cosignature(body) for who in WITNESSES[:2])
            mixed = f"{POLICY.rsplit('quorum', 1)[0]}{policy.splitlines()[0]}\n"
            both = f"{mixed}group both all enough pq\nquorum both\n"
            yield Whole(members, {**pins, "policy": both, "auditors": ["pq"]})


def _event(number: int) -> dict[str, object]:
    person = ("ada", "bob", "zoë")[number % 3]
    return {
        "id": f"0199e0aa-0000-7000-8def-{number:012x}",
        "action": ("invoice.approved", "document.viewed")[number % 2],
        "occurred_at": f"2026-11-24T02:{number // 60 % 60:02d}:{number % 60:02d}Z",
        "actor": {"type": "user", "id": person, "name": f"{person} of Acme"},
        "targets": [{"type": "invoice", "id": f"inv_{number}", "name": 'Bill for "paint" 🎨'}],
        "metadata": {"amount": 10**number, "tags": ["a", None, 0.5], "größe": {"x": number}},
        "message": "<script>alert(1)</script> &amp;",
    }


def _from_ledger(folder: Path) -> Iterator[Whole]:
    """Receipts that our ledger issues: of two tenants, of one whose person was erased, of later."""
    house = house_kit.new_house(folder)
    acme, paint = house_kit.new_tenant(house), house_kit.new_tenant(house, "paint")
    house_kit.record(house, acme, *(_event(number) for number in range(13)))
    house_kit.record(house, paint, _event(20))
    house.publisher.publish()
    chosen = [(acme, 0), (acme, 7), (acme, 12), (paint, 20)]
    issued = [_issued(house.ledger, tenant.number, number) for tenant, number in chosen]
    erase(house.ledger, acme.number, "zoë", "asked for it", "cli")
    house_kit.record(house, acme, *(_event(number) for number in range(30, 330)))
    house.publisher.publish()
    chosen += [(acme, 2), (acme, 5), (acme, 299), (paint, 20)]
    issued += [_issued(house.ledger, tenant.number, number) for tenant, number in chosen[4:]]
    key = house.ledger.drivers.keeper.public_key
    house.close()
    origin = issued[0]["epoch_proof"].split("\n\n")[1].split("\n")[0]
    pins: Json = {"super": [_vkey(origin, key)]}
    for number, members in enumerate(issued):
        if number % 2:
            body = members["epoch_proof"].split("\n\n")[1] + "\n"
            members["epoch_proof"] += "".join(who.cosignature(body) for who in WITNESSES[1:])
            yield Whole(members, {**pins, "policy": POLICY})
        else:
            yield Whole(members, pins)


def _issued(ledger: Ledger, tenant: int, number: int) -> Json:
    name = id_bytes(str(_event(number)["id"]))
    with ledger.drivers.store.read() as snapshot:
        place = snapshot.find(tenant, [name])[name]
        receipt = Receipts(ledger).issue(snapshot, place)
    assert receipt is not None
    members: Json = json.loads(receipt.format())
    return members


def _vkey(name: str, public: bytes) -> str:
    typed = b"\x01" + public
    key_id = sha256(name.encode() + b"\n" + typed).digest()[:4]
    return f"{name}+{key_id.hex()}+{b64(typed)}"
