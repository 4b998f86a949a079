"""What an application pays for the import."""

import subprocess
import sys
from statistics import median

from bench.figure import Better, Figure
from bench.reference import around

_TIMES = 15
_SERVER = ("apsw", "asyncio", "granian", "litestar", "rich", "typer", "zstandard")
_TO_RECORD = ("Actor", "Event", "Target")
_TO_VERIFY = ("verify_receipt",)
_SCRIPT = """
import sys, time
started = time.perf_counter()
import tallystick
for name in sys.argv[1].split():
    getattr(tallystick, name)
print(time.perf_counter() - started, *(n for n in sys.argv[2:] if n in sys.modules))
"""


def imported() -> list[Figure]:
    """Measure ``import tallystick`` in new processes: as who records does it, and who verifies.

    Names are loaded when they are first taken; to verify needs a library of its own
    (``tallystick[verify]``), which who records need not have.
    """
    return [_figure("import", _TO_RECORD, 50), _figure("import, to verify", _TO_VERIFY, None)]


def _figure(title: str, names: tuple[str, ...], budget: float | None) -> Figure:
    with around() as reference:
        answers = [_import(names) for _ in range(_TIMES)]
    seconds = median(taken for taken, _ in answers)
    loaded = sorted({name for _, found in answers for name in found})
    note = f"LOADS {', '.join(loaded)}" if loaded else "no server dependency is loaded"
    ratio = seconds / reference.batch_s
    return Figure(
        title, seconds * 1_000, "ms", ratio, Better.LESS, budget, f"{', '.join(names)}; {note}"
    )


def _import(names: tuple[str, ...]) -> tuple[float, list[str]]:
    told = subprocess.run(
        [sys.executable, "-c", _SCRIPT, " ".join(names), *_SERVER],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.split()
    return float(told[0]), told[1:]
