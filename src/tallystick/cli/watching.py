"""What the commands of strangers share: pins from a file, the server, and codes for alarms."""

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Final

import typer

from tallystick.cli import exit_codes
from tallystick.cli.exit_codes import UsageError
from tallystick.cli.session import Session
from tallystick.drivers.system import SystemClock
from tallystick.errors import MalformedError
from tallystick.verify.pins import Pins
from tallystick.watch.alarm import Kind
from tallystick.watch.alarm_book import Tell
from tallystick.watch.http import Site

_SECOND: Final = 1_000_000
_CODES: Final = {
    Kind.FORK: exit_codes.FORK,
    Kind.TRUNCATION: exit_codes.TRUNCATION,
    Kind.WRONG_KEY: exit_codes.WRONG_KEY,
    Kind.UNPROVEN: exit_codes.UNPROVEN,
    Kind.NO_QUORUM: exit_codes.NO_QUORUM,
    Kind.STALE: exit_codes.STALE,
    Kind.UNREACHABLE: exit_codes.UNREACHABLE,
}


def code_of_kinds(found: Collection[Kind]) -> int:
    """Return the exit code of the worst that was found."""
    return next((code for kind, code in _CODES.items() if kind in found), exit_codes.OK)


def end(found: Collection[Kind]) -> typer.Exit:
    """Return what ends the command with that code."""
    return typer.Exit(code_of_kinds(found))


def now_s() -> int:
    """Seconds since 1970."""
    return SystemClock().now() // _SECOND


def read_pins(path: Path) -> Pins:
    """Read a file of pins.

    Raises:
        MalformedError: It is none.
    """
    try:
        return Pins.parse(path.read_bytes())
    except MalformedError as error:
        raise MalformedError(f"{path}: {error}") from None


def site_of(session: Session) -> Site:
    """Return the server that the settings name.

    Raises:
        UsageError: Its URL or the key is none.
    """
    try:
        return Site(session.settings.server, session.settings.key)
    except MalformedError as error:
        raise UsageError(f"--server: {error}") from None


def line_writer(session: Session) -> Tell:
    """Return what writes one line of a log: an object with ``--json``, else a text."""

    def tell(members: Mapping[str, object], text: str) -> None:
        session.tell(members, [text])

    return tell
