"""The stored results, ``tests/bench/results.json``: what this run is compared with."""

import os
import platform
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from bench.figure import Better, Figure

_FILE = Path(__file__).with_name("results.json")


class Machine(msgspec.Struct, frozen=True):
    """What a figure was measured on; never its name."""

    cores: int
    processor: str
    memory_gb: int
    kernel: str
    python: str


class Result(msgspec.Struct, frozen=True):
    """One stored figure, with when, where and of what it was measured."""

    value: float
    unit: str
    ratio: float | None
    budget: float | None
    verdict: str
    note: str
    date: str
    commit: str
    machine: Machine


def stored() -> dict[str, Result]:
    """Read the stored results; none before the first ``--save``."""
    if not _FILE.exists():
        return {}
    return msgspec.json.decode(_FILE.read_bytes(), type=dict[str, Result])


def save(figures: list[Figure]) -> None:
    """Store these figures; those that were not measured now keep their old ones."""
    date = datetime.now(UTC).date().isoformat()  # noqa: TID251 (not the product's time)
    machine, commit = this_machine(), _commit()
    results = stored()
    for each in figures:
        results[each.name] = Result(
            float(f"{each.value:.4g}"),
            each.unit,
            None if each.ratio is None else float(f"{each.ratio:.4g}"),
            each.budget,
            each.verdict,
            each.note,
            date,
            commit,
            machine,
        )
    ordered = msgspec.json.encode(dict(sorted(results.items())))
    _FILE.write_bytes(msgspec.json.format(ordered, indent=2) + b"\n")


def difference(figure: Figure, before: Result | None) -> str:
    """Say how a figure compares with its stored one: by their ratios, where they have any."""
    if before is None:
        return "new"
    by_ratio = figure.ratio is not None and before.ratio
    now, then = (figure.ratio, before.ratio) if by_ratio else (figure.value, before.value)
    if not now or not then:
        return "?"
    change = now / then - 1
    good = change >= 0 if figure.better is Better.MORE else change <= 0
    return f"{change:+.0%} {'better' if good else 'worse'} than {before.commit}"


def this_machine() -> Machine:
    """Describe this machine."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return Machine(
        cores=len(os.sched_getaffinity(0)),
        processor=_processor(),
        memory_gb=round(pages / 2**30),
        kernel=platform.release(),
        python=platform.python_version(),
    )


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    def git(*words: str) -> str:
        told = subprocess.run(["git", *words], check=False, capture_output=True, text=True)
        return told.stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "src")
    return (git("rev-parse", "--short=12", "HEAD") or "unknown") + ("+" if changed else "")
