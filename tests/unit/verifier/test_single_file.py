"""verify.py is what the generator makes, and the generator changes words, not meaning."""

import ast
import builtins
import re
import subprocess
import sys
from pathlib import Path

import pytest

from kit.old_python import lowered
from kit.plain_receipt import Deployment, plain_pins, written
from kit.verifier_file import HEADER, TARGET, needed, verifier_file
from tallystick.verify.__main__ import main

FILE = TARGET.read_text("utf-8")
TREE = ast.parse(FILE)


def test_the_file_is_what_the_generator_makes_of_the_modules() -> None:
    assert verifier_file() == FILE


def test_it_imports_the_standard_library_alone() -> None:
    imported = {
        (node.module if isinstance(node, ast.ImportFrom) else node.names[0].name) or ""
        for node in ast.walk(TREE)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }

    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names
    assert "tallystick" not in imported
    reaching = {"socket", "urllib", "http", "subprocess", "os", "ctypes", "importlib"}
    assert imported & reaching == set()


def test_it_is_written_in_words_of_python_3_9() -> None:
    ast.parse(FILE, feature_version=(3, 9))

    assert not [node for node in ast.walk(TREE) if isinstance(node, ast.Match)]
    assert "slots=True" not in FILE
    assert max(map(len, FILE.splitlines())) < 160


def test_each_definition_stands_once_and_is_used() -> None:
    names = [name for definition in needed() for name in definition.names]
    top = [node.name for node in TREE.body if isinstance(node, ast.FunctionDef | ast.ClassDef)]

    assert len(top) == len(set(top))
    assert "verify_receipt" in names
    assert "cosign" not in names
    assert "LogCheck" not in names
    used = {node.id for node in ast.walk(TREE) if isinstance(node, ast.Name)}
    assert set(top) - used == set()


def test_every_name_in_it_is_defined() -> None:
    given = {node.id for node in ast.walk(TREE) if isinstance(node, ast.Name)}
    stored = {
        node.id for node in ast.walk(TREE) if isinstance(node, ast.Name) and not is_read(node)
    }
    named = {it.name for it in ast.walk(TREE) if isinstance(it, ast.FunctionDef | ast.ClassDef)}
    arguments = {it.arg for it in ast.walk(TREE) if isinstance(it, ast.arg)}
    imported = {it.asname or it.name for it in ast.walk(TREE) if isinstance(it, ast.alias)}
    caught = {it.name for it in ast.walk(TREE) if isinstance(it, ast.ExceptHandler)}

    assert given - stored - named - arguments - imported - caught - {*dir(builtins)} == set()


def is_read(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)


def test_its_header_says_how_it_is_used() -> None:
    assert FILE.startswith(HEADER)


def test_it_runs_from_an_empty_folder_without_any_package(tmp_path: Path) -> None:
    (tmp_path / "verify.py").write_text(FILE, "utf-8")
    (tmp_path / "a.receipt").write_bytes(written(Deployment().receipt()))
    (tmp_path / "pins").write_bytes(plain_pins())
    command = [sys.executable, "-I", "-S", "verify.py", "a.receipt", "--pins", "pins"]

    done = subprocess.run(command, cwd=tmp_path, capture_output=True, check=True, env={})

    lines = done.stdout.decode().splitlines()
    assert (
        lines[0] == "ok    event         document.deleted by user:u_3, 2026-11-24T02:44:59.000001Z"
    )
    assert lines[-1] == "verified"
    assert done.stderr == b""


@pytest.mark.parametrize("arguments", ["good", "good broken --json", "good --pins pins", "--help"])
def test_it_says_what_the_command_says(
    arguments: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "good").write_bytes(written(Deployment().receipt()))
    (tmp_path / "broken").write_bytes(written({**Deployment().receipt(), "index": 2}))
    (tmp_path / "pins").write_bytes(plain_pins(origins=["another"]))
    code = main(arguments.split())
    ours = capsys.readouterr()
    command = [sys.executable, "-I", "-S", str(TARGET), *arguments.split()]

    done = subprocess.run(command, capture_output=True, check=False)

    assert done.returncode == code
    assert without_age(done.stdout.decode()) == without_age(ours.out)
    assert done.stderr.decode() == ours.err


def without_age(told: str) -> str:
    """The output without the one figure that depends on the clock."""
    return re.sub(r"epoch made [0-9,]+ s", "epoch made some s", told)


CASES = {
    "a list": [1, 2, 3],
    "two": ["a", 5],
    "three": ["log", "key", "x"],
    "nothing": [],
    "words": ["group", "g", "2", "a", "b"],
    "bool": ["a", True],
    "ends": ["x", "y", ""],
}
MATCHES = '''
def told(given):
    """Names what it matched."""
    match given:
        case []:
            return "nothing"
        case ["group", name, *members] if len(members) > 2:
            # A comment that stays.
            return f"group {name} {members}"
        case [str() as text, int() as number] if type(number) is int:
            return f"{text}={number}"
        case [first, *_, ""]:
            return f"ended {first}"
        case [_, key, *rest] if rest or key == 5:
            return f"key {key}, {len(rest)}"
        case other:
            return f"other {other}"
'''


@pytest.mark.parametrize("given", CASES.values(), ids=CASES)
def test_a_match_statement_means_the_same_in_old_words(given: list[object]) -> None:
    newer: dict[str, object] = {}
    older: dict[str, object] = {}
    exec(MATCHES, newer)  # noqa: S102 - our own text, in both spellings
    exec(lowered(MATCHES), older)  # noqa: S102

    assert older["told"](given) == newer["told"](given)  # type: ignore[operator]
    assert "match " not in lowered(MATCHES)
    assert "# A comment that stays." in lowered(MATCHES)


@pytest.mark.parametrize(
    ("text", "old"),
    [
        ("x.bit_count()", 'bin(x).count("1")'),
        ("x.to_bytes(8)", 'x.to_bytes(8, "big")'),
        ("x.to_bytes(8, 'little')", "x.to_bytes(8, 'little')"),
        ("int.from_bytes(y)", 'int.from_bytes(y, "big")'),
        ("isinstance(x, dict | list)", "isinstance(x, (dict, list))"),
        ("zip(a, b, strict=False)", "zip(a, b)"),
        ("class A:\n    def b(self) -> Self: ...", "class A:\n    def b(self) -> A: ..."),
        ("@dataclass(slots=True)\nclass A: ...", "@dataclass\nclass A: ..."),
        (
            "@dataclass(frozen=True, slots=True)\nclass A: ...",
            "@dataclass(frozen=True)\nclass A: ...",
        ),
    ],
)
def test_newer_words_are_replaced(text: str, old: str) -> None:
    assert lowered(text) == old


@pytest.mark.parametrize(
    "text",
    ["zip(a, b, strict=True)", "match x:\n    case {'a': 1}:\n        pass", "type X = int"],
)
def test_what_has_no_rule_is_refused(text: str) -> None:
    with pytest.raises((NotImplementedError, SyntaxError)):
        lowered(text)
