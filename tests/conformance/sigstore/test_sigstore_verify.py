"""npm's own verifier reads our super-checkpoints, and leads our epoch records to their roots."""

import json
import shutil
import subprocess
from base64 import b64decode, b64encode
from pathlib import Path

import pytest

from kit.plain_receipt import Json
from kit.receipt_breaks import KINDS
from kit.receipt_corpus import corpus
from kit.whole_receipt import INTACT

HERE = Path(__file__).parent
TAMPERED_THERE = [
    "bit of the super-log's root",
    "bit of the log's signature",
    "second spelling of the log's signature",
    "bit of the epoch's root",
    "bit of the note before",
    "bit of the record's proof",
    "another epoch",
    "another time",
    "another number of slots",
    "another super-log",
    "another size of the super-log",
    "another index of the record",
    "signed by another key",
    "another key is pinned",
]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Install exactly what the lock names."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("nodejs and npm are not installed")
    folder = tmp_path_factory.mktemp("npm")
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder)
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def claims(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Json]]:
    """What receipts of ours and of others claim about the super-log, by what was done to them."""
    found: dict[str, list[Json]] = {}
    for judged in corpus(tmp_path_factory.mktemp("receipts"), 400, 1_795_488_300):
        if judged.kind not in {"as it is", *TAMPERED_THERE} or judged.pins is None:
            continue
        members = json.loads(judged.receipt)
        head, body, lines = members["epoch_proof"].split("\n\n")
        log_line = lines.split("\n")[0]
        found.setdefault(judged.kind, []).append(
            {
                "vkey": json.loads(judged.pins)["super"][0],
                # It wants to know every key that signed; witnesses are not its affair.
                "note": f"{body}\n\n{log_line}\n",
                "index": int(head.split("\n")[1].removeprefix("index ")),
                "hashes": head.split("\n")[2:],
                "leaf": b64encode(members["epoch_record"].encode()).decode(),
            }
        )
    return found


def verdicts(installed: Path, claims: list[Json]) -> list[str]:
    done = subprocess.run(
        ["node", HERE / "verify.cjs", installed],
        input=json.dumps(claims).encode(),
        capture_output=True,
        check=True,
    )
    found: list[str] = json.loads(done.stdout)
    assert len(found) == len(claims)
    return found


def test_it_verifies_each_whole_one(installed: Path, claims: dict[str, list[Json]]) -> None:
    whole = claims["as it is"]

    assert len(whole) >= 4
    assert verdicts(installed, whole) == [""] * len(whole)


@pytest.mark.parametrize("kind", TAMPERED_THERE)
def test_it_refuses_each_that_was_changed(
    kind: str, installed: Path, claims: dict[str, list[Json]]
) -> None:
    assert KINDS[kind][0] != INTACT
    assert claims[kind]
    assert [why for why in verdicts(installed, claims[kind]) if not why] == []


def test_the_lock_pins_every_package_by_its_hash() -> None:
    packages = json.loads((HERE / "package-lock.json").read_text("utf-8"))["packages"]
    hashes = [it["integrity"] for name, it in packages.items() if name]

    assert len(hashes) == 4
    assert all(len(b64decode(it.removeprefix("sha512-"))) == 64 for it in hashes)
