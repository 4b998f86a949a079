"""An export of very many rows needs no more memory than one of few."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit import house as kit
from kit.checkout import ROOT
from kit.engine import running_engine
from kit.events import reference_event
from tallystick.search.duty import Duty

EVENTS = 200_000
MOST_GROWTH = 96 << 20
"""Bytes: some pieces of 2,000 rows as the engine sends them, as events, and as lines."""

_MAKE = """
import json, resource, sys
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from kit.engine import EngineProcess
from tallystick.api.asking import Context
from tallystick.api.wanted_export import WantedExport
from tallystick.drivers.export_files import ExportFolder
from tallystick.search import exports
from tallystick.search.columns import Sight
from tallystick.search.exporting import Exporter
from tallystick.settings import Settings
from tallystick.wiring import open_house

data, folder, port, tenant = map(str, sys.argv[1:])
data, folder, port, tenant = Path(data), Path(folder), int(port), int(tenant)
house, engine = open_house(Settings(data=data)), EngineProcess(folder, port)
ledger = house.ledger
context = Context(tenant, Sight(tenant, "acme"), datetime.now(UTC), 0)

def make(q):
    wish, name = WantedExport(q=q, stream="audit"), ledger.drivers.entropy.draw(16).hex()
    with ledger.drivers.store.write() as tx:
        question = wish.question(ledger, context)
        exports.add(tx, wish.begin(ledger, tx, name, "0" * 16, tenant, question))
    exporter = Exporter(ledger, engine.driver, ExportFolder(data / "exports"), lambda _: None)
    while exporter.turn():
        pass
    with ledger.drivers.store.read() as snapshot:
        made = exports.find(snapshot, name)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"state": made.state, "rows": made.written, "bytes": made.size, "peak": peak}

print(json.dumps([make('index:<10000'), make("")]))
house.close()
"""


@pytest.mark.slow
@pytest.mark.timeout(1_200)
def test_memory_does_not_grow_with_the_rows(tmp_path: Path) -> None:
    house = kit.new_house(tmp_path / "data")
    tenant = kit.new_tenant(house)
    for start in range(0, EVENTS, 1_000):
        kit.record(house, tenant, *(reference_event(start + it) for it in range(1_000)))
    with running_engine(tmp_path / "engine") as engine:
        duty = Duty(house.ledger, engine.driver)
        while duty.turn():
            pass
        house.close()
        arguments = [str(house.settings.data), str(engine.folder), str(engine.port)]
        command = [sys.executable, "-c", _MAKE, *arguments, str(tenant.number)]
        path = os.pathsep.join([str(ROOT / "tests"), str(ROOT / "src")])
        env = {**os.environ, "PYTHONPATH": path}
        made = subprocess.run(command, env=env, check=True, stdout=subprocess.PIPE, text=True)

    few, many = json.loads(made.stdout)
    assert (few["state"], few["rows"]) == ("done", 10_000)
    assert (many["state"], many["rows"]) == ("done", EVENTS)
    assert many["bytes"] > 150 << 20
    assert many["peak"] - few["peak"] < MOST_GROWTH
