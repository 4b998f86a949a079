"""Recording through one door: ids, resends, and what becomes of each event of a batch."""

import logging
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from kit import house as kit
from kit.events import reference_event
from tallystick.access.tenants import Tenant
from tallystick.errors import NotFoundError
from tallystick.events.parsing import parse_event, to_builtins
from tallystick.ledger.leaf import Via
from tallystick.ledger.ports import Place
from tallystick.tlog.hashing import leaf_hash
from tallystick.wiring import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = kit.new_house(tmp_path / "data")
    yield house
    house.close()


@pytest.fixture
def tenant(house: House) -> Tenant:
    return kit.new_tenant(house)


def without_id(number: int, **members: object) -> dict[str, object]:
    event = {k: v for k, v in reference_event(number).items() if k != "id"}
    return {**event, **members}


def size(house: House, slot: int = 1) -> int:
    with house.ledger.drivers.store.read() as snapshot:
        return snapshot.head(slot).size


def stored_leaf(house: House, index: int) -> bytes:
    with house.ledger.drivers.store.read() as snapshot:
        (entry,) = snapshot.entries(1, index, index + 1)
    return entry.leaf or b""


def test_the_outcome_says_where_an_event_stands(house: House, tenant: Tenant) -> None:
    kit.record(house, tenant, reference_event(0))
    (outcome,) = kit.record(house, tenant, reference_event(1))

    with house.ledger.drivers.store.read() as snapshot:
        log = house.ledger.logs.stream(snapshot, tenant.number, "audit")
    assert (outcome.status, outcome.log, outcome.index) == ("recorded", log.hex, 1)
    assert outcome.event_id == reference_event(1)["id"]
    assert outcome.leaf_hash == leaf_hash(stored_leaf(house, 1))


def test_an_event_without_an_id_gets_a_fresh_one_made_of_the_time(
    house: House, tenant: Tenant
) -> None:
    before = house.ledger.drivers.clock.now() // 1_000
    outcomes = kit.record(house, tenant, without_id(1), without_id(1))
    after = house.ledger.drivers.clock.now() // 1_000

    ids = [UUID(outcome.event_id) for outcome in outcomes]
    assert len(set(ids)) == 2
    for minted in ids:
        assert (minted.version, minted.variant) == (7, "specified in RFC 4122")
        assert before <= minted.int >> 80 <= after
    with house.ledger.drivers.store.read() as snapshot:
        places = [house.ledger.reader.find(snapshot, [tenant.number], m.bytes) for m in ids]
    assert places == [Place(1, 0), Place(1, 1)]


def test_a_resend_with_the_senders_own_id_is_a_duplicate(house: House, tenant: Tenant) -> None:
    sent = without_id(1, external_id="evt-4711", source={"id": "billing"})
    (first,) = kit.record(house, tenant, sent)
    (again,) = kit.record(house, tenant, sent)

    assert (first.status, again.status) == ("recorded", "duplicate")
    assert (again.event_id, again.index) == (first.event_id, first.index)
    assert UUID(first.event_id).version == 8


def test_the_senders_own_id_counts_for_one_source_one_door_and_one_tenant(
    house: House, tenant: Tenant
) -> None:
    other = kit.new_tenant(house, "globex")
    here = without_id(1, external_id="evt", source={"id": "billing"})
    elsewhere = without_id(1, external_id="evt", source={"id": "crm"})
    nowhere = without_id(1, external_id="evt")
    outcomes = kit.record(house, tenant, here, elsewhere, nowhere)
    outcomes += kit.record(house, other, here)
    builtins = to_builtins(parse_event(here))
    door = Via("0123456789abcdef", "syslog")
    outcomes += house.ledger.record(tenant.number, "audit", [builtins], door).result(30)

    assert {outcome.status for outcome in outcomes} == {"recorded"}
    assert len({outcome.event_id for outcome in outcomes}) == 5


def test_the_same_id_of_the_sender_with_another_content_is_a_conflict(
    house: House, tenant: Tenant
) -> None:
    kit.record(house, tenant, without_id(1, external_id="evt"))
    (other,) = kit.record(house, tenant, without_id(2, external_id="evt"))

    assert other.status == "conflict"
    assert size(house) == 1


def test_a_resend_is_a_duplicate_of_what_stands_there(house: House, tenant: Tenant) -> None:
    first = kit.record(house, tenant, reference_event(1), reference_event(2))
    again = kit.record(house, tenant, reference_event(2), reference_event(3), reference_event(1))

    assert [outcome.status for outcome in again] == ["duplicate", "recorded", "duplicate"]
    assert [outcome.index for outcome in again] == [1, 2, 0]
    assert [again[2].leaf_hash, again[0].leaf_hash] == [outcome.leaf_hash for outcome in first]
    assert not any(outcome.unverifiable for outcome in again)
    assert size(house) == 3


def test_one_id_with_another_content_is_a_conflict_and_records_nothing(
    house: House, tenant: Tenant
) -> None:
    kit.record(house, tenant, reference_event(1))
    changed = {**reference_event(1), "outcome": "denied"}
    sealed_part = {**reference_event(1), "metadata": {"plan": "free"}}

    for other in (changed, sealed_part):
        (outcome,) = kit.record(house, tenant, other)
        assert (outcome.status, outcome.index, outcome.leaf_hash) == ("conflict", -1, b"")
    assert size(house) == 1


def test_one_id_in_two_streams_of_a_tenant_is_one_event(house: House, tenant: Tenant) -> None:
    (first,) = kit.record(house, tenant, reference_event(1))
    (again,) = kit.record(house, tenant, reference_event(1), stream="activity")

    assert (again.status, again.log, again.index) == ("duplicate", first.log, 0)
    assert size(house, 2) == 0


def test_one_id_at_two_tenants_is_two_events(house: House, tenant: Tenant) -> None:
    other = kit.new_tenant(house, "globex")
    (first,) = kit.record(house, tenant, reference_event(1))
    (second,) = kit.record(house, other, reference_event(1))

    assert (first.status, second.status) == ("recorded", "recorded")
    assert first.log != second.log


def test_two_equal_events_in_one_batch_are_one(house: House, tenant: Tenant) -> None:
    first, again, other = kit.record(
        house,
        tenant,
        reference_event(1),
        reference_event(1),
        {**reference_event(1), "outcome": "denied"},
    )

    assert [first.status, again.status, other.status] == ["recorded", "duplicate", "conflict"]
    assert (again.index, again.leaf_hash) == (first.index, first.leaf_hash)
    assert size(house) == 1


def test_a_refused_event_does_not_keep_the_others_out(house: House, tenant: Tenant) -> None:
    big = {
        **reference_event(2),
        "targets": [{"type": "t", "id": f"{n:060d}"} for n in range(1_000)],
    }
    big["actor"] = {"type": "user", "id": "ada", "roles": [f"role-{n}" for n in range(20)]}
    forged = {**reference_event(3), "action": "key.created"}

    outcomes = kit.record(
        house, tenant, reference_event(1), forged, big, forged, reference_event(4)
    )

    assert [outcome.status for outcome in outcomes] == [
        "recorded",
        "refused",
        "refused",
        "refused",
        "recorded",
    ]
    assert outcomes[2].event_id == reference_event(2)["id"]
    assert "once sealed, want at most 65,535" in outcomes[2].reason
    assert [outcome.index for outcome in outcomes] == [0, -1, -1, -1, 1]
    assert kit.fsck(house) == []


def test_an_unknown_tenant_or_stream_is_not_found(house: House, tenant: Tenant) -> None:
    nobody = Tenant(99, "nobody", 0)

    with pytest.raises(NotFoundError, match="tenant 99"):
        kit.submit(house, nobody, [reference_event(1)])
    with pytest.raises(NotFoundError, match="no log of stream 'metrics'"):
        kit.submit(house, tenant, [reference_event(1)], stream="metrics")


def test_a_sender_who_has_left_is_no_trouble_and_loses_nothing(
    house: House, tenant: Tenant, caplog: pytest.LogCaptureFixture
) -> None:
    with house.ledger.drivers.store.write(), caplog.at_level(logging.DEBUG):
        left = kit.submit(house, tenant, [reference_event(1)])
        stayed = kit.submit(house, tenant, [reference_event(2)])
        assert left.cancel()

    assert stayed.result(30)[0].status == "recorded"
    assert kit.record(house, tenant, reference_event(1))[0].status == "duplicate"
    assert caplog.records == []
    assert house.ledger.waiting == 0


def test_closing_the_house_records_what_was_taken(tmp_path: Path) -> None:
    house = kit.new_house(tmp_path / "closing")
    tenant = kit.new_tenant(house)
    taken = [kit.submit(house, tenant, [reference_event(number)]) for number in range(50)]
    house.close()

    assert sorted(future.result(0)[0].index for future in taken) == list(range(50))
