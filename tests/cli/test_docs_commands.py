"""The commands in docs/howto do what the pages say, pasted one after the other."""

import json
import re
import shlex
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

from kit.checkout import ROOT
from kit.command import Command

PAGES = sorted((ROOT / "docs" / "howto").glob("*.md"))
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TOML = re.compile(r"^```toml\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROMPT = "$ "


LINE = "2026-01-31 09:32:00 | eve | CREATE | document/19"
FILES = {
    "app.jsonl": json.dumps(
        {
            "action": "invoice.approved",
            "occurred_at": "2026-11-24T02:45:00Z",
            "actor": {"type": "system"},
        }
    ),
    "audit.log": f"{LINE} | {sha256(LINE.encode()).hexdigest()}",
    "records.json": json.dumps(
        {
            "Records": [
                {
                    "eventID": "0199e0aa-2222-4000-8def-000000000000",
                    "eventName": "DeleteBucket",
                    "eventTime": "2026-11-24T02:45:00Z",
                    "eventSource": "s3.amazonaws.com",
                }
            ]
        }
    ),
}


def lines(page: Path) -> list[str]:
    """The command lines of a page."""
    blocks = BLOCK.findall(page.read_text("utf-8"))
    return [line.removeprefix(PROMPT) for block in blocks for line in block.splitlines()]


def pasted(acme: Command, line: str) -> str:
    """The line with this interpreter's own command, the pages' tenant made anew."""
    program = shlex.join(acme.program())
    return re.sub(r"\btallystick ", f"{program} ", line).replace("create acme ", "create paint ")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_can_be_pasted(acme: Command, page: Path) -> None:
    for text in TOML.findall(page.read_text("utf-8")):
        (acme.folder / "catalogue.toml").write_text(text)
    for name, text in FILES.items():
        (acme.folder / name).write_text(text)
    assert lines(page)

    for line in lines(page):
        done = subprocess.run(
            ["sh", "-c", pasted(acme, line)], cwd=acme.folder, capture_output=True, check=False
        )
        assert done.returncode == 0, (line, done.stdout, done.stderr)


def test_every_page_speaks_of_commands_alone() -> None:
    told = [line for page in PAGES for line in lines(page)]

    assert all(line.startswith("tallystick ") for line in told)
