"""``verify`` is for people who have a receipt and nothing else of ours."""

import json
import subprocess
import sys

import pytest

from kit.command import Command

HEAVY = ("typer", "rich", "apsw", "litestar", "granian", "zstandard")
WITHOUT = f"import sys; sys.modules.update(dict.fromkeys({HEAVY!r}))"
FIRST = "0199e0aa-0000-7000-8def-000000000000"


def bare(command: Command, *arguments: str) -> "subprocess.CompletedProcess[str]":
    """Run a command line where none of the server's libraries can be imported."""
    script = f"{WITHOUT}; from tallystick.cli import main; main()"
    return subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=command.folder,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_receipt_is_verified_without_the_servers_libraries(acme: Command) -> None:
    (acme.folder / "it").write_text(acme("receipt", FIRST).out)
    (acme.folder / "pins").write_text(acme("pins").out)

    told = bare(acme, "verify", "it", "--pins", "pins", "--json")

    assert (told.returncode, json.loads(told.stdout)["verdict"]) == (0, "intact")


@pytest.mark.parametrize("command", ["serve", "show", "verify"])
def test_what_needs_the_server_says_how_to_get_it(tally: Command, command: str) -> None:
    told = bare(tally, command, "x", "--data", "data")

    assert told.returncode == 2
    assert told.stderr == (
        "error: this command needs the server: pip install 'tallystick[server]'\n"
    )


def test_the_command_loads_no_http_server_before_it_is_needed() -> None:
    script = "import tallystick.cli.app, sys; print('litestar' in sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert told.stdout == "False\n"


@pytest.mark.parametrize(
    ("words", "want"),
    [
        pytest.param("tallystick te", "tenant", id="a command"),
        pytest.param("tallystick tenant cr", "create", id="a command of a group"),
        pytest.param("tallystick tail --fo", "--follow", id="an option"),
    ],
)
def test_the_shell_completes(tally: Command, words: str, want: str) -> None:
    told = tally.plain(
        code=None,
        _TALLYSTICK_COMPLETE="complete_bash",
        COMP_WORDS=words,
        COMP_CWORD=str(len(words.split()) - 1),
    )

    assert told.out.split() == [want]
