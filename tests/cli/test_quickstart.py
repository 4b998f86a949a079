"""The README's quickstart, typed as it stands there."""

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from kit.checkout import ROOT

VERDICT = "verified"


def quickstart() -> str:
    readme = (ROOT / "README.md").read_text("utf-8")
    found = re.search(r"## Quickstart\n+```bash\n(.*?)```", readme, re.DOTALL)
    assert found is not None
    return found[1]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def test_the_quickstart_ends_in_a_verified_receipt(tmp_path: Path) -> None:
    port = free_port()
    # Another port than the default, so that a server of the developer's own does not answer.
    script = quickstart().replace("8484", str(port))
    env = {name: value for name, value in os.environ.items() if "TALLYSTICK" not in name}
    env["PATH"] = f"{Path(sys.executable).parent}:{env['PATH']}"
    env["TALLYSTICK_LISTEN"] = f"127.0.0.1:{port}"
    stop = "trap 'kill $(jobs -p) && wait' EXIT\n"

    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", stop + script],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert '"status":"recorded"' in ended.stdout
    assert ended.stdout.splitlines()[-1] == VERDICT


def test_the_quickstart_is_about_ten_lines() -> None:
    assert len(quickstart().splitlines()) <= 14
