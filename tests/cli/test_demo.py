"""The demo: what it says to try works when pasted, and an edited row is named."""

import os
import re
import signal
import subprocess

import pytest

from kit.checkout import ROOT
from kit.command import Command
from kit.server import READY_S

ANY_PORT = ("--listen", "127.0.0.1:0")


def test_what_the_demo_says_to_try_works_when_pasted(tally: Command) -> None:
    made = tally("demo", "--once", "--json", *ANY_PORT).json

    assert made["recorded"] > 1_000
    assert made["refused"] == 0
    outputs = []
    for line in made["try"]:
        done = subprocess.run(
            ["sh", "-c", line.replace("python -m", f"{tally.program()[0]} -m")],
            cwd=tally.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, (line, done)
        outputs.append(done.stdout.splitlines())
    show, verify, fsck = outputs
    assert any(made["event"] in line for line in show)
    assert verify[-1] == "verified"
    assert fsck[-1] == "intact"


def test_the_demo_in_the_same_folder_again_records_nothing_twice(tally: Command) -> None:
    first = tally("demo", "--once", "--json", *ANY_PORT).json

    assert tally("fsck").lines[-1] == "intact"
    second = tally("demo", "--once", "--json", *ANY_PORT)
    assert second.json["recorded"] + second.json["duplicate"] == first["recorded"]


def test_the_row_that_was_edited_as_root_is_named(tally: Command) -> None:
    told = tally.plain("demo", "--tamper", *ANY_PORT)

    index = re.search(r"entry ([0-9,]+) of (\S+)", told.out)
    assert index is not None
    assert f"TAMPERED    {index[2]}  entry {index[1]}: " in told.out
    assert told.lines[-1] == "found: exactly the row that was edited"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_stops_cleanly_and_leaves_nothing_behind(tally: Command, number: int) -> None:
    line = tally.program("demo", *ANY_PORT)
    env = {**os.environ, "TMPDIR": str(tally.folder)}
    with subprocess.Popen(
        line, cwd=tally.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        for written in process.stdout:
            if "edits a row as root" in written:
                break
        process.send_signal(number)
        assert process.wait(READY_S) == 0
        told = process.stderr.read()

    assert "stopped" in told.splitlines()[-1]
    assert list(tally.folder.iterdir()) == []


def test_the_demo_is_what_make_demo_runs() -> None:
    assert "tallystick demo" in (ROOT / "Makefile").read_text("utf-8")
