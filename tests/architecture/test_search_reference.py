"""The pages on what can be searched say what is so."""

import re
from datetime import UTC, datetime

import pytest

from kit.checkout import ROOT
from tallystick.search.elastic.containers import ANSWERED_AGGREGATIONS, ANSWERED_QUERIES
from tallystick.search.fields import ALIASES, find_field
from tallystick.search.lucene import parse_line

NOW = datetime(2026, 11, 24, 17, 24, 12, tzinfo=UTC)
LINE_PAGE = (ROOT / "docs" / "reference" / "search-language.md").read_text("utf-8")
ELASTIC_PAGE = (ROOT / "docs" / "reference" / "elasticsearch-queries.md").read_text("utf-8")


def section(page: str, heading: str) -> str:
    """A page's part under a heading."""
    return page.partition(f"## {heading}\n")[2].partition("\n## ")[0]


def code(cell: str) -> list[str]:
    """The pieces of code in a cell of a table."""
    return [piece.replace(r"\|", "|") for piece in re.findall(r"`([^`]+)`", cell)]


def first_cells(part: str) -> list[str]:
    """The first cell of each row of a part's table, without its head."""
    rows = [line for line in part.splitlines() if line.startswith("| ")][1:]
    return [re.split(r"(?<!\\)\|", row)[1] for row in rows]


TYPED = [
    line
    for heading in ("Terms", "Between terms")
    for cell in first_cells(section(LINE_PAGE, heading))
    for line in code(cell)
]
TIMES = [time for cell in first_cells(section(LINE_PAGE, "Times")) for time in code(cell)]


@pytest.mark.parametrize("line", TYPED)
def test_each_line_of_the_page_is_read(line: str) -> None:
    parse_line(line, now=NOW)


@pytest.mark.parametrize("time", TIMES)
def test_each_time_of_the_page_is_read(time: str) -> None:
    assert parse_line(f'since:"{time}"', now=NOW).since is not None


def test_the_line_at_the_top_is_read() -> None:
    (line,) = re.findall(r"```\n(.+)\n```", LINE_PAGE)

    assert parse_line(line, now=NOW).since is not None


def test_the_page_names_every_alias_beside_its_field() -> None:
    rows = [line for line in section(LINE_PAGE, "Fields").splitlines() if line.startswith("| `")]
    told: dict[str, str] = {}
    for row in rows:
        names, fields = (code(cell) for cell in row.strip("| ").split(" | "))
        told |= dict(zip(names, fields, strict=True))

    assert told == dict(ALIASES)
    assert all(find_field(name).name == field for name, field in told.items())


@pytest.mark.parametrize(
    ("heading", "answered"),
    [("Queries", ANSWERED_QUERIES), ("Aggregations", ANSWERED_AGGREGATIONS)],
)
def test_the_page_names_all_that_is_answered(heading: str, answered: frozenset[str]) -> None:
    cells = first_cells(section(ELASTIC_PAGE, heading))

    assert {name for cell in cells for name in code(cell)} == answered
