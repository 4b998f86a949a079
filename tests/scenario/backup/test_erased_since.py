"""A backup from before an erasure brings nobody back."""

import json
import shutil
from pathlib import Path

import pytest

from kit import house as kit
from kit.backup import KEY, Site, opened_by_hand, put_back
from kit.forensics import traces
from tallystick.access import listing
from tallystick.access.erasing import erase
from tallystick.access.tenants import Tenant, create_tenant
from tallystick.cli.examination import examine
from tallystick.drivers.erasure_list import ErasureListFile
from tallystick.errors import (
    NotFoundError,
    PushbackError,
    VerificationError,
)
from tallystick.ledger import erasure, rewrapping
from tallystick.ledger.ledger import Control
from tallystick.ledger.ports import Listed, Place
from tallystick.ledger.tenant_keys import SUBJECTS
from tallystick.settings import Settings
from tallystick.wiring import House, open_house

PERSON = "zoe.quux-4711"


@pytest.fixture
def known(site: Site) -> Site:
    """The deployment, with six events of a person and three that others wrote about them."""
    site.record(*range(20, 26), person=PERSON)
    others = [
        {**kit_event, "message": f"ask {PERSON} about it"}
        for kit_event in (_by_others(n) for n in range(30, 33))
    ]
    kit.record(site.house, site.tenant, *others)
    site.house.publisher.publish()
    return site


def _by_others(number: int) -> dict[str, object]:
    return {
        "id": f"0199e0aa-0000-7000-8def-{number:012x}",
        "action": "ticket.opened",
        "occurred_at": "2026-11-24T03:45:00Z",
        "actor": {"type": "user", "id": "boss"},
    }


def secrets_of(house: House, tenant: Tenant) -> list[bytes]:
    """The person's key, wrapped and plain, and the ciphertexts of their entries."""
    with house.ledger.drivers.store.read() as snapshot:
        subjects = house.ledger.reader.subjects(tenant.number)
        with subjects.lock:
            subjects.refresh(snapshot)
            found = subjects.find(snapshot, PERSON)
            assert found is not None
        rows = snapshot.rows(SUBJECTS["by_ref"], tenant=tenant.number, ref=found.ref)
        log = house.ledger.logs.stream(snapshot, tenant.number, "audit")
        told = [
            entry.disclosure[-60:]
            for entry in snapshot.entries(log.slot, 0, 1 << 32)
            if entry.disclosure and entry.leaf and found.ref_text.encode() in entry.leaf
        ]
    ((_, _, wrapped),) = rows
    assert isinstance(wrapped, bytes)
    assert len(told) == 6
    return [found.key, wrapped, *told]


def standing_in(folder: Path, secrets: list[bytes]) -> list[bytes]:
    files = [path.read_bytes() for path in folder.iterdir() if path.is_file()]
    return [secret for secret in secrets if any(secret in data for data in files)]


def missing_at(house: House, index: int) -> set[str]:
    """What can't be opened any more of an entry in the audit log."""
    with house.ledger.drivers.store.read() as snapshot:
        slot = house.ledger.logs.stream(snapshot, 1, "audit").slot
        return set(house.ledger.reader.open_at(snapshot, Place(slot, index))[2].missing)


def open_restored(site: Site) -> House:
    return open_house(Settings(data=site.into, lock=str(site.lock)))


def remark(house: House) -> tuple[bool, str]:
    """What the doctor says about the list."""
    (found,) = [it for it in examine(house) if it.name == "erasures"]
    return found.ok, found.text


def test_whoever_was_erased_after_the_backup_is_found_nowhere_in_what_is_restored(
    known: Site,
) -> None:
    secrets = secrets_of(known.house, known.tenant)
    known.back_up()
    held = opened_by_hand(known.backup.read_bytes(), secret=KEY.secret)
    assert [secret in held for secret in secrets] == [False] + [True] * (len(secrets) - 1)
    done = erase(known.house.ledger, known.tenant.number, PERSON, "asked for it", "cli")
    assert (done.entries, done.mentions) == (6, 9)

    restored = put_back(known.backup, known.into, known.lock)

    assert restored.erased_again == 1 + 9
    assert standing_in(known.into, secrets) == []
    assert traces(known.into, [PERSON, f"{PERSON} by name"]) == []
    house = open_restored(known)
    try:
        assert {"/actor/id", "/actor/name", "/message"} <= missing_at(house, 12)
        assert missing_at(house, 18) == {"/action", "/message"}
        assert missing_at(house, 0) == set()
        with pytest.raises(NotFoundError):
            erase(house.ledger, 1, PERSON, "again", "cli")
        assert kit.fsck(house) == []
        assert remark(house) == (True, "the list beside the lock file agrees with the logs")
    finally:
        house.close()


def test_the_same_without_the_list_would_bring_them_back_and_is_said_so(known: Site) -> None:
    secrets = secrets_of(known.house, known.tenant)
    known.back_up()
    erase(known.house.ledger, known.tenant.number, PERSON, "asked for it", "cli")
    known.erasures.rename(known.folder / "list.away")

    restored = put_back(known.backup, known.into, known.lock)

    assert any("there is no list of erasures" in it for it in restored.warnings)
    assert standing_in(known.into, secrets) == secrets[1:]
    put_back(known.backup, known.folder / "b", known.lock, erasures=known.folder / "list.away")
    assert standing_in(known.folder / "b", secrets) == []
    with pytest.raises(NotFoundError, match=r"erasure list .*missing"):
        put_back(known.backup, known.folder / "c", known.lock, erasures=known.folder / "gone")


def test_a_copy_to_read_without_the_lock_file_is_erased_by_the_list_too(known: Site) -> None:
    secrets = secrets_of(known.house, known.tenant)
    known.back_up()
    erase(known.house.ledger, known.tenant.number, PERSON, "asked for it", "cli")
    known.house.publisher.publish()
    with pytest.raises(VerificationError, match="rolled back"):
        put_back(known.backup, known.into, known.lock)

    put_back(known.backup, known.into, None, erasures=known.erasures)

    assert standing_in(known.into, secrets) == []
    assert (known.into / "lock.note.erasures").read_bytes() == known.erasures.read_bytes()


def test_an_erasure_that_the_backup_holds_unfinished_is_finished(
    known: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    secrets = secrets_of(known.house, known.tenant)

    def power_goes(*_: object) -> None:
        raise OSError("power")

    with monkeypatch.context() as cut:
        cut.setattr(erasure, "scrub", power_goes)
        with pytest.raises(OSError, match="power"):
            erase(known.house.ledger, known.tenant.number, PERSON, "asked for it", "cli")
    known.back_up()

    restored = put_back(known.backup, known.into, known.lock)

    assert restored.erased_again == 0
    assert standing_in(known.into, secrets) == []
    house = open_restored(known)
    with house.ledger.drivers.store.read() as snapshot:
        assert not rewrapping.is_unfinished(snapshot, house.ledger.drivers.keeper, 1)
    assert kit.fsck(house) == []
    house.close()


def test_two_erasures_of_one_tenant_and_one_of_another_are_all_carried_out(site: Site) -> None:
    other = create_tenant(site.house.ledger, "globex", "cli")
    site.record(20, person=PERSON)
    site.record(21, person="second.person")
    kit.record(site.house, other, _by_others(22) | {"actor": {"type": "user", "id": PERSON}})
    site.house.publisher.publish()
    site.back_up()
    for tenant, person in ((1, PERSON), (2, PERSON), (1, "second.person")):
        erase(site.house.ledger, tenant, person, "asked for it", "cli")
    listed = [json.loads(line)["tenant"] for line in site.erasures.read_text().splitlines()]
    assert listed == [1, 2, 1]

    put_back(site.backup, site.into, site.lock)

    house = open_restored(site)
    for tenant, person in ((1, PERSON), (2, PERSON), (1, "second.person")):
        with pytest.raises(NotFoundError):
            erase(house.ledger, tenant, person, "again", "cli", dry_run=True)
    assert kit.fsck(house) == []
    house.close()


def test_a_tenant_that_is_younger_than_the_backup_is_passed_over(known: Site) -> None:
    known.back_up()
    young = create_tenant(known.house.ledger, "young", "cli")
    kit.record(known.house, young, _by_others(40) | {"actor": {"type": "user", "id": PERSON}})
    erase(known.house.ledger, young.number, PERSON, "asked for it", "cli")

    restored = put_back(known.backup, known.into, known.lock)

    assert restored.erased_again == 0


def test_a_list_that_lacks_what_the_backup_has_erased_is_refused(known: Site) -> None:
    known.record(50, person="second.person")
    erase(known.house.ledger, known.tenant.number, PERSON, "asked for it", "cli")
    erase(known.house.ledger, known.tenant.number, "second.person", "asked for it", "cli")
    known.back_up()
    cut = known.folder / "cut"
    cut.write_bytes(known.erasures.read_bytes().splitlines(keepends=True)[0])

    with pytest.raises(VerificationError, match=r"names of the copy's own erasures are missing"):
        put_back(known.backup, known.into, known.lock, erasures=cut)

    assert not known.into.exists()


def test_the_list_of_another_deployment_is_refused(known: Site) -> None:
    known.back_up()
    other = ErasureListFile(known.folder / "other")
    other.append([Listed(1, ["f" * 32], ["a" * 32], 0)])

    with pytest.raises(VerificationError, match="want the list of this deployment"):
        put_back(known.backup, known.into, known.lock, erasures=known.folder / "other")

    assert not known.into.exists()


def test_a_list_that_was_edited_is_refused(known: Site) -> None:
    known.back_up()
    erase(known.house.ledger, known.tenant.number, PERSON, "asked for it", "cli")
    text = known.erasures.read_text()
    known.erasures.write_text(text.replace('"tenant":1', '"tenant":2') + text)

    with pytest.raises(VerificationError, match="line 2 follows another line"):
        put_back(known.backup, known.into, known.lock)

    assert not known.into.exists()


def test_a_lock_file_that_went_back_is_found_by_the_list(known: Site) -> None:
    known.back_up()
    old = known.folder / "old.note"
    shutil.copy(known.lock, old)
    known.record(50)
    known.house.publisher.publish()
    erase(known.house.ledger, known.tenant.number, PERSON, "asked for it", "cli")

    with pytest.raises(VerificationError, match=r"rollback: .*the lock file went back"):
        put_back(known.backup, known.into, old, erasures=known.erasures)

    assert not known.into.exists()


def test_no_person_stands_in_the_list(known: Site) -> None:
    erase(known.house.ledger, known.tenant.number, PERSON, "because zoe asked", "cli")

    assert traces(known.data, [PERSON, "zoe"]) == []
    assert known.erasures.stat().st_mode & 0o777 == 0o600
    assert {*json.loads(known.erasures.read_text())} == {
        "erased_after", "logs", "names", "previous", "tenant"
    }  # fmt: skip


def test_what_cannot_be_listed_is_not_erased(known: Site) -> None:
    known.erasures.unlink()
    known.erasures.mkdir()

    with pytest.raises(PushbackError, match="erasure list"):
        erase(known.house.ledger, known.tenant.number, PERSON, "asked for it", "cli")

    known.erasures.rmdir()
    assert missing_at(known.house, 12) == set()
    erase(known.house.ledger, known.tenant.number, PERSON, "asked for it", "cli")
    assert kit.fsck(known.house) == []


def test_an_erasure_that_fails_behind_its_line_is_told_by_the_doctor_until_it_is_repeated(
    known: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert remark(known.house)[0]

    def power_goes(*_: object) -> None:
        raise OSError("power")

    with monkeypatch.context() as cut:
        cut.setattr(Control, "record", power_goes)
        with pytest.raises(OSError, match="power"):
            erase(known.house.ledger, known.tenant.number, PERSON, "asked for it", "cli")
    assert missing_at(known.house, 12) == set()
    assert remark(known.house) == (
        False,
        "10 listed names were not erased: an erasure failed, ask for it again",
    )

    erase(known.house.ledger, known.tenant.number, PERSON, "asked for it", "cli")

    assert remark(known.house)[0]


def test_a_list_that_was_cut_or_edited_is_told_by_the_doctor(known: Site) -> None:
    known.record(50, person="second.person")
    erase(known.house.ledger, known.tenant.number, PERSON, "asked for it", "cli")
    erase(known.house.ledger, known.tenant.number, "second.person", "asked for it", "cli")
    whole = known.erasures.read_bytes().splitlines(keepends=True)
    known.erasures.write_bytes(whole[0])
    ok, text = remark(known.house)
    assert not ok
    assert "lacks" in text
    known.erasures.write_bytes(whole[1])
    assert remark(known.house)[0] is False

    known.erasures.unlink()
    known.house.close()
    again = open_house(Settings(data=known.data))

    assert remark(again)[0]
    with again.ledger.drivers.store.read() as snapshot:
        kept = listing.compare(again.ledger, snapshot, ErasureListFile(known.erasures))
    assert (kept.only_listed, kept.only_recorded) == ({}, 0)
    again.close()


def test_a_deployment_that_never_erased_anybody_has_a_list_without_a_line(site: Site) -> None:
    assert site.erasures.read_bytes() == b""
    site.back_up()

    assert put_back(site.backup, site.into, site.lock).warnings == []
    assert remark(site.house)[0]


def test_a_list_that_cannot_be_made_keeps_nobody_from_reading(site: Site) -> None:
    site.house.close()
    site.erasures.unlink()
    site.erasures.mkdir()
    again = open_house(Settings(data=site.data))

    assert missing_at(again, 0) == set()
    again.close()
