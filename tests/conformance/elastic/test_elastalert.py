"""ElastAlert's rules find what they count, and their alerts are sent."""

import json
import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from kit.elastic_documents import documents
from kit.foreign_clients import python_packages
from kit.server import Server

pytestmark = pytest.mark.slow

PATIENCE_S = 90
RULE = """
name: many deletions
type: frequency
index: audit-logs
num_events: 3
timeframe: {hours: 1}
filter:
- term: {event.action: document.deleted}
alert: [command]
command: [tee, -a, found]
pipe_match_json: true
"""


def test_a_rule_of_frequency_tells_of_many_deletions(server: Server, tmp_path: Path) -> None:
    packages = python_packages("elastalert")
    key = server.key("elastalert")
    now = datetime.now(UTC)  # noqa: TID251 (it asks for the last hours)
    lines: list[object] = []
    for number, document in enumerate(documents(16)):
        moment = (now - timedelta(minutes=40 - number)).isoformat()
        lines += [{"index": {"_index": "audit-logs"}}, {**document, "@timestamp": moment}]
    body = b"".join(json.dumps(line).encode() + b"\n" for line in lines)
    sent = {"Content-Type": "application/x-ndjson"}
    assert not server.ask("POST", "/_bulk?refresh=true", body, key=key, headers=sent).json["errors"]
    host, port = server.url.removeprefix("http://").split(":")
    config = {
        "es_host": host,
        "es_port": int(port),
        "es_bearer": key,
        "writeback_index": "elastalert_status",
        "rules_folder": "rules",
        "run_every": {"minutes": 1},
        "buffer_time": {"hours": 3},
        "alert_time_limit": {"days": 2},
    }
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "deletions.yaml").write_text(RULE)
    (tmp_path / "config.yaml").write_text(json.dumps(config))

    found = tmp_path / "found"
    told = tmp_path / "told"
    with told.open("wb") as sink:
        running = subprocess.Popen(
            # Without the packages of the environment: among them are newer ones of the same names.
            [sys.executable, "-S", "-m", "elastalert.elastalert", "--config", "config.yaml"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(packages)},
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
        try:
            deadline = time.monotonic() + PATIENCE_S
            while not (found.exists() and found.read_bytes()):
                assert running.poll() is None, told.read_text()
                assert time.monotonic() < deadline, told.read_text()
                time.sleep(0.2)
        finally:
            running.terminate()
            running.wait()

    (match,) = json.JSONDecoder().raw_decode(found.read_text())[0]
    assert match["action"] == "document.deleted"
    assert match["num_hits"] >= 3
