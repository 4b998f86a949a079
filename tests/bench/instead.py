"""What people would take instead: a library of hash chains, and the way of the tutorials.

Both start from the same JSON as the reference loop. Neither seals, neither can erase, and who
can write the file can write a new chain; ``auditchain`` is on disk when it returns, the tutorial's
line is not.
"""

import asyncio
import json
import logging
from hashlib import sha256
from pathlib import Path
from time import perf_counter
from typing import Any

import msgspec
from auditchain import AuditLog
from auditchain.backends.sqlite import SqliteBackend

from bench.deployment import scratch_folder
from bench.figure import Figure
from bench.load import BATCH, Load
from bench.reference import around

_BULK, _SINGLE = 20_000, 1_000
_FIELDS = ("context", "id", "metadata", "occurred_at", "outcome")


def instead() -> list[Figure]:
    """Measure auditchain in batches of 500 and one by one, and the tutorial's way."""
    lines = [msgspec.json.encode(event) for event in Load(seed=4).take(_BULK)]
    with scratch_folder() as folder, around() as reference:
        bulk = asyncio.run(_auditchain(folder / "bulk.db", lines, BATCH))
    figures = [Figure("auditchain, bulk", bulk, "events/s", bulk / reference.rate)]
    with scratch_folder() as folder, around() as reference:
        one = asyncio.run(_auditchain(folder / "one.db", lines[:_SINGLE], 1))
    figures += [Figure("auditchain, single", one, "events/s", one / reference.rate)]
    with scratch_folder() as folder, around() as reference:
        logged = _tutorial(folder / "audit.log", lines)
    note = "a hash a line, nothing waits for the disk"
    return [*figures, Figure("tutorial", logged, "events/s", logged / reference.rate, note=note)]


async def _auditchain(path: Path, lines: list[bytes], batch: int) -> float:
    async with AuditLog(SqliteBackend(path)) as log:
        started = perf_counter()
        for at in range(0, len(lines), batch):
            records = [_record(json.loads(line)) for line in lines[at : at + batch]]
            if batch == 1:
                actor, action, subject, metadata = records[0]
                await log.append(actor, action, subject, metadata=metadata)
            else:
                await log.append_many(records)
        return len(lines) / (perf_counter() - started)


def _record(event: dict[str, Any]) -> tuple[str, str, str, dict[str, Any]]:
    """Say an event in auditchain's four words, without losing any of it."""
    metadata = {name: event[name] for name in _FIELDS}
    metadata["actor"], metadata["targets"] = event["actor"], event["targets"]
    return event["actor"]["id"], event["action"], event["targets"][0]["id"], metadata


def _tutorial(path: Path, lines: list[bytes]) -> float:
    logger = logging.getLogger("bench.audit")
    handler = logging.FileHandler(path, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    try:
        started = perf_counter()
        for line in lines:
            text = json.dumps(json.loads(line), sort_keys=True)
            logger.info("%s hash=%s", text, sha256(text.encode()).hexdigest())
        return len(lines) / (perf_counter() - started)
    finally:
        logger.removeHandler(handler)
        handler.close()
