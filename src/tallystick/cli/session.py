"""What all commands share: the settings, the opened deployment, and how they speak."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from tallystick.cli.exit_codes import UnreachableError
from tallystick.cli.progress import Counted, Told
from tallystick.errors import NotFoundError, PushbackError, TallystickError
from tallystick.settings import Settings
from tallystick.verify.report import printable
from tallystick.wiring import House, open_house

CLI = "cli"
"""Stands in entries where an API key's id would stand: somebody at the machine itself."""


@dataclass(slots=True)
class Session:
    """One run of the command.

    Attributes:
        settings: From flags, environment and file.
        as_json: Results are one JSON document on standard output.
        quiet: No progress, no hints.
        remote: A server or a key was named: ask the server, not the database.
        data_given: The data folder was named by a flag.
    """

    settings: Settings
    as_json: bool = False
    quiet: bool = False
    remote: bool = False
    data_given: bool = False

    @contextmanager
    def house(self, *, create: bool = False) -> Iterator[House]:
        """Open the deployment for the time of a command."""
        opened = open_house(self.settings, create=create)
        try:
            if opened.ledger.read_only is not None:
                self.note(f"read-only: {opened.ledger.read_only}")
            yield opened
        finally:
            opened.close()

    def tell(self, members: Mapping[str, object], lines: Sequence[str]) -> None:
        """Write a result: JSON where asked for, else lines for people."""
        if self.as_json:
            self.write(json.dumps(members, ensure_ascii=False))
        else:
            for line in lines:
                self.write(printable(line))

    def tell_table(
        self, noun: str, columns: Sequence[str], rows: Sequence[Mapping[str, object]]
    ) -> None:
        """Write a list: an object with one array where JSON is asked for, else a table."""
        if self.as_json:
            self.write(json.dumps({noun: list(rows)}, ensure_ascii=False))
            return
        from tallystick.cli.drawing import draw_table  # noqa: PLC0415 (slow, and seldom needed)

        draw_table(columns, [[_cell(row.get(column)) for column in columns] for row in rows])

    def write(self, line: str) -> None:
        """Write one line to standard output, at once."""
        sys.stdout.write(line + "\n")
        sys.stdout.flush()

    def note(self, line: str) -> None:
        """Say something beside the result, on standard error."""
        if not self.quiet:
            sys.stderr.write(printable(line) + "\n")

    def complain(self, line: str) -> None:
        """Say what went wrong, on standard error, however quiet it is to be."""
        sys.stderr.write(printable(line) + "\n")

    @contextmanager
    def progress(self, title: str, counted: Counted = "pieces") -> Iterator[Told]:
        """Show how far something long is, on standard error, if that is a terminal.

        Args:
            title: What is going on.
            counted: How done and total are written.
        """
        if self.quiet or not sys.stderr.isatty():
            yield lambda _done, _total: None
            return
        from tallystick.cli.drawing import bar  # noqa: PLC0415 (slow, and seldom needed)

        with bar(title, counted) as told:
            yield told


def hint_for(error: TallystickError) -> Sequence[str]:
    """Say what to do next about an error, where more than its message can be said."""
    match error:
        case UnreachableError():
            return ["hint: is `tallystick serve` running there? --server URL names another one"]
        case NotFoundError() if "no ledger" in str(error):
            return ["hint: --data DIR names another folder; `tallystick serve` makes a ledger"]
        case PushbackError():
            return [f"hint: try again in {error.retry_after_s} s"]
        case _:
            return []


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, list | tuple):
        return ", ".join(printable(str(part)) for part in value) or "-"
    return printable(str(value))
