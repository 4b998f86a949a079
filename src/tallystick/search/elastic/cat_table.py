"""The tables of ``_cat``: which columns, in which order, and how they are written as text."""

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Final, NamedTuple

from tallystick.search.elastic.refusal import ElasticError

_MAX_NAMES: Final = 64


class Column(NamedTuple):
    """A column.

    Attributes:
        name: Of its own.
        short: Another name of it.
        number: Whether it holds numbers, which stand to the right.
    """

    name: str
    short: str
    number: bool = False


def chosen(columns: Sequence[Column], text: str) -> dict[str, Column]:
    """Choose columns by their names, with commas between; ``*`` stands for any letters.

    Returns:
        By the name under which each is shown, which is the one that it was asked by.

    Raises:
        ElasticError: There is no such column.
    """
    if not text:
        return {column.name: column for column in columns}
    found: dict[str, Column] = {}
    for name in text.split(",", _MAX_NAMES)[:_MAX_NAMES]:
        if "*" in name:
            hits = {each.name: each for each in columns if fnmatchcase(each.name, name)}
        else:
            hits = {name: column_of(columns, name)}
        found |= hits
    return found


def column_of(columns: Sequence[Column], name: str) -> Column:
    """Find a column.

    Raises:
        ElasticError: There is none of that name.
    """
    for column in columns:
        if name in (column.name, column.short):
            return column
    names = ", ".join(column.name for column in columns)
    raise ElasticError(
        f"there is no column [{name[:64]}], want {names}", kind="illegal_argument_exception"
    )


def sorted_rows(
    columns: Sequence[Column], rows: Sequence[Mapping[str, str]], text: str
) -> list[Mapping[str, str]]:
    """Sort rows by columns, with commas between and ``:desc`` behind those that go down.

    Raises:
        ElasticError: There is no such column, or another word behind one.
    """
    ordered = list(rows)
    for part in reversed([part for part in text.split(",", _MAX_NAMES) if part]):
        name, _, direction = part.partition(":")
        if direction not in {"", "asc", "desc"}:
            reason = f"[s] has [{direction[:20]}] behind a column, want asc or desc"
            raise ElasticError(reason, kind="illegal_argument_exception")
        column = column_of(columns, name)
        ordered.sort(key=lambda row: _key(column, row), reverse=direction == "desc")
    return ordered


def text_of(
    columns: Mapping[str, Column], rows: Sequence[Mapping[str, str]], *, heading: bool
) -> str:
    """Write rows as lines of text."""
    lines = [[row[column.name] for column in columns.values()] for row in rows]
    if heading:
        lines.insert(0, list(columns))
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    return "".join(
        " ".join(
            cell.rjust(width) if column.number else cell.ljust(width)
            for cell, width, column in zip(line, widths, columns.values(), strict=True)
        ).rstrip()
        + "\n"
        for line in lines
    )


def _key(column: Column, row: Mapping[str, str]) -> tuple[float, str]:
    cell = row[column.name]
    return (float(cell.rstrip("%")), "") if column.number else (0.0, cell)
