"""A fragment a change: one sentence or more that a user understands."""

import re
from pathlib import Path

import pytest

from kit.checkout import ROOT, project, shown

CONFIG = project()["tool"]["towncrier"]
KINDS = {kind["directory"] for kind in CONFIG["type"]}
FRAGMENTS = [
    path
    for path in sorted((ROOT / CONFIG["directory"]).iterdir())
    if path.name not in {"README.md", ".gitignore"}
]


@pytest.mark.parametrize("path", FRAGMENTS, ids=shown)
def test_a_fragment_is_named_slug_and_kind(path: Path) -> None:
    found = re.fullmatch(r"(?:\+[a-z0-9-]+|\d+)\.([a-z]+)\.md", path.name)

    assert found is not None
    assert found[1] in KINDS


@pytest.mark.parametrize("path", FRAGMENTS, ids=shown)
def test_a_fragment_is_prose_in_whole_sentences(path: Path) -> None:
    text = path.read_text("utf-8").strip()

    assert re.match(r"[A-Z`]", text)
    assert text.endswith(".")


def test_the_changelog_has_the_line_below_which_releases_are_put() -> None:
    assert CONFIG["start_string"] in (ROOT / CONFIG["filename"]).read_text("utf-8")
