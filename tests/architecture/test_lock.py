"""The lock holds what pyproject.toml asks for, and pins each package by its hashes."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kit.checkout import ROOT, project

LOCKS = sorted((ROOT / "requirements").glob("*.txt"))
PINNED = re.compile(
    r"^([a-z0-9-]+)==(\S+)((?: ;[^\\\n]*)?)((?: \\\n    --hash=sha256:[0-9a-f]{64})+)$",
    re.MULTILINE,
)


def pins(lock: Path) -> dict[str, str]:
    """The version of each package."""
    return {name: version for name, version, _, _ in PINNED.findall(lock.read_text("utf-8"))}


def asked(lock: Path) -> list[Requirement]:
    """What the project asks for directly in that environment."""
    config = project()["project"]
    lines = [*config["dependencies"], *config["optional-dependencies"]["verify"]]
    lines += config["optional-dependencies"]["server"]
    sources = {"dev.txt": "tools.in", "server.txt": "build.in"}
    if lock.name == "dev.txt":
        lines += project()["dependency-groups"]["dev"]
    tools = (ROOT / "requirements" / sources[lock.name]).read_text("utf-8").splitlines()
    lines += [line.partition("#")[0] for line in tools if not line.startswith("#")]
    wanted = [Requirement(line) for line in lines if line.strip()]
    return [requirement for requirement in wanted if requirement.name != "tallystick"]


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_the_lock_satisfies_what_is_asked_for(lock: Path) -> None:
    have = pins(lock)

    unmet = [
        str(requirement)
        for requirement in asked(lock)
        if not requirement.specifier.contains(have.get(canonicalize_name(requirement.name), "0"))
    ]
    assert unmet == [], "run `make lock`"


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_line_of_the_lock_is_a_pin_with_hashes_or_a_remark(lock: Path) -> None:
    rest = PINNED.sub("", lock.read_text("utf-8"))

    assert [line for line in rest.splitlines() if line and not line.startswith("    #")] == []


def test_both_locks_pin_the_same_versions() -> None:
    dev, server = (pins(ROOT / "requirements" / name) for name in ("dev.txt", "server.txt"))

    assert {name: version for name, version in server.items() if dev.get(name) != version} == {}
