"""What npm's client can ask is answered, or refused by the name of what is not.

The lists are read in the package itself: its type declarations, and the members that its
``search`` sends in a body and in an address.
"""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from kit.foreign_clients import npm_packages
from tallystick.search.elastic import ElasticError, parse_search
from tallystick.search.elastic.containers import (
    ANSWERED_AGGREGATIONS,
    ANSWERED_QUERIES,
    REFUSED_AGGREGATIONS,
    REFUSED_QUERIES,
)
from tallystick.search.terms import When

pytestmark = pytest.mark.slow

WHEN = When(datetime(2026, 11, 24, 17, 24, 12, tzinfo=UTC))


@pytest.fixture(scope="module")
def package() -> Path:
    return npm_packages() / "node_modules" / "@elastic" / "elasticsearch" / "lib" / "api"


def members_of(package: Path, interface: str) -> set[str]:
    """Return the members of an interface of the type declarations."""
    text = (package / "types.d.ts").read_text("utf-8")
    (body,) = re.findall(
        rf"^(?:export )?(?:interface|type) {interface} (?:= )?\{{\n(.*?)^\}}",
        text,
        re.MULTILINE | re.DOTALL,
    )
    return set(re.findall(r"^    (\w+)\??:", body, re.MULTILINE))


def sent_by_search(package: Path, where: str) -> set[str]:
    """Return what ``client.search`` sends in its ``body`` or in its ``query``."""
    text = (package / "api" / "search.js").read_text("utf-8")
    (names,) = re.findall(
        rf"^        {where}: \[\n(.*?)\n        \]", text, re.MULTILINE | re.DOTALL
    )
    return set(re.findall(r"'(\w+)'", names))


def refused(body: dict[str, object]) -> ElasticError | None:
    try:
        parse_search(body, WHEN)
    except ElasticError as error:
        return error
    return None


def test_the_tables_have_every_kind_of_query(package: Path) -> None:
    kinds = members_of(package, "QueryDslQueryContainerExclusiveProps")

    assert len(kinds) > 50
    assert kinds <= ANSWERED_QUERIES | REFUSED_QUERIES
    for kind in kinds - ANSWERED_QUERIES:
        error = refused({"query": {kind: {}}})
        assert error is not None, kind
        assert f"[{kind}]" in error.reason


def test_the_tables_have_every_kind_of_aggregation(package: Path) -> None:
    kinds = members_of(package, "AggregationsAggregationContainerExclusiveProps")

    assert len(kinds) > 70
    assert kinds <= ANSWERED_AGGREGATIONS | REFUSED_AGGREGATIONS
    for kind in kinds - ANSWERED_AGGREGATIONS:
        error = refused({"aggs": {"a": {kind: {"field": "action"}}}})
        assert error is not None, kind
        assert f"[{kind}]" in error.reason


TELLING = {
    "aggregations": {"a": {"terms": {"field": "action"}}},
    "aggs": {"a": {"terms": {"field": "action"}}},
    "collapse": {"field": "actor.id"},
    "docvalue_fields": ["action"],
    "explain": True,
    "ext": {"a": {}},
    "fields": ["action"],
    "from": 5,
    "highlight": {"fields": {"message": {}}},
    "indices_boost": [{"audit-logs": 2}],
    "knn": {"field": "message", "query_vector": [1]},
    "min_score": 1,
    "pit": {"id": "x"},
    "post_filter": {"term": {"action": "document.read"}},
    "profile": True,
    "project_routing": "a",
    "query": {"term": {"action": "document.read"}},
    "rank": {"rrf": {}},
    "rescore": {"query": {"rescore_query": {"match_all": {}}}},
    "retriever": {"standard": {}},
    "runtime_mappings": {"a": {"type": "keyword"}},
    "script_fields": {"a": {"script": "1"}},
    "search_after": [1],
    "seq_no_primary_term": True,
    "size": 5,
    "slice": {"id": 0, "max": 2},
    "sort": ["action"],
    "_source": ["action"],
    "stats": ["a"],
    "stored_fields": ["action"],
    "suggest": {"a": {"text": "a", "term": {"field": "action"}}},
    "terminate_after": 1,
    "timeout": "1s",
    "track_scores": True,
    "track_total_hits": True,
    "version": True,
}
"""For each member of a body a value that is not the same as none."""

CHANGES_NO_EVENT = frozenset({"indices_boost", "stats", "timeout", "track_scores"})
"""Nothing is scored here, statistics have no groups, and a limit of time is a wish."""


def test_each_member_of_a_body_has_its_effect_or_is_refused(package: Path) -> None:
    without = parse_search({"sort": ["@timestamp"]}, WHEN)

    assert sent_by_search(package, "body") == set(TELLING)
    for name, value in TELLING.items():
        body = {"sort": ["@timestamp"], name: value}
        error = refused(body)
        if error is not None:
            assert f"[{name}]" in error.reason, name
        elif name not in CHANGES_NO_EVENT:
            assert parse_search(body, WHEN) != without, name
