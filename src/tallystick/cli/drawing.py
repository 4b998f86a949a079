"""Tables and progress bars, for people. Only what draws one loads this: rich is slow to load."""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from tallystick.cli.progress import Counted, Told

_PIPE_WIDTH: Final = 240
_COUNTS: Final[Mapping[Counted, Callable[[], ProgressColumn]]] = {
    "pieces": MofNCompleteColumn,
    "bytes": DownloadColumn,
    "kibibytes": lambda: DownloadColumn(binary_units=True),
}


def draw_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write a table to standard output."""
    table = Table(box=None, pad_edge=False, header_style="")
    for column in columns:
        table.add_column(column)
    for row in rows:
        table.add_row(*row)
    width = None if sys.stdout.isatty() else _PIPE_WIDTH
    Console(highlight=False, markup=False, width=width).print(table)


@contextmanager
def bar(title: str, counted: Counted) -> Iterator[Told]:
    """Show how far something long is, on standard error."""
    shown = (
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        _COUNTS[counted](),
        TimeRemainingColumn(),
    )
    with Progress(*shown, console=Console(stderr=True), transient=True) as drawn:
        task = drawn.add_task(title, total=None)

        def told(done: int, total: int) -> None:
            drawn.update(task, completed=done, total=total or None)

        yield told
