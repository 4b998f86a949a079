"""``verify`` is for people who have a receipt and nothing else of ours."""

import json
import subprocess
import sys

import pytest

from kit.command import Command
from tallystick.cli.app import assemble
from tallystick.cli.rooms import ROOMS

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


def loaded_by(script: str) -> set[str]:
    """Return what a process has loaded at the end of a script."""
    script += "; import sys; print(*sys.modules)"
    told = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(told.stdout.split())


def test_the_command_loads_no_http_server_and_no_drawing_before_it_is_needed() -> None:
    loaded = loaded_by("from tallystick.cli.app import assemble; assemble()")

    assert {f"tallystick.cli.{room}" for room in ROOMS} <= loaded
    assert not loaded & {"litestar", "rich"}


@pytest.mark.parametrize("room", ROOMS)
def test_a_command_is_registered_by_the_file_that_is_loaded_for_it(room: str) -> None:
    for word in ROOMS[room]:
        app = assemble([word, "--help"])

        assert {command.name for command in app.registered_commands} | {
            group.name for group in app.registered_groups
        } == set(ROOMS[room])


def test_of_a_servers_processes_only_the_door_loads_an_http_server() -> None:
    assert not loaded_by("import tallystick.cli.serve") & {"litestar", "granian", "rich"}
    assert loaded_by("import tallystick.cli.door") >= {"litestar", "granian"}


def test_a_command_loads_the_file_of_no_other() -> None:
    loaded = loaded_by("from tallystick.cli.app import assemble; assemble(['tenant', 'list'])")

    others = {f"tallystick.cli.{room}" for room in ROOMS if room != "administration"}
    assert "tallystick.cli.administration" in loaded
    assert not loaded & others


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
