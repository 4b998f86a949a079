"""A key's limits of events and bytes a minute."""

import pytest

from kit.events import reference_event
from kit.server import Server


def batch(start: int, count: int) -> list[dict[str, object]]:
    return [reference_event(i) for i in range(start, start + count)]


def test_above_the_limit_of_events_is_429_with_what_to_do(server: Server, tenant: str) -> None:
    key = server.key(tenant, events_per_minute=10)
    first = server.ask("POST", "/v1/events", batch(0, 8), key=key)
    assert first.status == 201
    assert first.headers["ratelimit-policy"] == '"events";q=10;w=60'
    assert first.headers["ratelimit"].startswith('"events";r=2;t=')
    over = server.ask("POST", "/v1/events", batch(8, 8), key=key)
    assert (over.status, over.code) == (429, "too-many-requests")
    assert 30 <= int(over.headers["retry-after"]) <= 37  # six of ten a minute are lacking
    # What was refused took nothing from what is left.
    assert server.ask("POST", "/v1/events", batch(20, 2), key=key).status == 201


def test_above_the_limit_of_bytes_is_429(server: Server, tenant: str) -> None:
    key = server.key(tenant, bytes_per_minute=2_000)
    answers = [server.ask("POST", "/v1/events", batch(i, 1), key=key) for i in range(10)]
    assert [answer.status for answer in answers[:3]] == [201] * 3
    assert answers[-1].status == 429
    assert '"bytes";q=2000' in answers[-1].headers["ratelimit-policy"]


def test_a_batch_above_a_whole_limit_passes_when_the_key_is_rested(
    server: Server, tenant: str
) -> None:
    key = server.key(tenant, events_per_minute=5)
    assert server.ask("POST", "/v1/events", batch(0, 9), key=key).status == 201
    over = server.ask("POST", "/v1/events", batch(9, 1), key=key)
    assert over.status == 429
    assert int(over.headers["retry-after"]) > 50


@pytest.mark.parametrize("limit", ["events_per_minute", "bytes_per_minute"])
def test_one_keys_limit_is_not_anothers(server: Server, tenant: str, limit: str) -> None:
    limited, free = server.key(tenant, **{limit: 1}), server.key(tenant)
    server.ask("POST", "/v1/events", batch(0, 1), key=limited)
    assert server.ask("POST", "/v1/events", batch(1, 1), key=limited).status == 429
    answer = server.ask("POST", "/v1/events", batch(1, 1), key=free)
    assert answer.status == 201
    assert "ratelimit" not in answer.headers
