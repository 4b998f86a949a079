"""An application that records pays for no server."""

import json
import subprocess
import sys

BUDGET_S = 0.050
SCRIPT = """
import json, sys, time
before, start = set(sys.modules), time.process_time()
import tallystick
for name in getattr(tallystick, "__all__", ()):
    getattr(tallystick, name)
spent = time.process_time() - start
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps([spent, sorted(loaded)]))
"""


def import_in_a_new_process() -> tuple[float, set[str]]:
    """Import the package and take every public name; tell CPU seconds and what was loaded."""
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True
    )
    spent, names = json.loads(result.stdout)
    return spent, set(names)


def test_the_face_needs_no_library_but_msgspec() -> None:
    _, loaded = import_in_a_new_process()

    assert loaded - sys.stdlib_module_names <= {"tallystick", "msgspec", "cryptography"}


def test_the_face_brings_in_no_server_and_no_event_loop() -> None:
    _, loaded = import_in_a_new_process()

    assert loaded & {"asyncio", "multiprocessing", "litestar", "granian", "apsw", "typer"} == set()


def test_the_face_is_imported_within_its_budget() -> None:
    assert min(import_in_a_new_process()[0] for _ in range(5)) <= BUDGET_S
