"""Three verifiers, hundreds of receipts: each gets the verdict that what was done to it deserves.

``verify.py`` runs on a Python with nothing installed, ``verify.html`` in Chromium, and
``tallystick verify`` as users run it. None of them is asked what it should say.
"""

import json
import shutil
import subprocess
import sys
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from kit.browser import PROGRAM, running
from kit.receipt_breaks import KINDS
from kit.receipt_corpus import Judged, corpus
from kit.verifier_file import TARGET as VERIFY_PY
from kit.verifier_page import TARGET as VERIFY_HTML
from tallystick.drivers.system import SystemClock

CODES = {"intact": 0, "tampered": 1, "unreadable": 3, "unverifiable": 4, "stale": 4}
BARE = ("-I", "-S", str(VERIFY_PY))
OURS = ("-m", "tallystick.cli", "verify")
PAGE = 50


def now_s() -> int:
    return SystemClock().now() // 1_000_000


@pytest.fixture(scope="module")
def few(tmp_path_factory: pytest.TempPathFactory) -> list[Judged]:
    return corpus(tmp_path_factory.mktemp("few"), len(KINDS) + 8, now_s())


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> list[Judged]:
    return corpus(tmp_path_factory.mktemp("many"), 500, now_s())


def expected(judged: Sequence[Judged]) -> dict[str, str]:
    return {it.name: it.verdict for it in judged}


def verdicts_of(program: Sequence[str], judged: Sequence[Judged], folder: Path) -> dict[str, str]:
    """Run a command once for all receipts that are judged under the same pins."""
    found: dict[str, str] = {}
    for number, pins in enumerate(dict.fromkeys(it.pins for it in judged)):
        batch = [it for it in judged if it.pins == pins]
        files = [folder / f"{number} {it.name}.receipt" for it in batch]
        for file, it in zip(files, batch, strict=True):
            file.write_bytes(it.receipt)
        given: list[str] = []
        if pins is not None:
            (folder / f"{number}.pins").write_bytes(pins)
            given = ["--pins", str(folder / f"{number}.pins")]
        command = [*program, "--json", *given, *map(str, files)]
        done = subprocess.run(command, capture_output=True, check=False, cwd=folder)
        assert b"Traceback" not in done.stderr, done.stderr
        told = [json.loads(line) for line in done.stdout.splitlines()]
        assert [it["file"] for it in told] == [str(file) for file in files], done.stderr
        found |= {
            it.name: line["verdict"] or "unreadable" for it, line in zip(batch, told, strict=True)
        }
        codes = {CODES[it.verdict] for it in batch}
        assert done.returncode == next(code for code in (1, 3, 4, 0) if code in codes)
    return found


def verdicts_of_page(judged: Sequence[Judged], **options: object) -> dict[str, str]:
    if shutil.which(PROGRAM) is None:
        pytest.skip("chromium is not installed")
    found: dict[str, str] = {}
    with running() as browser:
        page = browser.open(VERIFY_HTML.as_uri())
        for start in range(0, len(judged), PAGE):
            batch = judged[start : start + PAGE]
            given = [
                [b64encode(it.receipt).decode(), None if it.pins is None else it.pins.decode()]
                for it in batch
            ]
            told = page.run(f"""(async () => {{
              const found = [];
              for (const [receipt, pins] of {json.dumps(given)}) {{
                const bytes = Uint8Array.from(atob(receipt), (letter) => letter.charCodeAt(0));
                const told = await verifyReceipt(bytes, pins, {json.dumps(options)});
                found.push(told.verdict);
              }}
              return found;
            }})()""")
            found |= {it.name: verdict for it, verdict in zip(batch, told, strict=True)}
        asked = [it["request"]["url"] for it in page.told("Network.requestWillBeSent")]
        assert asked == [VERIFY_HTML.as_uri()]
        assert page.told("Log.entryAdded") == []
    return found


def test_the_receipts_are_of_every_kind_and_verdict(few: list[Judged]) -> None:
    assert {it.kind for it in few} >= {*KINDS}
    assert {it.verdict for it in few} == {*CODES}
    assert len(few) >= 60
    broken = {kind for kind, (verdict, _) in KINDS.items() if verdict != "intact"}
    assert len(broken) >= 25


def test_verify_py_judges_each_rightly(few: list[Judged], tmp_path: Path) -> None:
    assert verdicts_of([sys.executable, *BARE], few, tmp_path) == expected(few)


def test_the_command_judges_each_rightly(few: list[Judged], tmp_path: Path) -> None:
    assert verdicts_of([sys.executable, *OURS], few, tmp_path) == expected(few)


def test_the_page_judges_each_rightly(few: list[Judged]) -> None:
    assert verdicts_of_page(few) == expected(few)


def test_the_page_judges_rightly_with_its_own_ed25519(few: list[Judged]) -> None:
    assert verdicts_of_page(few, ownEd25519=True) == expected(few)


@pytest.mark.slow
def test_verify_py_judges_rightly_on_python_3_9(few: list[Judged], tmp_path: Path) -> None:
    program = shutil.which("pypy3")
    if program is None:
        pytest.skip("pypy3 is not installed")
    version = [program, "-c", "import sys; print(*sys.version_info[:2])"]
    assert subprocess.run(version, capture_output=True, check=True).stdout.split()[0] == b"3"

    assert verdicts_of([program, *BARE], few, tmp_path) == expected(few)


@pytest.mark.slow
def test_there_are_five_hundred_receipts(many: list[Judged]) -> None:
    count = Counter(it.verdict for it in many)

    assert len({it.name for it in many}) == 500
    assert len({(it.receipt, it.pins) for it in many}) == 500
    assert min(count[verdict] for verdict in ("intact", "unverifiable")) >= 50
    assert min(count[verdict] for verdict in ("tampered", "unreadable")) >= 100


def by_verify_py(judged: Sequence[Judged], folder: Path) -> dict[str, str]:
    return verdicts_of([sys.executable, *BARE], judged, folder)


def by_command(judged: Sequence[Judged], folder: Path) -> dict[str, str]:
    return verdicts_of([sys.executable, *OURS], judged, folder)


def by_page(judged: Sequence[Judged], _: Path) -> dict[str, str]:
    return verdicts_of_page(judged)


@pytest.mark.slow
@pytest.mark.parametrize("judge", [by_verify_py, by_command, by_page])
def test_each_judges_five_hundred_rightly(
    judge: Callable[[Sequence[Judged], Path], dict[str, str]], many: list[Judged], tmp_path: Path
) -> None:
    assert judge(many, tmp_path) == expected(many)
