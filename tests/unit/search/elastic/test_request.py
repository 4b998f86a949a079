"""Whole search bodies, and what their addresses add to them."""

from datetime import UTC, datetime

import pytest

from tallystick.search.elastic import (
    ElasticError,
    ElasticSearch,
    ElasticSort,
    PointInTime,
    SourceFilter,
    milliseconds,
    parse_count,
    parse_search,
)
from tallystick.search.query import Equals, Everything, Search, Sort, Words
from tallystick.search.terms import When

WHEN = When(datetime(2026, 11, 24, 17, 24, 12, tzinfo=UTC))
BY_TIME = Sort("occurred_at", descending=True, milliseconds=True)


@pytest.mark.parametrize("body", [None, {}, {"query": None}])
def test_an_empty_body_asks_for_the_ten_newest_events(body: object) -> None:
    assert parse_search(body, WHEN) == ElasticSearch(search=Search(limit=10, count=10_000))


def test_the_search_of_the_tutorial_is_read() -> None:
    found = parse_search({"query": {"match": {"action": "DELETE"}}}, WHEN)

    assert found.search.filter == Words(("action_words",), ("delete",), "any")


@pytest.mark.parametrize(
    ("sort", "want"),
    [
        ("_doc", (ElasticSort("_doc", Sort("index")),)),
        (["_score"], (ElasticSort("_score", None),)),
        ({"@timestamp": "desc"}, (ElasticSort("@timestamp", BY_TIME),)),
        (
            [{"@timestamp": {"order": "DESC", "format": "epoch_millis"}}, "id"],
            (ElasticSort("@timestamp", BY_TIME, "epoch_millis"), ElasticSort("id", Sort("id"))),
        ),
        (
            [{"actor.id": {"missing": "_first", "unmapped_type": "keyword", "mode": "min"}}],
            (ElasticSort("actor.id", Sort("actor.id", missing_first=True)),),
        ),
        (
            [{"alert_time": {"order": "asc", "unmapped_type": "long"}}],
            (ElasticSort("alert_time", None),),
        ),
    ],
)
def test_a_sort_is_read(sort: object, want: tuple[ElasticSort, ...]) -> None:
    found = parse_search({"sort": sort}, WHEN)

    assert found.sort == want
    assert found.search.sort == (
        tuple(each.by for each in want if each.by) or (Sort("occurred_at", descending=True),)
    )


def test_the_next_page_begins_behind_the_sort_values_of_the_last_event() -> None:
    body = {
        "sort": [{"@timestamp": "desc"}, "_score", "duration_ms", "actor.id"],
        "search_after": [1795546800123, 1.0, "5", None],
    }

    assert parse_search(body, WHEN).search.after == (
        datetime(2026, 11, 24, 19, 0, 0, 123_000, tzinfo=UTC),
        5,
        None,
    )


def test_the_next_page_begins_behind_a_millisecond_however_exact_the_time_given() -> None:
    body = {"sort": "@timestamp", "search_after": ["2026-11-24T19:00:00.123456Z"]}

    assert parse_search(body, WHEN).search.after == (
        datetime(2026, 11, 24, 19, 0, 0, 123_000, tzinfo=UTC),
    )


def test_a_time_is_given_back_as_milliseconds() -> None:
    assert milliseconds(datetime(2026, 11, 24, 19, 0, 0, 123_999, tzinfo=UTC)) == 1795546800123


@pytest.mark.parametrize(
    ("source", "want"),
    [
        (True, SourceFilter()),
        (False, SourceFilter(wanted=False)),
        ("actor.*", SourceFilter(includes=("actor.*",))),
        (["a", "b"], SourceFilter(includes=("a", "b"))),
        ({"includes": ["a"], "excludes": "b"}, SourceFilter(includes=("a",), excludes=("b",))),
        ([], SourceFilter()),
    ],
)
def test_a_source_filter_is_read(source: object, want: SourceFilter) -> None:
    assert parse_search({"_source": source}, WHEN).source == want


@pytest.mark.parametrize(
    ("tracked", "count", "wanted"),
    [(True, True, True), (False, False, False), (-1, True, True), (7, 7, True), (0, 0, True)],
)
def test_how_far_events_are_counted_is_read(tracked: object, count: object, wanted: bool) -> None:
    found = parse_search({"track_total_hits": tracked}, WHEN)

    assert (found.search.count, found.count_wanted) == (count, wanted)
    assert type(found.search.count) is type(count)


def test_the_address_goes_before_the_body() -> None:
    found = parse_search(
        {"query": {"match_none": {}}, "size": 1, "sort": "id"},
        WHEN,
        {
            "q": "a",
            "df": "actor.id",
            "size": "0",
            "from": "20",
            "sort": "@timestamp:desc,actor.id",
            "_source_includes": "@timestamp,actor.*",
            "_source": "false",
            "track_total_hits": "true",
        },
    )

    assert found == ElasticSearch(
        search=Search(
            filter=Equals("actor.id", "a"),
            sort=(BY_TIME, Sort("actor.id")),
            limit=0,
            skip=20,
            count=True,
        ),
        sort=(ElasticSort("@timestamp", BY_TIME), ElasticSort("actor.id", Sort("actor.id"))),
        source=SourceFilter(wanted=False, includes=("@timestamp", "actor.*")),
    )


def test_what_changes_no_answer_is_passed_over() -> None:
    body = {
        "timeout": "30s",
        "track_scores": True,
        "explain": False,
        "profile": False,
        "terminate_after": 0,
        "runtime_mappings": {},
        "pit": {"id": "p", "keep_alive": "1m"},
        "version": True,
        "seq_no_primary_term": True,
    }

    found = parse_search(body, WHEN)

    assert (found.pit, found.version, found.sequence) == (PointInTime("p", "1m"), True, True)


@pytest.mark.parametrize(
    ("body", "path", "why"),
    [
        ([], "", "START_OBJECT"),
        ({"surprise": 1}, "/surprise", "does not support [surprise]"),
        ({"highlight": {}}, "/highlight", "does not support [highlight]"),
        ({"collapse": {"field": "id"}}, "/collapse", "does not support [collapse]"),
        ({"post_filter": {"match_all": {}}}, "/post_filter", "does not support [post_filter]"),
        ({"min_score": 1}, "/min_score", "does not support [min_score]"),
        ({"slice": {"id": 0, "max": 2}}, "/slice", "does not support [slice]"),
        ({"size": -1}, "/size", "cannot be negative"),
        ({"from": -1}, "/from", "cannot be negative"),
        ({"size": 10_001}, "/size", "Result window is too large"),
        ({"from": 9_999}, "/size", "but was [10009]"),
        ({"size": "x"}, "/size", "want a number"),
        ({"size": 1.5}, "/size", "want an integer"),
        ({"size": True}, "/size", "want a number"),
        ({"explain": True}, "/explain", "want false"),
        ({"terminate_after": 5}, "/terminate_after", "want 0"),
        ({"runtime_mappings": {"a": {}}}, "/runtime_mappings", "not supported"),
        ({"track_total_hits": -2}, "/track_total_hits", "a boolean or a number"),
        ({"track_total_hits": []}, "/track_total_hits", "want a number"),
        ({"aggs": {}, "aggregations": {}}, "", "two aggregation definitions"),
        ({"pit": {}}, "/pit", "requires an [id]"),
        ({"pit": {"id": "a", "x": 1}}, "/pit/x", "does not support [x]"),
        ({"_source": 5}, "/_source", "list of texts"),
        ({"_source": {"only": "a"}}, "/_source/only", "does not support [only]"),
        ({"sort": 5}, "/sort", "malformed sort"),
        ({"sort": ["acton"]}, "/sort/0", "No mapping found for [acton]"),
        ({"sort": "message"}, "/sort", "want [message.keyword]"),
        ({"sort": {"id": "up"}}, "/sort/order", "asc, desc"),
        ({"sort": {"duration_ms": {"mode": "avg"}}}, "/sort/mode", "want one of min"),
        ({"sort": {"id": {"nested": {}}}}, "/sort/nested", "does not support [nested]"),
        ({"sort": ["id"] * 9}, "/sort", "at most 8"),
        ({"search_after": ["a"]}, "/search_after", "but sort has 0"),
        (
            {"sort": "id", "search_after": ["a", "b"]},
            "/search_after",
            "has 2 value(s) but sort has 1",
        ),
        ({"sort": "id", "search_after": "a"}, "/search_after", "a list of values"),
        ({"sort": "_score", "search_after": [1]}, "/search_after", "a field that events have"),
        ({"sort": "duration_ms", "search_after": ["x"]}, "/search_after/0", "want a number"),
        ({"sort": "id", "search_after": ["x"], "from": 1}, "/from", "must be set to 0"),
    ],
)
def test_a_body_that_is_not_answered_is_refused(body: object, path: str, why: str) -> None:
    with pytest.raises(ElasticError) as caught:
        parse_search(body, WHEN)

    assert why in caught.value.reason
    assert caught.value.path == path


def test_a_count_has_a_query_alone() -> None:
    assert parse_count(None, WHEN) == Everything()
    assert parse_count({}, WHEN, {"q": "actor.id:a"}) == Equals("actor.id", "a")
    with pytest.raises(ElasticError, match="size"):
        parse_count({"size": 1}, WHEN)
