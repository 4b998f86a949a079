"""What an application pays for the import."""

import subprocess
import sys
from statistics import median

from bench.figure import Better, Figure
from bench.reference import around

_TIMES = 15
_SERVER = ("apsw", "asyncio", "granian", "litestar", "rich", "typer", "zstandard")
_SCRIPT = """
import sys, time
started = time.perf_counter()
import tallystick
for name in getattr(tallystick, "__all__", ()):
    getattr(tallystick, name)
print(time.perf_counter() - started, *(n for n in sys.argv[1:] if n in sys.modules))
"""


def imported() -> list[Figure]:
    """Measure ``import tallystick`` with every public name, in new processes."""
    with around() as reference:
        answers = [_import() for _ in range(_TIMES)]
    seconds = median(taken for taken, _ in answers)
    loaded = sorted({name for _, names in answers for name in names})
    note = f"LOADS {', '.join(loaded)}" if loaded else "no server dependency is loaded"
    ratio = seconds / reference.batch_s
    return [Figure("import", seconds * 1_000, "ms", ratio, Better.LESS, 50, note)]


def _import() -> tuple[float, list[str]]:
    told = subprocess.run(
        [sys.executable, "-c", _SCRIPT, *_SERVER], check=True, capture_output=True, text=True
    ).stdout.split()
    return float(told[0]), told[1:]
