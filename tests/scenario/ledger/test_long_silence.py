"""An epoch after a long silence: however much has come, it is not held in memory together."""

import tracemalloc
from pathlib import Path

from bench.proofs import big_log
from kit.house import new_house, new_tenant
from kit.rfc6962 import mth
from tallystick.ledger.epochs import Epochs

ENTRIES = 60_000


def test_an_epoch_over_many_new_entries_takes_little_memory(tmp_path: Path) -> None:
    house = new_house(tmp_path / "data")
    try:
        log = big_log(house, new_tenant(house).number, ENTRIES)
        tracemalloc.start()
        try:
            house.publisher.publish()
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        with house.ledger.drivers.store.read() as snapshot:
            leaves = [entry.leaf for entry in snapshot.entries(log.slot, 0, ENTRIES)]
            epochs = Epochs(house.ledger)
            head = epochs.head(snapshot, epochs.last(snapshot), log)
    finally:
        house.close()
    assert (head.size, head.root) == (ENTRIES, mth([leaf for leaf in leaves if leaf]))
    assert peak < ENTRIES * 60  # each hash alone takes 65 bytes
