"""What ``fsck`` finds beside the tree: impossible heads, times, names of checkpoints."""

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from kit import house as kit
from kit.attacker import Attacker
from kit.events import reference_event
from kit.root import SLOT, editing
from tallystick.cli.checking import inspect
from tallystick.ledger.ports import SUPER_SLOT
from tallystick.settings import Settings
from tallystick.verify.fsck import Finding, Verdict
from tallystick.wiring import open_house

EPOCHS = 3


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Three epochs with ten events each, closed."""
    data = tmp_path / "data"
    house = kit.new_house(data)
    tenant = kit.new_tenant(house)
    for start in range(0, 10 * EPOCHS, 10):
        kit.record(house, tenant, *map(reference_event, range(start, start + 10)))
        house.publisher.publish()
    house.close()
    return data


def found(data: Path) -> list[Finding]:
    house = open_house(Settings(data=data))
    try:
        return inspect(house).findings
    finally:
        house.close()


def test_three_epochs_are_in_order(data: Path) -> None:
    assert found(data) == []


@pytest.mark.parametrize("slot", [1, SUPER_SLOT])
@pytest.mark.parametrize(("size", "shown"), [
    (-1, "-1"), (1 << 62, "4,611,686,018,427,387,904"), ("many", "a str"),
])  # fmt: skip
def test_a_head_with_a_size_that_no_log_has_is_a_finding(
    data: Path, slot: int, size: object, shown: str
) -> None:
    with editing(data) as db:
        db.execute("UPDATE head SET size = ? WHERE slot = ?", (size, slot))

    first = found(data)[0]

    assert first.verdict is Verdict.TAMPERED
    assert first.what == f"head: size {shown}, want a number from 0 to 549,755,813,888"


def test_an_epoch_that_names_another_checkpoint_before_it_is_found(data: Path) -> None:
    attacker = Attacker(data)
    records = attacker.leaves(SUPER_SLOT)
    with editing(data) as db:
        notes = [note for (note,) in db.execute("SELECT note FROM checkpoint ORDER BY size")]
    first, second = (b64encode(sha256(note.encode()).digest()) for note in notes[:2])
    assert second in records[-1]
    forged = records[-1].replace(second, first)
    attacker.rewrite(SUPER_SLOT, [*records[:-1], forged], epochs=False)

    named = [it for it in found(data) if "names checkpoint" in it.what]

    assert [(it.verdict, it.index) for it in named] == [(Verdict.TAMPERED, len(records) - 1)]


def test_a_super_log_shorter_than_the_lock_file_has_it_is_found_at_its_end(data: Path) -> None:
    records = Attacker(data).leaves(SUPER_SLOT)
    Attacker(data).rewrite(SUPER_SLOT, records[:-1], epochs=False)

    by_lock = [it for it in found(data) if "rolled back" in it.what]

    assert [it.index for it in by_lock] == [len(records) - 1]


def test_a_clock_that_was_set_back_an_hour_blames_nobody(tmp_path: Path) -> None:
    """The entries of the log stand still until the clock has caught up; epochs run back."""
    house = kit.new_house(tmp_path / "data")
    tenant = kit.new_tenant(house)
    clock = house.ledger.drivers.clock
    real = clock.now

    for number, shift_s in enumerate((3_600, 0, 10, 20)):
        shifted = _Shifted(real, shift_s)
        house.ledger.integrator._clock = shifted  # noqa: SLF001 (there is no other way in)
        house.publisher._clock = shifted  # noqa: SLF001
        kit.record(house, tenant, reference_event(number))
        assert house.publisher.publish() is not None

    assert kit.fsck(house) == []
    house.close()
    with editing(tmp_path / "data") as db:
        rows = db.execute("SELECT leaf FROM entry WHERE id >= ? AND id < ?", (SLOT, 2 * SLOT))
        stamps = {leaf.partition(b'"received_at":"')[2][:27] for (leaf,) in rows}
    assert len(stamps) == 1


class _Shifted:
    def __init__(self, real: object, shift_s: int) -> None:
        self._real = real
        self._shift = shift_s * 1_000_000

    def now(self) -> int:
        return self._real() + self._shift  # type: ignore[operator]
