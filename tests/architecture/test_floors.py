"""The contracts of pyproject.toml cover every room, and each of them bites."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kit.checkout import PURE_ROOMS, ROOT, project, rooms

CONTRACTS = {
    contract["id"]: contract for contract in project()["tool"]["importlinter"]["contracts"]
}
LAYERS = [re.findall(r"\w+", layer) for layer in CONTRACTS["floors"]["layers"]]
ROOMS = [room for layer in LAYERS for room in layer]

# contract, file of a skeleton, what is written there
VIOLATIONS = [
    ("floors", "tlog/tree.py", "import tallystick.events.event"),
    ("floors", "events/event.py", "import tallystick.verify.receipt"),
    ("floors", "ledger/reader.py", "import tallystick.access.keys"),
    ("floors", "drivers/keyfile.py", "import tallystick.wiring"),
    ("floors", "api/query.py", "import tallystick.watch.witness"),
    ("floors", "api/query.py", "import tallystick.settings"),
    (
        "floors",
        "verify/receipt.py",
        "import typing\nif typing.TYPE_CHECKING:\n    import tallystick.ledger.ports",
    ),
    ("floors", "helpers.py", ""),
    ("pure", "tlog/tree.py", "import time"),
    ("pure", "events/event.py", "from os import urandom"),
    ("pure", "verify/receipt.py", "import urllib.request"),
    ("light-sdk", "sdk/recorder.py", "import tallystick.ledger.ports"),
    ("light-sdk", "sdk/recorder.py", "import litestar"),
    ("watch", "watch/witness.py", "import tallystick.ledger.reader"),
    ("read-side", "api/query.py", "import tallystick.detection.follow"),
    ("sql-home", "access/keys.py", "import apsw"),
    ("sql-home", "cli/main.py", "import sqlite3"),
    ("islands", "drivers/keyfile.py", "import tallystick.drivers.system"),
    ("no-circles", "ledger/ports.py", "import tallystick.ledger.reader"),
]

SKELETON = {
    "access/keys.py": "import tallystick.ledger.ports",
    "api/query.py": "import tallystick.detection.query",
    "cli/main.py": "import tallystick.wiring",
    "detection/follow.py": "import tallystick.ledger.reader",
    "detection/query.py": "import tallystick.errors",
    "drivers/keyfile.py": "import tallystick.ledger.ports",
    "drivers/system.py": "import time",
    "events/event.py": "import msgspec",
    "ledger/ports.py": "import tallystick.tlog.tree",
    "ledger/reader.py": "import tallystick.ledger.ports",
    "sdk/recorder.py": "import sqlite3, tallystick.events.event",
    "tlog/tree.py": "import hashlib",
    "verify/receipt.py": "import tallystick.tlog.tree, tallystick.events.event",
    "watch/witness.py": "import tallystick.verify.receipt",
    "settings.py": "import os",
    "wiring.py": "import tallystick.drivers.keyfile, tallystick.api.query",
    "errors.py": "",
}


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A tiny package with a few files in every room, built by the rules, with our contracts."""
    (tmp_path / "pyproject.toml").write_bytes((ROOT / "pyproject.toml").read_bytes())
    package = tmp_path / "tallystick"
    for room in {*ROOMS} - {"errors", "settings", "wiring"}:
        (package / room).mkdir(parents=True)
        (package / room / "__init__.py").touch()
    (package / "__init__.py").touch()
    for name, text in SKELETON.items():
        (package / name).write_text(text + "\n")
    return tmp_path


def lint(house: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """Run import-linter as ``make check`` does, on another package of the same name."""
    script = "from importlinter.cli import lint_imports_command as run; run()"
    return subprocess.run(
        [sys.executable, "-c", script, "--no-logo", "--no-cache", *options],
        cwd=house,
        env={**os.environ, "PYTHONPATH": str(house)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_room_has_its_floor() -> None:
    assert rooms() <= set(ROOMS)


def test_no_room_stands_on_two_floors() -> None:
    assert len(ROOMS) == len(set(ROOMS))


def test_a_new_room_must_be_placed() -> None:
    assert CONTRACTS["floors"]["exhaustive"] is True


def test_imports_for_types_count() -> None:
    assert "exclude_type_checking_imports" not in project()["tool"]["importlinter"]


def test_a_contract_ignores_only_the_imports_that_are_known_here() -> None:
    ignored = {line for rule in CONTRACTS.values() for line in rule.get("ignore_imports", [])}

    assert ignored == {"tallystick.verify.__main__ -> pathlib"}


def test_the_pure_rooms_are_under_the_pure_contract() -> None:
    assert {f"tallystick.{room}" for room in PURE_ROOMS} <= {*CONTRACTS["pure"]["source_modules"]}


def test_every_room_above_the_drivers_is_kept_from_sql() -> None:
    may_hold = {"drivers", "errors", "tlog", "events", "verify", "sdk", "testing", "watch"}
    free = rooms() - may_hold - {"search", "detection", "activity", "forwarding", "archive"}

    assert {f"tallystick.{room}" for room in free} <= {*CONTRACTS["sql-home"]["source_modules"]}


def test_every_contract_is_broken_on_purpose_below() -> None:
    assert {name for name, _, _ in VIOLATIONS} == set(CONTRACTS)


@pytest.mark.slow
def test_a_house_built_by_the_rules_keeps_every_contract(house: Path) -> None:
    result = lint(house)

    assert f"{len(CONTRACTS)} kept, 0 broken" in result.stdout, result.stdout + result.stderr


@pytest.mark.slow
@pytest.mark.parametrize(("contract", "file", "text"), VIOLATIONS)
def test_each_contract_refuses_what_breaks_it(
    contract: str, file: str, text: str, house: Path
) -> None:
    with (house / "tallystick" / file).open("a") as module:
        module.write(text + "\n")

    result = lint(house, "--contract", contract)

    assert result.returncode == 1, result.stdout + result.stderr
    assert "0 kept, 1 broken" in result.stdout or "not listed as layers" in result.stdout
