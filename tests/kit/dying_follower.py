"""A follower in a process of its own that kills itself at a named fail point.

Run as a program it takes turns until nothing is left to do, or until it passes the point for the
time that it was told. Fail points are before and after each thing that it leaves behind: the plan,
the rows, the cursors, and of a rebuild the exchange of the tables and what follows it.
"""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from kit.checkout import ROOT
from kit.engine import PASSWORD, USER
from tallystick.drivers.clickhouse.endpoint import Endpoint
from tallystick.drivers.clickhouse.engine import ClickHouse
from tallystick.drivers.system import SystemEntropy
from tallystick.search import duty, errands, follow, rebuild
from tallystick.search.follow import EventsFollower
from tallystick.search.rows_by_column import Rows
from tallystick.search.table import EVENTS, Table
from tallystick.settings import Settings
from tallystick.wiring import House, open_house

FOLLOWING = ("before plan", "before insert", "after insert", "before cursor")
REBUILDING = (
    *(("before fill", 0), ("after fill", 1), ("before exchange", 0), ("after exchange", 0)),
    *(("before forgetting", 0), ("before forgetting", 1)),
)
"""Each with how often it is spared: cursors are forgotten at the start, and at the exchange."""


@dataclass(frozen=True)
class Fate:
    """What becomes of a follower.

    Attributes:
        data: Folder of the deployment.
        port: Of the engine.
        point: Where it dies; empty: nowhere.
        spared: How often it passes there before.
        batch: Most entries of one batch.
    """

    data: str
    port: int
    point: str = ""
    spared: int = 0
    batch: int = 97


def lives(fate: Fate) -> bool:
    """Run a follower to its end; say whether that was its own."""
    command = [sys.executable, "-m", "kit.dying_follower", json.dumps(asdict(fate))]
    path = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")])
    env = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, env=env, capture_output=True, check=False, timeout=120)
    assert done.returncode in {0, -signal.SIGKILL}, done.stderr
    return done.returncode == 0


class _FailPoint:
    def __init__(self, fate: Fate) -> None:
        self._point = fate.point
        self._left = fate.spared

    def reach(self, name: str) -> None:
        """Pass a place; the last time it does not return."""
        if name and name == self._point:
            self._left -= 1
            if self._left < 0:
                os.kill(os.getpid(), signal.SIGKILL)

    def around(self, owner: Any, name: str, before: str, after: str) -> None:  # noqa: ANN401 (a class or a module)
        """Put a place before and behind a function."""
        original: Callable[..., Any] = getattr(owner, name)

        def through(*arguments: Any, **more: Any) -> Any:  # noqa: ANN401 (whatever it is)
            self.reach(before)
            result = original(*arguments, **more)
            self.reach(after)
            return result

        setattr(owner, name, through)


class _DyingTable(Table):
    """A table that tells inserts into the next one from those into the present one."""

    point: _FailPoint

    def insert(self, rows: Rows, token: str) -> None:
        fills = self.name != EVENTS
        self.point.reach("before fill" if fills else "before insert")
        super().insert(rows, token)
        self.point.reach("after fill" if fills else "after insert")


def _has_work(house: House, table: Table) -> bool:
    with house.ledger.drivers.store.read() as snapshot:
        if errands.next_open(snapshot) is not None:
            return True
    return EventsFollower(house.ledger, table).lag() > 0


def main(text: str) -> None:
    """Take turns until nothing is left to do, or until the fail point."""
    fate = Fate(**json.loads(text))
    point = _FailPoint(fate)
    _DyingTable.point = point
    vars(duty)["Table"] = vars(rebuild)["Table"] = _DyingTable
    point.around(follow, "store_plan", "before plan", "")
    point.around(follow, "drop_plan", "before cursor", "")
    point.around(_DyingTable, "exchange", "before exchange", "after exchange")
    point.around(rebuild, "drop_plan", "before forgetting", "")
    house = open_house(Settings(data=Path(fate.data)))
    endpoint = Endpoint("127.0.0.1", fate.port, USER, PASSWORD)
    engine = ClickHouse(lambda: endpoint, SystemEntropy())
    on = duty.Duty(house.ledger, engine, fate.batch)
    while on.turn() or _has_work(house, Table(engine, EVENTS)):
        pass
    engine.close()
    house.close()


if __name__ == "__main__":
    main(sys.argv[1])
