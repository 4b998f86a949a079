"""Rows of the events table, as an insert takes them: column by column."""

from collections.abc import Callable
from typing import Any

from tallystick.search.rows import DEFAULTS, EventRow


class Rows:
    """Rows, kept by column: so that of a row nothing is kept but its values."""

    def __init__(self) -> None:
        self._columns: dict[str, list[Any]] = {}
        self._count = 0
        self._shape: tuple[str, ...] = ()
        self._append: list[Callable[[Any], None]] = []

    def __len__(self) -> int:
        """Return how many there are."""
        return self._count

    def add(self, row: EventRow) -> None:
        """Add a row; what it leaves out is filled in once that column has another value."""
        shape = tuple(row)
        if shape != self._shape:  # else every one of these columns was filled for the last row
            self._shape = shape
            self._append = [self._filled(name).append for name in shape]
        for append, value in zip(self._append, row.values(), strict=True):
            append(value)
        self._count += 1

    def columns(self, start: int, stop: int) -> dict[str, list[Any]]:
        """Return rows ``[start, stop)`` by column; those that no row at all has are left out."""
        return {name: self._filled(name)[start:stop] for name in self._columns}

    def _filled(self, name: str) -> list[Any]:
        column = self._columns.setdefault(name, [])
        if len(column) < self._count:
            make = DEFAULTS.get(name, str)
            column.extend([make() for _ in range(self._count - len(column))])
        return column
