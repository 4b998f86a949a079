"""What a look-up costs does not grow with what was stored before."""

from pathlib import Path

import apsw

from tallystick.drivers.sqlite import SqliteStore
from tallystick.drivers.sqlite.reading import SqliteSnapshot
from tallystick.ledger.tenant_keys import SUBJECTS

TENANT = 1


def steps_of_a_look_up(path: Path, people: int) -> int:
    """Store people, look one of them up, and count the steps of SQLite's machine."""
    store = SqliteStore(path)
    with store.write() as tx:
        tx.execute(
            SUBJECTS["add_subject"],
            [
                {
                    "tenant": TENANT,
                    "ref": number.to_bytes(16, "big"),
                    "lookup": number.to_bytes(32, "little"),
                    "generation": 1,
                    "wrapped": b"key",
                }
                for number in range(people)
            ],
        )
    store.close()
    db = apsw.Connection(str(path))
    steps = 0

    def count() -> bool:
        nonlocal steps
        steps += 1
        return False

    db.set_progress_handler(count, 1)
    wanted = ((7).to_bytes(32, "little"), (people + 1).to_bytes(32, "little"))
    found = SqliteSnapshot(db).rows(SUBJECTS["by_lookups"], tenant=TENANT, lookups=wanted)
    db.close()
    assert [ref for _, ref, *_ in found] == [(7).to_bytes(16, "big")]
    return steps


def test_people_are_found_without_reading_all_people_of_the_tenant(tmp_path: Path) -> None:
    few = steps_of_a_look_up(tmp_path / "few.db", 10)
    many = steps_of_a_look_up(tmp_path / "many.db", 3_000)

    assert 0 < many <= few + 20
