"""What runs on Node sends and finds events as it would with Elasticsearch."""

import json
import subprocess
from collections import Counter
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from kit.elastic_documents import action_of, document_id, documents, numbers_with
from kit.foreign_clients import LOCKS, npm_packages
from kit.server import Server

pytestmark = pytest.mark.slow

TENANTS = (f"node-{number}" for number in count())
COUNT = 60
LINES = [
    [f"login number {number} failed", {"user": {"id": f"u{number}"}, "attempt": number}]
    for number in range(12)
]


@pytest.fixture(scope="module")
def packages() -> Path:
    return npm_packages()


def run(script: str, packages: Path, server: Server, key: str, **asked: object) -> Any:  # noqa: ANN401 (JSON)
    done = subprocess.run(
        ["node", LOCKS / "node" / script, packages],
        input=json.dumps({"url": server.url, "key": key, **asked}).encode(),
        capture_output=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


def test_npms_own_client_sends_and_finds(packages: Path, server: Server) -> None:
    key = server.key(next(TENANTS))
    sent = [{"id": document_id(n), **document} for n, document in enumerate(documents(COUNT))]
    every = [document_id(number) for number in range(COUNT)]
    deleted = [document_id(number) for number in numbers_with(COUNT, "document.deleted")]

    told = run("client.cjs", packages, server, key, documents=sent)

    assert (told["bulk"]["successful"], told["bulk"]["failed"]) == (COUNT, 0)
    assert (told["again"]["successful"], told["again"]["failed"]) == (COUNT, 0)
    assert sorted(told["deleted"]) == deleted
    assert told["total"] == {"value": len(deleted), "relation": "eq"}
    assert sorted(told["scrolled"]) == sorted(told["paged"]) == every
    assert told["closed"]["succeeded"]
    assert told["together"][0] == len(deleted)
    assert "index_not_found_exception" in told["together"][1]
    counted = {each["key"]: each["doc_count"] for each in told["actions"]}
    assert counted == Counter(action_of(number) for number in range(COUNT))
    assert told["count"] == COUNT
    assert told["exists"] == [True, False]
    assert told["health"] == "green"
    assert told["refused"][0] == 400
    assert "query [fuzzy] is not supported" in told["refused"][1]


@pytest.mark.parametrize("logger", ["winston", "pino"])
def test_a_loggers_lines_are_recorded_once_each(
    logger: str, packages: Path, server: Server
) -> None:
    key = server.key(next(TENANTS))

    told = run(f"{logger}.cjs", packages, server, key, lines=LINES)
    server.wait_for_index(key)
    found = server.ask("GET", "/v1/search?q=login&limit=100", key=key).json["events"]

    assert told.get("warned", told.get("dropped")) == []
    assert sorted(event["message"] for event in found) == sorted(text for text, _ in LINES)
    assert {event["action"] for event in found} == {"log.received"}
