"""What Grafana's data source for Elasticsearch sends is answered; its requests are replayed.

Grafana itself comes in no package that could be installed for a test. The shapes are those that
its tests state: ``pkg/tsdb/elasticsearch/testdata_request`` in grafana/grafana.
"""

import json
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from kit.elastic_documents import (
    OUTCOMES,
    action_of,
    document_id,
    documents,
    moment_of,
    numbers_with,
)
from kit.server import Answer, Server

COUNT = 60
LINED = {"Content-Type": "application/x-ndjson"}


def millis(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000)


SINCE, UNTIL = millis(moment_of(9)), millis(moment_of(50))
WITHIN = [number for number in range(COUNT) if SINCE <= millis(moment_of(number)) <= UNTIL]


def lined(lines: list[object]) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


@pytest.fixture(scope="module")
def key(server: Server) -> str:
    key = server.key("grafana")
    lines: list[object] = []
    for number, document in enumerate(documents(COUNT)):
        named = {"_index": "audit-logs", "_id": document_id(number)}
        lines += [{"index": named}, document]
    sent = server.ask("POST", "/_bulk?refresh=wait_for", lined(lines), key=key, headers=LINED)
    assert not sent.json["errors"]
    return key


def queried(text: str) -> dict[str, Any]:
    time = {"@timestamp": {"format": "epoch_millis", "gte": SINCE, "lte": UNTIL}}
    line = {"query_string": {"analyze_wildcard": True, "query": text}}
    return {"bool": {"filter": [{"range": time}, line]}}


def together(server: Server, key: str, *bodies: dict[str, Any]) -> list[dict[str, Any]]:
    head = {"ignore_unavailable": True, "index": "audit-*", "search_type": "query_then_fetch"}
    lines: list[object] = [line for body in bodies for line in (head, body)]
    path = "/_msearch?max_concurrent_shard_requests=5"
    answer: Answer = server.ask("POST", path, lined(lines), key=key, headers=LINED)
    assert answer.status == 200, answer
    responses: list[dict[str, Any]] = answer.json["responses"]
    assert [one["status"] for one in responses] == [200] * len(bodies), responses
    return responses


def hours() -> Iterator[int]:
    moment = moment_of(9)
    while millis(moment) <= UNTIL:
        yield millis(moment)
        moment += timedelta(hours=1)


def test_a_panel_counts_by_value_and_time(server: Server, key: str) -> None:
    over_time = {
        "date_histogram": {
            "field": "@timestamp",
            "fixed_interval": "1h",
            "min_doc_count": 0,
            "extended_bounds": {"min": SINCE, "max": UNTIL},
            "format": "epoch_millis",
        }
    }
    by_value = {
        "terms": {
            "field": "event.outcome",
            "size": 10,
            "order": {"_key": "desc"},
            "min_doc_count": 1,
        },
        "aggs": {"2": over_time},
    }

    asked = {"size": 0, "query": queried("event.action:document*"), "aggs": {"3": by_value}}
    plain, nested = together(server, key, {**asked, "aggs": {"2": over_time}}, asked)

    chosen = [number for number in WITHIN if action_of(number).startswith("document.")]
    counts = Counter(millis(moment_of(number)) for number in chosen)
    told = {it["key"]: it["doc_count"] for it in plain["aggregations"]["2"]["buckets"]}
    assert told == {hour: counts[hour] for hour in hours()}
    buckets = nested["aggregations"]["3"]["buckets"]
    assert [it["key"] for it in buckets] == sorted(OUTCOMES, reverse=True)
    for bucket in buckets:
        own = [number for number in chosen if OUTCOMES[number % 3] == bucket["key"]]
        each = Counter(millis(moment_of(number)) for number in own)
        told = {it["key"]: it["doc_count"] for it in bucket["2"]["buckets"]}
        assert told == {hour: each[hour] for hour in hours()}


def test_a_panel_is_numbered_by_values(server: Server, key: str) -> None:
    aggs = {"1": {"cardinality": {"field": "user.id"}}}

    (answer,) = together(server, key, {"size": 0, "query": queried("*"), "aggs": aggs})

    assert answer["aggregations"]["1"]["value"] == len({number % 7 for number in WITHIN})


def test_a_variable_has_the_values_of_a_field(server: Server, key: str) -> None:
    terms = {"field": "event.action", "size": 500, "order": {"_key": "asc"}, "min_doc_count": 1}

    (answer,) = together(
        server, key, {"size": 0, "query": queried("*"), "aggs": {"1": {"terms": terms}}}
    )

    told = [it["key"] for it in answer["aggregations"]["1"]["buckets"]]
    assert told == sorted(set(map(action_of, WITHIN)))


def test_a_table_of_documents_is_filled(server: Server, key: str) -> None:
    asked = {
        "size": 500,
        "query": queried("event.action:document.deleted"),
        "sort": [
            {"@timestamp": {"order": "desc", "unmapped_type": "boolean"}},
            {"_doc": {"order": "desc"}},
        ],
        "script_fields": {},
    }

    (answer,) = together(server, key, asked)

    wanted = {document_id(n) for n in numbers_with(COUNT, "document.deleted") if n in WITHIN}
    hits = answer["hits"]["hits"]
    assert {hit["_id"] for hit in hits} == wanted
    assert [hit["sort"][0] for hit in hits] == sorted(
        (hit["sort"][0] for hit in hits), reverse=True
    )
    assert all(
        millis(datetime.fromisoformat(hit["_source"]["@timestamp"])) == hit["sort"][0]
        for hit in hits
    )


def test_the_settings_page_finds_a_healthy_server_and_its_times(server: Server, key: str) -> None:
    health = server.ask("GET", "/_cluster/health?wait_for_status=yellow", key=key)
    mapped = server.ask("GET", "/audit-*/_mapping", key=key).json
    info = server.ask("GET", "/", key=key).json

    assert (health.status, health.json["status"]) == (200, "green")
    properties = mapped["audit-logs"]["mappings"]["properties"]
    assert properties["@timestamp"]["type"] == "date"
    assert int(info["version"]["number"].partition(".")[0]) >= 8
