"""SQL in every position of Elasticsearch's JSON: refused, or a value that nothing is called by."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from kit.hostile import SQL
from kit.plain_show import plain_show
from kit.searched import Searched
from tallystick.errors import MalformedError
from tallystick.search.answer import Searcher
from tallystick.search.columns import Sight
from tallystick.search.counted import Buckets
from tallystick.search.elastic import parse_search
from tallystick.search.query import Search
from tallystick.search.terms import When

OWN = Sight(1, "tenant-1")
WHEN = When(datetime(2026, 11, 24, 17, 24, 12, tzinfo=UTC))
BODIES: dict[str, Callable[[str], dict[str, Any]]] = {
    "a value": lambda text: {"query": {"term": {"actor.id": text}}},
    "a name": lambda text: {"query": {"term": {f"metadata.{text}": "x"}}},
    "words": lambda text: {"query": {"multi_match": {"query": text, "fields": ["*"]}}},
    "a wildcard": lambda text: {"query": {"wildcard": {"actor.name": f"*{text}*"}}},
    "a regexp": lambda text: {"query": {"regexp": {"actor.name": {"value": text, "flags": ""}}}},
    "an interval": lambda text: {"query": {"range": {"message.keyword": {"gte": text}}}},
    "a zone": lambda text: {"query": {"range": {"@timestamp": {"gte": "now", "time_zone": text}}}},
    "an id": lambda text: {"query": {"ids": {"values": [text]}}},
    "a line": lambda text: {"query": {"query_string": {"query": text, "lenient": True}}},
    "a simple line": lambda text: {"query": {"simple_query_string": {"query": text}}},
    "the contrary": lambda text: {"query": {"bool": {"must_not": {"term": {"actor.id": text}}}}},
    "a sort": lambda text: {"sort": [{f"metadata.{text}": "desc"}]},
    "a place": lambda text: {"sort": ["actor.id"], "search_after": [text]},
    "an aggregation": lambda text: counting(text, {"terms": {"field": "actor.id"}}),
    "what is counted": lambda text: counting("a", {"terms": {"field": f"metadata.{text}"}}),
    "what is left out": lambda text: counting(
        "a", {"terms": {"field": "actor.id", "exclude": [text], "missing": text}}
    ),
    "a bucket": lambda text: counting(
        "a", {"filters": {"filters": {text: {"term": {"actor.id": text}}}}}
    ),
    "where days begin": lambda text: counting(
        "a", {"date_histogram": {"field": "@timestamp", "fixed_interval": "1d", "time_zone": text}}
    ),
}


def counting(name: str, what: dict[str, Any]) -> dict[str, Any]:
    return {"aggs": {name: what}}


@pytest.mark.parametrize("form", BODIES)
def test_sql_in_a_body_is_a_value(searched: Searched, form: str) -> None:
    own = {event["id"] for event in searched.events}
    searcher = Searcher(searched.engine, OWN, plain_show, searched.table)
    answered = 0
    for text in SQL[:4]:
        body = {"size": 100, "track_total_hits": True, **BODIES[form](text)}
        with suppress(MalformedError):
            search = parse_search(body, WHEN).search
            found = searcher.find(search)
            assert {event["id"] for event in found.events} <= own
            assert found.total in range(len(own) + 1)
            assert all(count <= len(own) for count in counts(searcher, search))
            answered += 1
    # Only what is a time, a zone or of a syntax can be refused.
    refusable = {"a zone", "a regexp", "a line", "where days begin"}
    assert answered == len(SQL[:4]) or form in refusable


def counts(searcher: Searcher, search: Search) -> list[int]:
    """All numbers of events in the answers to the aggregations, beside what all of them have."""
    if not search.aggregations:
        return []
    told = searcher.aggregate(replace(search, limit=0))
    return [bucket.events for each in told if isinstance(each, Buckets) for bucket in each.shown]
