"""CSV for people: every reader finds the same cells, and no spreadsheet finds a formula."""

import csv
import io
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallystick.search.export_csv import COLUMNS, harmless, header, row

DELIMITERS = ",;\t|"
EVENT: dict[str, Any] = {
    "tenant": "acme",
    "stream": "audit",
    "log": "0" * 32,
    "index": 7,
    "leaf_hash": "1" * 64,
    "id": "0199e0aa-0000-7000-8def-000000000007",
    "action": "document.deleted",
    "actor": {"type": "user", "id": "u-1", "name": 'Ada "the first"'},
    "targets": [{"type": "document", "id": "d-1"}],
    "metadata": {"cost": -5},
}


def cells(line: bytes) -> list[str]:
    (found,) = csv.reader(io.StringIO(line.decode(), newline=""), strict=True)
    return found


def as_a_spreadsheet(text: str, delimiter: str) -> Iterator[str]:
    """Cut a text into cells as spreadsheets do, which forgive what stands behind a quote."""
    cell, quoted, begun, position = "", False, False, 0
    while position < len(text):
        char = text[position]
        position += 1
        if quoted and char == '"' and text[position : position + 1] == '"':
            cell, position = cell + '"', position + 1
        elif char == '"' and (quoted or not begun):
            quoted, begun = not quoted, True
        elif not quoted and char in {delimiter, "\r", "\n"}:
            yield cell
            cell, begun = "", False
        else:
            cell, begun = cell + char, True
    yield cell


def runs(cell: str) -> bool:
    """Whether a spreadsheet takes a cell for a formula; a number is none."""
    bare = cell.lstrip(' "')
    is_number = re.fullmatch(r'-?[0-9.]+"*', bare)
    return bare[:1] in set("=+-@\t\r") | set("\uff1d\uff0b\uff0d\uff20") and not is_number


def test_the_first_line_names_the_columns() -> None:
    assert cells(header()) == list(COLUMNS)
    assert header().endswith(b'"\r\n')


def test_an_event_has_a_cell_for_each_column() -> None:
    found = dict(zip(COLUMNS, cells(row(EVENT)), strict=True))

    assert found["index"] == "7"
    assert found["actor.name"] == 'Ada "the first"'
    assert found["targets"] == '[{"id":"d-1","type":"document"}]'
    assert found["metadata"] == '{"cost":-5}'
    assert found["message"] == ""


@pytest.mark.parametrize("sign", list("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"))
def test_a_value_that_begins_like_a_formula_gets_an_apostrophe(sign: str) -> None:
    assert harmless(f"{sign}1+1").startswith("'")
    assert harmless(f"a{sign}1") == f"a{sign}1" or sign in "\t\r\n"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=1+1", "'=1+1"),
        ("a;=1+1", "a;'=1+1"),
        ('a,"=1+1', "a,\"'=1+1"),
        ("a|@x", "a|'@x"),
        ("a\n-1", "a\n'-1"),
        ("a;\t=1", "a;'\t'=1"),
        ('"\t', "\"'\t"),
        ("\t\t", "'\t'\t"),
        ("a\r\nb", "a\r\nb"),
        ("user_000017", "user_000017"),
        ("a-b=c+d@e.example", "a-b=c+d@e.example"),
        ("2026-11-24T02:45:00Z", "2026-11-24T02:45:00Z"),
        ("a, b; c", "a, b; c"),
        ("", ""),
    ],
)
def test_only_what_could_be_run_is_changed(value: str, shown: str) -> None:
    assert harmless(value) == shown


PIECES = st.sampled_from(
    ["=", "+", "-", "@", "\t", "\r", "\n", ",", ";", "|", '"', "'", " ", "1", "a", "\uff1d", "cmd"]
)
VALUES = st.lists(PIECES, max_size=12).map("".join)


@given(VALUES)
def test_no_spreadsheet_finds_a_formula_however_it_cuts(value: str) -> None:
    line = row({**EVENT, "message": value, "actor": {"name": value}}).decode()

    for delimiter in DELIMITERS:
        assert [cell for cell in as_a_spreadsheet(line, delimiter) if runs(cell)] == []


@given(VALUES)
def test_taking_the_apostrophes_out_gives_the_value_back(value: str) -> None:
    shown = harmless(value)

    assert shown.replace("'", "") == value.replace("'", "")
    assert dict(zip(COLUMNS, cells(row({"message": value})), strict=True))["message"] == shown


def test_the_oracle_finds_what_is_not_defused() -> None:
    naive = '"a","b;=1+1","c"\r\n'
    found = [runs(cell) for cell in as_a_spreadsheet(naive, ";")]
    assert found[:2] == [False, True]
    assert [runs(f"{space}{sign}1+1") for space, sign in product(("", " "), "=+-@")] == [True] * 8
