"""The commands, put together: global options, and errors that people can act on."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Final

import typer

from tallystick.cli import exit_codes, rooms
from tallystick.cli.exit_codes import UsageError
from tallystick.cli.session import Session, hint_for
from tallystick.errors import MalformedError, TallystickError
from tallystick.settings import read_settings
from tallystick.verify.report import printable

_SWITCHES: Final = ("--json", "--quiet", "--no-color")
_VALUED: Final = ("--data", "--database", "--listen", "--server", "--key")
_EXPLICIT: Final = ("TALLYSTICK_SERVER", "TALLYSTICK_KEY")


def assemble(asked: Sequence[str] = ()) -> typer.Typer:
    """Put together what a command line needs, from its command on; everything without one."""
    app = typer.Typer(
        name="tallystick",
        help="The audit log your own admin can't quietly edit.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(start)
    rooms.register(app, asked)
    return app


def start(
    context: typer.Context,
    data: Annotated[Path | None, typer.Option(help="Folder of the deployment.")] = None,
    database: Annotated[str | None, typer.Option(help="Database URL: sqlite:PATH.")] = None,
    listen: Annotated[str | None, typer.Option(help="HOST:PORT of the server.")] = None,
    server: Annotated[
        str | None, typer.Option(help="URL of a server to ask, instead of the database.")
    ] = None,
    key: Annotated[
        str | None,
        typer.Option(help="API key for the server. Better in TALLYSTICK_KEY: flags are seen."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Results as JSON.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", help="No progress, no hints.")] = False,
    no_color: Annotated[bool, typer.Option("--no-color", help="Also by NO_COLOR.")] = False,
) -> None:
    """Read the settings: flags first, then TALLYSTICK_… variables, then tallystick.toml."""
    if no_color:
        os.environ["NO_COLOR"] = "1"
    flags = {"data": data, "database": database, "listen": listen, "server": server, "key": key}
    try:
        settings = read_settings(flags)
    except MalformedError as error:
        raise UsageError(str(error)) from None
    remote = server is not None or key is not None or any(name in os.environ for name in _EXPLICIT)
    context.obj = Session(
        settings, as_json=as_json, quiet=quiet, remote=remote, data_given=data is not None
    )


def run(arguments: Sequence[str]) -> None:
    """Run a command line and exit with its code; no traceback ever reaches a user."""
    code: object = exit_codes.OK
    try:
        options, asked = _split(arguments)
        app = assemble(asked)
        code = app([*options, *asked], prog_name="tallystick", standalone_mode=False)
    except typer.Abort:
        _complain("stopped")
        code = exit_codes.STOPPED
    except typer.TyperException as error:
        _complain(*_usage(error.format_message(), arguments))
        code = exit_codes.USAGE
    except TallystickError as error:
        _complain(f"error: {error}", *hint_for(error))
        code = exit_codes.code_of(error)
    except BrokenPipeError:
        # Whoever read us has seen enough; nothing may be flushed to them at the end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:
        place = f"{error.filename}: " if error.filename else ""
        _complain(f"error: {place}{error.strerror or error}")
        code = exit_codes.UNREADABLE
    except KeyboardInterrupt:
        _complain("stopped")
        code = exit_codes.STOPPED
    sys.exit(code if isinstance(code, int) else exit_codes.OK)


def _complain(*lines: str) -> None:
    for line in lines:
        sys.stderr.write(f"{printable(line)}\n")


def _usage(message: str, arguments: Sequence[str]) -> Iterator[str]:
    if message.startswith("Usage:"):  # a group without a command: its help is the answer
        yield from message.splitlines()
        return
    yield f"error: {message[:1].lower()}{message[1:].rstrip('.')}"
    command = next((name for name in arguments if not name.startswith("-")), None)
    asked = f" {command}" if command and rooms.is_command(command) else ""
    yield f"hint: tallystick{asked} --help"


def _split(arguments: Sequence[str]) -> tuple[Sequence[str], Sequence[str]]:
    """Take the global options out of a line: they may stand anywhere, people write them last."""
    moved: list[str] = []
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            kept += [argument, *rest]
        elif argument in _SWITCHES or argument.startswith(tuple(f"{name}=" for name in _VALUED)):
            moved.append(argument)
        elif argument in _VALUED:
            value = next(rest, None)
            if value is None:
                raise UsageError(f"{argument}: no value, want one")
            moved += [argument, value]
        else:
            kept.append(argument)
    return moved, kept
