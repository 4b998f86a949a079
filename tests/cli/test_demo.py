"""The demo: what it says to try works when pasted, and what root did is named."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from kit.checkout import ROOT
from kit.command import Command
from kit.server import READY_S

ANY_PORT = ("--listen", "127.0.0.1:0")
MARK = "\x1e"


@contextmanager
def demo(tally: Command, *flags: str) -> Iterator["subprocess.Popen[str]"]:
    """Run the demo until the end of the block."""
    line = tally.program("demo", *ANY_PORT, *flags)
    env = {**os.environ, "TMPDIR": str(tally.folder)}
    with subprocess.Popen(
        line, cwd=tally.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.terminate()


def read_until(process: "subprocess.Popen[str]", text: str) -> str:
    """The line of standard output that has a text."""
    assert process.stdout is not None
    return next(line for line in process.stdout if text in line)


def processes_below(folder: Path) -> list[str]:
    """The command lines of the processes that were told of a folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:  # it ended meanwhile
            continue
        if str(folder) in line:
            found.append(line)
    return found


def pasted(lines: list[str]) -> list[list[str]]:
    """What each line wrote, typed into one shell that stops at the first that fails."""
    script = "\n".join(part for line in lines for part in (f"printf '{MARK}'", line))
    done = subprocess.run(
        ["sh", "-e", "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, (done.stdout, done.stderr)
    return [told.splitlines() for told in done.stdout.split(MARK)[1:]]


def test_what_the_demo_says_to_try_works_when_pasted(tally: Command) -> None:
    with demo(tally, "--json") as process:
        made = json.loads(read_until(process, "{"))
        told = pasted(made["try"])

    assert made["recorded"] > 1_000
    assert made["refused"] == 0
    *_, shown, _, proven, seen, copied, checked, erased, intact, proven_after, seen_after = told
    assert any(made["event"] in line for line in shown)
    for verified in (proven, proven_after):
        assert verified[-1] == "verified"
        assert any(re.match(r"ok +witnessed +1 of 1 ", line) for line in verified)
    assert copied[-1].endswith("of them new")
    assert any("erased" in line for line in erased)
    assert checked[-1] == intact[-1] == "intact"
    for looked in (seen, seen_after):
        assert looked[-1].startswith("in order: epoch ")


def test_the_demo_in_the_same_folder_again_records_nothing_twice(tally: Command) -> None:
    first = tally("demo", "--once", "--json", *ANY_PORT).json

    assert tally("fsck").lines[-1] == "intact"
    second = tally("demo", "--once", "--json", *ANY_PORT)
    assert second.json["recorded"] + second.json["duplicate"] == first["recorded"]


def test_what_root_did_is_named(tally: Command) -> None:
    told = tally.plain("demo", "--tamper", *ANY_PORT)

    index = re.search(r"entry ([0-9,]+) of (\S+)", told.out)
    assert index is not None
    assert f"TAMPERED    {index[2]}  entry {index[1]}: " in told.out
    edited, found, rolled_back = told.out.partition("\nfound: exactly the row that was edited\n")
    assert "fsck\nTAMPERED" in edited
    assert found
    # Put back as a whole, nothing on the machine tells of it: fsck must not say so either.
    assert "fsck\nintact\n" in rolled_back
    assert "READ-ONLY: witness demo: the store was rolled back" in rolled_back
    assert told.lines[-1] == "found: by the witness alone"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_stops_cleanly_and_leaves_nothing_behind(tally: Command, number: int) -> None:
    with demo(tally) as process:
        read_until(process, "puts everything back")
        running = processes_below(tally.folder)
        process.send_signal(number)
        assert process.wait(READY_S) == 0
        assert process.stderr is not None
        told = process.stderr.read()

    assert any(" witness serve " in line for line in running)
    assert any(" serve --data " in line for line in running)
    assert processes_below(tally.folder) == []
    assert "stopped" in told.splitlines()[-1]
    assert list(tally.folder.iterdir()) == []


def test_the_demo_is_what_make_demo_runs() -> None:
    assert "tallystick demo" in (ROOT / "Makefile").read_text("utf-8")
