"""Power that goes while witnesses are asked."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from hashlib import sha256
from pathlib import Path
from typing import cast

import pytest

from kit import house as kit
from kit.cosigned import ONE, SUPER, TWO, b64, beacons, epoch, opened, published_notes, verdict
from kit.events import reference_event
from kit.fake_witness import (
    cosigners,
)
from tallystick.access.tenants import Tenant
from tallystick.ledger.cosigning import Cosigning
from tallystick.ledger.ports import Store, Transaction, WitnessAnswer
from tallystick.ledger.publisher import Publisher
from tallystick.verify.fsck import Verdict
from tallystick.wiring import House


class Power(Exception):  # noqa: N818 (not an error: the plug is pulled)
    """The power goes."""


class NoPower:
    """Witnesses that are asked when the power goes."""

    def __init__(self, *, after: House | None = None) -> None:
        self._after = after

    def cosign(
        self, note: str, size: int, prove: Callable[[int], list[bytes]]
    ) -> list[WitnessAnswer]:
        """Let the witnesses be asked, or not, and lose power."""
        if self._after is not None and self._after.cosigning is not None:
            self._after.cosigning.witnesses.cosign(note, size, prove)
        raise Power

    def newest(self, _origin: str) -> list[WitnessAnswer]:
        """Know nothing."""
        return []


class CuttingStore:
    """A store whose power goes when the n-th write would begin."""

    def __init__(self, store: Store, writes: int) -> None:
        self._store = store
        self._writes = writes
        self.read = store.read

    def write(self) -> AbstractContextManager[Transaction]:
        """Begin a write, or lose power."""
        if self._writes == 0:
            raise Power
        self._writes -= 1
        return self._store.write()


def cutting(house: House, cut: str) -> Publisher:
    """Make the house's publisher, with a driver that loses power."""
    ledger, cosigning = house.ledger, house.cosigning
    assert cosigning is not None
    store: Store | CuttingStore = ledger.drivers.store
    if cut == "before the witnesses are asked":
        cosigning = Cosigning(cosigning.policy, NoPower(), ledger.drivers.clock)
    if cut == "when the witnesses have cosigned":
        cosigning = Cosigning(cosigning.policy, NoPower(after=house), ledger.drivers.clock)
    if cut == "before the note is stored":
        store = CuttingStore(ledger.drivers.store, 1)
    return Publisher(
        cast("Store", store),
        ledger.logs,
        ledger.drivers.keeper,
        house.lock,
        ledger.drivers.clock,
        ledger.integrator,
        cosigning,
    )


@pytest.mark.parametrize(
    "cut",
    [
        "before the witnesses are asked",
        "when the witnesses have cosigned",
        "before the note is stored",
    ],
)
def test_power_that_goes_while_witnesses_are_asked_costs_no_cosignature(
    data: Path, house: House, tenant: Tenant, policy: Path, cut: str
) -> None:
    epoch(house, tenant, 0)
    before = published_notes(house)
    kit.record(house, tenant, reference_event(1))
    with pytest.raises(Power):
        cutting(house, cut).publish()
    assert published_notes(house) == before
    assert verdict(house, tenant, 0, policy) is Verdict.INTACT
    assert kit.fsck(house) == []

    again = opened(data, policy)
    try:
        assert again.ask_witnesses() == {}
        assert again.ledger.read_only is None
        assert published_notes(again) == before
        epoch(again, tenant, 2)
        assert [verdict(again, tenant, index, policy) for index in range(3)] == [Verdict.INTACT] * 3
        assert kit.fsck(again) == []
    finally:
        again.close()
    notes = published_notes(house)
    assert notes[:1] == before
    assert all(cosigners(note) == [SUPER, ONE, TWO] for note in notes)
    hashes = [b64(sha256(note.encode()).digest()) for note in notes]
    assert beacons(house) == [b64(bytes(32)), *hashes[:-1]]
