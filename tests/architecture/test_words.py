"""One word for one thing: code uses the glossary's words and none that it rules out.

A word in backquotes in the glossary's third column may not be part of a name that our code
gives. Names that other people gave (``sha256(…).digest()``) are their affair.
"""

import ast
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from kit.checkout import ROOT, SOURCE, modules, shown, syntax

GLOSSARY = (ROOT / "GLOSSARY.md").read_text("utf-8")
ROWS = [
    [cell.strip() for cell in line.strip().strip("|").split("|")]
    for line in GLOSSARY.splitlines()
    if line.startswith("| **")
]
BANNED = {word for _, _, instead in ROWS for word in re.findall(r"`([a-z_]+)`", instead)}
# Names of a kind of code, not of a thing in the world: no file, folder or class bears one.
EMPTY_WORDS = {
    "base", "common", "core", "helper", "helpers", "manager", "managers", "misc",
    "model", "models", "service", "services", "util", "utils",
}  # fmt: skip


def parts(name: str) -> list[str]:
    """Split ``TreeHead`` and ``tree_head`` alike into their lower-case words."""
    return [part.lower() for part in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+", name)]


def banned_in(name: str) -> set[str]:
    """Find the words of a name that the glossary rules out."""
    words = parts(name)
    return BANNED & {*words, *("_".join(pair) for pair in pairwise(words))}


def names_given(tree: ast.AST) -> Iterator[str]:
    """Every name that a file gives to something: not the ones that it merely uses."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.arg(arg=name) | ast.alias(asname=str(name)):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def test_the_glossary_says_what_each_word_means() -> None:
    assert ROWS
    assert all(len(row) == 3 and row[1].endswith(".") for row in ROWS)


def test_no_word_is_both_said_and_ruled_out() -> None:
    said = {word for row in ROWS for word in re.findall(r"\*\*(.+?)\*\*", row[0])}

    assert said & BANNED == set()


@pytest.mark.parametrize("path", modules(), ids=shown)
def test_a_file_gives_no_name_that_the_glossary_rules_out(path: Path) -> None:
    given = [path.stem, *names_given(syntax(path))]

    assert {name: banned_in(name) for name in given if banned_in(name)} == {}


@pytest.mark.parametrize("path", modules(), ids=shown)
def test_files_folders_and_classes_are_named_after_things(path: Path) -> None:
    classes = [node.name for node in ast.walk(syntax(path)) if isinstance(node, ast.ClassDef)]
    places = path.relative_to(SOURCE).with_suffix("").parts

    assert [name for name in (*places, *classes) if EMPTY_WORDS & {*parts(name)}] == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        pytest.param("def tree_head(): ...", "tree_head", id="function"),
        pytest.param("class SignedTreeHead: ...", "tree_head", id="class"),
        pytest.param("def verify(digest): ...", "digest", id="argument"),
        pytest.param("self.audit_path = 1", "audit_path", id="attribute"),
        pytest.param("from x import y as merkle_hash", "merkle_hash", id="alias"),
    ],
)
def test_a_name_that_is_ruled_out_is_found(text: str, word: str) -> None:
    found = set().union(*(banned_in(name) for name in names_given(ast.parse(text))))

    assert word in found


def test_using_a_foreign_name_is_allowed() -> None:
    assert [*names_given(ast.parse("sha256(b'').digest()"))] == []
