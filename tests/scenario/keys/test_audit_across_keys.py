"""An auditing witness across changes of keys: what it goes on from, and what it refuses."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from kit import house as kit
from kit.attacker_target import now_s
from kit.events import reference_event
from kit.fake_log import b64
from kit.plain_receipt import Signer
from kit.rfc6962 import proof
from kit.rooted import ROOT, SUPER
from kit.rooted_strangers import Shown, shown
from tallystick.ledger.ports import SUPER_SLOT
from tallystick.tlog.key import VerifierKey
from tallystick.verify.statement import Reason
from tallystick.watch.epoch_audit import EpochAudit
from tallystick.watch.http import Site
from tallystick.watch.log_source import ServerSource
from tallystick.watch.witness import Witness, WitnessAnswer
from tallystick.watch.witness_evidence import EvidenceFolder
from tallystick.watch.witness_key import WitnessKey
from tallystick.watch.witness_state import WitnessState


@pytest.fixture
def ends() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def deployment(tmp_path: Path, ends: ExitStack) -> Shown:
    return ends.enter_context(shown(tmp_path))


class Auditor:
    """An auditing witness, made anew for each checkpoint, as if it had been restarted."""

    def __init__(self, deployment: Shown, *, root: str | None, name: str = "witness") -> None:
        self.deployment = deployment
        self.folder = deployment.folder / name
        self.folder.mkdir()
        self.root = None if root is None else VerifierKey.parse(root)
        self.keys: dict[str, list[VerifierKey]] = {}
        self.said: list[str] = []

    def know(self, serial: int) -> None:
        """Be told the key of the super-log that is current now."""
        origin = SUPER if serial == 1 else f"{SUPER}/{serial}"
        self.keys[origin] = [VerifierKey.parse(self.deployment.rooted.vkey(origin))]

    def add(self, serial: int) -> WitnessAnswer:
        """Submit the newest checkpoint of a super-log, with the proof that plain code makes."""
        key = WitnessKey("witness.example/w", b"w" * 32)
        state = WitnessState(self.folder / "state.db", key.verifier().vkey(), audits=True)
        site = Site(self.deployment.url, timeout_s=10, wait=lambda _: None)
        audits = {
            origin: EpochAudit(
                origin,
                state,
                ServerSource(site, number),
                root=self.root,
                say=self.said.append,
            )
            for number, origin in enumerate(self.keys, 1)
        }
        evidence = EvidenceFolder(self.folder / "evidence")
        witness = Witness(key, self.keys, state, now_s, evidence, audits)
        note = self.deployment.fetch(f"/v1/super/{serial}/checkpoint").decode()
        records = [it.encode() for it in self.deployment.rooted.records(SUPER_SLOT + serial - 1)]
        newest = state.newest(note.split("\n")[0])
        old = newest.checkpoint.size if newest else 0
        path = proof(old, records) if 0 < old < len(records) else []
        lines = "".join(f"{line}\n" for line in (f"old {old}", *map(b64, path)))
        try:
            return witness.add_checkpoint(f"{lines}\n{note}".encode())
        finally:
            site.close()

    def epoch(self, origin: str) -> int:
        """The last epoch that was audited."""
        vkey = WitnessKey("witness.example/w", b"w" * 32).verifier().vkey()
        state = WitnessState(self.folder / "state.db", vkey, audits=True)
        return state.audited(origin)[0].epoch


def recovered(deployment: Shown, auditor: Auditor) -> str:
    """Let the witness see two epochs, which the store then loses; return the statement."""
    auditor.know(1)
    deployment.save()
    deployment.rooted.record(2)
    deployment.rooted.record(3)
    assert auditor.add(1).status == 200
    deployment.put_back()
    note = deployment.change_keys(Reason.RECOVERY)
    auditor.know(2)
    return note


def test_with_the_roots_statement_it_goes_on_from_the_recovered_heads(deployment: Shown) -> None:
    auditor = Auditor(deployment, root=ROOT.vkey)
    note = recovered(deployment, auditor)
    seen = auditor.epoch(SUPER)
    first, end = note.split("\n")[7].split()

    told = auditor.add(2)

    assert told.status == 200, told
    assert auditor.epoch(f"{SUPER}/2") <= seen
    (line,) = auditor.said
    assert f"records {first} to {int(end) - 1} are lost" in line
    assert "logs went back" in line
    deployment.rooted.record(4)
    assert auditor.add(2).status == 200
    assert len(auditor.said) == 1


def test_without_a_root_it_goes_on_refusing(deployment: Shown) -> None:
    auditor = Auditor(deployment, root=None)
    recovered(deployment, auditor)

    for _ in range(2):
        told = auditor.add(2)
        assert (told.status, "no root key is known" in told.body) == (422, True), told
    deployment.rooted.record(4)
    assert auditor.add(2).status == 422
    assert auditor.said == []
    shown_of_it = [json.loads(it.read_text()) for it in (auditor.folder / "evidence").iterdir()]
    assert all(ROOT.name in it["record"] for it in shown_of_it)


def test_the_root_of_somebody_else_allows_nothing(deployment: Shown) -> None:
    auditor = Auditor(deployment, root=Signer(ROOT.name, word="thief").vkey)
    recovered(deployment, auditor)

    assert auditor.add(2).status == 422
    assert auditor.said == []


@pytest.mark.parametrize("reason", [Reason.ROTATION, Reason.COMPROMISE])
def test_a_rollback_without_a_recovery_is_refused_also_with_a_root(
    deployment: Shown, reason: Reason
) -> None:
    auditor = Auditor(deployment, root=ROOT.vkey)
    auditor.know(1)
    deployment.save()
    for number in range(2, 6):
        deployment.rooted.record(number)
    assert auditor.add(1).status == 200
    deployment.put_back(forgotten=True)
    deployment.change_keys(reason)
    auditor.know(2)

    told = auditor.add(2)

    assert (told.status, "want the root's recovery" in told.body) == (422, True), told


def test_a_recovered_log_with_another_entry_is_refused(deployment: Shown) -> None:
    auditor = Auditor(deployment, root=ROOT.vkey)
    auditor.know(1)
    deployment.save()
    deployment.rooted.record(2)
    rooted = deployment.rooted
    kit.record(rooted.house, rooted.tenant, reference_event(3), stream="activity")
    rooted.house.publisher.publish()
    assert auditor.add(1).status == 200
    # Another history up to a smaller size, and a statement about it that the root did sign.
    deployment.put_back(forgotten=True)
    deployment.rooted.record(9)
    lock = deployment.folder / "data" / "lock.note"
    state = WitnessState(
        auditor.folder / "state.db",
        WitnessKey("witness.example/w", b"w" * 32).verifier().vkey(),
        audits=True,
    )
    newest = state.newest(SUPER)
    assert newest is not None
    lines = newest.note.split("\n")
    lock.write_text("\n".join([*lines[:5], ""]))
    deployment.close()
    deployment.rooted.reopen()
    deployment.open()
    deployment.change_keys(Reason.RECOVERY)
    auditor.know(2)

    told = auditor.add(2)

    assert (told.status, "another one was seen" in told.body) == (422, True), told


def test_a_plain_rotation_is_followed_with_and_without_a_root(deployment: Shown) -> None:
    rooted = Auditor(deployment, root=ROOT.vkey, name="rooted")
    plain = Auditor(deployment, root=None, name="plain")
    for auditor in (rooted, plain):
        auditor.know(1)
        assert auditor.add(1).status == 200
    # The last epochs of the old super-log are not shown to them.
    deployment.rooted.record(2)
    deployment.change_keys()
    last = deployment.rooted.record(3)

    for auditor in (rooted, plain):
        auditor.know(2)
        assert auditor.add(2).status == 200
        assert auditor.epoch(f"{SUPER}/2") == last.epoch


def test_a_new_auditing_witness_audits_the_super_logs_before_it_came(deployment: Shown) -> None:
    deployment.change_keys()
    deployment.rooted.record(2)
    deployment.change_keys()
    last = deployment.rooted.record(3)
    auditor = Auditor(deployment, root=None)
    for serial in (1, 2, 3):
        auditor.know(serial)

    assert auditor.add(3).status == 200

    assert auditor.epoch(f"{SUPER}/3") == last.epoch


def test_a_super_log_that_names_another_end_is_refused(deployment: Shown) -> None:
    auditor = Auditor(deployment, root=ROOT.vkey)
    auditor.know(1)
    assert auditor.add(1).status == 200
    earlier = deployment.fetch("/v1/super/1/checkpoint")
    deployment.change_keys()
    auditor.know(2)
    deployment.lies["/v1/super/1/checkpoint"] = earlier

    told = auditor.add(2)

    assert (told.status, "ended with" in told.body) == (422, True), told
