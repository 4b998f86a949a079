"""The publisher signs for no log that does not extend the head which it signed for last."""

from hashlib import sha256
from pathlib import Path

import pytest

from kit import house as kit
from kit.events import reference_event
from kit.root import editing
from tallystick.errors import VerificationError
from tallystick.ledger.published import latest
from tallystick.settings import Settings
from tallystick.tlog.tree import Frontier
from tallystick.wiring import open_house

BEFORE, AFTER = 10, 3


def forge_head(data: Path) -> None:
    """Give the log a past of the same length, as root would who rewrote it with all its hashes."""
    hashes = [sha256(b"forged %d" % index).digest() for index in range(BEFORE + AFTER)]
    forged = Frontier().extend(hashes)
    with editing(data) as db:
        changed = db.execute(
            "UPDATE head SET root = ?, frontier = ? WHERE slot = 1 AND size = ?",
            (forged.root(), forged.encode(), BEFORE + AFTER),
        )
        assert changed.rowcount == 1


def test_a_log_that_does_not_extend_its_published_head_is_not_signed_for(tmp_path: Path) -> None:
    data = tmp_path / "data"
    house = kit.new_house(data)
    tenant = kit.new_tenant(house)
    kit.record(house, tenant, *map(reference_event, range(BEFORE)))
    assert house.publisher.publish() is not None
    kit.record(house, tenant, *map(reference_event, range(BEFORE, BEFORE + AFTER)))
    house.close()
    forge_head(data)

    house = open_house(Settings(data=data))
    try:
        with house.ledger.drivers.store.read() as snapshot:
            signed = latest(snapshot)
        with pytest.raises(VerificationError, match="entries lead to root"):
            house.publisher.publish()
        with house.ledger.drivers.store.read() as snapshot:
            assert latest(snapshot) == signed
    finally:
        house.close()
