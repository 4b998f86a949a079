"""Sends and searches with OpenSearch's own client, and writes down what it was told.

It reads ``{"url": …, "key": …, "documents": [[id, {…}], …]}``.
"""

import json
import sys
from typing import Any

from opensearchpy import NotFoundError, OpenSearch, RequestError, helpers

INDEX = "audit-logs"


def main() -> None:
    """Do what its users do."""
    asked = json.load(sys.stdin)
    client = OpenSearch(asked["url"], headers={"Authorization": f"Bearer {asked['key']}"})
    actions = [
        {"_index": INDEX, "_id": name, "_source": document} for name, document in asked["documents"]
    ]
    told: dict[str, Any] = {
        "bulk": [helpers.bulk(client, actions, refresh=True)[0] for _ in range(2)],
        "scanned": sorted(hit["_id"] for hit in helpers.scan(client, index=INDEX, size=7)),
        "count": client.count(index=INDEX)["count"],
        "exists": [client.indices.exists(index=name) for name in (INDEX, "nothing-here")],
        "health": client.cluster.health()["status"],
    }
    query = {"match": {"action": "DELETE"}}
    found = client.search(index=INDEX, body={"query": query, "size": 1000})
    told["deleted"] = sorted(hit["_id"] for hit in found["hits"]["hits"])
    told["paged"] = sorted(paged(client))
    told["refused"] = [refused(client, body) for body in ({"query": {"fuzzy": {"id": "a"}}}, {})]
    json.dump(told, sys.stdout)


def paged(client: OpenSearch) -> list[str]:
    """Page through a point in time."""
    pit = client.create_pit(index=INDEX, params={"keep_alive": "1m"})["pit_id"]
    seen: list[str] = []
    body: dict[str, Any] = {
        "pit": {"id": pit, "keep_alive": "1m"},
        "size": 7,
        "sort": [{"@timestamp": "asc"}],
    }
    while hits := client.search(body=body)["hits"]["hits"]:
        seen += [hit["_id"] for hit in hits]
        body["search_after"] = hits[-1]["sort"]
    client.delete_pit(body={"pit_id": [pit]})
    return seen


def refused(client: OpenSearch, body: dict[str, Any]) -> str:
    """Return the kind of an error."""
    try:
        client.search(index=INDEX if body else "nothing-here", body=body)
    except RequestError as error:
        return str(error.info["error"]["root_cause"][0]["reason"])
    except NotFoundError as error:
        return str(error.error)
    return ""


main()
