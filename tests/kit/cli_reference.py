"""Writes docs/reference/cli.md from the commands themselves: ``python -m kit.cli_reference``."""

from collections.abc import Iterator
from typing import Any, TypeAlias

from typer.main import get_command

from kit.checkout import ROOT
from tallystick.cli.app import assemble
from tallystick.cli.exit_codes import MEANINGS

Part: TypeAlias = Any
"""A command or parameter of Typer, which gives their types no public name."""

PAGE = ROOT / "docs" / "reference" / "cli.md"

_HEAD = """\
# The command line

`tallystick`, or `tly` for short.
Made from the commands by `PYTHONPATH=tests python -m kit.cli_reference`; a test compares.

Results stand on standard output, everything else on standard error.
With `--json` a command writes one JSON document there and nothing else.
Only `tail --follow` and `verify` write one object a line.
Global options may stand anywhere in the line.
Each that has a value is also a variable (`TALLYSTICK_DATA`, `TALLYSTICK_KEY`, …).
All but `--data` can stand in `tallystick.toml` in the data folder, too.
The flag counts first, then the variable, then the file.
Commands open the database directly, also while a server runs.
With `--server` or `--key`, or their variables, `import`, `show`, `tail` and `receipt` ask a server.
`search` always asks a server, for only a server has the index.
`verify` needs nothing but the base install: no server, no database, no network.
"""


def page() -> str:
    """Return the whole page."""
    return "\n".join(_lines()).rstrip() + "\n"


def _lines() -> Iterator[str]:
    root = get_command(assemble())
    yield _HEAD
    yield "## Exit codes\n"
    yield "| code | meaning |\n|--:|---|"
    yield from (f"| {code} | {meaning} |" for code, meaning in MEANINGS.items())
    yield "\n## Global options\n"
    yield from _table(root)
    for name, command in _commands(root):
        yield f"\n## {name}\n"
        yield f"`tallystick {name}{_usage(command)}`\n"
        yield _text(command.help)
        if any(_told(parameter) for parameter in command.params):
            yield ""
            yield from _table(command)


def _commands(group: Part, above: str = "") -> Iterator[tuple[str, Part]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands(command, f"{above}{name} ")
        else:
            yield f"{above}{name}", command


def _usage(command: Part) -> str:
    arguments = [_name(one) for one in command.params if one.param_type_name == "argument"]
    needed = [_name(one) for one in command.params if one.required and one.opts[0][0] == "-"]
    return "".join(f" {word}" for word in [*needed, *arguments])


def _table(command: Part) -> Iterator[str]:
    yield "| | |\n|---|---|"
    for parameter in command.params:
        if _told(parameter):
            yield f"| `{_name(parameter)}` | {_text(parameter.help)}{_default(parameter)} |"


def _told(parameter: Part) -> bool:
    return bool(parameter.help) and parameter.name not in {"help", "install_completion"}


def _name(parameter: Part) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.metavar or parameter.name.upper().replace("_", "-"))
    names = ", ".join(parameter.opts)
    if parameter.is_flag:
        return names
    return f"{names} {parameter.metavar or parameter.name.upper().replace('_', '-')}"


def _default(parameter: Part) -> str:
    value = parameter.default
    if value in (None, "", False) or parameter.param_type_name == "argument":
        return ""
    return f" Default: `{value}`."


def _text(text: str | None) -> str:
    return " ".join((text or "").split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
