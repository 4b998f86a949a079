"""Two doors, two processes, one tenant: one order of entries, and one key for each person."""

import json
import threading
from collections import defaultdict
from pathlib import Path
from typing import Any

from kit.door import Answer, Door, Orders, admin_key, open_door
from kit.events import reference_event
from kit.house import fsck, new_house, new_tenant
from tallystick.wiring import House

BATCH = 40
PEOPLE = 12 * BATCH


def event(number: int) -> dict[str, object]:
    """Return an event by one of the people; numbers far apart share them."""
    made = reference_event(number)
    person = f"user_{number % PEOPLE:06d}"
    actor = {
        "type": "user",
        "id": person,
        "name": f"Ada {person}",
        "email": f"{person}@example.com",
    }
    return {**made, "tenant": "acme", "actor": actor}


def send(
    door: Door,
    start: threading.Barrier,
    requests: list[list[dict[str, object]]],
    answers: list[Answer],
) -> None:
    with door.visit() as visitor:
        assert visitor.ask("GET", "/healthz").status == 200
        for request in requests:
            start.wait(30)
            answers.append(visitor.post(request))


def in_parallel(doors: list[Door], requests: list[list[list[dict[str, object]]]]) -> list[Any]:
    """Send each list on a connection of its own, to the doors in turn, in step."""
    answers: list[list[Answer]] = [[] for _ in requests]
    start = threading.Barrier(len(requests))
    clients = [
        threading.Thread(target=send, args=(doors[n % len(doors)], start, some, answers[n]))
        for n, some in enumerate(requests)
    ]
    for client in clients:
        client.start()
    for client in clients:
        client.join(120)
    assert [len(some) for some in answers] == [len(some) for some in requests]
    return [result for some in answers for answer in some for result in answer.results]


def leaves(house: House) -> list[dict[str, Any]]:
    """Read what stands in the tenant's log, in its order."""
    with house.ledger.drivers.store.read() as snapshot:
        (log,) = [
            log for log in house.ledger.logs.every(snapshot) if log.tenant and log.stream == "audit"
        ]
        entries = list(snapshot.entries(log.slot, 0, 1 << 32))
    assert [entry.index for entry in entries] == [*range(len(entries))]
    return [json.loads(entry.leaf or b"") for entry in entries]


def people(stored: list[dict[str, Any]]) -> dict[int, set[str]]:
    """Return the subject refs under which each person's id is sealed."""
    refs = defaultdict(set)
    for leaf in stored:
        number = int(leaf["id"][-12:], 16)
        position, _ = leaf["sealed"]["/actor/id"]
        refs[number % PEOPLE].add(leaf["subject_refs"][position])
    return refs


def test_two_doors_make_one_log_without_a_gap_nothing_twice_and_one_key_a_person(
    tmp_path: Path,
) -> None:
    data = tmp_path / "data"
    house = new_house(data)
    new_tenant(house)
    key, orders = admin_key(house), Orders(str(data), "")
    # The third client sends what the first sends at the same time, to the same door; the fourth
    # sends it to the other door. With each request, all meet the same people for the first time.
    first = [[event(at + n) for n in range(BATCH)] for at in range(0, PEOPLE, BATCH)]
    second = [[event(at + n) for n in range(BATCH)] for at in range(PEOPLE, 2 * PEOPLE, BATCH)]

    with open_door(orders, key) as one, open_door(orders, key) as two:
        results = in_parallel([one, two], [first, second, first, first])

    assert {it["status"] for it in results} == {"recorded", "duplicate"}
    recorded = {it["id"]: it["index"] for it in results if it["status"] == "recorded"}
    assert sum(it["status"] == "recorded" for it in results) == len(recorded) == 2 * PEOPLE
    assert {(it["id"], it["index"]) for it in results} == set(recorded.items())
    stored = leaves(house)
    assert [leaf["id"] for leaf in stored] == sorted(recorded, key=lambda it: recorded[it])
    refs = people(stored)
    assert len(refs) == PEOPLE
    assert {len(some) for some in refs.values()} == {1}
    assert len(set.union(*refs.values())) == PEOPLE
    assert fsck(house) == []
    house.close()
