"""A check that was stopped goes on where it was, and finds what one in a single run finds."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kit import house as kit
from kit.events import reference_event
from kit.root import editing
from tallystick.cli.interim import read_interim, write_interim
from tallystick.errors import MalformedError
from tallystick.ledger import inspection
from tallystick.ledger.inspection import Inspection, Interim, Result
from tallystick.verify.fsck import Finding, Verdict
from tallystick.wiring import House

ENTRIES = 700
SLOT = 1 << 40


class StoppedError(Exception):
    """Somebody pressed Ctrl-C."""


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    monkeypatch.setattr(inspection, "WRITE_EVERY", 256)
    monkeypatch.setattr(inspection, "_AT_ONCE", 128)
    house = kit.new_house(tmp_path / "data")
    for name in ("acme", "beta"):
        kit.new_tenant(house, name)
        more(house, name, 0, ENTRIES)
    return house


def more(house: House, name: str, start: int, end: int) -> None:
    """Record events, and make an epoch half-way."""
    tenant = kit.tenant_of(house, name)
    for first, last in ((start, (start + end) // 2), ((start + end) // 2, end)):
        kit.record(house, tenant, *(reference_event(n) for n in range(first, last)))
        house.publisher.publish()


def run(house: House, interim: Interim | None, write: Callable[[Interim], None]) -> Result:
    with house.ledger.drivers.store.read() as snapshot:
        check = Inspection(house.ledger, disclosures=True, interim=interim, write_down=write)
        return check.run(snapshot)


def stopped(house: House, file: Path, writes: int) -> Interim:
    """Start a check and stop it after it wrote so many times; return what it left."""
    left = writes

    def write(interim: Interim) -> None:
        nonlocal left
        write_interim(file, interim)
        left -= 1
        if not left:
            raise StoppedError

    with pytest.raises(StoppedError):
        run(house, None, write)
    interim = read_interim(file)
    assert interim is not None
    assert 0 < interim.entries < 2 * ENTRIES
    return interim


def whole(house: House) -> list[Finding]:
    return run(house, None, lambda _: None).findings


@pytest.mark.parametrize("writes", [1, 2, 3, 4])
def test_it_ends_with_what_a_whole_run_counts_and_reads_no_entry_twice(
    house: House, tmp_path: Path, writes: int
) -> None:
    interim = stopped(house, tmp_path / "fsck.json", writes)
    counted = run(house, None, lambda _: None)
    told: list[int] = []

    with house.ledger.drivers.store.read() as snapshot:
        result = Inspection(
            house.ledger,
            disclosures=True,
            interim=interim,
            progress=lambda done, _: told.append(done),
        ).run(snapshot)

    assert result.findings == []
    assert (result.entries, result.opened) == (counted.entries, counted.opened)
    assert min(told) >= interim.entries


@pytest.mark.parametrize("writes", [1, 3])
@pytest.mark.parametrize("index", [5, ENTRIES - 5])
def test_a_change_is_found_once_whether_it_lies_before_the_stop_or_behind_it(
    house: House, tmp_path: Path, writes: int, index: int
) -> None:
    with editing(house.settings.data) as db:
        db.execute(
            "UPDATE entry SET leaf = leaf || x'00' WHERE id = ?",
            (house_slot(house, "acme") * SLOT + index,),
        )
    expected = whole(house)
    interim = stopped(house, tmp_path / "fsck.json", writes)

    assert set(run(house, interim, lambda _: None).findings) == set(expected)
    assert index in {finding.index for finding in expected}
    assert len(run(house, interim, lambda _: None).findings) == len(expected)


@pytest.mark.parametrize("writes", [1, 3])
@pytest.mark.parametrize("index", [5, 256, ENTRIES - 5])
def test_a_dated_entry_is_found_wherever_the_stop_was(
    house: House, tmp_path: Path, writes: int, index: int
) -> None:
    slot = house_slot(house, "acme")
    with editing(house.settings.data) as db:
        db.execute(
            'UPDATE entry SET leaf = replace(leaf, \'"received_at":"2\', \'"received_at":"1\')'
            " WHERE id = ?",
            (slot * SLOT + index,),
        )
        db.execute("UPDATE entry SET leaf = CAST(leaf AS BLOB)")
    interim = stopped(house, tmp_path / "fsck.json", writes)

    found = run(house, interim, lambda _: None).findings

    dated = [it.index for it in found if "received 1" in it.what]
    assert dated == [index]


def test_the_time_before_a_stop_bounds_the_entry_behind_it(house: House, tmp_path: Path) -> None:
    file = tmp_path / "fsck.json"
    stopped(house, file, 1)
    told: Any = json.loads(file.read_bytes())
    slot = str(house_slot(house, "acme"))
    assert told["received"][slot] > 0
    told["received"][slot] += 60_000_000
    file.write_text(json.dumps(told))

    found = run(house, read_interim(file), lambda _: None).findings

    assert [it.index for it in found] == [told["logs"][slot][0]]
    assert "as the entry before" in found[0].what


def test_what_was_recorded_since_the_stop_is_checked_with_the_rest(
    house: House, tmp_path: Path
) -> None:
    interim = stopped(house, tmp_path / "fsck.json", 4)
    more(house, "acme", ENTRIES, 2 * ENTRIES)
    kit.new_tenant(house, "gamma")
    more(house, "gamma", 0, 10)

    result = run(house, interim, lambda _: None)

    assert result.findings == []
    assert result.entries == run(house, None, lambda _: None).entries


@pytest.mark.parametrize("member", ["frontier", "pending", "made", "roots"])
def test_a_state_that_was_edited_hides_nothing(house: House, tmp_path: Path, member: str) -> None:
    file = tmp_path / "fsck.json"
    stopped(house, file, 2)
    told: Any = json.loads(file.read_bytes())
    standing = told["logs"][str(house_slot(house, "acme"))]
    _, frontier, pending, made, roots = standing
    match member:
        case "frontier":
            standing[1] = frontier[:-8] + "AAAAAAA="
        case "pending":
            pending[0].append("A" * 43 + "=")
        case "made":
            made[0] += 1
        case _:
            standing[4] = dict.fromkeys(roots, "A" * 43 + "=")
    file.write_text(json.dumps(told))

    if member in ("pending", "made"):
        with pytest.raises(MalformedError, match="other tiles than"):
            run(house, read_interim(file), lambda _: None)
    else:
        found = run(house, read_interim(file), lambda _: None).findings
        assert Verdict.TAMPERED in {finding.verdict for finding in found}


def test_a_state_of_another_kind_of_run_is_refused(house: House, tmp_path: Path) -> None:
    interim = stopped(house, tmp_path / "fsck.json", 1)

    with (
        house.ledger.drivers.store.read(),
        pytest.raises(MalformedError, match="want the same inspection"),
    ):
        Inspection(house.ledger, disclosures=False, interim=interim)


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"deployment": 1}'])
def test_a_spoilt_file_is_named(tmp_path: Path, text: str) -> None:
    file = tmp_path / "fsck.json"
    file.write_text(text)

    with pytest.raises(MalformedError, match="want what fsck --resume wrote"):
        read_interim(file)


def house_slot(house: House, name: str) -> int:
    tenant = kit.tenant_of(house, name)
    with house.ledger.drivers.store.read() as snapshot:
        return house.ledger.logs.stream(snapshot, tenant.number, "audit").slot
