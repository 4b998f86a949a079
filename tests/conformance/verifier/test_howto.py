"""The lines for a shell in docs/howto/verify-without-us.md do what the page says."""

import json
import re
import shutil
import subprocess
from pathlib import Path

from kit.checkout import ROOT
from kit.plain_receipt import WITNESSES, Deployment, plain_pins, written
from kit.verifier_file import TARGET
from tallystick.verify.pins import Pins

PAGE = (ROOT / "docs" / "howto" / "verify-without-us.md").read_text("utf-8")


def test_the_lines_for_a_shell_verify(tmp_path: Path) -> None:
    shutil.copy(TARGET, tmp_path)
    (tmp_path / "approved.receipt").write_bytes(written(Deployment().receipt()))
    (tmp_path / "acme.pins").write_bytes(plain_pins())
    lines = [
        line
        for block in re.findall(r"^```sh\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
        for line in block.splitlines()
    ]

    assert lines
    for line in lines:
        done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, check=True)
        assert done.stdout.decode().splitlines()[-1] == "verified"


def test_the_pins_that_it_shows_have_the_form_of_pins() -> None:
    (shown,) = re.findall(r"^```json\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    members = json.loads(shown)
    keys = iter(who.vkey for who in WITNESSES)
    members["super"] = [Deployment().signer.vkey]
    members["policy"] = re.sub(r"w\d\.example\+…", lambda _: next(keys), members["policy"])

    pins = Pins.parse(json.dumps(members).encode())

    assert pins.policy is not None
    assert pins.policy.witnesses.keys() == {"w1", "w2", "w3"}
    assert pins.auditors == {"w2"}
