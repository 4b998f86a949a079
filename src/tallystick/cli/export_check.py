"""Whether all entries of the logs are in an export: its leaf hashes lead to the manifest's roots.

What the roots are worth is another question: an epoch proves them, to who has a pin.
"""

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby, islice
from pathlib import Path
from typing import Any, Final

from tallystick.errors import VerificationError
from tallystick.tlog.hashing import HASH_SIZE
from tallystick.tlog.tree import Frontier

_BATCH: Final = 4_096

Row = tuple[str, int, str]
"""The log, the index and the leaf hash of a row."""


def check_whole(path: Path, manifest: Mapping[str, Any]) -> None:
    """Check that a file holds every entry of the manifest's logs.

    Raises:
        VerificationError: One is missing, doubled, or another one.
    """
    logs = {log["log"]: log for log in manifest["logs"]}
    seen = set()
    with path.open(encoding="utf-8", newline="") as file:
        rows = _csv(file) if manifest["format"] == "csv" else _ndjson(file)
        for name, of_log in groupby(rows, key=lambda row: row[0]):
            if name not in logs or name in seen:
                raise VerificationError(f"export: rows of log {name[:32]} are out of place")
            seen.add(name)
            _check(logs[name], of_log)
    for name in logs.keys() - seen:
        _check(logs[name], ())


def _check(log: Mapping[str, Any], rows: Iterable[Row]) -> None:
    edge = Frontier()
    for batch in _in_batches(rows):
        for want, (_, index, _) in enumerate(batch, edge.size):
            if index != want:
                raise VerificationError(f"export: log {log['log']}: row {index:,}, want {want:,}")
        edge = edge.extend([_hash(leaf_hash) for _, _, leaf_hash in batch])
    if (edge.size, edge.root().hex()) != (log["size"], log["root"]):
        raise VerificationError(
            f"export: log {log['log']}: {edge.size:,} entries with root {edge.root().hex()},"
            f" want {log['size']:,} with {log['root']}"
        )


def _hash(text: str) -> bytes:
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) != HASH_SIZE:
        raise VerificationError(f"export: a leaf hash is none, want {HASH_SIZE} bytes in hex")
    return found


def _in_batches(rows: Iterable[Row]) -> Iterator[tuple[Row, ...]]:
    left = iter(rows)
    while batch := tuple(islice(left, _BATCH)):
        yield batch


def _ndjson(lines: Iterable[str]) -> Iterator[Row]:
    for line in lines:
        row = json.loads(line)
        yield row["log"], row["index"], row["leaf_hash"]


def _csv(lines: Iterable[str]) -> Iterator[Row]:
    for row in csv.DictReader(lines):
        yield row["log"], int(row["index"]), row["leaf_hash"]
