"""A skip without a written reason turns a strict run red, with and without workers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit.checkout import ROOT

SKIPPING = """
import pytest

def test_passes():
    assert True

@pytest.mark.parametrize("size", [1])
@pytest.mark.skip(reason="no server on loopback")
def test_skips(size):
    pass

@pytest.mark.xfail(reason="known", strict=True)
def test_is_expected_to_fail():
    assert not "a defect that is known"
"""
SKIPPED_FILE = "import pytest\npytest.skip('no vectors here', allow_module_level=True)\n"


def run(folder: Path, allowed: str, *options: str, strict: str = "1") -> tuple[int, str]:
    """Run pytest in a folder under our conftest, with its own list of allowed skips.

    It loads no plugin that is installed but not asked for: those take longer than the tests.
    """
    (folder / "conftest.py").write_bytes((ROOT / "tests" / "conftest.py").read_bytes())
    (folder / "allowed_skips.txt").write_text(allowed)
    (folder / "pytest.ini").write_text("[pytest]\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    result = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *options],
        cwd=folder,
        env={
            **kept,
            "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
            "TALLYSTICK_STRICT_SKIPS": strict,
            "CI": "",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return result.returncode, result.stdout + result.stderr


with_and_without_workers = pytest.mark.parametrize(
    "workers", [(), ("-p", "xdist", "-n", "2")], ids=["alone", "two workers"]
)


@with_and_without_workers
def test_a_strict_run_fails_on_a_skip_that_is_not_listed(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    (tmp_path / "test_some.py").write_text(SKIPPING)

    code, output = run(tmp_path, "", *workers)

    assert code == 1
    assert "test_some.py::test_skips[1] | no server on loopback" in output
    assert "1 passed, 1 skipped, 1 xfailed" in output


@with_and_without_workers
def test_a_strict_run_fails_on_a_whole_file_that_is_skipped(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    (tmp_path / "test_some.py").write_text(SKIPPED_FILE)
    (tmp_path / "test_other.py").write_text("def test_passes(): pass\n")

    code, output = run(tmp_path, "", *workers)

    assert code == 1
    assert "test_some.py | no vectors here" in output


@with_and_without_workers
def test_a_strict_run_passes_on_skips_that_are_listed_with_their_reason(
    tmp_path: Path, workers: tuple[str, ...]
) -> None:
    (tmp_path / "test_some.py").write_text(SKIPPING)

    allowed = "# none runs there\ntest_some.py::test_skips[1] | no server on *\n"

    code, output = run(tmp_path, allowed, *workers)
    assert code == 0, output


def test_the_reason_must_be_the_one_that_is_listed(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(SKIPPING)

    assert run(tmp_path, "test_some.py::* | another reason\n")[0] == 1


def test_a_run_that_is_not_strict_takes_every_skip(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(SKIPPING)

    assert run(tmp_path, "", strict="")[0] == 0


def test_a_line_without_a_reason_is_refused(tmp_path: Path) -> None:
    (tmp_path / "test_some.py").write_text(SKIPPING)

    code, output = run(tmp_path, "test_some.py::test_skips\n")

    assert code == pytest.ExitCode.USAGE_ERROR
    assert "want 'node id | reason'" in output
