"""Links between our own pages lead somewhere, and no page or file names a machine."""

import re
import tomllib
from pathlib import Path

import pytest

from kit.checkout import ROOT, committed, shown

PAGES = [path for path in committed() if path.suffix == ".md"]
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)|!\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.MULTILINE | re.DOTALL)
# Written in pieces, so that this file does not hold what it looks for.
FOREIGN = re.compile(
    "|".join(
        [
            r"(?<![\w.~/-])/(?:work(?:/|\b)|root/|opt/wheels(?:/|\b)|home/\w+(?:/|\b))",
            "py" + r"pi\.org",
            "python" + "hosted",
            "registry" + r"\.npm" + "js",
            "proxy" + r"\.golang",
            "deb" + r"\.debian",
            "--" + "index-url|--" + "extra-index-url|--" + "find-links",
        ]
    )
)


def anchors(page: Path) -> set[str]:
    """The fragments that a page's headings have, as forges make them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    plain = [re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading) for heading in headings]
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in plain}


def broken_links(page: Path) -> list[str]:
    """The relative links of a page that lead nowhere."""
    text = CODE.sub("", page.read_text("utf-8"))
    links = [first or second for first, second in LINK.findall(text)]
    broken = []
    for link in links:
        if re.match(r"[a-z]+:", link):
            continue
        name, _, anchor = link.partition("#")
        target = (page.parent / name).resolve() if name else page
        lost = not target.exists() or not target.is_relative_to(page.parent.anchor)
        if lost or (anchor and target.suffix == ".md" and anchor not in anchors(target)):
            broken.append(link)
    return broken


def text_of(path: Path) -> str:
    """A file's text, or nothing for one that is none."""
    try:
        return path.read_text("utf-8")
    except UnicodeDecodeError:
        return ""


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_a_link_to_our_own_page_leads_somewhere(page: Path) -> None:
    assert broken_links(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One `two`\n[a](none.md) [b](#one-two) [c](#three) [d](page.md) `[e](no)`\n")

    assert broken_links(page) == ["none.md", "#three"]


def test_no_file_names_a_machine_or_a_package_registry() -> None:
    found = {
        shown(path): match[0] for path in committed() if (match := FOREIGN.search(text_of(path)))
    }

    assert found == {}


def test_a_path_of_a_machine_is_seen() -> None:
    assert FOREIGN.search("see /" + "work/main")


def test_the_readme_gives_the_test_command_that_ci_runs() -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")

    assert re.search(r"\bmake test$", script, re.MULTILINE)
    assert re.search(r"\bmake test\b(?!-)", (ROOT / "README.md").read_text("utf-8"))


def test_every_verb_of_the_readme_is_in_the_makefile() -> None:
    verbs = re.findall(r"^([a-z-]+):.*##", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    told = re.findall(r"\bmake ([a-z-]+)", CODE_TEXT)

    assert set(told) <= set(verbs)


CODE_TEXT = "\n".join(CODE.findall((ROOT / "README.md").read_text("utf-8")))


def test_pyproject_is_the_one_place_of_the_version() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["version"]

    assert re.fullmatch(r"\d+\.\d+\.\d+", version)
