"""Other people's clients, installed exactly as their locks name them, once for each lock."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from kit.checkout import ROOT

LOCKS = ROOT / "tests" / "conformance" / "elastic"
_NODE = 20
"""The oldest that Elasticsearch's client takes."""
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tallystick-tests"


def npm_packages() -> Path:
    """Install what ``node/package-lock.json`` names; return the folder with ``node_modules``."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        pytest.skip("nodejs and npm are not installed")
    told = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout
    if int(told.removeprefix("v").partition(".")[0]) < _NODE:
        pytest.skip(f"node is too old, want {_NODE}")
    names = ("package.json", "package-lock.json")

    def install(folder: Path) -> None:
        for name in names:
            shutil.copy(LOCKS / "node" / name, folder)
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=folder, check=True, capture_output=True)

    return _once(LOCKS / "node" / "package-lock.json", install)


def python_packages(name: str) -> Path:
    """Install what ``python/<name>.txt`` names; return the folder to put on the path."""
    lock = LOCKS / "python" / f"{name}.txt"

    def install(folder: Path) -> None:
        uv = [Path(sys.executable).with_name("uv"), "pip", "install", "--quiet", "--system-certs"]
        where = ["--python", sys.executable, "--target", folder]
        command = [*uv, *where, "--require-hashes", "--no-deps", "-r", lock]
        subprocess.run(command, check=True, capture_output=True)

    return _once(lock, install)


def _once(lock: Path, install: Callable[[Path], None]) -> Path:
    """Install into a folder that is named by the lock, and that is whole once it has that name."""
    folder = CACHE / f"{lock.stem}-{sha256(lock.read_bytes()).hexdigest()[:16]}"
    if not folder.exists():
        half = folder.with_name(f"{folder.name}.{os.getpid()}")
        half.mkdir(parents=True)
        try:
            install(half)
            half.rename(folder)
        finally:
            shutil.rmtree(half, ignore_errors=True)
    return folder
