"""What the server keeps beside the entries is recomputed too, and no type makes ``fsck`` fall."""

from pathlib import Path

import pytest

from kit import house as kit
from kit.events import reference_event
from kit.root import copy_of, editing
from tallystick.errors import VerificationError
from tallystick.settings import Settings
from tallystick.verify.fsck import Finding, Verdict
from tallystick.wiring import open_house

ENTRY = "WHERE id = (1 << 40) + 1"
ACME, SUPER = "audit.example/t/1/", "audit.example/super"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    data = tmp_path_factory.mktemp("template") / "data"
    house = kit.new_house(data)
    tenant = kit.new_tenant(house)
    for start in (0, 3):
        kit.record(house, tenant, *map(reference_event, range(start, start + 3)))
        house.publisher.publish()
    house.close()
    return data


def findings(data: Path) -> list[Finding]:
    house = open_house(Settings(data=data))
    try:
        return kit.fsck(house)
    finally:
        house.close()


def edited(template: Path, data: Path, statement: str) -> Path:
    """Copy a deployment, and run one statement on exactly one row of it."""
    copy_of(template, data)
    with editing(data) as db:
        assert db.execute(statement).rowcount == 1
    return data


@pytest.mark.parametrize(
    ("statement", "origin", "index", "what"),
    [
        ("UPDATE head SET frontier = x'00' WHERE slot = 1", ACME, None, "head: its frontier"),
        ("UPDATE head SET frontier = zeroblob(64) WHERE slot = 1", ACME, None, "head: its front"),
        (
            f"UPDATE head SET frontier = zeroblob(length(frontier)) WHERE slot = {1 << 22}",
            SUPER,
            None,
            "head: its frontier does not lead to its root",
        ),
        (
            "UPDATE published SET frontier = zeroblob(64) WHERE slot = 1",
            ACME,
            None,
            "epoch 1: its frontier does not lead to its root",
        ),
        ("DELETE FROM published WHERE slot = 1", ACME, None, "epochs give (1, 6)"),
        ("UPDATE published SET epoch = 0 WHERE slot = 1", ACME, None, "slot 1 at (epoch, size)"),
        (
            "INSERT INTO published SELECT 2, epoch, size, root, frontier FROM published LIMIT 1",
            "audit.example/t/2/",
            None,
            "slot 2 at (epoch, size) (0, 1), epochs give None",
        ),
        (f"UPDATE entry SET leaf = leaf || ' ' {ENTRY}", ACME, 1, "entry 1: leaf hash"),
        (f"UPDATE entry SET leaf = '' {ENTRY}", ACME, 1, "entry 1: leaf hash"),
        (
            f"UPDATE entry SET leaf_hash = 'abcdefghijklmnopqrstuvwxyz012345' {ENTRY}",
            ACME,
            1,
            "entry 1: leaf hash",
        ),
        (
            f"UPDATE entry SET disclosure = hex(disclosure) {ENTRY}",
            ACME,
            1,
            "disclosure: 600 bytes",
        ),
    ],
)
def test_one_edited_column_is_found_and_named(
    template: Path, tmp_path: Path, statement: str, origin: str, index: int | None, what: str
) -> None:
    found = findings(edited(template, tmp_path / "data", statement))

    named = [finding for finding in found if what in finding.what]
    assert named, [finding.what for finding in found]
    assert {finding.verdict for finding in named} == {Verdict.TAMPERED}
    assert all(finding.origin.startswith(origin) for finding in named)
    assert {finding.index for finding in named} == {index}


def test_a_column_of_another_type_is_no_error_of_the_program(
    template: Path, tmp_path: Path
) -> None:
    statement = "UPDATE log SET tenant = 'x' WHERE slot = 1"

    with pytest.raises(VerificationError, match="column: str, want int"):
        findings(edited(template, tmp_path / "data", statement))


def test_the_same_bytes_as_text_are_the_same_entry(template: Path, tmp_path: Path) -> None:
    statement = f"UPDATE entry SET leaf = CAST(leaf AS TEXT) {ENTRY}"

    assert findings(edited(template, tmp_path / "data", statement)) == []


def test_what_was_not_edited_is_intact(template: Path, tmp_path: Path) -> None:
    assert findings(copy_of(template, tmp_path / "data")) == []
