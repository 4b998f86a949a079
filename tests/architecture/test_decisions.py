"""Every decision stands in the index, and has the parts that make it one."""

import re
from pathlib import Path

import pytest

from kit.checkout import ROOT, committed, shown

FOLDER = ROOT / "docs" / "adr"
RECORDS = sorted(FOLDER.glob("[0-9]*.md"))
INDEX = (FOLDER / "index.md").read_text("utf-8")
MAX_LINES = 80


def title(path: Path) -> str:
    """The text of a page's first heading."""
    return path.read_text("utf-8").splitlines()[0].removeprefix("# ")


def test_numbers_have_no_gap_and_no_double() -> None:
    assert [path.name[:4] for path in RECORDS] == [f"{n:04}" for n in range(1, len(RECORDS) + 1)]


def test_the_index_names_each_record_by_its_number_and_title() -> None:
    listed = re.findall(r"^\| \[(\d{4})\]\((\S+)\) \| (.+?) \|", INDEX, re.MULTILINE)

    assert listed == [(path.name[:4], path.name, title(path)[7:]) for path in RECORDS]


each_record = pytest.mark.parametrize("path", RECORDS, ids=shown)


@each_record
def test_a_record_is_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MAX_LINES


@each_record
def test_a_record_begins_with_its_number_and_says_its_status_and_date(path: Path) -> None:
    first, _, status = path.read_text("utf-8").splitlines()[:3]

    assert first.startswith(f"# {path.name[:4]} · ")
    assert re.match(
        r"Status: (proposed|accepted|superseded by \d{4}), \d{4}-\d\d-\d\d · Rooms: ",
        status,
    )


@each_record
def test_a_record_has_context_options_decision_and_consequences(path: Path) -> None:
    headings = re.findall(r"^## (.+)$", path.read_text("utf-8"), re.MULTILINE)

    assert headings == ["Context", "Options", "Decision", "Consequences"]


@each_record
def test_a_record_weighs_at_least_two_options(path: Path) -> None:
    options = path.read_text("utf-8").partition("## Options")[2].partition("## ")[0]

    assert len(re.findall(r"^\d+\. ", options, re.MULTILINE)) > 1
    assert options.count("Good, because") == len(re.findall(r"^\d+\. ", options, re.MULTILINE))
    assert "Bad, because" in options


@each_record
def test_a_record_says_when_to_look_at_it_again(path: Path) -> None:
    assert re.search(r"^Revisit when ", path.read_text("utf-8"), re.MULTILINE)


def test_a_decision_that_code_or_a_page_names_exists() -> None:
    named = {
        number
        for path in committed()
        if path.suffix in {".py", ".md", ".sql"}
        for number in re.findall(r"\bADR (\d{4})\b", path.read_text("utf-8"))
    }

    assert named - {path.name[:4] for path in RECORDS} == set()
