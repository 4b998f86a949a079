"""Tenants and declarations: each change is an entry first, and a row that follows from it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kit import house as kit
from kit.events import reference_event
from tallystick.access.declarations import catalogue_entry, declare, declared, set_policy
from tallystick.access.tenants import create_tenant, every_tenant, tenant_named, tenant_numbered
from tallystick.errors import ConflictError, MalformedError, NotFoundError
from tallystick.events.catalogue import CatalogueEntry, parse_entry
from tallystick.events.packs import PACKS
from tallystick.ledger.ports import Place
from tallystick.settings import Settings
from tallystick.wiring import House, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = kit.new_house(tmp_path / "data")
    yield house
    house.close()


def entries(house: House, slot: int) -> list[dict[str, object]]:
    """Open every entry of a log."""
    with house.ledger.drivers.store.read() as snapshot:
        size = snapshot.head(slot).size
        reader = house.ledger.reader
        return [dict(reader.open_at(snapshot, Place(slot, n))[2].event) for n in range(size)]


def reopened(house: House) -> House:
    return open_house(Settings(data=house.settings.data))


@pytest.mark.parametrize("name", ["a", "acme", "0", "acme-2.eu_west", "a" * 63])
def test_a_tenant_is_created_with_its_logs_and_an_entry(house: House, name: str) -> None:
    tenant = create_tenant(house.ledger, name, "0123456789abcdef")

    (entry,) = entries(house, 0)
    with house.ledger.drivers.store.read() as snapshot:
        logs = house.ledger.logs.of(snapshot, tenant.number)
        assert tenant_named(snapshot, name) == tenant_numbered(snapshot, 1) == tenant
    assert entry["action"] == "tenant.created"
    assert entry["via"] == {"door": "ledger", "key_id": "0123456789abcdef"}
    assert entry["targets"] == [{"type": "tenant", "id": "1", "name": name}]
    metadata: dict[str, object] = {"tenant": 1, "created_at": tenant.created_at}
    metadata |= {f"log_{stream}": f"{log.slot}:{log.hex}" for stream, log in logs.items()}
    assert entry["metadata"] == metadata
    assert {stream: log.slot for stream, log in logs.items()} == {
        "audit": 1,
        "activity": 2,
        "access": 3,
    }
    assert kit.fsck(house) == []


@pytest.mark.parametrize(
    "name",
    ["", "A", "-a", "a-", "a b", "ä", "a/b", "a\n", "a" * 64, ".", "a\x00", "*", "\uff11"],
)
def test_a_name_of_another_form_is_refused_and_changes_nothing(house: House, name: str) -> None:
    with pytest.raises(MalformedError, match="want 1 to 63 characters") as refused:
        create_tenant(house.ledger, name, "cli")

    assert refused.value.path == "/name"
    assert entries(house, 0) == []


def test_a_name_is_given_once(house: House) -> None:
    create_tenant(house.ledger, "acme", "cli")
    second_door = reopened(house)
    for door in (house, second_door):
        with pytest.raises(ConflictError, match="'acme': exists already"):
            create_tenant(door.ledger, "acme", "cli")
    second_door.close()

    assert len(entries(house, 0)) == 1
    assert kit.fsck(house) == []


def test_tenants_made_by_two_doors_have_numbers_and_slots_of_their_own(house: House) -> None:
    second = reopened(house)
    made = [
        create_tenant(door.ledger, f"t{number}", "cli")
        for number, door in enumerate((house, second, house, second), 1)
    ]
    with house.ledger.drivers.store.read() as snapshot:
        assert every_tenant(snapshot) == made
        logs = house.ledger.logs.every(snapshot)
    second.close()

    assert [tenant.number for tenant in made] == [1, 2, 3, 4]
    assert [(log.slot, log.tenant) for log in logs] == [
        (slot, (slot + 2) // 3) for slot in range(13)
    ]
    assert kit.fsck(house) == []


def test_who_is_unknown_is_not_found(house: House) -> None:
    with house.ledger.drivers.store.read() as snapshot:
        with pytest.raises(NotFoundError, match="tenant 'acme': unknown"):
            tenant_named(snapshot, "acme")
        with pytest.raises(NotFoundError, match="tenant 1: unknown"):
            tenant_numbered(snapshot, 1)


def an_entry(version: int = 1, **members: object) -> CatalogueEntry:
    raw = {"action": "thing.counted", "title": "Counted", "class": "financial", **members}
    return parse_entry({**raw, "version": version})


def counted(number: int) -> dict[str, object]:
    return {**reference_event(number), "action": "thing.counted"}


def test_a_declaration_is_an_entry_in_the_tenants_own_log_and_counts_from_there(
    house: House,
) -> None:
    tenant, other = kit.new_tenant(house), kit.new_tenant(house, "globex")
    kit.record(house, tenant, counted(1))
    declare(house.ledger, tenant.number, an_entry(), "cli")
    kit.record(house, tenant, counted(2))
    kit.record(house, other, counted(3))

    before, declaration, after = entries(house, 1)
    (elsewhere,) = entries(house, 4)
    assert [event["class"] for event in (before, after, elsewhere)] == [
        "standard",
        "financial",
        "standard",
    ]
    assert declaration["action"] == "catalogue.changed"
    assert declaration["metadata"]["declares"] == "thing.counted"  # type: ignore[index]
    with house.ledger.drivers.store.read() as snapshot:
        assert declared(snapshot, tenant.number, "thing.counted") == an_entry()
        assert catalogue_entry(house.ledger, snapshot, tenant.number, "thing.counted") == an_entry()
        with pytest.raises(NotFoundError, match=r"'thing\.counted': not declared"):
            catalogue_entry(house.ledger, snapshot, other.number, "thing.counted")
    assert kit.fsck(house) == []


def test_only_a_higher_version_replaces_a_declaration(house: House) -> None:
    tenant = kit.new_tenant(house)
    declare(house.ledger, tenant.number, an_entry(2), "cli")
    for lower in (1, 2):
        changed = an_entry(lower, title="Otherwise")
        with pytest.raises(MalformedError, match=f"version {lower}, want more than 2") as refused:
            declare(house.ledger, tenant.number, changed, "cli")
        assert refused.value.path == "/version"
    declare(house.ledger, tenant.number, an_entry(3, title="Otherwise"), "cli")

    with house.ledger.drivers.store.read() as snapshot:
        now = declared(snapshot, tenant.number, "thing.counted")
    assert now == an_entry(3, title="Otherwise")
    assert len(entries(house, 1)) == 2
    assert kit.fsck(house) == []


def test_events_keep_the_class_of_the_declaration_they_were_admitted_under(house: House) -> None:
    tenant = kit.new_tenant(house)
    for version, retention in enumerate(("financial", "security"), 1):
        changed = an_entry(version, **{"class": retention})
        declare(house.ledger, tenant.number, changed, "cli")
        kit.record(house, tenant, counted(version))

    events = [event for event in entries(house, 1) if event["action"] == "thing.counted"]
    assert [event["class"] for event in events] == ["financial", "security"]
    assert kit.fsck(house) == []


def test_unknown_actions_are_refused_where_the_tenant_says_so_and_only_there(house: House) -> None:
    tenant, other = kit.new_tenant(house), kit.new_tenant(house, "globex")
    set_policy(house.ledger, tenant.number, refuse_unknown=True, key_id="cli")
    unknown = kit.record(house, tenant, counted(1), reference_event(2))
    elsewhere = kit.record(house, other, counted(1))
    set_policy(house.ledger, tenant.number, refuse_unknown=False, key_id="cli")
    again = kit.record(house, tenant, counted(1))

    assert [outcome.status for outcome in unknown] == ["refused", "recorded"]
    assert (unknown[0].path, unknown[0].event_id) == ("/action", counted(1)["id"])
    assert unknown[0].reason == (
        "action 'thing.counted': not in the catalogue, want a declared action"
    )
    assert [outcome.status for outcome in (*elsewhere, *again)] == ["recorded", "recorded"]
    assert kit.fsck(house) == []


def test_a_tenant_that_refuses_the_unknown_can_still_be_told_what_is_known(house: House) -> None:
    tenant = kit.new_tenant(house)
    set_policy(house.ledger, tenant.number, refuse_unknown=True, key_id="cli")
    declare(house.ledger, tenant.number, an_entry(), "cli")

    assert kit.record(house, tenant, counted(1))[0].status == "recorded"


@pytest.mark.parametrize("action", ["subject.erased", "key.created", "catalogue.changed"])
def test_what_the_server_records_about_itself_is_not_the_tenants_to_declare(
    house: House, action: str
) -> None:
    tenant = kit.new_tenant(house)
    assert action in {entry.action for entry in PACKS["tallystick"]}

    with pytest.raises(MalformedError, match="recorded by the server alone") as refused:
        declare(house.ledger, tenant.number, an_entry(9, action=action), "cli")

    assert refused.value.path == "/action"
    assert entries(house, 1) == []


def test_an_unknown_tenant_can_declare_nothing(house: House) -> None:
    with pytest.raises(NotFoundError, match="tenant 7"):
        declare(house.ledger, 7, an_entry(), "cli")
    with pytest.raises(NotFoundError, match="tenant 7"):
        set_policy(house.ledger, 7, refuse_unknown=True, key_id="cli")


def test_a_second_door_judges_by_what_the_first_declared(house: House) -> None:
    tenant, second = kit.new_tenant(house), reopened(house)
    kit.record(second, tenant, counted(1))
    set_policy(house.ledger, tenant.number, refuse_unknown=True, key_id="cli")

    assert kit.record(second, tenant, counted(2))[0].status == "refused"
    second.close()


def test_a_change_that_fails_half_way_leaves_nothing_behind(house: House) -> None:
    tenant = kit.new_tenant(house)

    class Power(Exception):  # noqa: N818 (not an error: the plug is pulled)
        pass

    def change() -> None:
        with house.ledger.control() as control:
            log = house.ledger.logs.stream(control.tx, tenant.number, "audit")
            event: dict[str, object] = {
                "action": "catalogue.changed",
                "occurred_at": "2026-11-24T10:00:00.000000Z",
                "actor": {"type": "system"},
                "metadata": {"declares": "*", "entry": {"unknown": "refuse"}},
            }
            control.record(log, event, "cli")
            raise Power

    with pytest.raises(Power):
        change()

    assert entries(house, 1) == []
    assert kit.record(house, tenant, counted(1))[0].status == "recorded"
    assert kit.fsck(house) == []


def test_a_control_entry_that_is_too_large_is_refused_by_name_and_changes_nothing(
    house: House,
) -> None:
    tenant = kit.new_tenant(house)
    event: dict[str, object] = {
        "action": "subject.erased",
        "occurred_at": "2026-11-24T10:00:00.000000Z",
        "actor": {"type": "system"},
        "targets": [{"type": "event", "id": f"{n:064x}"} for n in range(1_000)],
    }

    def change() -> None:
        with house.ledger.control() as control:
            log = house.ledger.logs.stream(control.tx, tenant.number, "audit")
            control.record(log, event, "cli")

    with pytest.raises(MalformedError, match=r"control entry: refused entry: .* once sealed"):
        change()
    assert entries(house, 1) == []
