"""tlog, events and verify touch nothing but their arguments; contracts cannot see a call."""

import ast
import sys
from pathlib import Path

import pytest

from kit.checkout import PURE_ROOMS, SOURCE, modules, shown, syntax

IMPURE_CALLS = {"open", "print", "input", "breakpoint", "exec", "eval", "__import__", "compile"}
IMPURE_METHODS = {
    "now",
    "utcnow",
    "today",
    "read_text",
    "read_bytes",
    "write_text",
    "write_bytes",
}
THIRD_PARTY = {
    "tlog": {"cryptography"},
    "verify": {"cryptography"},
    "events": {"cryptography", "msgspec"},
}
# ``python -m tallystick.verify`` is the command beside the room: it reads the files.
PURE_FILES = [
    path for room in PURE_ROOMS for path in modules(SOURCE / room) if path.name != "__main__.py"
]


def impure_calls(tree: ast.Module) -> list[str]:
    """Name the calls that do I/O, ask the clock, or run text as code."""
    names = {
        node.func.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    }
    methods = {
        node.func.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    }
    return sorted((names & IMPURE_CALLS) | (methods & IMPURE_METHODS))


def imported(tree: ast.Module) -> set[str]:
    """Name the top-level packages that a file imports, and in full those of ours."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
    return {name if name.startswith("tallystick.") else name.partition(".")[0] for name in found}


def needs(path: Path, seen: set[Path]) -> set[str]:
    """Name the foreign packages that a file needs, by way of our own files too."""
    if path in seen:
        return set()
    seen.add(path)
    foreign = set()
    for name in imported(syntax(path)):
        ours = SOURCE.joinpath(*name.split(".")[1:]).with_suffix(".py")
        if name.startswith("tallystick.") and ours.is_file():
            foreign |= needs(ours, seen)
        elif not name.startswith("tallystick"):
            foreign.add(name)
    return foreign - sys.stdlib_module_names


@pytest.mark.parametrize("path", PURE_FILES, ids=shown)
def test_a_pure_room_does_no_io(path: Path) -> None:
    assert impure_calls(syntax(path)) == []


@pytest.mark.parametrize(
    "text",
    ["open('x')", "print(1)", "datetime.now(UTC)", "x = Path('x').read_text()", "eval('1')"],
)
def test_an_impure_call_is_seen(text: str) -> None:
    assert impure_calls(ast.parse(text)) != []


@pytest.mark.parametrize("path", PURE_FILES, ids=shown)
def test_a_pure_room_needs_the_standard_library_and_little_else(path: Path) -> None:
    room = path.relative_to(SOURCE).parts[0]
    foreign = {name for name in imported(syntax(path)) if not name.startswith("tallystick")}

    assert foreign - sys.stdlib_module_names <= THIRD_PARTY[room]


@pytest.mark.parametrize("room", ["tlog", "verify"])
def test_what_an_auditor_reads_needs_one_signature_library_at_any_depth(room: str) -> None:
    seen: set[Path] = set()
    foreign = set().union(*(needs(path, seen) for path in modules(SOURCE / room)))

    assert foreign <= {"cryptography"}


@pytest.mark.parametrize("room", PURE_ROOMS)
def test_a_pure_room_is_there(room: str) -> None:
    assert modules(SOURCE / room)
