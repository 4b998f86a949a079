"""A file that grows long hides a second noun; the list says which ones may, and why."""

from pathlib import Path

import pytest

from kit.checkout import ROOT, SOURCE, modules, shown

TALK_ABOVE = {SOURCE: 300, ROOT / "tests": 400}
STOP_ABOVE = 500
LISTED = dict(
    line.split(" | ", 1)
    for line in Path(__file__).with_name("long_files.txt").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
)


def length(path: Path) -> int:
    """Count a file's lines."""
    return len(path.read_text("utf-8").splitlines())


def long_files() -> dict[str, int]:
    """The files longer than their kind should be, with their lengths."""
    return {
        shown(path): length(path)
        for folder, limit in TALK_ABOVE.items()
        for path in modules(folder)
        if length(path) > limit
    }


def test_a_long_file_is_listed_with_its_reason() -> None:
    assert {name: lines for name, lines in long_files().items() if name not in LISTED} == {}


def test_no_file_is_longer_than_the_hard_stop() -> None:
    assert {name: lines for name, lines in long_files().items() if lines > STOP_ABOVE} == {}


def test_the_list_names_only_files_that_are_long() -> None:
    assert set(LISTED) - set(long_files()) == set()


@pytest.mark.parametrize("name", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_a_page_that_everybody_reads_stays_short(name: str) -> None:
    assert length(ROOT / name) <= {"ARCHITECTURE.md": 150, "CONTRIBUTING.md": 120}[name]
