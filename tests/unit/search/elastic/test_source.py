"""Which parts of an event are picked by the paths of ``_source``."""

from typing import Any

import pytest

from tallystick.search.elastic.refusal import ElasticError
from tallystick.search.elastic.request import SourceFilter
from tallystick.search.elastic.source import check_source, fits, picked

EVENT: dict[str, Any] = {
    "action": "a.b",
    "actor": {"id": "1", "name": "Ada", "roles": ["x"]},
    "targets": [{"id": "t", "subject": {"id": "s"}}, {"name": "n"}],
    "metadata": {"a.b": 1, "c": {"d": [1, {"e": 2}]}},
}


@pytest.mark.parametrize(
    ("includes", "excludes", "left"),
    [
        (["actor"], [], {"actor": EVENT["actor"]}),
        (["actor.*"], ["actor.n*"], {"actor": {"id": "1", "roles": ["x"]}}),
        (["*.id"], [], {"actor": {"id": "1"}, "targets": [{"id": "t", "subject": {"id": "s"}}]}),
        (["targets.subject.id"], [], {"targets": [{"subject": {"id": "s"}}]}),
        (["metadata.a.b"], [], {"metadata": {"a.b": 1}}),
        (["metadata.c.d.e"], [], {"metadata": {"c": {"d": [{"e": 2}]}}}),
        (["nothing"], [], {}),
        ([], ["actor", "targets", "metadata"], {"action": "a.b"}),
        (
            [],
            ["metadata", "targets.id", "a*"],
            {"targets": [{"subject": {"id": "s"}}, {"name": "n"}]},
        ),
        (["*"], [], EVENT),
        (["act"], [], {}),
    ],
)
def test_paths_pick(includes: list[str], excludes: list[str], left: dict[str, Any]) -> None:
    assert picked(EVENT, SourceFilter(True, tuple(includes), tuple(excludes))) == left


@pytest.mark.parametrize(
    ("text", "pattern", "fit"),
    [
        ("ab", "ab", True),
        ("ab", "a", False),
        ("ab", "a*", True),
        ("ab", "*b*", True),
        ("a.b.c", "a*c", True),
        ("aba", "ab*ba", False),
        ("abcbd", "a*b*b*d", True),
        ("axbd", "a*b*b*d", False),
        ("", "*", True),
        ("[", "[", True),
    ],
)
def test_a_star_stands_for_any_characters(text: str, pattern: str, fit: bool) -> None:
    assert fits(text, pattern) is fit


@pytest.mark.parametrize("paths", [["a"] * 257, ["a" * 513], ["*" * 9]])
def test_paths_have_bounds(paths: list[str]) -> None:
    with pytest.raises(ElasticError):
        check_source(SourceFilter(True, tuple(paths), ()))
