"""The power goes at each step of a change of keys: the next start goes on, or has the old key."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import pytest

from kit import house as kit
from kit.rooted import ROOT, SUPER, Rooted
from tallystick.ledger.ports import KeyKeeper, Lock, Store, Transaction
from tallystick.ledger.published import PUBLISHING
from tallystick.ledger.publisher import Publisher
from tallystick.verify.fsck import Verdict
from tallystick.verify.pins import Pins
from tallystick.verify.refreshing import refresh
from tallystick.verify.statement import Reason
from tallystick.verify.verification import verify_receipt

STEPS: Mapping[Reason, int] = {Reason.ROTATION: 12, Reason.COMPROMISE: 6}
"""A write, the key file, the lock file and another write for each super-checkpoint; the power
goes before each write, and before and after each change of a file."""


class Power(Exception):  # noqa: N818 (not an error: the plug is pulled)
    """The power goes."""


@dataclass
class Plug:
    """Counts steps, and pulls the plug at one of them."""

    at: int
    steps: int = 0

    def step(self) -> None:
        """Go on, or lose power."""
        if self.steps == self.at:
            raise Power
        self.steps += 1

    def around(self, call: Callable[..., None]) -> Callable[..., None]:
        """Count a step before and one after a call."""

        def called(*arguments: object) -> None:
            self.step()
            call(*arguments)
            self.step()

        return called


class CuttingStore:
    """A store whose power may go whenever a write would begin."""

    def __init__(self, store: Store, plug: Plug) -> None:
        self._store, self._plug = store, plug
        self.read = store.read

    def write(self) -> AbstractContextManager[Transaction]:
        """Begin a write, or lose power."""
        self._plug.step()
        return self._store.write()


class Cutting:
    """Something of which one call may lose power; all else is as it was."""

    def __init__(self, real: object, name: str, plug: Plug) -> None:
        self._real = real
        setattr(self, name, plug.around(getattr(real, name)))

    def __getattr__(self, name: str) -> object:
        return getattr(self._real, name)


def cutting(rooted: Rooted, plug: Plug) -> Publisher:
    house, drivers = rooted.house, rooted.house.ledger.drivers
    return Publisher(
        cast("Store", CuttingStore(drivers.store, plug)),
        house.ledger.logs,
        cast("KeyKeeper", Cutting(drivers.keeper, "adopt", plug)),
        cast("Lock", Cutting(house.lock, "replace", plug)),
        drivers.clock,
        house.ledger.integrator,
    )


@pytest.fixture
def rooted(tmp_path: Path) -> Iterator[Rooted]:
    rooted = Rooted.new(tmp_path / "data")
    yield rooted
    rooted.house.close()


def verdicts(receipts: Sequence[bytes], pins: bytes) -> list[Verdict]:
    return [verify_receipt(receipt, Pins.parse(pins)).verdict for receipt in receipts]


CASES = [(reason, at) for reason, steps in STEPS.items() for at in range(steps)]


@pytest.mark.parametrize(("reason", "at"), CASES)
def test_the_next_start_finishes_or_stays_on_the_old_key(
    rooted: Rooted, reason: Reason, at: int
) -> None:
    pins = f'{{"root":"{ROOT.vkey}","super":["{rooted.vkey()}"]}}'.encode()
    before, statement = rooted.receipt(0), rooted.statement(reason)
    with pytest.raises(Power):
        cutting(rooted, Plug(at)).succeed(statement)

    rooted.reopen()

    assert rooted.house.ledger.read_only is None
    assert kit.fsck(rooted.house) == []
    begun = rooted.record(1).note.startswith(f"{SUPER}/2\n")
    rooted.house.publisher.publish()
    if not begun and not any(f"{SUPER}/2" in note for note in notes(rooted)):
        rooted.house.publisher.succeed(statement)
    assert rooted.record(2).note.startswith(f"{SUPER}/2\n")
    assert kit.fsck(rooted.house) == []
    both, _ = refresh(pins, [statement])
    receipts = [before, rooted.receipt(1), rooted.receipt(2)]
    assert verdicts(receipts, both) == [Verdict.INTACT] * 3


@pytest.mark.parametrize("reason", STEPS)
def test_there_are_no_more_steps_than_are_cut(rooted: Rooted, reason: Reason) -> None:
    plug = Plug(STEPS[reason])

    cutting(rooted, plug).succeed(rooted.statement(reason))

    assert plug.steps == STEPS[reason]


def notes(rooted: Rooted) -> list[str]:
    with rooted.house.ledger.drivers.store.read() as snapshot:
        return [str(row[3]) for row in snapshot.rows(PUBLISHING["checkpoints"])]
