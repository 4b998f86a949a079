"""A foreign program holds the database: a while is waited out, a long while answered 503."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kit.door import Orders, admin_key, open_door
from kit.events import reference_event
from kit.house import fsck, new_house, new_tenant
from tallystick.settings import Settings
from tallystick.wiring import open_house

# A backup script or somebody's database browser: Python's own SQLite, without our writers' queue.
HOLD = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""


@contextmanager
def held_by_a_stranger(database: Path) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", HOLD, str(database)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as stranger:  # type: ignore[call-overload]
        assert stranger.stdout.readline() == "held\n"
        try:
            yield stranger
        finally:
            stranger.stdin.close()
            stranger.wait(10)


def test_a_door_answers_503_while_it_is_held_and_201_afterwards(tmp_path: Path) -> None:
    house = new_house(tmp_path / "data")
    new_tenant(house)
    key = admin_key(house)
    house.close()
    database = tmp_path / "data" / "ledger.db"

    with open_door(Orders(str(tmp_path / "data"), ""), key) as door:
        with held_by_a_stranger(database):
            refused = door.post([{**reference_event(0), "tenant": "acme"}])
        assert refused.status == 503
        assert int(refused.headers["retry-after"]) >= 1

        with held_by_a_stranger(database) as stranger:
            letting_go = threading.Timer(0.5, stranger.stdin.close)
            letting_go.start()
            started = time.monotonic()
            waited = door.post([{**reference_event(0), "tenant": "acme"}])
            assert time.monotonic() - started > 0.3
        assert [(it["status"], it["index"]) for it in waited.results] == [("recorded", 0)]

        after = door.post([{**reference_event(1), "tenant": "acme"}])
        assert [(it["status"], it["index"]) for it in after.results] == [("recorded", 1)]

    house = open_house(Settings(data=tmp_path / "data"))
    assert fsck(house) == []
    house.close()
