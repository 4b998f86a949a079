"""How far something long is, people see and programs do not."""

import os
import subprocess

from kit.command import Command


def on_a_terminal(command: Command, *arguments: str) -> str:
    """Return what a command draws on a terminal as its standard error."""
    ours, theirs = os.openpty()
    environment = {**os.environ, "TERM": "xterm"}
    with os.fdopen(ours, "rb", buffering=0) as screen:
        subprocess.run(
            command.program(*arguments, "--data", "data"),
            cwd=command.folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=theirs,
            check=True,
        )
        os.close(theirs)
        drawn = b""
        try:
            while piece := screen.read(4096):
                drawn += piece
        except OSError:  # Linux says so when nobody is left who could write
            pass
    return drawn.decode()


def test_a_bar_is_drawn_on_a_terminal(acme: Command) -> None:
    assert "100%" in on_a_terminal(acme, "fsck")


def test_quiet_draws_none(acme: Command) -> None:
    assert on_a_terminal(acme, "fsck", "--quiet") == ""


def test_a_pipe_gets_none(acme: Command) -> None:
    assert acme("fsck").err == ""
