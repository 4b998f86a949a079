"""A witness in this process, asked over HTTP, and what it must answer, spelled by hand."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.client import HTTPConnection
from pathlib import Path
from threading import Thread
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kit.fake_log import FakeLog, b64
from tallystick.tlog.key import VerifierKey
from tallystick.watch.epoch_audit import EpochAudit
from tallystick.watch.http import Site
from tallystick.watch.log_source import ServerSource
from tallystick.watch.witness import Witness
from tallystick.watch.witness_evidence import EvidenceFolder
from tallystick.watch.witness_key import WitnessKey
from tallystick.watch.witness_server import WitnessServer
from tallystick.watch.witness_state import WitnessState

NAME = "witness.example/w1"
SEED = b"w" * 32
NOW_S = 1_764_000_500


def cosignature(body: str, time_s: int, name: str = NAME, seed: bytes = SEED) -> str:
    """Return the line that a witness must answer with, made as c2sp.org/tlog-cosignature says."""
    key = Ed25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes_raw()
    key_id = sha256(name.encode() + b"\n\x04" + public).digest()[:4]
    signed = key.sign(f"cosignature/v1\ntime {time_s}\n{body}".encode())
    return f"\N{EM DASH} {name} {b64(key_id + time_s.to_bytes(8) + signed)}\n"


def vkey(name: str = NAME, seed: bytes = SEED) -> str:
    """Return a witness's vkey."""
    public = b"\x04" + Ed25519PrivateKey.from_private_bytes(seed).public_key().public_bytes_raw()
    key_id = sha256(name.encode() + b"\n" + public).hexdigest()[:8]
    return f"{name}+{key_id}+{b64(public)}"


class Told(NamedTuple):
    """An answer."""

    status: int
    content_type: str
    text: str


@dataclass
class RunningWitness:
    """A witness that can be asked.

    Attributes:
        port: Of loopback.
        folder: Where its state and evidence are.
        lines: What it logged.
        time_s: Its clock.
    """

    folder: Path
    port: int = 0
    lines: list[dict[str, Any]] = field(default_factory=list)
    time_s: int = NOW_S

    def ask(self, method: str, path: str, body: bytes | None = None) -> Told:
        """Send one request on a connection of its own."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, body)
            answer = connection.getresponse()
            kind = answer.getheader("Content-Type", "")
            return Told(answer.status, kind, answer.read().decode())
        finally:
            connection.close()

    def add(self, body: bytes) -> Told:
        """Submit a checkpoint."""
        return self.ask("POST", "/add-checkpoint", body)

    def monitored(self, origin: str) -> Told:
        """Ask for the newest cosigned checkpoint of a log."""
        return self.ask("GET", f"/{sha256(origin.encode()).hexdigest()}/checkpoint")

    def evidence(self) -> list[dict[str, Any]]:
        """Read what it kept of its refusals."""
        files = sorted((self.folder / "evidence").glob("*.json"))
        return [json.loads(file.read_text("utf-8")) for file in files]


def made_witness(
    folder: Path, *logs: FakeLog, now: Callable[[], int], site: Site | None = None
) -> Witness:
    """Put a witness together that knows some logs.

    Args:
        folder: For state and evidence.
        logs: The logs that it knows.
        now: Its clock.
        site: The server whose epochs it audits, that of the only log.
    """
    folder.mkdir(exist_ok=True)
    state = WitnessState(folder / "witness.db", vkey(), audits=site is not None)
    known = {log.origin: [VerifierKey.parse(log.vkey)] for log in logs}
    audits = {}
    if site:
        (log,) = logs
        audits[log.origin] = EpochAudit(log.origin, state, ServerSource(site))
    evidence = EvidenceFolder(folder / "evidence")
    return Witness(WitnessKey(NAME, SEED), known, state, now, evidence, audits)


@contextmanager
def running_witness(
    folder: Path, *logs: FakeLog, audited: str = "", key: str = ""
) -> Iterator[RunningWitness]:
    """Run a witness.

    Args:
        folder: For state and evidence.
        logs: The logs that it knows.
        audited: URL of the server whose epochs it audits; none where empty.
        key: API key for that.
    """
    running = RunningWitness(folder)
    site = Site(audited, key, timeout_s=5, wait=lambda _: None) if audited else None
    witness = made_witness(folder, *logs, now=lambda: running.time_s, site=site)

    def tell(line: str) -> None:
        running.lines.append(json.loads(line))

    with WitnessServer(witness, ("127.0.0.1", 0), lambda: running.time_s, tell) as server:
        running.port = server.server_address[1]
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield running
        finally:
            server.shutdown()
            thread.join()
            if site:
                site.close()
