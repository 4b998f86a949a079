"""The checkout that the tests stand in, read as text and as syntax, never imported."""

import ast
import subprocess
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "tallystick"
PURE_ROOMS = ("tlog", "events", "verify")


@cache
def committed() -> tuple[Path, ...]:
    """Every file that is, or on the next commit would be, part of the project."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    paths = sorted({ROOT / name for name in listed.decode().split("\0") if name})
    return tuple(path for path in paths if path.is_file())


def modules(below: Path = SOURCE) -> list[Path]:
    """Every Python file below a folder, or the one file itself."""
    return [below] if below.is_file() else sorted(below.rglob("*.py"))


def rooms() -> set[str]:
    """The names right below the package: what the floors must place."""
    return {
        path.stem
        for path in SOURCE.iterdir()
        if path.name not in {"__init__.py", "__pycache__"}
        and (path.suffix == ".py" or (path.is_dir() and modules(path)))
    }


@cache
def syntax(path: Path) -> ast.Module:
    """Parse one Python file."""
    return ast.parse(path.read_text("utf-8"), filename=str(path))


@cache
def project() -> dict[str, Any]:
    """Read ``pyproject.toml``."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


def shown(path: Path) -> str:
    """Write a path as seen from the root, for a test's id or message."""
    return path.relative_to(ROOT).as_posix()
