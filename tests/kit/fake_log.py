"""A deployment in plain code of its own, which can lie: logs, epochs, super-log, HTTP server.

Nothing here uses the product: hashes are hashlib's, trees the RFC's as it is written
(:mod:`kit.rfc6962`), signatures the library's, records spelled by hand from
docs/specs/receipt-v1.md. A test lies by changing what a deployment holds between two epochs
(``entries``, ``origins``, ``records``) or what it answers (``changes``, ``answers``).
"""

import json
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.rfc6962 import mth, path, proof

EMPTY = sha256(b"").digest()
FIRST_S = 1_764_000_000


def b64(data: bytes) -> str:
    """Write bytes in base64."""
    return b64encode(data).decode()


def sign(name: str, key: Ed25519PrivateKey, text: str) -> str:
    """Return an Ed25519 signature line of a note, with its newline."""
    public = key.public_key().public_bytes_raw()
    key_id = sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    return f"\N{EM DASH} {name} {b64(key_id + key.sign(text.encode()))}\n"


@dataclass(frozen=True)
class Head:
    """A log in an epoch: what its entries led to then."""

    origin: str
    entries: tuple[bytes, ...]
    root: bytes

    @property
    def size(self) -> int:
        """Number of entries."""
        return len(self.entries)

    @property
    def body(self) -> bytes:
        """The leaf of the epoch tree."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n".encode()


@dataclass
class FakeEpoch:
    """An epoch as it was made.

    Attributes:
        number: From 0.
        record_index: Place of its record in the super-log.
        heads: By slot.
        root: Of the epoch tree, as the record says.
    """

    number: int
    record_index: int
    heads: list[Head]
    root: bytes


@dataclass
class FakeLog:
    """A deployment.

    Attributes:
        deployment: Its name.
        seed: Of the key that signs super-checkpoints.
        entries: Of the log at each slot.
        origins: Of the log at each slot.
        records: The super-log.
        epochs: Those that were made.
        notes: Published super-checkpoints, the newest last.
        changes: What is answered to ``/v1/epochs/{epoch}/changes``, by epoch.
        answers: What is answered to a path instead of the truth: (status, body).
        asked: The paths that were asked for.
        key: The only API key that is let in, where there is one.
    """

    deployment: str = "log.example"
    seed: bytes = b"f" * 32
    entries: list[list[bytes]] = field(default_factory=list)
    origins: list[str] = field(default_factory=list)
    records: list[bytes] = field(default_factory=list)
    epochs: list[FakeEpoch] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    changes: dict[int, dict[str, Any]] = field(default_factory=dict)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    key: str = ""

    @property
    def origin(self) -> str:
        """Origin of the super-log."""
        return f"{self.deployment}/super"

    @property
    def signer(self) -> Ed25519PrivateKey:
        """The deployment's key."""
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def vkey(self) -> str:
        """The deployment's vkey."""
        public = b"\x01" + self.signer.public_key().public_bytes_raw()
        key_id = sha256(self.origin.encode() + b"\n" + public).hexdigest()[:8]
        return f"{self.origin}+{key_id}+{b64(public)}"

    def new_log(self, *entries: bytes) -> int:
        """Make a log at the next slot, and return the slot."""
        slot = len(self.entries)
        name = sha256(f"log {slot}".encode()).hexdigest()[:32]
        self.origins.append(f"{self.deployment}/t/{slot}/{name}")
        self.entries.append([*entries])
        return slot

    def hex(self, slot: int) -> str:
        """Return a log's id in paths."""
        return self.origins[slot].rpartition("/")[2]

    def publish(
        self,
        *,
        number: int | None = None,
        root: bytes | None = None,
        slots: int | None = None,
        previous: bytes | None = None,
        sign_it: bool = True,
    ) -> FakeEpoch:
        """Make an epoch of what the logs hold, honest but for what is given.

        Args:
            number: Of the epoch, instead of the next.
            root: In the record, instead of that of the heads.
            slots: In the record, instead of their number.
            previous: In the record, instead of the SHA-256 of the last note.
            sign_it: Whether a super-checkpoint is published.
        """
        last = self.epochs[-1] if self.epochs else None
        kept = len(last.heads) if last else 0
        for slot in range(kept, len(self.entries)):
            origin_hash = b64(sha256(self.origins[slot].encode()).digest())
            self.records.append(f"tallystick/registry/v1\n{slot}\n{origin_hash}\n".encode())
        heads = self._heads(last)
        true_root = mth([head.body for head in heads])
        note = sha256(self.notes[-1].encode()).digest() if self.notes else bytes(32)
        epoch = FakeEpoch(
            number if number is not None else (last.number + 1 if last else 0),
            len(self.records),
            heads,
            true_root if root is None else root,
        )
        lines = (
            "tallystick/epoch/v1",
            epoch.number,
            FIRST_S + 10 * epoch.number,
            len(heads) if slots is None else slots,
            b64(epoch.root),
            b64(note if previous is None else previous),
        )
        self.records.append("".join(f"{line}\n" for line in lines).encode())
        self.changes[epoch.number] = self._changes(last, epoch)
        self.epochs.append(epoch)
        if sign_it:
            self.notes.append(self.note())
        return epoch

    def note(self, size: int | None = None, root: bytes | None = None) -> str:
        """Sign a checkpoint of the super-log's first ``size`` records, or of another root."""
        size = len(self.records) if size is None else size
        root = mth(self.records[:size]) if root is None else root
        text = f"{self.origin}\n{size}\n{b64(root)}\n"
        return f"{text}\n{sign(self.origin, self.signer, text)}"

    def submission(self, old: int, size: int | None = None) -> bytes:
        """Return a body for ``add-checkpoint``: the honest proof, and a note of ``size``."""
        size = len(self.records) if size is None else size
        hashes = proof(old, self.records[:size]) if 0 < old < size else []
        lines = "".join(f"{line}\n" for line in (f"old {old}", *map(b64, hashes)))
        return f"{lines}\n{self.note(size)}".encode()

    def _heads(self, last: FakeEpoch | None) -> list[Head]:
        heads = []
        for slot, (origin, entries) in enumerate(zip(self.origins, self.entries, strict=True)):
            known = last.heads[slot] if last and slot < len(last.heads) else None
            if known and (known.origin, known.entries) == (origin, tuple(entries)):
                heads.append(known)
            else:
                heads.append(Head(origin, tuple(entries), mth(entries)))
        return heads

    def _changes(self, last: FakeEpoch | None, epoch: FakeEpoch) -> dict[str, Any]:
        changes = []
        for slot, head in enumerate(epoch.heads):
            known = last.heads[slot] if last and slot < len(last.heads) else None
            if known is not None and known.body == head.body:
                continue
            old = known.size if known else 0
            hashes = proof(old, head.entries) if 0 < old < head.size else []
            changes.append(
                {
                    "slot": slot,
                    "origin": head.origin,
                    "size": head.size,
                    "root": b64(head.root),
                    "old_size": old,
                    "proof": [b64(node) for node in hashes],
                }
            )
        return {
            "epoch": epoch.number,
            "record_index": epoch.record_index,
            "slots": len(epoch.heads),
            "changes": changes,
        }

    def head_in(self, slot: int, number: str, old: int | None) -> dict[str, Any] | None:
        """Return the answer of ``/v1/logs/{hex}/epochs/{epoch}``, or None if there is none."""
        epochs = {str(epoch.number): epoch for epoch in self.epochs}
        epoch = self.epochs[-1] if number == "latest" and self.epochs else epochs.get(number)
        if epoch is None or slot >= len(epoch.heads):
            return None
        head = epoch.heads[slot]
        answer = {
            "epoch": epoch.number,
            "record_index": epoch.record_index,
            "slots": len(epoch.heads),
            "origin": head.origin,
            "size": head.size,
            "root": b64(head.root),
            "slots_proof": [b64(n) for n in path(slot, [one.body for one in epoch.heads])],
        }
        if old is not None:
            hashes = proof(old, head.entries) if 0 < old < head.size else []
            answer["consistency"] = [b64(node) for node in hashes]
        return answer

    def answer(self, target: str) -> tuple[int, bytes]:
        """Answer a GET: (status, body)."""
        if target in self.answers:
            return self.answers[target]
        parts = urlsplit(target)
        match parts.path.strip("/").split("/"):
            case ["v1", "super", "checkpoint"] | ["v1", "super", "1", "checkpoint"] if self.notes:
                return 200, self.notes[-1].encode()
            case ["v1", "super", "tile", *rest] | ["v1", "super", "1", "tile", *rest]:
                return _tile(self.records, rest)
            case ["v1", "epochs", number, "changes"] if number.isdigit():
                found = self.changes.get(int(number))
                return (404, b"{}") if found is None else (200, json.dumps(found).encode())
            case ["v1", "logs", name, *rest] if name in map(self.hex, range(len(self.origins))):
                slot = [self.hex(slot) for slot in range(len(self.origins))].index(name)
                return self._log_answer(slot, rest, parts.query)
        return 404, b"{}"

    def _log_answer(self, slot: int, rest: Sequence[str], query: str) -> tuple[int, bytes]:
        match rest:
            case ["epochs", number]:
                told = parse_qs(query).get("from")
                found = self.head_in(slot, number, int(told[0]) if told else None)
                return (404, b"{}") if found is None else (200, json.dumps(found).encode())
            case ["checkpoint"] if self.epochs and slot < len(self.epochs[-1].heads):
                head = self.epochs[-1].heads[slot]
                line = sign(head.origin, self.signer, head.body.decode())
                return 200, head.body + b"\n" + line.encode()
            case ["tile", *path_of_tile]:
                return _tile(self.entries[slot], path_of_tile)
        return 404, b"{}"


def _tile(entries: Sequence[bytes], rest: Sequence[str]) -> tuple[int, bytes]:
    """Cut a tile or an entry bundle (c2sp.org/tlog-tiles)."""
    level, *names = rest
    width = 256
    if len(names) > 1 and names[-2].endswith(".p"):
        width = int(names.pop())
        names[-1] = names[-1].removesuffix(".p")
    first = int("".join(names).replace("x", "")) * 256
    if level == "entries":
        found = entries[first : first + width]
        data = b"".join(len(entry).to_bytes(2) + entry for entry in found)
    else:
        span = 256 ** int(level)
        places = range(first, min(first + width, len(entries) // span))
        found = [mth(entries[at * span : (at + 1) * span]) for at in places]
        data = b"".join(found)
    return (200, data) if len(found) == width else (404, b"{}")


@contextmanager
def serving(
    answer: Callable[[str], tuple[int, bytes]],
    key: str = "",
    sent: list[tuple[str, int]] | None = None,
) -> Iterator[str]:
    """Serve answers to GET on loopback, and return the URL.

    Args:
        answer: Takes the path with its query, returns (status, body).
        key: The API key that is demanded for all but the super-log; none where empty.
        sent: Where each path and the bytes of its answer are noted. With it, the server knows
            ranges (RFC 9110 §14).
    """

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 1 << 20  # head and body in one packet: else each answer waits 40 ms for an ACK

        def do_GET(self) -> None:
            allowed = self.path.startswith("/v1/super/") or not key
            if not allowed and self.headers.get("Authorization") != f"Bearer {key}":
                status, body = 401, b"{}"
            else:
                status, body = answer(self.path)
            wanted = self.headers.get("Range", "")
            if sent is not None and status == 200 and wanted:
                status, body = 206, body[int(wanted.removeprefix("bytes=").removesuffix("-")) :]
            if sent is not None:
                sent.append((self.path, len(body)))
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def serving_log(log: FakeLog, sent: list[tuple[str, int]] | None = None) -> Iterator[str]:
    """Serve a fake log; ``log.asked`` gathers the paths, ``sent`` what was sent for them."""

    def answer(target: str) -> tuple[int, bytes]:
        log.asked.append(target)
        return log.answer(target)

    with serving(answer, log.key, sent) as url:
        yield url
