"""A ledger without room: nothing half-told, and every sender knows what to send again."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest

from kit.house import House, new_house, new_tenant
from kit.shipping import lines
from tallystick.access.keys import Grant, create_key
from tallystick.access.reads import Asker
from tallystick.api.doorway import Caller, Doorway
from tallystick.api.elastic.errors import status_of, type_of
from tallystick.api.elastic.operation import read_operations
from tallystick.api.elastic.result import Result
from tallystick.api.elastic.writing import write
from tallystick.api.traffic import Traffic
from tallystick.errors import PushbackError
from tallystick.ledger.batch import Outcome
from tallystick.ledger.leaf import Via

BODY = lines(
    {"index": {"_index": "audit-logs"}},
    {"action": "document.deleted", "user_id": "u"},
    {"index": {"_index": "audit-logs"}},
    {"message": "m"},
    {"index": {"_index": "audit-logs"}},
    {"action": "document.read", "user_id": "u"},
)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = new_house(tmp_path / "data")
    yield house
    house.close()


def written(house: House, full: set[str], monkeypatch: pytest.MonkeyPatch) -> list[Result]:
    """Write the body while some streams have no room."""
    tenant = new_tenant(house)
    key, _ = create_key(house.ledger, Grant(frozenset({"ingest"}), (tenant.number,)), "k", "cli")
    record = house.ledger.record

    def or_not(
        number: int, stream: str, events: Sequence[dict[str, Any]], via: Via
    ) -> Future[list[Outcome]]:
        if stream in full:
            raise PushbackError("ledger: full, want to wait")
        return record(number, stream, events, via)

    monkeypatch.setattr(house.ledger, "record", or_not)
    drivers = house.ledger.drivers
    doorway = Doorway(house.ledger, Traffic(drivers.clock, drivers.entropy, lambda _: None))
    operations = read_operations(BODY, None)
    return asyncio.run(write(doorway, Caller(key, Asker(key.key_id)), operations, None))


def test_documents_that_found_no_room_are_told_so_one_by_one(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = written(house, {"activity"}, monkeypatch)
    assert [result.status for result in results] == [201, 429, 201]
    assert results[1].kind == "es_rejected_execution_exception"


def test_a_request_of_which_nothing_was_recorded_is_to_be_sent_again_whole(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(PushbackError) as caught:
        written(house, {"audit", "activity"}, monkeypatch)
    assert status_of(caught.value) == 429
    assert type_of(caught.value, 429) == "es_rejected_execution_exception"
