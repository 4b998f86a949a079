"""Exports of a real server, as a client asks for them."""

import json
import time
from collections.abc import Sequence
from hashlib import sha256
from typing import Any

from kit.rfc6962 import largest_power_of_two_smaller_than
from kit.server import Answer, Server

PATIENCE_S = 60.0
PATH = "/v1/exports"


def ask(server: Server, key: str, **wanted: object) -> str:
    """Ask for an export; return its id."""
    answer = server.ask("POST", PATH, wanted, key=key)
    assert answer.status == 202, answer
    return str(answer.json["id"])


def look(server: Server, key: str, name: str) -> dict[str, Any]:
    """Return how far an export is."""
    answer = server.ask("GET", f"{PATH}/{name}", key=key)
    assert answer.status == 200, answer
    return dict(answer.json)


def wait(server: Server, key: str, name: str) -> dict[str, Any]:
    """Wait until nothing more is done for an export."""
    deadline = time.monotonic() + PATIENCE_S
    while (told := look(server, key, name))["state"] in {"waiting", "running"}:
        assert time.monotonic() < deadline, told
        time.sleep(0.05)
    return told


def fetch(server: Server, key: str, name: str, headers: dict[str, str] | None = None) -> Answer:
    """Fetch an export, or a part of it."""
    return server.ask("GET", f"{PATH}/{name}/download", key=key, headers=headers)


def export(server: Server, key: str, **wanted: object) -> bytes:
    """Make an export, and fetch it."""
    name = ask(server, key, **wanted)
    told = wait(server, key, name)
    assert told["state"] == "done", told
    return fetch(server, key, name).body


def rows(body: bytes) -> list[dict[str, Any]]:
    """Read NDJSON."""
    assert not body or body.endswith(b"\n")
    return [json.loads(line) for line in body.splitlines()]


def root_in(found: list[dict[str, Any]], log: str) -> str:
    """Compute the root of a log of the leaf hashes in its rows, in hex."""
    of_log = {row["index"]: bytes.fromhex(row["leaf_hash"]) for row in found if row["log"] == log}
    assert sorted(of_log) == list(range(len(of_log)))
    return _root([of_log[index] for index in range(len(of_log))]).hex()


def _root(hashes: Sequence[bytes]) -> bytes:
    """Hash leaf hashes into their root, as RFC 6962 section 2.1 has it."""
    if len(hashes) < 2:
        return hashes[0] if hashes else sha256(b"").digest()
    k = largest_power_of_two_smaller_than(len(hashes))
    return sha256(b"\x01" + _root(hashes[:k]) + _root(hashes[k:])).digest()
