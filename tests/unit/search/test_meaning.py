"""What is found: questions in each language, and the events that people mean by them."""

from datetime import UTC, datetime
from typing import Any

import pytest

from kit.plain_search import fits, plain_event
from tallystick.search.elastic import parse_search
from tallystick.search.lucene import parse_line
from tallystick.search.terms import When
from tallystick.search.words import action_words

NOW = datetime(2026, 11, 24, 17, 24, 12, tzinfo=UTC)

ID = "019aa1b2-0000-7000-8000-00000000000"
EVENTS: dict[str, dict[str, Any]] = {
    "deletion": {
        "action": "document.deleted",
        "action_words": action_words("document.deleted", "delete", ("file.deleted",)),
        "occurred_at": "2026-11-24T02:44:59.000001+00:00",
        "actor": {"type": "user", "id": "u_17", "name": "Ada Lovelace", "email": "Ada@acme.com"},
        "outcome": "denied",
        "severity": "high",
        "targets": [
            {"type": "document", "id": "doc_1", "name": "Quarterly report"},
            {"type": "folder", "id": "doc_2"},
        ],
        "context": {"ip": "10.1.2.3"},
        "metadata": {"plan": "pro", "size": 5, "tags": ["red", "blue"]},
    },
    "import": {
        "action": "bucket.removed",
        "action_words": action_words("bucket.removed", original="DeleteBucket"),
        "occurred_at": "2026-11-23T23:59:59.999999+00:00",
        "actor": {"type": "service", "id": "s_1", "name": "report maker"},
        "outcome": "success",
        "severity": "low",
        "duration_ms": 700,
        "context": {"ip": "2001:db8::1"},
        "metadata": {"plan": "pro plus", "size": 12.5, "size_text": "5"},
        "message": "the report, quarterly",
    },
    "sign-in": {
        "action": "session.started",
        "action_words": action_words("session.started", "create"),
        "occurred_at": "2026-11-01T00:00:00+00:00",
        "actor": {"type": "user", "id": "u_2", "email": "bob@other.example"},
        "outcome": "success",
        "severity": "informational",
        "duration_ms": 5,
    },
}
FIELDS = {
    name: plain_event({**event, "id": f"{ID}{place}"})
    for place, (name, event) in enumerate(EVENTS.items())
}
D, M, S = "deletion", "import", "sign-in"


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("*", {D, M, S}),
        ("DELETE", {D, M}),
        ("DeleteBucket", {M}),
        ("action:DELETE", {D, M}),
        ("action:file.deleted", {D}),
        ("action:document.*", {D}),
        ("report", {D, M}),
        ('"quarterly report"', {D}),
        ("quarterly report", {D, M}),
        ("rep*", {D, M}),
        ("actor.email:ada@ACME.com", {D}),
        ("actor.email:*@acme.com", {D}),
        ("actor.name:ada", {D}),
        ("actor:ada", {D}),
        ("actor.id:/u_[0-9]+/", {D, S}),
        ("-actor.id:u*", {M}),
        ("targets.id:doc_2", {D}),
        ("-targets.id:doc_2", {M, S}),
        ("_exists_:targets.name", {D}),
        ("occurred_at:*", {D, M, S}),
        ("duration_ms:*", {M, S}),
        ('actor.name.keyword:"ada lovelace"', set()),
        ('actor.name.keyword:"Ada Lovelace"', {D}),
        ("actor.name.keyword:Ada", set()),
        ("message.keyword:the*", {M}),
        ("actor.name:'ada OR actor.id:'x", {D}),
        ("metadata.plan:PRO*", {D, M}),
        (f"{ID}1", {M}),
        (f"{ID.upper()}1 OR session", {M, S}),
        (f"{ID}1 session", set()),
        ("NOT _exists_:targets", {M, S}),
        ("severity:>low", {D}),
        ("severity:<=low", {M, S}),
        ("duration_ms:>=6", {M}),
        ("duration_ms:[5 TO 700}", {S}),
        ("metadata.plan:pro", {D}),
        ("metadata:pro", {D, M}),
        ("metadata.tags:blue", {D}),
        ("metadata.size:5", {D}),
        ("metadata.size_text:5", {M}),
        ("metadata.size:>5", {M}),
        ("metadata.size_text:>=5", set()),
        ("context.ip:10.0.0.0/8", {D}),
        ("context.ip:2001:DB8::1", {M}),
        ("context.ip:[10.0.0.0 TO 10.255.255.255]", {D}),
        ("occurred_at:2026-11-23", {M}),
        ("occurred_at:>2026-11-23", {D}),
        ("occurred_at:<=2026-11-23", {M, S}),
        ("(outcome:denied OR outcome:success) actor.type:user", {D, S}),
        ("outcome:success OR actor.type:user -action:DELETE", {S}),
    ],
)
def test_a_line_finds(line: str, found: set[str]) -> None:
    asked = parse_line(line, now=NOW).filter

    assert {name for name, event in FIELDS.items() if fits(event, asked)} == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"match": {"action": "DELETE"}}, {D, M}),
        ({"match": {"message": "QUARTERLY absent"}}, {M}),
        ({"match": {"message": {"query": "quarterly absent", "operator": "and"}}}, set()),
        ({"match_phrase": {"targets.name": "quarterly report"}}, {D}),
        ({"match_phrase_prefix": {"targets.name": "quarterly rep"}}, {D}),
        ({"multi_match": {"query": "report", "fields": ["actor.name", "targets.name"]}}, {D, M}),
        ({"term": {"actor.email": "ada@acme.com"}}, set()),
        ({"term": {"actor.email": {"value": "ada@acme.com", "case_insensitive": True}}}, {D}),
        ({"terms": {"user.id": ["u_17", "s_1", "x"]}}, {D, M}),
        ({"range": {"@timestamp": {"gt": "2026-11-01T00:00:00Z", "lte": "2026-11-23"}}}, {M}),
        ({"range": {"metadata.size": {"gte": 5}}}, {D, M}),
        ({"exists": {"field": "duration_ms"}}, {M, S}),
        ({"prefix": {"user.id": "u_"}}, {D, S}),
        ({"wildcard": {"targets.name": "*report"}}, {D}),
        ({"regexp": {"user.id": "u_[0-9]"}}, {S}),
        ({"ids": {"values": [f"{ID}1"]}}, {M}),
        ({"bool": {"must_not": {"term": {"outcome": "success"}}}}, {D}),
        (
            {
                "bool": {
                    "should": [
                        {"term": {"actor.type": "user"}},
                        {"term": {"outcome": "success"}},
                        {"exists": {"field": "message"}},
                    ],
                    "minimum_should_match": 2,
                }
            },
            {M, S},
        ),
        ({"query_string": {"query": "+report -outcome:denied"}}, {M}),
        ({"simple_query_string": {"query": "report + -lovelace"}}, {M}),
    ],
)
def test_a_query_of_elasticsearchs_finds(query: object, found: set[str]) -> None:
    asked = parse_search({"query": query}, When(NOW)).search.filter

    assert {name for name, event in FIELDS.items() if fits(event, asked)} == found
