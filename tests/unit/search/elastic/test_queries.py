"""Queries of Elasticsearch's JSON, each with the filter that it is."""

from datetime import UTC, datetime
from typing import Literal

import pytest

from tallystick.search.elastic import parse_count
from tallystick.search.query import (
    And,
    AtLeast,
    Between,
    Equals,
    Everything,
    Exists,
    Filter,
    Ids,
    Matching,
    Not,
    Nothing,
    OneOf,
    Or,
    Phrase,
    Prefix,
    Wildcard,
    Within,
    Words,
)
from tallystick.search.terms import When

WHEN = When(datetime(2026, 11, 24, 17, 24, 12, tzinfo=UTC))
A, B, C = (Equals("actor.id", word) for word in "abc")
IS_A, IS_B, IS_C = ({"term": {"actor.id": word}} for word in "abc")


def day(number: int) -> datetime:
    """A day of November 2026."""
    return datetime(2026, 11, number, tzinfo=UTC)


def words(field: str, text: str, need: Literal["all", "any"] = "any") -> Words:
    """The words of a text in one field."""
    return Words((field,), tuple(text.split()), need)


def read(query: object) -> Filter:
    """Read a query as the body of ``_count``."""
    return parse_count({"query": query}, WHEN)


TIMES = {"gte": "2026-11-01", "lte": "2026-11-23"}


@pytest.mark.parametrize(
    ("query", "want"),
    [
        ({"match_all": {}}, Everything()),
        ({"match_all": {"boost": 2, "_name": "x"}}, Everything()),
        ({"match_none": {}}, Nothing()),
        # match
        ({"match": {"action": "DELETE"}}, words("action_words", "delete")),
        ({"match": {"action": "document.deleted"}}, words("action_words", "document.deleted")),
        ({"match": {"action.keyword": "a.b"}}, Equals("action", "a.b")),
        ({"match": {"message": "Quarterly report"}}, words("message", "quarterly report")),
        (
            {"match": {"message": {"query": "a b", "operator": "AND"}}},
            words("message", "a b", "all"),
        ),
        (
            {"match": {"message": {"query": "a b c", "minimum_should_match": 2}}},
            AtLeast(2, tuple(words("message", word, "all") for word in "abc")),
        ),
        (
            {"match": {"message": {"query": "a b", "minimum_should_match": "100%"}}},
            words("message", "a b", "all"),
        ),
        ({"match": {"message": {"query": "a b", "minimum_should_match": 3}}}, Nothing()),
        ({"match": {"message": {"query": "--"}}}, Nothing()),
        ({"match": {"message": {"query": "--", "zero_terms_query": "all"}}}, Everything()),
        ({"match": {"message": 5}}, words("message", "5")),
        ({"match": {"user.name": "Ada L"}}, words("actor.name", "ada l")),
        ({"match": {"user.name.keyword": "Ada L"}}, Equals("actor.name", "Ada L")),
        ({"match": {"actor.id": "u 1"}}, Equals("actor.id", "u 1")),
        ({"match": {"duration_ms": "5"}}, Equals("duration_ms", 5)),
        ({"match": {"duration_ms": 5.5}}, Nothing()),
        ({"match": {"duration_ms": {"query": "x", "lenient": True}}}, Nothing()),
        ({"match": {"metadata.size": 5}}, Equals("metadata.size", 5)),
        ({"match": {"metadata.ok": True}}, Equals("metadata.ok", "true")),
        ({"match": {"labels.plan": "pro plus"}}, words("metadata.plan", "pro plus")),
        ({"match": {"@timestamp": "2026-11-23"}}, Between("occurred_at", day(23), day(24))),
        ({"match": {"source.ip": "10.0.0.0/8"}}, Within("context.ip", "10.0.0.0/8")),
        # the others of its family
        (
            {"match_phrase": {"message": "Quarterly report"}},
            Phrase(("message",), ("quarterly", "report")),
        ),
        (
            {"match_phrase": {"message": {"query": "report", "slop": 0}}},
            words("message", "report", "all"),
        ),
        (
            {"match_phrase_prefix": {"message": "quarterly re"}},
            Phrase(("message",), ("quarterly", "re"), prefix=True),
        ),
        (
            {"match_bool_prefix": {"message": "a re"}},
            Or((words("message", "a", "all"), Prefix("message", "re", by_word=True))),
        ),
        (
            {"match_bool_prefix": {"message": {"query": "a re", "operator": "and"}}},
            And((words("message", "a", "all"), Prefix("message", "re", by_word=True))),
        ),
        ({"multi_match": {"query": "a b"}}, words("text", "a b")),
        (
            {"multi_match": {"query": "a", "fields": ["message^3", "reason.text"]}},
            Or((words("message", "a"), words("reason.text", "a"))),
        ),
        (
            {"multi_match": {"query": "a", "fields": "reason.*"}},
            Or((Equals("reason.code", "a"), words("reason.text", "a"))),
        ),
        (
            {"multi_match": {"query": "a", "fields": ["operation.*"]}},
            Or((Equals("operation.id", "a"), Nothing())),
        ),
        (
            {"multi_match": {"query": "a b", "type": "phrase", "fields": ["message"]}},
            Phrase(("message",), ("a", "b")),
        ),
        (
            {
                "multi_match": {
                    "query": "a b",
                    "type": "cross_fields",
                    "operator": "and",
                    "fields": ["message", "reason.text"],
                }
            },
            And(
                (
                    Or((words("message", "a", "all"), words("reason.text", "a", "all"))),
                    Or((words("message", "b", "all"), words("reason.text", "b", "all"))),
                )
            ),
        ),
        # term and terms
        ({"term": {"actor.id": "a"}}, A),
        ({"term": {"actor.id": {"value": "a", "boost": 1.5}}}, A),
        (
            {"term": {"actor.id": {"value": "A", "case_insensitive": True}}},
            Equals("actor.id", "A", any_case=True),
        ),
        ({"term": {"actor.id": 17}}, Equals("actor.id", "17")),
        ({"term": {"message": "PushEvent"}}, Nothing()),
        ({"term": {"message": "pushevent"}}, words("message", "pushevent", "all")),
        (
            {"term": {"message": {"value": "PushEvent", "case_insensitive": True}}},
            words("message", "pushevent", "all"),
        ),
        ({"term": {"message.keyword": "PushEvent"}}, Equals("message", "PushEvent")),
        ({"term": {"action": "document.deleted"}}, Equals("action", "document.deleted")),
        ({"term": {"duration_ms": "5"}}, Equals("duration_ms", 5)),
        (
            {"term": {"@timestamp": 1795546800000}},
            Between(
                "occurred_at",
                datetime(2026, 11, 24, 19, tzinfo=UTC),
                datetime(2026, 11, 24, 19, 0, 0, 1000, tzinfo=UTC),
            ),
        ),
        ({"term": {"metadata.n": 5.0}}, Equals("metadata.n", 5)),
        ({"terms": {"actor.id": ["a", "b", "a"]}}, OneOf("actor.id", ("a", "b"))),
        ({"terms": {"actor.id": [], "boost": 1}}, Nothing()),
        ({"terms": {"duration_ms": ["1", 2, 2.5]}}, OneOf("duration_ms", (1, 2))),
        ({"terms": {"@timestamp": ["2026-11-23"]}}, Between("occurred_at", day(23), day(24))),
        (
            {"terms": {"context.ip": ["::1", "10.0.0.0/8"]}},
            Or((Equals("context.ip", "::1"), Within("context.ip", "10.0.0.0/8"))),
        ),
        # range
        ({"range": {"@timestamp": TIMES}}, Between("occurred_at", day(1), day(24))),
        (
            {"range": {"@timestamp": {"gt": "2026-11-01", "lt": "2026-11-23"}}},
            Between("occurred_at", day(2), day(23)),
        ),
        (
            {"range": {"@timestamp": {"gte": "now-1d/d", "lt": None}}},
            Between("occurred_at", day(23)),
        ),
        (
            {"range": {"@timestamp": {"gte": "2026-11-01", "time_zone": "+01:00"}}},
            Between("occurred_at", datetime(2026, 10, 31, 23, tzinfo=UTC)),
        ),
        (
            {"range": {"@timestamp": {"gte": 1793491200000, "format": "epoch_millis"}}},
            Between("occurred_at", day(1)),
        ),
        (
            {"range": {"@timestamp": {"gte": "1793491200", "format": "epoch_second"}}},
            Between("occurred_at", day(1)),
        ),
        (
            {"range": {"@timestamp": {"from": "2026-11-01", "to": "2026-11-23"}}},
            Between("occurred_at", day(1), day(24)),
        ),
        (
            {"range": {"@timestamp": {"from": "2026-11-01", "to": None, "include_lower": False}}},
            Between("occurred_at", day(2)),
        ),
        ({"range": {"duration_ms": {"gte": "1", "lt": 5.5}}}, Between("duration_ms", 1, 6)),
        ({"range": {"actor.id": {"gte": "a", "lt": "c"}}}, Between("actor.id", "a", "c")),
        ({"range": {"message.keyword": {"gte": "a"}}}, Between("message", "a")),
        ({"range": {"metadata.n": {"gt": 1.5}}}, Between("metadata.n", 1.5, low_inclusive=False)),
        ({"range": {"actor.id": {}}}, Exists("actor.id")),
        # exists, ids, patterns
        ({"exists": {"field": "user.name"}}, Exists("actor.name")),
        ({"exists": {"field": "reason"}}, Or((Exists("reason.code"), Exists("reason.text")))),
        ({"ids": {"values": ["AB"]}}, Ids(("ab",))),
        ({"ids": {"values": "ab"}}, Ids(("ab",))),
        ({"ids": {}}, Nothing()),
        ({"prefix": {"actor.id": "u_"}}, Prefix("actor.id", "u_")),
        (
            {"prefix": {"actor.id": {"value": "U", "case_insensitive": True}}},
            Prefix("actor.id", "U", any_case=True),
        ),
        ({"prefix": {"message": "Qu"}}, Prefix("message", "qu", by_word=True)),
        ({"prefix": {"message.keyword": "Qu"}}, Prefix("message", "Qu")),
        ({"wildcard": {"actor.email": "*@acme.com"}}, Wildcard("actor.email", "*@acme.com")),
        (
            {"wildcard": {"actor.email": {"wildcard": "a?b*", "rewrite": "constant_score"}}},
            Wildcard("actor.email", "a?b*"),
        ),
        ({"wildcard": {"actor.email": "*"}}, Exists("actor.email")),
        ({"regexp": {"actor.id": "u_[0-9]+"}}, Matching("actor.id", "u_[0-9]+")),
        ({"regexp": {"actor.id": "^a$"}}, Matching("actor.id", r"\^a\$")),
        ({"regexp": {"actor.id": {"value": "a@b", "flags": "NONE"}}}, Matching("actor.id", "a@b")),
        ({"regexp": {"actor.id": r"a\@b"}}, Matching("actor.id", "a@b")),
        # bool
        ({"bool": {}}, Everything()),
        ({"bool": {"must": IS_A}}, A),
        ({"bool": {"must": [IS_A], "filter": [IS_B]}}, And((A, B))),
        ({"bool": {"must_not": [IS_A, IS_B]}}, And((Not(A), Not(B)))),
        ({"bool": {"should": [IS_A, IS_B]}}, Or((A, B))),
        ({"bool": {"should": [IS_A, IS_B], "must_not": IS_C}}, And((Or((A, B)), Not(C)))),
        ({"bool": {"should": [IS_B], "filter": IS_A}}, A),
        ({"bool": {"should": [IS_B], "filter": IS_A, "minimum_should_match": 1}}, And((A, B))),
        (
            {"bool": {"should": [IS_A, IS_B, IS_C], "minimum_should_match": 2}},
            AtLeast(2, (A, B, C)),
        ),
        (
            {"bool": {"should": [IS_A, IS_B, IS_C], "minimum_should_match": "-1"}},
            AtLeast(2, (A, B, C)),
        ),
        ({"bool": {"should": [IS_A, IS_B, IS_C], "minimum_should_match": "50%"}}, Or((A, B, C))),
        ({"bool": {"should": [IS_A, IS_B], "minimum_should_match": 2}}, And((A, B))),
        ({"bool": {"should": [IS_A, IS_B], "minimum_should_match": 3}}, Nothing()),
        ({"bool": {"should": [IS_A, IS_B], "minimum_should_match": 0}}, Or((A, B))),
        ({"bool": {"must": IS_C, "should": [IS_A, IS_B], "minimum_should_match": 0}}, C),
        ({"bool": {"filter": {"bool": {"must": [IS_A, IS_B]}}}}, And((A, B))),
        ({"constant_score": {"filter": IS_A, "boost": 1}}, A),
        ({"dis_max": {"queries": [IS_A, IS_B], "tie_breaker": 0.7}}, Or((A, B))),
        # query strings
        (
            {"query_string": {"query": "!_exists_:agent.id AND outcome:success"}},
            And((Not(Exists("agent.id")), Equals("outcome", "success"))),
        ),
        ({"query_string": {"query": "a b", "fields": ["actor.id"]}}, Or((A, B))),
        (
            {
                "query_string": {
                    "query": "a b",
                    "default_field": "actor.id",
                    "default_operator": "AND",
                }
            },
            And((A, B)),
        ),
        ({"query_string": {"query": "duration_ms:x", "lenient": True}}, Nothing()),
        (
            {
                "query_string": {
                    "query": "@timestamp:[2026-11-01 TO 2026-11-23]",
                    "analyze_wildcard": True,
                }
            },
            Between("occurred_at", day(1), day(24)),
        ),
        ({"query_string": {"query": "*"}}, Everything()),
        ({"simple_query_string": {"query": "a b", "fields": ["actor.id"]}}, Or((A, B))),
        ({"simple_query_string": {"query": "a + b", "fields": ["actor.id"]}}, And((A, B))),
        (
            {
                "simple_query_string": {
                    "query": "a | b",
                    "fields": ["actor.id"],
                    "default_operator": "and",
                }
            },
            Or((A, B)),
        ),
        (
            {"simple_query_string": {"query": "a + (b | c)", "fields": ["actor.id"]}},
            And((A, Or((B, C)))),
        ),
        ({"simple_query_string": {"query": "a + -b", "fields": ["actor.id"]}}, And((A, Not(B)))),
        (
            {"simple_query_string": {"query": '"x y" + u*', "fields": ["message"]}},
            And((Phrase(("message",), ("x", "y")), Prefix("message", "u", by_word=True))),
        ),
        ({"simple_query_string": {"query": 'a" + b) (', "fields": ["actor.id"]}}, And((A, B))),
        (
            {"simple_query_string": {"query": "a-b", "fields": ["actor.id"]}},
            Equals("actor.id", "a-b"),
        ),
        (
            {"simple_query_string": {"query": "a|b", "fields": ["actor.id"], "flags": "NONE"}},
            Equals("actor.id", "a|b"),
        ),
        ({"simple_query_string": {"query": "", "fields": ["actor.id"]}}, Nothing()),
    ],
)
def test_a_query_is_a_filter(query: object, want: Filter) -> None:
    assert read(query) == want
