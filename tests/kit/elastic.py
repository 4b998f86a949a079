"""What the tests of the Elasticsearch doors share: some events, and how answers are looked at."""

from kit.server import Answer, Server

Json = dict[str, object]


def event(number: int, **more: object) -> Json:
    """Make an event; a hundred of them are a second apart."""
    return {
        "action": ("document.deleted", "document.viewed", "user.signed_in")[number % 3],
        "occurred_at": f"2026-11-24T10:{number // 60 % 60:02d}:{number % 60:02d}.{number:06d}Z",
        "outcome": "failure" if number % 10 == 0 else "success",
        "actor": {"type": "user", "id": f"u{number % 5}", "name": f"Ada {number % 5}"},
        "context": {"ip": f"10.0.0.{number % 7}"},
        "metadata": {"number": number},
        **more,
    }


def send(server: Server, key: str, *events: object) -> None:
    """Record events, and wait until they can be found."""
    answer = server.ask("POST", "/v1/events", list(events), key=key)
    assert answer.status == 201, answer
    server.wait_for_index(key)


def error_of(answer: Answer) -> tuple[int, str]:
    """Check that an answer is an error as clients read it; return its status and type."""
    told = answer.json
    assert answer.headers["x-elastic-product"] == "Elasticsearch"
    assert told["status"] == answer.status
    assert told["error"]["root_cause"][0]["reason"] == told["error"]["reason"]
    assert told["error"]["root_cause"][0]["type"] == told["error"]["type"]
    return answer.status, told["error"]["type"]


def hits_of(answer: Answer) -> list[Json]:
    """Check the envelope of an answer; return its hits."""
    assert answer.status == 200, answer
    told = answer.json
    assert answer.headers["x-elastic-product"] == "Elasticsearch"
    assert told["took"] >= 0
    assert told["timed_out"] is False
    assert told["_shards"] == {"total": 1, "successful": 1, "skipped": 0, "failed": 0}
    hits: list[Json] = told["hits"]["hits"]
    return hits


def numbers(hits: list[Json]) -> list[int]:
    """Return the numbers of events that were made by :func:`event`."""
    return [hit["_source"]["metadata"]["number"] for hit in hits]  # type: ignore[index]
