"""For each promise of the design: a small patch that breaks it, and the test that must then fail.

A patch is a unified diff of ``src/`` below a header::

    Promise: what is broken, in a sentence
    Must fail: tests/…::test_…

The test is run in a copy of the checkout whose source is patched, and has to fail there; that it
passes on the source as it is, the ordinary run shows.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PATCHES = sorted(HERE.glob("*.patch"))
INVARIANTS = range(1, 10)


def _must_fail(patch: Path) -> list[str]:
    lines = patch.read_text("utf-8").splitlines()
    return [line.removeprefix("Must fail: ") for line in lines if line.startswith("Must fail: ")]


def test_every_invariant_of_the_design_has_a_patch() -> None:
    covered = {int(patch.name.split("-", 1)[0]) for patch in PATCHES}

    assert covered == set(INVARIANTS)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("patch", PATCHES, ids=lambda patch: patch.stem)
def test_the_named_test_fails_once_the_promise_is_broken(patch: Path, tmp_path: Path) -> None:
    for folder in ("src", "tests"):
        leftovers = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=leftovers)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    applied = subprocess.run(
        ["patch", "--strip=1", "--no-backup-if-mismatch", f"--input={patch}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert applied.returncode == 0, applied.stdout + applied.stderr

    named = _must_fail(patch)
    assert named, f"{patch.name}: names no test"
    for test in named:
        run = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", test],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path / "src"), "CI": ""},
            capture_output=True,
            text=True,
            check=False,
        )
        # 1: tests were run and failed; anything else (not found, not importable) is no proof.
        assert run.returncode == 1, f"{test} did not fail:\n{run.stdout[-3000:]}"
