"""Programs of Debian packages that can't be installed beside each other, unpacked side by side."""

import os
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import pytest

CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tallystick-tests"


def unpacked(*packages: str) -> Path:
    """Fetch packages and unpack them below one folder, once for each choice of them.

    Skips the test where there is no ``apt-get``, or nothing to fetch from.
    """
    if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
        pytest.skip("apt-get and dpkg are not installed")
    name = sha256(" ".join(packages).encode()).hexdigest()[:16]
    folder = CACHE / f"debian-{packages[0]}-{name}"
    if folder.exists():
        return folder
    half = folder.with_name(f"{folder.name}.{os.getpid()}")
    (half / "packages").mkdir(parents=True)
    try:
        command = ["apt-get", "download", *packages]
        fetched = subprocess.run(command, cwd=half / "packages", capture_output=True, check=False)
        if fetched.returncode:
            pytest.skip(f"apt-get cannot fetch {packages[0]}")
        for package in sorted((half / "packages").glob("*.deb")):
            subprocess.run(["dpkg", "-x", package, half], check=True)
        half.rename(folder)
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return folder


def library_path(folder: Path) -> dict[str, str]:
    """Return the environment in which the programs find their libraries."""
    places = [folder / "usr/lib/x86_64-linux-gnu", folder / "lib/x86_64-linux-gnu"]
    places += [*(folder / "usr/lib").glob("*-linux-gnu"), *(folder / "lib").glob("*-linux-gnu")]
    places += [folder / "usr/lib/syslog-ng"]
    return {**os.environ, "LD_LIBRARY_PATH": ":".join(map(str, dict.fromkeys(places)))}
