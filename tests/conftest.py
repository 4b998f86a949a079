"""What every test run obeys: Hypothesis profiles, and no skip without a written reason.

A skipped test proves nothing, yet ends green. With ``CI=true`` or ``TALLYSTICK_STRICT_SKIPS=1``
a run fails on each skip that ``allowed_skips.txt`` does not name together with its reason.
"""

import os
import signal
import sys
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ALLOWED_SKIPS = Path(__file__).with_name("allowed_skips.txt")

# Tests start hundreds of processes. Each would compile the whole source anew where the environment
# forbids to keep what is compiled, as container images like to do: half of a command's CPU time.
sys.dont_write_bytecode = False
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A shell starts what runs in the background with SIGINT ignored, and all that this starts inherits
# it: commands that end by Ctrl-C would never end.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Deadlines measure the machine, not the law; two test workers share two cores.
settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "dev")


class StrictSkips:
    """Fails the session on every skip that no line of the list allows.

    Each line of the list is ``node id | reason``; in both, ``*`` and ``?`` stand for any text
    and any character, and ``[`` stands for itself.
    """

    def __init__(self, lines: str) -> None:
        self._allowed = list(parse(lines))
        self._refused: dict[tuple[str, str], None] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Look at a test that was skipped; one that is expected to fail is none."""
        if report.skipped and not hasattr(report, "wasxfail"):
            self._judge(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Look at a whole file that was skipped."""
        if report.skipped:
            self._judge(report)

    def _judge(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        reason = reason_of(report)
        if not any(
            fnmatchcase(report.nodeid, node) and fnmatchcase(reason, why)
            for node, why in self._allowed
        ):
            self._refused[report.nodeid, reason] = None

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Turn a green run red."""
        if self._refused and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Name each skip that made the run fail."""
        if self._refused:
            terminalreporter.section("skips that tests/allowed_skips.txt does not allow", red=True)
            for node, reason in self._refused:
                terminalreporter.line(f"{node} | {reason}")
            terminalreporter.line("The run has failed: let these tests run, or list them there.")


def parse(lines: str) -> Iterator[tuple[str, str]]:
    """Read ``node id | reason`` patterns; a blank line or one that begins with # is prose."""
    for line in lines.splitlines():
        if line.strip() and not line.startswith("#"):
            node, bar, reason = (part.strip() for part in line.partition("|"))
            if not (node and bar and reason):
                msg = f"allowed_skips.txt: {line!r}, want 'node id | reason'"
                raise pytest.UsageError(msg)
            yield node.replace("[", "[[]"), reason.replace("[", "[[]")


def reason_of(report: pytest.TestReport | pytest.CollectReport) -> str:
    """Take the reason out of a skip's report, without pytest's own prefix."""
    text = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return text.removeprefix("Skipped: ")


def pytest_configure(config: pytest.Config) -> None:
    """Watch skips where the reports of all workers arrive, which is never in a worker."""
    strict = os.environ.get("TALLYSTICK_STRICT_SKIPS") == "1" or os.environ.get("CI") == "true"
    if strict and not hasattr(config, "workerinput"):
        lines = ALLOWED_SKIPS.read_text(encoding="utf-8")
        config.pluginmanager.register(StrictSkips(lines), "strict-skips")
