"""What clients are told of a field is what it can be asked."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from tallystick.errors import MalformedError
from tallystick.search.columns import Sight
from tallystick.search.compile import Compiler
from tallystick.search.elastic import ElasticError, parse_search
from tallystick.search.elastic.mapping import field_caps, mapping
from tallystick.search.fields import ALIASES, FIELDS, find_field
from tallystick.search.terms import When

WHEN = When(datetime(2026, 11, 24, 17, 24, 12, tzinfo=UTC))
BY_WORDS = {"action_words", "text"}
"""Fields that are made for asking, and stand in no event."""


def leaves(properties: dict[str, Any], *above: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for name, told in properties.items():
        if "type" in told:
            yield ".".join((*above, name)), told
        yield from leaves(told.get("properties", {}), *above, name)


def told() -> dict[str, dict[str, Any]]:
    properties = mapping()["properties"]
    assert isinstance(properties, dict)
    return dict(leaves(properties))


def caps(name: str) -> dict[str, Any]:
    (found,) = field_caps([name])[name].values()
    return found


def can_be_compiled(body: dict[str, object]) -> bool:
    """Whether a search is read, and leads to a statement for the engine."""
    try:
        search = parse_search(body, WHEN).search
        Compiler(search, Sight(1, "acme")).events()
    except MalformedError:
        return False
    return True


def test_the_mapping_has_every_field_and_every_other_name() -> None:
    names = {*FIELDS, *(name for name in ALIASES if not name.startswith("_"))}

    assert set(told()) == names - BY_WORDS


def test_another_name_leads_to_the_field_that_it_means() -> None:
    aliases = {name: it["path"] for name, it in told().items() if it["type"] == "alias"}

    assert all(find_field(name) == find_field(path) for name, path in aliases.items())
    assert told()["@timestamp"] == told()["occurred_at"] == {"type": "date"}


@pytest.mark.parametrize("name", sorted(field_caps(["*"])))
def test_a_field_can_be_asked_and_counted_exactly_where_it_says_so(name: str) -> None:
    asked = {"query": {"exists": {"field": name}}}

    assert can_be_compiled(asked) is caps(name)["searchable"]
    if caps(name)["searchable"]:
        try:
            parse_search({"aggs": {"a": {"cardinality": {"field": name}}}}, WHEN)
        except ElasticError:
            assert not caps(name)["aggregatable"]
        else:
            assert caps(name)["aggregatable"]


def test_a_text_has_its_whole_value_beside_it() -> None:
    assert told()["message"] == {"type": "text", "fields": {"keyword": {"type": "keyword"}}}
    assert list(field_caps(["message*"])) == ["message", "message.keyword"]
    assert list(field_caps(["message"])["message"]) == ["text"]
    assert list(field_caps(["message.keyword"])["message.keyword"]) == ["keyword"]


def test_names_that_a_query_may_have_are_known_without_a_pattern() -> None:
    names = ["action.keyword", "metadata.amount", "labels.amount", "_id"]

    assert list(field_caps(names)) == names
    assert caps("metadata.amount")["type"] == "flattened"
    assert caps("_id")["metadata_field"]


@pytest.mark.parametrize("name", ["acton", "actor", "text", "action_words", "", "a" * 600, "[*"])
def test_a_name_of_no_field_is_passed_over(name: str) -> None:
    assert field_caps([name]) == {}


def test_a_pattern_is_compared_with_whole_names() -> None:
    found = field_caps(["actor.*", "user.na*"])

    assert {"actor.id", "actor.email", "user.name"} <= set(found)
    assert all(name.startswith("actor.") or name == "user.name" for name in found)
    assert field_caps(["*"])["@timestamp"] == {
        "date": {
            "type": "date",
            "metadata_field": False,
            "searchable": True,
            "aggregatable": True,
        }
    }
