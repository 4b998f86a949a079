"""A witness for tests, by code of its own (c2sp.org/tlog-witness): honest until told to lie."""

import re
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ssl import SSLContext
from threading import Lock, Thread

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tallystick.drivers.system import SystemClock

Lie = Callable[[BaseHTTPRequestHandler, bytes], bool]
"""Answers a POST in a way of its own: (handler, body) → whether it did."""


def now_s() -> int:
    return SystemClock().now() // 1_000_000


@dataclass
class FakeWitness:
    """One witness with a key of its own.

    Attributes:
        name: Name of its key.
        url: Where it listens.
        seen: By origin, size and the note that it cosigned last.
        asked: Bodies of all requests to cosign.
        lie: How it answers instead; None: honestly.
        skew_s: How far its clock is ahead.
        prefix: What its paths begin with.
    """

    name: str
    key: Ed25519PrivateKey
    url: str = ""
    seen: dict[str, tuple[int, bytes, str]] = field(default_factory=dict)
    asked: list[bytes] = field(default_factory=list)
    lie: Lie | None = None
    skew_s: int = 0
    prefix: str = ""
    _mutex: Lock = field(default_factory=Lock)

    @property
    def public(self) -> bytes:
        """Its public key."""
        return self.key.public_key().public_bytes_raw()

    @property
    def key_id(self) -> bytes:
        """The id of its key."""
        return sha256(self.name.encode() + b"\n\x04" + self.public).digest()[:4]

    @property
    def vkey(self) -> str:
        """Its key as a policy has it."""
        encoded = b64encode(b"\x04" + self.public).decode()
        return f"{self.name}+{self.key_id.hex()}+{encoded}"

    def line(self, body: str, time_s: int) -> str:
        """Cosign the text of a note."""
        signed = self.key.sign(f"cosignature/v1\ntime {time_s}\n{body}".encode())
        payload = self.key_id + time_s.to_bytes(8, "big") + signed
        return f"— {self.name} {b64encode(payload).decode()}\n"

    def add_checkpoint(self, request: bytes) -> tuple[int, str, str]:
        """Answer as the specification says: (status, content type, body)."""
        head, _, note = request.decode().partition("\n\n")
        first, *lines = head.split("\n")
        body = note.rpartition("\n\n")[0] + "\n"
        origin, size_text, root_text = body.split("\n")[:3]
        old, size, root = int(first.removeprefix("old ")), int(size_text), b64decode(root_text)
        with self._mutex:
            known, known_root, _ = self.seen.get(origin, (0, b"", ""))
            if old != known:
                return 409, "text/x.tlog.size", f"{known}\n"
            if old > size:
                return 400, "text/plain", "old is more than the size\n"
            proof = [b64decode(line) for line in lines]
            if old and not consistent(old, size, known_root, root, proof):
                return 422, "text/plain", "the proof does not hold\n"
            if not old and proof:
                return 422, "text/plain", "a proof from nothing\n"
            line = self.line(body, now_s() + self.skew_s)
            self.seen[origin] = (size, root, f"{note}{line}")
        return 200, "text/plain", line


def consistent(
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> bool:
    """RFC 9162 §2.1.4.2, step by step."""
    if old == new:
        return not proof and old_root == new_root
    path = list(proof)
    if old & (old - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr = sha256(b"\x01" + c + fr).digest()
            sr = sha256(b"\x01" + c + sr).digest()
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = sha256(b"\x01" + sr + c).digest()
        fn, sn = fn >> 1, sn >> 1
    return fr == old_root and sr == new_root and sn == 0


@contextmanager
def witness_at_work(name: str, tls: SSLContext | None = None) -> Iterator[FakeWitness]:
    """Run a witness on loopback, with TLS where told how."""
    witness = FakeWitness(name, Ed25519PrivateKey.generate())

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if self.path != f"{witness.prefix}/add-checkpoint":
                answer(self, 404, "text/plain", "no such path\n")
                return
            witness.asked.append(body)
            if witness.lie is not None and witness.lie(self, body):
                return
            answer(self, *witness.add_checkpoint(body))

        def do_GET(self) -> None:
            for origin, (_, _, note) in list(witness.seen.items()):
                name = sha256(origin.encode()).hexdigest()
                if self.path == f"{witness.prefix}/{name}/checkpoint":
                    answer(self, 200, "text/plain", note)
                    return
            answer(self, 404, "text/plain", "unknown\n")

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: object) -> None:
            """Whoever hangs up on a liar is right."""

    server = Server(("127.0.0.1", 0), Handler)
    witness.url = f"http://127.0.0.1:{server.server_address[1]}"
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        witness.url = f"https://localhost:{server.server_address[1]}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield witness
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def answer(handler: BaseHTTPRequestHandler, status: int, kind: str, body: str | bytes) -> None:
    """Answer a request."""
    data = body if isinstance(body, bytes) else body.encode()
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    handler.send_header("Content-Length", str(len(data)))
    handler.end_headers()
    handler.wfile.write(data)


def policy_text(*witnesses: FakeWitness, quorum: int | str) -> str:
    """Write a policy by which some of the witnesses must have cosigned."""
    lines = [f"witness {it.name.split('/')[-1]} {it.vkey} {it.url}" for it in witnesses]
    names = " ".join(it.name.split("/")[-1] for it in witnesses)
    return "\n".join([*lines, f"group all-of-them {quorum} {names}", "quorum all-of-them", ""])


def cosigners(note: str) -> list[str]:
    """The names below a note, that of the log first."""
    return re.findall(r"^— (\S+) ", note.rpartition("\n\n")[2], re.MULTILINE)
