"""Erasure where events share a key: what mentions the person goes, the events beside it stay."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit import house as kit
from tallystick.access.erasing import erase
from tallystick.access.tenants import Tenant
from tallystick.drivers.sqlite import SqliteStore
from tallystick.errors import NotFoundError, PushbackError
from tallystick.ledger import rewrapping, tenant_keys
from tallystick.ledger.opening import Opened
from tallystick.ledger.ports import Place, Query
from tallystick.ledger.receipts import Receipts
from tallystick.settings import Settings
from tallystick.tlog.note import vkey
from tallystick.verify.fsck import Verdict
from tallystick.verify.pins import Pins
from tallystick.verify.verification import verify_receipt
from tallystick.wiring import House, open_house

SURVIVORS = Query("SELECT ref, event_id FROM survivor")
GENERATIONS = Query(
    "SELECT generation FROM subject WHERE tenant = 1"
    " UNION SELECT generation FROM survivor WHERE tenant = 1"
    " UNION SELECT generation FROM tenant_key WHERE tenant = 1"
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = kit.new_house(tmp_path / "data")
    yield house
    house.close()


@pytest.fixture
def tenant(house: House) -> Tenant:
    return kit.new_tenant(house)


def by(person: str, message: str = "", **members: object) -> dict[str, object]:
    event: dict[str, object] = {
        "action": "document.deleted",
        "occurred_at": "2026-11-24T10:00:00Z",
        "actor": {"type": "user", "id": person, "name": f"{person} of Example"},
        **members,
    }
    return {**event, "message": message} if message else event


def audit_log(house: House, slot: int = 1) -> list[Opened]:
    with house.ledger.drivers.store.read() as snapshot:
        size = snapshot.head(slot).size
        reader = house.ledger.reader
        return [reader.open_at(snapshot, Place(slot, n))[2] for n in range(size)]


def messages(house: House) -> list[object]:
    return [opened.event.get("message") for opened in audit_log(house)]


def rows(house: House, query: Query) -> list[object]:
    with house.ledger.drivers.store.read() as snapshot:
        return [row[0] for row in snapshot.rows(query)]


def test_the_other_events_of_a_block_stay_readable_through_two_erasures(
    house: House, tenant: Tenant
) -> None:
    told = ["about ada.l", "about bob.b", "about nobody", "about ada.l and bob.b", "weather"]
    kit.record(house, tenant, *(by("someone", message) for message in told))
    kit.record(house, tenant, by("ada.l"), by("bob.b"))

    first = erase(house.ledger, tenant.number, "ada.l", "asked", "cli")
    after_first = messages(house)[:5]
    assert kit.fsck(house) == []
    second = erase(house.ledger, tenant.number, "bob.b", "asked", "cli")
    after_second = messages(house)[:5]

    assert (first.mentions, second.mentions) == (2, 1)
    assert after_first == [None, "about bob.b", "about nobody", None, "weather"]
    assert after_second == [None, None, "about nobody", None, "weather"]
    assert kit.fsck(house) == []
    assert len(rows(house, SURVIVORS)) >= 2
    assert rows(house, GENERATIONS) == [3]


def test_an_event_that_is_a_duplicate_says_whether_its_content_can_still_be_compared(
    house: House, tenant: Tenant
) -> None:
    ids = [f"0199e0aa-0000-7000-8def-{n:012x}" for n in range(2)]
    swept, kept = by("x.y", "about ada.l", id=ids[0]), by("x.y", "weather", id=ids[1])
    kit.record(house, tenant, swept, kept, by("ada.l"))
    erase(house.ledger, tenant.number, "ada.l", "asked", "cli")

    first, second = kit.record(house, tenant, swept, kept)
    changed = kit.record(house, tenant, {**kept, "message": "rain"})

    assert (first.status, first.unverifiable) == ("duplicate", True)
    assert (second.status, second.unverifiable) == ("duplicate", False)
    assert changed[0].status == "conflict"


def test_who_comes_back_after_an_erasure_is_somebody_new_and_can_be_erased_again(
    house: House, tenant: Tenant
) -> None:
    kit.record(house, tenant, by("ada.l"))
    first = erase(house.ledger, tenant.number, "ada.l", "asked", "cli")
    kit.record(house, tenant, by("ada.l"))
    came_back = audit_log(house)[-1]
    second = erase(house.ledger, tenant.number, "ada.l", "asked again", "cli")

    assert came_back.missing == {}
    assert (first.entries, second.entries) == (1, 1)
    assert first.ref != second.ref
    assert kit.fsck(house) == []


def test_names_of_up_to_three_letters_are_not_searched_for(house: House, tenant: Tenant) -> None:
    kit.record(house, tenant, by("x.y", "al met mia"), by("al", actor={"type": "user", "id": "al"}))

    done = erase(house.ledger, tenant.number, "al", "asked", "cli")

    assert (done.entries, done.mentions) == (1, 0)
    assert messages(house)[0] == "al met mia"


def test_mentions_are_found_whatever_their_case_and_wherever_they_stand(
    house: House, tenant: Tenant
) -> None:
    kit.record(
        house,
        tenant,
        by("x.y", metadata={"note": {"ada.l": 1}}),
        by("x.y", metadata={"list": [["ADA.L wrote"]]}),
        by("x.y", metadata={"n": 1}),
        by("ada.l"),
    )

    done = erase(house.ledger, tenant.number, "ada.l", "asked", "cli")

    assert done.mentions == 2
    assert ["/metadata" in opened.missing for opened in audit_log(house)[:3]] == [
        True,
        True,
        False,
    ]
    assert kit.fsck(house) == []


def test_a_very_much_mentioned_person_is_erased_by_several_entries(
    house: House, tenant: Tenant
) -> None:
    kit.record(house, tenant, *(by("x.y", f"ada.l said {n}") for n in range(1_000)), by("ada.l"))

    done = erase(house.ledger, tenant.number, "ada.l", "asked", "cli")

    named = [
        target["id"]
        for opened in audit_log(house)[1_001:]
        for target in opened.event["targets"]  # type: ignore[attr-defined]
    ]
    assert done.mentions == 1_000
    assert done.places["audit"] == Place(1, 1_001)
    assert len(named) == len(set(named)) == 1_001
    assert messages(house)[:1_000] == [None] * 1_000
    assert kit.fsck(house) == []


def test_what_another_door_has_sealed_under_a_broken_block_is_sealed_anew(
    house: House, tenant: Tenant
) -> None:
    second = open_house(Settings(data=house.settings.data))
    kit.record(second, tenant, by("x.y", "about ada.l"))
    kit.record(second, tenant, by("ada.l"))
    erase(house.ledger, tenant.number, "ada.l", "asked", "cli")

    kit.record(second, tenant, by("x.y", "weather"))

    assert messages(second)[-1] == "weather"
    assert kit.fsck(house) == []
    second.close()


class Power(Exception):  # noqa: N818 (not an error: the plug is pulled)
    """The power goes."""


@pytest.mark.parametrize("page", [1, 2, 4])
def test_wrapping_anew_that_was_cut_off_half_way_is_finished_by_the_next_erasure(
    house: House, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, page: int
) -> None:
    kit.record(house, tenant, *(by(f"person-{n}", f"note {n}") for n in range(6)), by("ada.l"))
    calls = []

    def progress(step: str, _done: int, _total: int) -> None:
        if step == "wrap keys":
            calls.append(step)
            if len(calls) == page:
                raise Power

    with monkeypatch.context() as patch:
        patch.setattr(rewrapping, "_PAGE", 2)
        with pytest.raises(Power):
            erase(house.ledger, tenant.number, "ada.l", "asked", "cli", progress=progress)
    assert rows(house, GENERATIONS) == [1, 2]
    assert messages(house)[:6] == [f"note {n}" for n in range(6)]
    kit.record(house, tenant, by("new.person", "in between"))
    assert kit.fsck(house) == []

    done = erase(house.ledger, tenant.number, "person-1", "asked", "cli")

    assert done.entries == 1
    assert rows(house, GENERATIONS) == [3]
    assert messages(house)[:6] == [f"note {n}" for n in range(6)]
    assert kit.fsck(house) == []


def test_an_erasure_that_fails_to_be_recorded_has_erased_nothing(
    house: House, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.record(house, tenant, by("ada.l", "ada.l said hello"), by("x.y", "about ada.l"))
    before = [opened.event for opened in audit_log(house)]

    def power_goes(*_: object) -> None:
        raise Power

    with monkeypatch.context() as patch:
        patch.setattr(tenant_keys, "replace", power_goes)
        with pytest.raises(Power):
            erase(house.ledger, tenant.number, "ada.l", "asked", "cli")

    assert [opened.event for opened in audit_log(house)] == before
    assert kit.fsck(house) == []
    assert kit.record(house, tenant, by("ada.l", "again"))[0].status == "recorded"
    done = erase(house.ledger, tenant.number, "ada.l", "asked", "cli")
    assert (done.entries, done.mentions) == (2, 2)
    assert kit.fsck(house) == []


def test_after_an_erasure_a_new_receipt_withholds_the_values_and_proves_the_entry(
    house: House, tenant: Tenant
) -> None:
    kit.record(
        house,
        tenant,
        by("ada.l", "ada.l said hello"),
        by("x.y", "about ada.l"),
        by("x.y", "weather"),
    )
    erase(house.ledger, tenant.number, "ada.l", "asked", "cli")
    house.publisher.publish()
    pins = Pins.of_key(vkey("audit.example/super", 1, house.ledger.drivers.keeper.public_key))

    with house.ledger.drivers.store.read() as snapshot:
        issued = [Receipts(house.ledger).issue(snapshot, Place(1, index)) for index in range(3)]
    reports = [verify_receipt(receipt.format(), pins) for receipt in issued if receipt]

    assert [report.verdict for report in reports] == [Verdict.INTACT] * 3
    assert [sorted(report.withheld) for report in reports] == [
        ["/actor/id", "/actor/name", "/message"],
        ["/message"],
        [],
    ]
    assert "ada.l" not in "".join(receipt.format().decode() for receipt in issued if receipt)


def test_a_person_whom_nobody_knows_is_not_found_and_nothing_is_written(
    house: House, tenant: Tenant
) -> None:
    kit.record(house, tenant, by("x.y", "about ada.l"))

    with pytest.raises(NotFoundError, match="not in this tenant's logs, or erased already"):
        erase(house.ledger, tenant.number, "ada.l", "asked", "cli")

    assert len(audit_log(house)) == 1


def test_an_erasure_that_cannot_compact_says_so_and_has_erased(
    house: House, tenant: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    kit.record(house, tenant, by("ada.l", "ada.l said hello"))

    def refuse(_: object) -> None:
        raise PushbackError("database: snapshots stay open")

    monkeypatch.setattr(SqliteStore, "compact", refuse)
    with pytest.raises(PushbackError, match="snapshots stay open"):
        erase(house.ledger, tenant.number, "ada.l", "asked", "cli")

    assert messages(house)[0] is None
    assert kit.fsck(house) == []
