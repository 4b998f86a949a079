"""The tutorial, typed as it stands there, does what it says."""

import re
from pathlib import Path

from kit.checkout import ROOT
from kit.pasting import blocks, free_port, typed

PAGE = ROOT / "docs" / "tutorial" / "your-first-audit-trail.md"


def test_the_first_audit_trail_is_recorded_proved_witnessed_and_tampered_with(
    tmp_path: Path,
) -> None:
    server, witness = (str(free_port()) for _ in range(2))
    # Other ports than the defaults; the flag stands before the variable, which is the server's.
    script = "\n".join(blocks(PAGE)).replace("8484", server).replace("8423", witness)
    script = script.replace("witness serve ", f"witness serve --listen 127.0.0.1:{witness} ")

    ended = typed(script, tmp_path, {"TALLYSTICK_LISTEN": f"127.0.0.1:{server}"})

    assert ended.returncode == 0, ended.stdout + ended.stderr
    proved, witnessed, edited, rolled_back = re.split(
        r"^(?:verified|tampered)$", ended.stdout, flags=re.MULTILINE
    )
    assert '"status":"recorded"' in proved
    assert re.search(r"^none +witnessed ", proved, re.MULTILINE)
    assert re.search(r"^ok +witnessed +1 of 1 ", witnessed, re.MULTILINE)
    assert re.search(r"^TAMPERED +audit\.example\.com/t/1/\w+ +entry 0: ", edited, re.MULTILINE)
    assert rolled_back.startswith("\nfsck ends with 1\n")
    assert "\nintact\nREAD-ONLY: witness you: the store was rolled back" in rolled_back
