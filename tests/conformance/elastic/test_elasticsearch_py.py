"""The official Python client sends and finds events as it would with Elasticsearch.

``test_other_python_clients.py`` runs this file with the client's version 8, too.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from elasticsearch import (
    AuthenticationException,
    AuthorizationException,
    BadRequestError,
    Elasticsearch,
    NotFoundError,
    helpers,
)
from elasticsearch.dsl import A, Search

from kit.elastic_documents import (
    ACTIONS,
    Document,
    action_of,
    document_id,
    documents,
    moment_of,
    numbers_with,
)
from kit.server import Server

TENANTS = (f"python-{number}" for number in count())
COUNT = 60


@pytest.fixture
def key(server: Server) -> str:
    return server.key(next(TENANTS))


@pytest.fixture
def client(server: Server, key: str) -> Iterator[Elasticsearch]:
    with Elasticsearch(server.url, api_key=key) as client:
        yield client


@pytest.fixture(scope="module")
def filled(server: Server) -> Iterator[Elasticsearch]:
    """A client of a tenant that has documents already."""
    with Elasticsearch(server.url, api_key=server.key(next(TENANTS))) as client:
        assert helpers.bulk(client, actions(COUNT), refresh="wait_for") == (COUNT, [])
        yield client


def actions(number: int, op: str = "index") -> Iterator[dict[str, Any]]:
    for each, document in enumerate(documents(number)):
        yield {
            "_op_type": op,
            "_index": "audit-logs",
            "_id": document_id(each),
            "_source": document,
        }


def ids(hits: Any) -> list[str]:  # noqa: ANN401 (the client's)
    return [hit["_id"] for hit in hits]


def test_it_takes_the_server_for_elasticsearch(filled: Elasticsearch) -> None:
    told = filled.info()

    assert told["tagline"] == "You Know, for Search"
    assert filled.ping()


@pytest.mark.parametrize("way", ["ApiKey", "ApiKey in base64", "Basic", "Bearer"])
def test_each_way_to_present_a_key_is_understood(server: Server, key: str, way: str) -> None:
    credential: dict[str, Any] = {
        "ApiKey": {"api_key": key},
        "ApiKey in base64": {"api_key": ("tallystick", key)},
        "Basic": {"basic_auth": ("elastic", key)},
        "Bearer": {"bearer_auth": key},
    }[way]
    with Elasticsearch(server.url, **credential) as client:
        assert client.count(index="audit-logs")["count"] == 0


def test_the_line_that_people_type_first_finds_what_was_deleted(filled: Elasticsearch) -> None:
    found = filled.search(index="audit-logs", query={"match": {"action": "DELETE"}}, size=100)

    deleted = {document_id(number) for number in numbers_with(COUNT, "document.deleted")}
    assert set(ids(found["hits"]["hits"])) == deleted
    assert found["hits"]["total"] == {"value": len(deleted), "relation": "eq"}


@pytest.mark.parametrize("op", ["index", "create"])
def test_what_is_sent_in_bulk_is_there_once_however_often(client: Elasticsearch, op: str) -> None:
    first = helpers.bulk(client, actions(700, op), refresh="wait_for")
    again = helpers.bulk(client, actions(700, op), refresh="wait_for")

    assert (first, again) == ((700, []), (700, []))
    assert client.count(index="audit-logs")["count"] == 700


def test_an_id_that_is_taken_by_something_else_is_a_conflict(client: Elasticsearch) -> None:
    (first,) = actions(1)
    other = {**first, "_source": {**first["_source"], "message": "another"}}
    assert helpers.bulk(client, [first]) == (1, [])

    with pytest.raises(helpers.BulkIndexError) as caught:
        helpers.bulk(client, [other])

    (error,) = caught.value.errors
    assert error["index"]["status"] == 409
    assert error["index"]["error"]["type"] == "version_conflict_engine_exception"


def test_a_bad_document_spoils_no_good_one(client: Elasticsearch) -> None:
    good, bad, also_good = actions(3)
    bad["_source"] = {**bad["_source"], "@timestamp": "yesterday, or so"}

    told = list(helpers.streaming_bulk(client, [good, bad, also_good], raise_on_error=False))
    client.indices.refresh(index="audit-logs")

    assert [ok for ok, _ in told] == [True, False, True]
    assert told[1][1]["index"]["status"] == 400
    assert "@timestamp" in told[1][1]["index"]["error"]["reason"]
    assert client.count(index="audit-logs")["count"] == 2


def test_several_threads_send_at_once(client: Elasticsearch) -> None:
    told = list(helpers.parallel_bulk(client, actions(300), thread_count=3, chunk_size=50))
    client.indices.refresh(index="audit-logs")

    assert Counter(ok for ok, _ in told) == {True: 300}
    assert client.count(index="audit-logs")["count"] == 300


def test_single_documents_are_recorded(client: Elasticsearch) -> None:
    (document,) = documents(1)

    made = client.create(index="audit-logs", id=document_id(0), document=document)
    more = client.index(index="audit-logs", document=document, refresh="wait_for")

    assert made["result"] == more["result"] == "created"
    assert (made["_id"], made["_seq_no"], more["_seq_no"]) == (document_id(0), 0, 1)
    assert client.get(index="audit-logs", id=more["_id"])["found"]
    assert client.exists(index="audit-logs", id=document_id(0))
    assert not client.exists(index="audit-logs", id=document_id(99))
    assert client.count(index="audit-logs")["count"] == 2


def test_nothing_is_changed_or_removed(client: Elasticsearch) -> None:
    assert helpers.bulk(client, actions(1), refresh="wait_for") == (1, [])
    before = client.get(index="audit-logs", id=document_id(0)).body
    where: dict[str, Any] = {"index": "audit-logs", "id": document_id(0)}
    for attempt in (
        lambda: client.delete(**where),
        lambda: client.update(**where, doc={"message": "nothing happened"}),
        lambda: client.delete_by_query(index="audit-logs", query={"match_all": {}}),
        lambda: client.update_by_query(index="audit-logs", query={"match_all": {}}),
        lambda: client.indices.delete(index="audit-logs"),
        lambda: client.indices.create(index="audit-logs"),
    ):
        with pytest.raises((BadRequestError, AuthorizationException)):
            attempt()

    assert client.get(index="audit-logs", id=document_id(0)).body == before


def test_a_scan_yields_each_event_once(filled: Elasticsearch) -> None:
    found = helpers.scan(filled, index="audit-logs", size=7)

    assert sorted(ids(found)) == [document_id(number) for number in range(COUNT)]


def test_a_scan_shows_what_there_was_when_it_began(client: Elasticsearch) -> None:
    helpers.bulk(client, actions(20), refresh="wait_for")
    scan = helpers.scan(client, index="audit-logs", size=5)
    seen = [next(scan)["_id"]]
    later = [{**each, "_id": document_id(500 + n)} for n, each in enumerate(actions(20))]
    helpers.bulk(client, later, refresh="wait_for")

    seen += ids(scan)

    assert sorted(seen) == [document_id(number) for number in range(20)]


def test_a_point_in_time_is_paged_through_while_events_arrive(client: Elasticsearch) -> None:
    helpers.bulk(client, actions(20), refresh="wait_for")
    pit = client.open_point_in_time(index="audit-logs", keep_alive="1m")["id"]
    seen: list[str] = []
    after: list[Any] | None = None
    for page in range(20):
        found = client.search(
            pit={"id": pit, "keep_alive": "1m"},
            size=3,
            sort=[{"@timestamp": "asc"}],
            search_after=after,
        )
        hits = found["hits"]["hits"]
        if not hits:
            break
        seen, after, pit = seen + ids(hits), hits[-1]["sort"], found["pit_id"]
        later = [{**each, "_id": document_id(1000 + page)} for each in actions(1)]
        helpers.bulk(client, later, refresh="wait_for")

    assert sorted(seen) == [document_id(number) for number in range(20)]
    assert client.close_point_in_time(id=pit)["succeeded"]


def test_pages_by_the_millisecond_lose_and_double_nothing(filled: Elasticsearch) -> None:
    seen: list[str] = []
    after: list[Any] | None = None
    while True:
        hits = filled.search(
            index="audit-logs",
            size=7,
            sort=[{"@timestamp": "desc"}, {"_id": "asc"}],
            search_after=after,
        )["hits"]["hits"]
        if not hits:
            break
        seen, after = seen + ids(hits), hits[-1]["sort"]

    order = sorted(range(COUNT), key=lambda number: (-moment_of(number).timestamp(), number))
    assert seen == [document_id(number) for number in order]


def test_several_searches_are_asked_together(filled: Elasticsearch) -> None:
    answered = filled.msearch(
        searches=[
            {"index": "audit-logs"},
            {"query": {"term": {"action": "document.read"}}, "size": 0},
            {"index": "nothing-here"},
            {"query": {"match_all": {}}},
            {"index": "audit-logs"},
            {"query": {"fuzzy": {"message": "repxrt"}}},
        ]
    )["responses"]

    assert answered[0]["hits"]["total"]["value"] == len(list(numbers_with(COUNT, "document.read")))
    assert [each["status"] for each in answered] == [200, 404, 400]
    assert answered[1]["error"]["type"] == "index_not_found_exception"
    assert "[fuzzy]" in answered[2]["error"]["reason"]


def test_what_is_counted_is_what_was_sent(filled: Elasticsearch) -> None:
    found = filled.search(
        index="audit-logs",
        size=0,
        aggs={
            "actions": {"terms": {"field": "event.action"}},
            "people": {"cardinality": {"field": "user.id"}},
            "days": {"date_histogram": {"field": "@timestamp", "calendar_interval": "day"}},
        },
    )["aggregations"]

    actions_told = {each["key"]: each["doc_count"] for each in found["actions"]["buckets"]}
    assert actions_told == Counter(action_of(number) for number in range(COUNT))
    assert found["people"]["value"] == 7
    days = {each["key_as_string"][:10]: each["doc_count"] for each in found["days"]["buckets"]}
    assert days == Counter(moment_of(number).date().isoformat() for number in range(COUNT))


def test_the_query_builder_asks_and_counts(filled: Elasticsearch) -> None:
    since = moment_of(30)
    asked = Search(using=filled, index="audit-logs").filter("terms", action=list(ACTIONS[:2]))
    asked = asked.filter("range", **{"@timestamp": {"gte": since.isoformat()}})
    asked.aggs.bucket("actions", A("terms", field="action")).metric(
        "people", A("cardinality", field="user.id")
    )
    wanted = [n for n in range(30, COUNT) if action_of(n) in ACTIONS[:2]]

    found = asked[:100].execute()

    assert sorted(hit.meta.id for hit in found) == [document_id(number) for number in wanted]
    assert found.hits.total.value == len(wanted) == asked.count()
    told = {each.key: each.doc_count for each in found.aggregations.actions.buckets}
    assert told == Counter(map(action_of, wanted))
    assert sorted(hit.meta.id for hit in asked.scan()) == [document_id(each) for each in wanted]


def test_a_week_back_is_reckoned_by_date_math(client: Elasticsearch) -> None:
    now = datetime.now(UTC)  # noqa: TID251 (what the server takes for now)
    (document,) = documents(1)
    for days in (1, 30):
        moment = (now - timedelta(days=days)).isoformat()
        client.index(index="audit-logs", document={**document, "@timestamp": moment})
    client.indices.refresh(index="audit-logs")

    recent = Search(using=client, index="audit-logs").filter(
        "range", **{"@timestamp": {"gte": "now-7d/d", "lt": "now+1d/d"}}
    )

    assert recent.count() == 1


def test_an_error_says_what_was_wrong(filled: Elasticsearch, server: Server, key: str) -> None:
    with pytest.raises(NotFoundError, match=r"no such index \[nothing-here\]"):
        filled.search(index="nothing-here")
    with pytest.raises(BadRequestError, match=r"query \[fuzzy\] is not supported"):
        filled.search(index="audit-logs", query={"fuzzy": {"message": "repxrt"}})
    with (
        Elasticsearch(server.url, api_key=f"{key[:-1]}{'01'[key[-1] == '0']}") as stranger,
        pytest.raises(AuthenticationException),
    ):
        stranger.search(index="audit-logs")
    with (
        Elasticsearch(server.url, api_key=server.key(next(TENANTS), "ingest")) as shipper,
        pytest.raises(AuthorizationException),
    ):
        shipper.search(index="audit-logs")


def test_compressed_requests_are_read(server: Server, key: str) -> None:
    with Elasticsearch(server.url, api_key=key, http_compress=True) as client:
        assert helpers.bulk(client, actions(50), refresh="wait_for") == (50, [])
        assert client.count(index="audit-logs", query={"match_all": {}})["count"] == 50


def test_it_learns_the_address_of_the_server(server: Server, key: str) -> None:
    with Elasticsearch(server.url, api_key=key, sniff_on_start=True) as client:
        assert client.count(index="audit-logs")["count"] == 0
        assert [node.base_url for node in client.transport.node_pool.all()] == [server.url]


def test_it_learns_what_there_is(filled: Elasticsearch) -> None:
    mapped = filled.indices.get_mapping(index="audit-logs")["audit-logs"]["mappings"]
    caps = filled.field_caps(index="audit-logs", fields="user.*,action.keyword")
    listed = filled.cat.indices(format="json")

    assert mapped["properties"]["@timestamp"] == {"type": "date"}
    assert caps["indices"] == ["audit-logs"]
    assert {"user.id", "user.email", "action.keyword"} <= set(caps["fields"])
    counts = {each["index"]: each["docs.count"] for each in listed.body}
    assert counts["audit-logs"] == str(filled.count(index="audit-logs")["count"]) == str(COUNT)
    assert filled.indices.exists(index="audit-logs")
    assert not filled.indices.exists(index="nothing-here")
    assert filled.cluster.health(wait_for_status="yellow", timeout="5s")["status"] == "green"


def test_every_source_is_the_event_as_the_api_shows_it(filled: Elasticsearch) -> None:
    (hit,) = filled.search(
        index="audit-logs", query={"ids": {"values": [document_id(4)]}}, source=["actor", "action"]
    )["hits"]["hits"]
    source: Document = hit["_source"]

    assert source == {
        "action": action_of(4),
        "actor": {"type": "user", "id": "u4", "name": "Ada Lovelace"},
    }
