"""Receipts made by plain code of the tests' own: no line of it is shared with the product.

A :class:`Deployment` is small and whole: logs with entries, an epoch tree of their heads, a
super-log, a key and two witnesses. Everything in it can be changed before :meth:`receipt` puts
the parts together, and the parts before :func:`written` writes them.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import blake2b, sha256
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.rfc6962 import mth
from kit.rfc6962 import path as path_of

DEPLOYMENT = "audit.example/eu"
SUPER = f"{DEPLOYMENT}/super"
EPOCH_TIME = 1_795_488_300
Json = dict[str, Any]


def b64(data: bytes) -> str:
    """Write base64."""
    return b64encode(data).decode()


def unb64(text: str) -> bytes:
    """Read base64."""
    return b64decode(text)


def plain_text(value: object) -> str:
    """Write JSON canonically; good for the values that the tests have."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def plain_salt(key: bytes, origin: str, event_id: bytes, path: str) -> bytes:
    """Derive a salt as docs/specs/entry-v1.md says."""
    parts = b"".join(
        len(part).to_bytes(2, "big") + part for part in (origin.encode(), event_id, path.encode())
    )
    return blake2b(parts, digest_size=16, key=key, person=b"salt").digest()


def plain_commitment(salt: bytes, path: str, text: str) -> bytes:
    """Commit as docs/specs/entry-v1.md says."""
    name = path.encode()
    length = len(name).to_bytes(2, "big")
    return sha256(b"tallystick/commitment/v1\x00" + salt + length + name + text.encode()).digest()


@dataclass
class Signer:
    """An Ed25519 key made from a word."""

    name: str
    algorithm: int = 1
    word: str = ""

    @property
    def private(self) -> Ed25519PrivateKey:
        """The private key."""
        seed = sha256((self.word or self.name).encode()).digest()
        return Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def key_id(self) -> bytes:
        """The four bytes that stand before a signature."""
        tail = bytes([self.algorithm]) + self.private.public_key().public_bytes_raw()
        return sha256(self.name.encode() + b"\n" + tail).digest()[:4]

    @property
    def vkey(self) -> str:
        """The public key with its name."""
        public = bytes([self.algorithm]) + self.private.public_key().public_bytes_raw()
        return f"{self.name}+{self.key_id.hex()}+{b64(public)}"

    def line(self, body: str) -> str:
        """Sign a text as a log does."""
        return f"— {self.name} {b64(self.key_id + self.private.sign(body.encode()))}\n"

    def cosignature(self, body: str, time_s: int = EPOCH_TIME) -> str:
        """Sign a checkpoint as a witness does."""
        signature = self.private.sign(f"cosignature/v1\ntime {time_s}\n{body}".encode())
        payload = self.key_id + time_s.to_bytes(8, "big") + signature
        return f"— {self.name} {b64(payload)}\n"


WITNESSES = (Signer("w1.example", 4), Signer("w2.example", 4), Signer("w3.example", 4))
POLICY = (
    "".join(f"witness w{i} {signer.vkey}\n" for i, signer in enumerate(WITNESSES, 1))
    + "group enough 2 w1 w2 w3\nquorum enough\n"
)


def plain_origin(slot: int) -> str:
    """Name the log at a slot."""
    name = sha256(f"log {slot}".encode()).hexdigest()[:32]
    return f"{DEPLOYMENT}/t/{slot}/{name}"


def head_text(origin: str, size: int, root: bytes) -> bytes:
    """Write the leaf of an epoch tree."""
    return f"{origin}\n{size}\n{b64(root)}\n".encode()


def epoch_text(epoch: int, time_s: int, slots: int, root: bytes, previous: bytes) -> str:
    """Write an epoch record."""
    head = f"tallystick/epoch/v1\n{epoch}\n{time_s}\n{slots}\n"
    return f"{head}{b64(root)}\n{b64(previous)}\n"


def sealed_event(number: int, origin: str) -> tuple[bytes, Json]:
    """Make one entry; return its leaf and all of its disclosure."""
    event_id = sha256(f"event {number}".encode()).digest()[:16]
    key = sha256(f"subject {number}".encode()).digest()
    values = {
        "/actor/id": f"u_{number}",
        "/actor/name": "Grüße, Ada",
        "/metadata/a~1b": {"amount": 12345678901234567890, "ratio": 0.5, "tags": ["x", None]},
        "/targets/0/name": 'Quarterly "report"\n',
    }
    disclosure: Json = {}
    sealed: Json = {}
    for path, value in values.items():
        text = plain_text(value)
        salt = plain_salt(key, origin, event_id, path)
        disclosure[path] = [b64(salt), text]
        sealed[path] = [0, b64(plain_commitment(salt, path, text))]
    entry = {
        "action": "document.deleted",
        "actor": {"type": "user"},
        "class": "standard",
        "id": f"0199e0aa-0000-7000-8def-{number:012x}",
        "metadata": {"plan": "business"},
        "occurred_at": "2026-11-24T02:44:59.000001Z",
        "outcome": "success",
        "received_at": f"2026-11-24T02:45:00.{number:06d}Z",
        "sealed": sealed,
        "stream": "audit",
        "subject_refs": [sha256(f"ref {number}".encode()).hexdigest()[:32]],
        "targets": [{"id": "doc_1", "type": "document"}],
        "v": 1,
        "via": {"door": "native", "key_id": "k_1"},
    }
    return plain_text(entry).encode(), disclosure


@dataclass
class Deployment:
    """A deployment of a few logs, from which receipts are made.

    Attributes:
        slot: The log that the receipt comes from.
        index: The entry.
        entries: Its leaves.
        disclosure: Of that entry.
        heads: Leaves of the epoch tree; None makes them from the logs.
        cosigners: Who cosigns.
    """

    slot: int = 2
    slots: int = 5
    index: int = 3
    size: int = 7
    epoch: int = 12
    time_s: int = EPOCH_TIME
    before: int = 9
    behind: int = 2
    signer: Signer = field(default_factory=lambda: Signer(SUPER))
    cosigners: Sequence[Signer] = ()
    entries: list[bytes] = field(default_factory=list)
    disclosure: Json = field(default_factory=dict)
    heads: list[bytes] = field(default_factory=list)
    origin: str = ""
    super_origin: str = SUPER

    def __post_init__(self) -> None:
        self.origin = self.origin or plain_origin(self.slot)
        pairs = [sealed_event(number, self.origin) for number in range(self.size)]
        self.entries = self.entries or [leaf for leaf, _ in pairs]
        self.disclosure = self.disclosure or pairs[self.index][1]

    def head(self) -> bytes:
        """The head of the receipt's log."""
        return head_text(self.origin, len(self.entries), mth(self.entries))

    def all_heads(self) -> list[bytes]:
        """All leaves of the epoch tree."""
        if self.heads:
            return self.heads
        heads = [
            head_text(plain_origin(slot), slot, sha256(f"root {slot}".encode()).digest())
            for slot in range(self.slots)
        ]
        heads[self.slot] = self.head()
        return heads

    def note(self, records: Sequence[bytes]) -> str:
        """Sign the super-log."""
        body = f"{self.super_origin}\n{len(records)}\n{b64(mth(records))}\n"
        lines = [self.signer.line(body), *(who.cosignature(body) for who in self.cosigners)]
        return f"{body}\n{''.join(lines)}"

    def receipt(self, *, proven_slot: int | None = None) -> Json:
        """Put the members together, with the proof for another slot if one is given."""
        heads = self.all_heads()
        record = epoch_text(
            self.epoch, self.time_s, len(heads), mth(heads), sha256(b"note").digest()
        )
        records = [f"record {i}\n".encode() for i in range(self.before)]
        records += [record.encode(), *(f"later {i}\n".encode() for i in range(self.behind))]
        path = path_of(self.before, records)
        hashes = "".join(f"{b64(node)}\n" for node in path)
        proof = f"c2sp.org/tlog-proof@v1\nindex {self.before}\n{hashes}\n{self.note(records)}"
        slot = self.slot if proven_slot is None else proven_slot
        return {
            "receipt": "tallystick/receipt/v1",
            "origin": self.origin,
            "index": self.index,
            "size": len(self.entries),
            "entry": b64(self.entries[self.index]),
            "disclosure": dict(self.disclosure),
            "inclusion": [b64(node) for node in path_of(self.index, self.entries)],
            "slots_proof": [b64(node) for node in path_of(slot, heads)],
            "epoch_record": record,
            "epoch_proof": proof,
        }


def written(members: Json) -> bytes:
    """Write a receipt in canonical form."""
    return plain_text(members).encode()


def plain_pins(signer: Signer | None = None, **more: object) -> bytes:
    """Write a file of pins for a key."""
    return json.dumps({"super": [(signer or Signer(SUPER)).vkey], **more}).encode()
