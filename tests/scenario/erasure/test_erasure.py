"""Erasure: the person is gone from the disk, and every proof holds."""

import gzip
from base64 import b64encode
from pathlib import Path
from types import ModuleType

import pytest
import zstandard

from kit import house as kit
from kit.forensics import spellings, traces
from tallystick.access.erasing import erase
from tallystick.errors import MalformedError, NotFoundError
from tallystick.ledger import erasure, rewrapping
from tallystick.ledger.ports import Place
from tallystick.ledger.receipts import Receipts
from tallystick.tlog.note import vkey
from tallystick.verify.fsck import Verdict
from tallystick.verify.pins import Pins
from tallystick.verify.verification import verify_receipt
from tallystick.wiring import House

PERSON = "zoë.quux-4711"
NAME = "Zoë Quuxington-Smythe"
EMAIL = "zoe.quux@victim.example"
TRACES = (PERSON, NAME, EMAIL, "198.51.100.77", "Browser/77.1 of Zoe")


def by_person(number: int) -> dict[str, object]:
    return {
        "action": "document.deleted",
        "occurred_at": f"2026-11-24T10:00:{number % 60:02d}Z",
        "actor": {"type": "user", "id": PERSON, "name": NAME, "email": EMAIL},
        "targets": [{"type": "document", "id": f"doc-{number}", "name": f"{NAME}'s notes"}],
        "context": {"ip": "198.51.100.77", "user_agent": "Browser/77.1 of Zoe"},
        "changes": [{"path": "/owner", "op": "replace", "before": NAME, "after": "nobody"}],
        "message": f"{EMAIL} deleted a document",
    }


def about_person(number: int) -> dict[str, object]:
    return {
        "action": "user.suspended",
        "occurred_at": f"2026-11-24T11:00:{number % 60:02d}Z",
        "actor": {"type": "user", "id": "boss", "name": "The Boss"},
        "targets": [{"type": "user", "name": NAME, "subject": {"id": PERSON, "name": NAME}}],
        "metadata": {"ticket": f"please suspend {EMAIL}"},
    }


def by_others(number: int) -> dict[str, object]:
    return {
        "action": "document.viewed",
        "occurred_at": f"2026-11-24T12:00:{number % 60:02d}Z",
        "actor": {"type": "user", "id": f"other-{number}", "name": f"Other {number}"},
        "message": f"note {number} to self",
    }


@pytest.fixture
def house(tmp_path: Path) -> House:
    return kit.new_house(tmp_path / "data")


def test_the_search_finds_every_spelling_it_looks_for(tmp_path: Path) -> None:
    for number, (_, text) in enumerate(spellings(EMAIL)):
        (tmp_path / f"{number:02d}").write_bytes(b"xy" + text + b"z")
    for alignment in range(3):
        wrapped = b64encode(b"abc"[:alignment] + EMAIL.encode() + b"tail")
        (tmp_path / f"whole-{alignment}").write_bytes(wrapped)
    (tmp_path / "gz").write_bytes(b"head" + gzip.compress(EMAIL.encode()))
    (tmp_path / "zst").write_bytes(b"head" + zstandard.compress(EMAIL.encode()))

    files = {name for name, _, _ in traces(tmp_path, [EMAIL])}

    assert files == {path.name for path in tmp_path.iterdir()}


def test_before_the_erasure_values_are_sealed_and_nowhere_in_clear(house: House) -> None:
    tenant = kit.new_tenant(house)
    kit.record(house, tenant, *(by_person(number) for number in range(20)), about_person(1))
    house.ledger.drivers.store.compact()

    assert traces(house.settings.data, TRACES) == []


def test_after_the_erasure_nothing_opens_and_every_proof_holds(house: House) -> None:
    tenant = kit.new_tenant(house)
    events = [by_person(1), about_person(1), by_others(1), by_others(2), by_person(2)]
    kit.record(house, tenant, *events)
    house.publisher.publish()
    pins = Pins.of_key(vkey("audit.example/super", 1, house.ledger.drivers.keeper.public_key))
    with house.ledger.drivers.store.read() as snapshot:
        slot = house.ledger.logs.stream(snapshot, tenant.number, "audit").slot
        places = [Place(slot, index) for index in range(len(events))]
        receipts = Receipts(house.ledger)
        earlier = [receipts.issue(snapshot, place) for place in places]

    done = erase(house.ledger, tenant.number, PERSON, "asked for it", "cli")

    assert (done.entries, done.mentions) == (3, 3)
    assert kit.fsck(house) == []
    for receipt in earlier:
        assert receipt is not None
        assert verify_receipt(receipt.format(), pins).verdict is Verdict.INTACT
    with house.ledger.drivers.store.read() as snapshot:
        opened = [house.ledger.reader.open_at(snapshot, place)[2] for place in places]
    assert [sorted(entry.missing) for entry in opened] == [
        sorted(
            [
                "/actor/id",
                "/actor/name",
                "/actor/email",
                "/targets/0/name",
                "/context/ip",
                "/context/user_agent",
                "/changes/0/path",
                "/changes/0/before",
                "/changes/0/after",
                "/message",
            ]
        ),
        sorted(
            [
                "/targets/0/name",
                "/targets/0/subject/id",
                "/targets/0/subject/name",
                "/metadata",
            ]
        ),
        [],
        [],
        sorted(opened[0].missing),
    ]
    assert opened[2].event["message"] == "note 1 to self"
    assert traces(house.settings.data, TRACES) == []


def test_a_resend_after_the_erasure_recreates_nothing(house: House) -> None:
    tenant = kit.new_tenant(house)
    sent = {**by_person(1), "id": "0199e0aa-0000-7000-8def-000000000001"}
    (first,) = kit.record(house, tenant, sent)
    erase(house.ledger, tenant.number, PERSON, "asked for it", "cli")

    (again,) = kit.record(house, tenant, sent)

    assert (again.status, again.unverifiable, again.index) == ("duplicate", True, first.index)
    with pytest.raises(NotFoundError):
        erase(house.ledger, tenant.number, PERSON, "asked for it", "cli", dry_run=True)
    assert kit.fsck(house) == []


@pytest.mark.parametrize(("room", "step"), [(erasure, "scrub"), (rewrapping, "rewrap")])
def test_an_erasure_cut_off_behind_its_record_is_finished_by_asking_again(
    house: House, monkeypatch: pytest.MonkeyPatch, room: ModuleType, step: str
) -> None:
    tenant = kit.new_tenant(house)
    kit.record(house, tenant, by_person(1), by_others(1))

    def power_goes(*_: object) -> None:
        raise OSError("power")

    with monkeypatch.context() as cut:
        cut.setattr(room, step, power_goes)
        with pytest.raises(OSError, match="power"):
            erase(house.ledger, tenant.number, PERSON, "asked for it", "cli")
    assert kit.fsck(house) == []

    with pytest.raises(NotFoundError):
        erase(house.ledger, tenant.number, PERSON, "asked for it", "cli")

    with house.ledger.drivers.store.read() as snapshot:
        slot = house.ledger.logs.stream(snapshot, tenant.number, "audit").slot
        first, second = snapshot.entries(slot, 0, 2)
        assert not rewrapping.is_unfinished(snapshot, house.ledger.drivers.keeper, tenant.number)
    assert first.disclosure is None
    assert second.disclosure is not None
    assert kit.fsck(house) == []


def test_a_dry_run_changes_nothing(house: House) -> None:
    tenant = kit.new_tenant(house)
    kit.record(house, tenant, by_person(1))
    with house.ledger.drivers.store.read() as snapshot:
        before = snapshot.journal(0, 1_000)

    planned = erase(house.ledger, tenant.number, PERSON, "asked", "cli", dry_run=True)

    with house.ledger.drivers.store.read() as snapshot:
        assert snapshot.journal(0, 1_000) == before
    assert (planned.entries, planned.mentions, planned.places) == (1, 1, {})


def test_the_same_person_at_another_tenant_is_not_touched(house: House) -> None:
    acme, globex = kit.new_tenant(house, "acme"), kit.new_tenant(house, "globex")
    kit.record(house, acme, by_person(1))
    kit.record(house, globex, by_person(1))

    erase(house.ledger, acme.number, PERSON, "asked for it", "cli")

    with house.ledger.drivers.store.read() as snapshot:
        slot = house.ledger.logs.stream(snapshot, globex.number, "audit").slot
        opened = house.ledger.reader.open_at(snapshot, Place(slot, 0))[2]
    assert opened.missing == {}
    assert opened.event["actor"]["email"] == EMAIL  # type: ignore[index]


def test_a_stored_copy_of_the_subject_table_opens_nothing_afterwards(house: House) -> None:
    tenant = kit.new_tenant(house)
    kit.record(house, tenant, by_person(1))
    with house.ledger.drivers.store.read() as snapshot:
        subjects = house.ledger.reader.subjects(tenant.number)
        found = subjects.find(snapshot, PERSON)
        assert found is not None
        old_row = subjects.row(snapshot, found)
        old_generation = subjects.keys(snapshot).generation

    erase(house.ledger, tenant.number, PERSON, "asked for it", "cli")

    with house.ledger.drivers.store.read() as snapshot:
        subjects.refresh(snapshot)
        assert old_generation not in subjects.keys(snapshot).ciphers
    assert old_row["generation"] == old_generation


def test_an_erasure_needs_a_reason(house: House) -> None:
    tenant = kit.new_tenant(house)

    with pytest.raises(MalformedError, match="no reason, want one"):
        erase(house.ledger, tenant.number, PERSON, " ", "cli")


def test_no_sender_can_record_an_erasure(house: House) -> None:
    tenant = kit.new_tenant(house)
    forged = {
        "action": "subject.erased",
        "occurred_at": "2026-11-24T10:00:00Z",
        "actor": {"type": "system"},
        "targets": [{"type": "subject", "id": "00" * 16}],
    }

    (outcome,) = kit.record(house, tenant, forged)

    assert (outcome.status, outcome.path) == ("refused", "/action")
    assert "recorded by the server alone" in outcome.reason
