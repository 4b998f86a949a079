"""The README's quickstart, typed as it stands there."""

from pathlib import Path

from kit.checkout import ROOT
from kit.pasting import blocks, free_port, typed

VERDICT = "verified"


def quickstart() -> str:
    (found,) = blocks(ROOT / "README.md")
    return found


def test_the_quickstart_ends_in_a_verified_receipt(tmp_path: Path) -> None:
    port = free_port()
    # Another port than the default, so that a server of the developer's own does not answer.
    script = quickstart().replace("8484", str(port))

    ended = typed(script, tmp_path, {"TALLYSTICK_LISTEN": f"127.0.0.1:{port}"})

    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert '"status":"recorded"' in ended.stdout
    assert ended.stdout.splitlines()[-1] == VERDICT


def test_the_quickstart_is_about_ten_lines() -> None:
    assert len(quickstart().splitlines()) <= 14
