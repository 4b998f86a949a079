"""``fsck`` of a big log: the memory that it takes, and that it goes on where it was stopped.

The log is that of the proofs: its leaves are no entries, so that the tree alone is recomputed.
``python -m bench.large DATA FILE`` is one run in a process of its own.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from bench.deployment import PYTHONPATH, new_tenant, scratch_folder, temporary_house
from bench.figure import Better, Figure
from bench.proofs import big_log
from tallystick.cli.interim import read_interim, write_interim
from tallystick.ledger.inspection import Inspection, Interim
from tallystick.settings import Settings
from tallystick.wiring import open_house

_BUDGET_GB, _BUDGET_ENTRIES = 0.3, 10_000_000
_KIB = 1_024


class _StoppedError(Exception):
    """The first run stops half-way."""


def large(size: int) -> list[Figure]:
    """Stop a check half-way, let another process go on, and measure the memory of both."""
    with scratch_folder() as data:
        with temporary_house(data) as house:
            big_log(house, new_tenant(house), size)
            house.publisher.publish()
        first, second = (_run(data, data / "fsck.json") for _ in range(2))
    assert first["stopped"]
    assert not second["stopped"]
    assert not second["findings"]
    peak = max(int(first["memory"]), int(second["memory"]))
    return [
        Figure(
            "fsck, memory",
            peak / 1e9,
            "GB",
            None,
            Better.LESS,
            budget=_BUDGET_GB if size >= _BUDGET_ENTRIES else None,
            note=f"{size:,} entries, tree only; stopped after {first['entries']:,}, and taken up"
            f" there; the budget is for {_BUDGET_ENTRIES:,}",
        )
    ]


def main(data: str, file: str) -> None:
    """Check once; a run that begins anew stops itself half-way."""
    path = Path(file)
    interim = read_interim(path)
    told: dict[str, object] = {"stopped": False, "findings": 0}
    house = open_house(Settings(data=Path(data)))
    with house.ledger.drivers.store.read() as snapshot:
        half = sum(snapshot.head(log.slot).size for log in house.ledger.logs.every(snapshot)) // 2

        def write_down(state: Interim) -> None:
            write_interim(path, state)
            told["entries"] = state.entries
            if interim is None and state.entries >= half:
                raise _StoppedError

        inspection = Inspection(
            house.ledger, tree_only=True, interim=interim, write_down=write_down
        )
        try:
            told["findings"] = len(inspection.run(snapshot).findings)
        except _StoppedError:
            told["stopped"] = True
    told["memory"] = _peak()
    print(json.dumps(told))


def _peak() -> int:
    # Not ru_maxrss, which a process inherits from the one that started it.
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) * _KIB


def _run(data: Path, file: Path) -> dict[str, int]:
    ran = subprocess.run(
        [sys.executable, "-m", "bench.large", data, file],
        env={**os.environ, "PYTHONPATH": PYTHONPATH},
        stdout=subprocess.PIPE,
        check=True,
    )
    told: dict[str, int] = json.loads(ran.stdout)
    return told


if __name__ == "__main__":
    main(*sys.argv[1:])
