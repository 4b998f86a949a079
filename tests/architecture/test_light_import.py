"""An application that records pays for no server."""

import json
import subprocess
import sys

SCRIPT = """
import json, sys
before = set(sys.modules)
import tallystick
for name in getattr(tallystick, "__all__", ()):
    getattr(tallystick, name)
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps(sorted(loaded)))
"""


# What msgspec and cryptography bring in themselves.
BROUGHT_ALONG = {"typing_extensions", "_cffi_backend", "_openssl"}


def loaded_by_the_face() -> set[str]:
    """Import the package in a new process, take every public name, and tell what was loaded."""
    result = subprocess.run(
        [sys.executable, "-c", SCRIPT], check=True, capture_output=True, text=True
    )
    return set(json.loads(result.stdout))


def test_the_face_needs_no_library_but_msgspec_and_for_verifying_cryptography() -> None:
    allowed = {"tallystick", "msgspec", "cryptography"} | BROUGHT_ALONG

    assert loaded_by_the_face() - sys.stdlib_module_names <= allowed


def test_the_face_brings_in_no_server_and_no_event_loop() -> None:
    server = {"asyncio", "multiprocessing", "litestar", "granian", "apsw", "typer"}

    assert loaded_by_the_face() & server == set()
