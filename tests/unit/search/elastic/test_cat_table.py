"""Tables of ``_cat`` have the columns that were asked for, in line."""

import pytest

from tallystick.search.elastic.cat_table import Column, chosen, sorted_rows, text_of
from tallystick.search.elastic.refusal import ElasticError

COLUMNS = (Column("index", "i"), Column("docs.count", "dc", number=True), Column("health", "h"))
ROWS = [
    {"index": "audit-logs", "docs.count": "9", "health": "green"},
    {"index": "b", "docs.count": "10", "health": "red"},
]


def test_lines_are_in_columns_with_numbers_to_the_right() -> None:
    assert text_of(chosen(COLUMNS, ""), ROWS, heading=True) == (
        "index      docs.count health\naudit-logs          9 green\nb                  10 red\n"
    )
    assert text_of(chosen(COLUMNS, "h"), ROWS, heading=False) == "green\nred\n"
    assert text_of(chosen(COLUMNS, ""), [], heading=False) == ""


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ("", ["index", "docs.count", "health"]),
        ("health,index", ["health", "index"]),
        ("dc,h", ["dc", "h"]),
        ("docs.*", ["docs.count"]),
        ("nothing.*", []),
    ],
)
def test_columns_are_chosen_by_their_names(asked: str, shown: list[str]) -> None:
    assert list(chosen(COLUMNS, asked)) == shown


@pytest.mark.parametrize(
    ("asked", "order"),
    [
        ("", ["audit-logs", "b"]),
        ("index:desc", ["b", "audit-logs"]),
        ("docs.count", ["audit-logs", "b"]),
        ("dc:desc", ["b", "audit-logs"]),
        ("health:desc,index", ["b", "audit-logs"]),
    ],
)
def test_rows_are_sorted_numbers_by_their_size(asked: str, order: list[str]) -> None:
    assert [row["index"] for row in sorted_rows(COLUMNS, ROWS, asked)] == order


@pytest.mark.parametrize("asked", ["nothing", "index:up"])
def test_what_there_is_not_is_refused(asked: str) -> None:
    with pytest.raises(ElasticError, match=r"want (index, docs.count, health|asc or desc)"):
        sorted_rows(COLUMNS, ROWS, asked)


def test_a_column_that_there_is_not_is_refused() -> None:
    with pytest.raises(ElasticError, match=r"no column \[nothing\]"):
        chosen(COLUMNS, "index,nothing")
