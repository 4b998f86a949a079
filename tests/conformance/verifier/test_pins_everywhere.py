"""Pins that no verifier may follow: each refuses them, rather than pass a rule over."""

import json
import shutil
import subprocess
import sys
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import pytest

from kit.browser import PROGRAM, running
from kit.plain_ed25519 import SMALL_ORDER, P
from kit.plain_receipt import POLICY, SUPER, WITNESSES, Deployment, Signer, written
from kit.verifier_file import TARGET as VERIFY_PY
from kit.verifier_page import TARGET as VERIFY_HTML
from tallystick.verify.__main__ import main

KEY = Signer(SUPER).vkey
W1 = WITNESSES[0].vkey
NAME, ID, PUBLIC = KEY.split("+", 2)
RECEIPT = written(Deployment(cosigners=WITNESSES).receipt())


def pins(**more: object) -> str:
    return json.dumps({"super": [KEY], "policy": POLICY, **more})


def of_points(spelled: bytes) -> str:
    """Pins with such a public key."""
    return pins(super=[vkey_of(b"\x01" + spelled)])


def vkey_of(raw: bytes) -> str:
    """A vkey of the super-log, as c2sp.org/signed-note says."""
    key_id = sha256(f"{SUPER}\n".encode() + raw).hexdigest()[:8]
    return f"{SUPER}+{key_id}+{b64encode(raw).decode()}"


GOOD = pins(auditors=["w1"], max_age_s=10**9)
BAD = {
    "no JSON": "{",
    "a list": "[]",
    "no key": json.dumps({"policy": POLICY}),
    "an empty list of keys": pins(super=[]),
    "a key without list": pins(super=KEY),
    "a witness's key": pins(super=[W1]),
    "a key with another id": pins(super=[f"{NAME}+00000000+{PUBLIC}"]),
    "a key under another name": pins(super=[f"other.example/super+{ID}+{PUBLIC}"]),
    "a key in loose base64": pins(super=[f"{KEY} "]),
    **{f"a key of small order {n}": of_points(point) for n, point in enumerate(SMALL_ORDER)},
    "a key in a second encoding": of_points((P + 3).to_bytes(32, "little")),
    "a witness of small order": pins(
        policy=f"witness w1 {vkey_of(bytes([4]) + SMALL_ORDER[4])}\nquorum w1\n"
    ),
    "a misspelled member": pins(max_age=60),
    "a member twice": '{"max_age_s":1,' + GOOD[1:],
    "an age of nothing": pins(max_age_s=0),
    "an age that is true": pins(max_age_s=True),
    "an age that is a double": pins(max_age_s=60.0),
    "no origin": pins(origins=[]),
    "a policy that is no text": pins(policy=1),
    "a policy without quorum": pins(policy=f"witness w1 {W1}\n"),
    "a quorum of nobody known": pins(policy=f"witness w1 {W1}\nquorum w2\n"),
    "two quorums": pins(policy=f"{POLICY}quorum w1\n"),
    "one key under two names": pins(policy=f"witness a {W1}\nwitness b {W1}\nquorum a\n"),
    "a name twice": pins(policy=f"witness w1 {W1}\n{POLICY}"),
    "a log's key as witness": pins(policy=f"witness w1 {KEY}\nquorum w1\n"),
    "a member of two groups": pins(policy=f"{POLICY}group more any w1\n"),
    "a threshold that cannot be met": pins(policy=POLICY.replace("enough 2", "enough 4")),
    "a threshold of nothing": pins(policy=POLICY.replace("enough 2", "enough 0")),
    "a threshold with a leading zero": pins(policy=POLICY.replace("enough 2", "enough 02")),
    "a threshold that is a word": pins(policy=POLICY.replace("enough 2", "enough constructor")),
    "a control character": pins(policy=f"{POLICY}#\r\n"),
    "an unknown word": pins(policy=f"{POLICY}trust w1\n"),
    "an auditor that is a group": pins(auditors=["enough"]),
    "an auditor without policy": json.dumps({"super": [KEY], "auditors": ["w1"]}),
    "no auditor": pins(auditors=[]),
}
UNREADABLE = 3


def test_each_starts_from_pins_that_are_followed(tmp_path: Path) -> None:
    (tmp_path / "pins").write_text(GOOD)
    (tmp_path / "receipt").write_bytes(RECEIPT)

    assert main([str(tmp_path / "receipt"), "--pins", str(tmp_path / "pins")]) == 0


@pytest.mark.parametrize("text", BAD.values(), ids=BAD)
def test_the_files_refuse(text: str, tmp_path: Path) -> None:
    (tmp_path / "pins").write_text(text)
    (tmp_path / "receipt").write_bytes(RECEIPT)
    arguments = [str(tmp_path / "receipt"), "--pins", str(tmp_path / "pins")]

    done = subprocess.run(
        [sys.executable, "-I", "-S", VERIFY_PY, *arguments], capture_output=True, check=False
    )

    assert done.returncode == UNREADABLE
    assert done.stdout == b""
    assert b"unreadable: " in done.stderr
    assert b"Traceback" not in done.stderr
    assert main(arguments) == UNREADABLE


def test_the_page_refuses_each() -> None:
    if shutil.which(PROGRAM) is None:
        pytest.skip("chromium is not installed")
    receipt = list(RECEIPT)
    with running() as browser:
        page = browser.open(VERIFY_HTML.as_uri())
        told = page.run(f"""(async () => {{
          const receipt = Uint8Array.from({json.dumps(receipt)}), found = [];
          for (const pins of {json.dumps([GOOD, *BAD.values()])}) {{
            found.push((await verifyReceipt(receipt, pins)).verdict);
          }}
          return found;
        }})()""")

    assert dict(zip(["good", *BAD], told, strict=True)) == {
        "good": "intact",
        **dict.fromkeys(BAD, "unreadable"),
    }
