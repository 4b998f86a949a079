"""What a witness costs: an epoch of many logs of which a tenth changed, and a day of epochs.

The deployment is the plain one of the tests, in this process: what is measured is the witness,
with its state on disk, and not the server that answers it.
"""

import json
from pathlib import Path
from time import perf_counter, process_time
from typing import NamedTuple

from bench.deployment import scratch_folder
from bench.figure import Better, Figure
from kit.fake_log import FakeLog
from kit.witness import NAME, NOW_S, SEED, vkey
from tallystick.tlog.key import VerifierKey
from tallystick.tlog.tile import entries_path
from tallystick.watch.epoch_audit import EpochAudit
from tallystick.watch.witness import Witness
from tallystick.watch.witness_evidence import EvidenceFolder
from tallystick.watch.witness_key import WitnessKey
from tallystick.watch.witness_state import WitnessState

_EPOCHS = 5
_EPOCH_S = 10
_A_DAY = 86_400 // _EPOCH_S


class Cost(NamedTuple):
    """What one epoch cost: seconds, seconds of CPU, bytes received and sent."""

    wall_s: float
    cpu_s: float
    bytes: int


class FakeSource:
    """A source of the audit that answers from memory, and counts."""

    def __init__(self, log: FakeLog) -> None:
        self._log = log
        self.bytes = 0
        self.changes_text = b""

    def bundle(self, index: int, width: int) -> bytes:
        """Return records."""
        status, data = self._log.answer(f"/v1/super/{entries_path(index, width)}")
        assert status == 200
        self.bytes += len(data)
        return data

    def changes(self, epoch: int) -> bytes:
        """Return what was written down before the time was taken."""
        assert epoch == self._log.epochs[-1].number
        self.bytes += len(self.changes_text)
        return self.changes_text

    def published(self) -> bytes:
        """Return the newest note."""
        data = self._log.notes[-1].encode()
        self.bytes += len(data)
        return data


def auditing() -> list[Figure]:
    """Measure epochs of an auditing witness and of a plain one."""
    figures = [_figure(logs, audits=True) for logs in (10_000, 100_000)]
    return [*figures, _figure(10_000, audits=False)]


def _figure(logs: int, *, audits: bool) -> Figure:
    costs = sorted(_costs(logs, audits=audits), key=lambda cost: cost.wall_s)
    cost = costs[len(costs) // 2]
    name = f"audit, {logs // 1_000:,}k logs" if audits else "plain witness"
    day = f"{cost.cpu_s * _A_DAY:,.0f} s of CPU and {cost.bytes * _A_DAY / 1e6:,.1f} MB a day"
    return Figure(
        name,
        cost.wall_s * 1_000,
        "ms an epoch",
        better=Better.LESS,
        budget=_EPOCH_S * 1_000 / 4 if audits else None,
        note=f"a tenth of {logs:,} logs changed; {day} at {_EPOCH_S} s epochs",
    )


def _costs(logs: int, *, audits: bool) -> list[Cost]:
    log = FakeLog()
    for slot in range(logs):
        log.new_log(b"a", b"b", b"c of %d" % slot)
    source = FakeSource(log)
    costs = []
    with scratch_folder() as folder:
        witness = _witness(folder, log, source, audits=audits)
        old = 0
        for number in range(_EPOCHS + 1):
            if number:
                for slot in range(number, logs, 10):
                    log.entries[slot].append(b"more")
            log.publish()
            source.changes_text = json.dumps(log.changes[number]).encode()
            cost = _cost(witness, source, log.submission(old))
            old = len(log.records)
            if number:
                costs.append(cost)
    return costs


def _cost(witness: Witness, source: FakeSource, body: bytes) -> Cost:
    source.bytes = 0
    wall, cpu = perf_counter(), process_time()
    answer = witness.add_checkpoint(body)
    wall, cpu = perf_counter() - wall, process_time() - cpu
    assert answer.status == 200, answer
    return Cost(wall, cpu, source.bytes + len(body) + len(answer.body))


def _witness(folder: Path, log: FakeLog, source: FakeSource, *, audits: bool) -> Witness:
    state = WitnessState(folder / "witness.db", vkey(), audits=audits)
    known = {log.origin: [VerifierKey.parse(log.vkey)]}
    audit = {log.origin: EpochAudit(log.origin, state, source)} if audits else {}
    evidence = EvidenceFolder(folder / "evidence")
    return Witness(WitnessKey(NAME, SEED), known, state, lambda: NOW_S, evidence, audit)
