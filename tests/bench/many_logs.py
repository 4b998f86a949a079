"""What one epoch of very many logs costs: the publisher, the server, and an auditing witness.

All of it runs in this process, on a real ledger that the integrator filled.
"""

from collections.abc import Callable
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

import msgspec

from bench.deployment import checkpoint, scratch_folder, temporary_house
from bench.figure import Better, Figure
from bench.reference import Reference, around
from bench.watching import EPOCH_S, now_s
from tallystick.ledger.epochs import Epochs
from tallystick.ledger.ports import SUPER_SLOT, Entry, Log
from tallystick.ledger.published import Published
from tallystick.tlog.hashing import leaf_hash
from tallystick.tlog.note import VerifierKey, vkey
from tallystick.tlog.proof import consistency_proof
from tallystick.tlog.spelling import encode_base64
from tallystick.watch.epoch_audit import EpochAudit
from tallystick.watch.witness import Witness
from tallystick.watch.witness_evidence import EvidenceFolder
from tallystick.watch.witness_key import WitnessKey
from tallystick.watch.witness_state import WitnessState
from tallystick.wiring import House

_MEASURED = 3
_GROUP = 10_000


def epochs() -> list[Figure]:
    """Measure one epoch of 10,000 and of 100,000 logs of which a tenth has changed."""
    return [figure for logs in (10_000, 100_000) for figure in _epochs(logs)]


class Epoch(NamedTuple):
    """What one epoch took, in seconds: to be made, to be told, and to be audited."""

    publisher_s: float
    server_s: float
    witness_s: float
    bytes: int


class LedgerSource:
    """What an auditing witness asks of a server, straight from the ledger, and timed.

    Attributes:
        spent_s: Seconds that the answers took.
        bytes: Their length.
    """

    def __init__(self, house: House) -> None:
        self._house = house
        self._epochs = Epochs(house.ledger)
        self.spent_s, self.bytes = 0.0, 0

    def bundle(self, index: int, width: int, skipped: int = 0) -> bytes:
        """Return an entry bundle of the super-log, or what stands behind the bytes known of it."""
        return self._timed(lambda: self._bundle(index, width)[skipped:])

    def changes(self, epoch: int) -> bytes:
        """Return the changes of an epoch as the API writes them."""
        return self._timed(lambda: self._changes(epoch))

    def published(self) -> bytes:
        """Return the newest note: no witness here needs it."""
        raise AssertionError

    def before(self) -> "LedgerSource":
        """Return where another super-log is: here is only one."""
        raise AssertionError

    def _timed(self, answer: Callable[[], bytes]) -> bytes:
        started = perf_counter()
        data = answer()
        self.spent_s += perf_counter() - started
        self.bytes += len(data)
        return data

    def _bundle(self, index: int, width: int) -> bytes:
        ledger = self._house.ledger
        with ledger.drivers.store.read() as snapshot:
            return ledger.reader.bundle(snapshot, SUPER_SLOT, index, width)

    def _changes(self, epoch: int) -> bytes:
        with self._house.ledger.drivers.store.read() as snapshot:
            found = self._epochs.find(snapshot, epoch)
            changes = [
                {
                    **change._asdict(),
                    "root": encode_base64(change.root),
                    "proof": [encode_base64(node) for node in change.proof],
                }
                for change in self._epochs.every_change(snapshot, found)
            ]
        told = {"epoch": epoch, "record_index": found.index, "slots": found.record.slots}
        return msgspec.json.encode({**told, "changes": changes})


def _epochs(count: int) -> list[Figure]:
    with around() as reference, scratch_folder() as folder, temporary_house(folder / "d") as house:
        logs = _make_logs(house, count)
        witness, source = _auditor(folder, house)
        _audit(house, witness, source, _publish(house)[0], 0)
        measured = []
        for turn in range(_MEASURED):
            _grow(house, logs[turn::10], entry=turn + 1)
            old = _super_size(house)
            published, publisher_s = _publish(house)
            told = _audit(house, witness, source, published, old)
            measured.append(Epoch(publisher_s, *told))
    note = f"a tenth of {count:,} logs changed; {median(it.bytes for it in measured) / 1e6:,.2f} MB"
    note += f" to the witness; median of {_MEASURED} epochs"
    return [
        _figure(f"{name}, {count // 1_000}k logs", median(spent), reference, note)
        for name, spent in (
            ("publisher", [it.publisher_s for it in measured]),
            ("changes", [it.server_s for it in measured]),
            ("audit", [it.witness_s for it in measured]),
        )
    ]


def _figure(name: str, spent_s: float, reference: Reference, note: str) -> Figure:
    ratio = spent_s / reference.batch_s
    return Figure(name, spent_s * 1e3, "ms an epoch", ratio, Better.LESS, EPOCH_S * 250, note)


def _make_logs(house: House, count: int) -> list[Log]:
    ledger, logs = house.ledger, []
    for first in range(0, count, _GROUP):
        with ledger.drivers.store.write() as tx:
            logs += [
                ledger.logs.create(tx, ledger.drivers.entropy, 1_000 + number, "audit")
                for number in range(first, min(first + _GROUP, count))
            ]
        checkpoint(house)
    _grow(house, logs, entry=0)
    return logs


def _grow(house: House, logs: list[Log], entry: int) -> None:
    """Append one entry to each log; its leaf is no event, which no one here opens."""
    ledger = house.ledger
    for first in range(0, len(logs), _GROUP):
        with ledger.drivers.store.write() as tx:
            for log in logs[first : first + _GROUP]:
                head, leaf = tx.head(log.slot), b"%d of %d" % (entry, log.slot)
                event_id = log.slot.to_bytes(8) + entry.to_bytes(8)
                new = [Entry(head.size, event_id, leaf, leaf_hash(leaf), None)]
                ledger.integrator.append_entries(tx, log, head, new, ledger.drivers.clock.now())
        checkpoint(house)


def _publish(house: House) -> tuple[Published, float]:
    started = perf_counter()
    published = house.publisher.publish()
    spent = perf_counter() - started
    assert published is not None
    return published, spent


def _super_size(house: House) -> int:
    with house.ledger.drivers.store.read() as snapshot:
        return snapshot.head(SUPER_SLOT).size


def _auditor(folder: Path, house: House) -> tuple[Witness, LedgerSource]:
    key, source = WitnessKey("witness.example/w", b"w" * 32), LedgerSource(house)
    origin = f"{house.ledger.logs.deployment}/super"
    state = WitnessState(folder / "witness.db", key.verifier().vkey(), audits=True)
    known = {origin: [VerifierKey.parse(vkey(origin, 1, house.ledger.drivers.keeper.public_key))]}
    audits = {origin: EpochAudit(origin, state, source)}
    evidence = EvidenceFolder(folder / "evidence")
    return Witness(key, known, state, now_s, evidence, audits), source


def _audit(
    house: House, witness: Witness, source: LedgerSource, published: Published, old: int
) -> tuple[float, float, int]:
    """Show a checkpoint to the witness; return the server's time, its own, and the bytes."""
    with house.ledger.drivers.store.read() as snapshot:
        hashes = house.ledger.reader.hashes(snapshot, SUPER_SLOT, published.size)
        proof = consistency_proof(old, published.size, hashes) if old else []
    lines = [f"old {old}", *map(encode_base64, proof), "", published.note]
    source.spent_s, source.bytes = 0.0, 0
    started = perf_counter()
    answer = witness.add_checkpoint("\n".join(lines).encode())
    spent = perf_counter() - started
    assert answer.status == 200, answer
    return source.spent_s, spent - source.spent_s, source.bytes
