"""Blocks of ``bash`` in our pages, typed as they stand there."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_TIMEOUT_S = 120
_STOP = "trap 'kill $(jobs -p) && wait' EXIT\n"


def blocks(page: Path) -> list[str]:
    """The blocks of a page."""
    return _BLOCK.findall(page.read_text("utf-8"))


def free_port() -> int:
    """A port of loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def typed(script: str, folder: Path, env: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run a script in one shell, which ends at the first command that fails."""
    kept = {name: value for name, value in os.environ.items() if "TALLYSTICK" not in name}
    kept["PATH"] = f"{Path(sys.executable).parent}:{kept['PATH']}"
    line = ["bash", "-euo", "pipefail", "-c", _STOP + script]
    with subprocess.Popen(
        line,
        cwd=folder,
        env={**kept, **env},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as shell:
        try:
            out, err = shell.communicate(timeout=_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(shell.pid, signal.SIGTERM)  # with the servers that it started
            raise
    return subprocess.CompletedProcess(line, shell.returncode, out, err)
