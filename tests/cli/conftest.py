"""A folder for a command to run in, empty or with a deployment."""

from pathlib import Path
from shutil import copytree

import pytest

from kit import house as kit
from kit.command import Command


def event(number: int) -> dict[str, object]:
    """Event ``number``: Ada signs off an even invoice, Bob an odd one."""
    name = ("ada", "bob")[number % 2]
    return {
        "id": f"0199e0aa-0000-7000-8def-{number:012x}",
        "action": "invoice.approved",
        "occurred_at": f"2026-11-24T02:45:{number:02d}Z",
        "outcome": "success",
        "actor": {"type": "user", "id": f"user_{name}", "email": f"{name}@acme.example"},
        "targets": [{"type": "invoice", "id": f"inv_{number}", "name": "Bill for paint"}],
    }


@pytest.fixture
def tally(tmp_path: Path) -> Command:
    """The command, in an empty folder."""
    return Command(tmp_path)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A deployment with tenant acme and twelve events of two people, in an epoch."""
    data = tmp_path_factory.mktemp("template") / "data"
    house = kit.new_house(data)
    tenant = kit.new_tenant(house)
    kit.record(house, tenant, *(event(number) for number in range(12)))
    house.publisher.publish()
    house.close()
    return data


@pytest.fixture
def acme(tally: Command, template: Path) -> Command:
    """The command, beside a copy of that deployment."""
    copytree(template, tally.data)
    return tally
