"""The command as people run it: a process of its own in a folder of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_S = 120


@dataclass(frozen=True)
class Transcript:
    """What a command wrote, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:  # noqa: ANN401 (whatever the command says)
        """Standard output, which must be one JSON document."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """Standard output by lines."""
        return self.out.splitlines()


@dataclass(frozen=True)
class Command:
    """Runs ``tallystick`` in a folder.

    Attributes:
        folder: Where it runs; the deployment lies in ``data`` below it.
    """

    folder: Path

    @property
    def data(self) -> Path:
        """Folder of the deployment."""
        return self.folder / "data"

    def __call__(self, *arguments: str | Path, code: int | None = 0, **env: str) -> Transcript:
        """Run a command line on the deployment, and check its exit code."""
        return self.plain(*arguments, "--data", "data", code=code, **env)

    def plain(
        self, *arguments: str | Path, code: int | None = 0, given: str = "", **env: str
    ) -> Transcript:
        """Run a command line as it is."""
        kept = {name: value for name, value in os.environ.items() if "TALLYSTICK" not in name}
        ended = subprocess.run(
            self.program(*arguments),
            cwd=self.folder,
            env={**kept, "COLUMNS": "200", **env},
            input=given.encode(),
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
        told = Transcript(ended.returncode, ended.stdout.decode(), ended.stderr.decode())
        assert "Traceback" not in told.err, told.err
        assert code is None or told.code == code, told
        return told

    def program(self, *arguments: str | Path) -> Sequence[str]:
        """The command line, for a test that starts the process itself."""
        return [sys.executable, "-m", "tallystick.cli", *map(str, arguments)]

    def key(self, *arguments: str) -> str:
        """Create an API key."""
        return str(self("key", "create", *arguments, "--json").json["key"])
