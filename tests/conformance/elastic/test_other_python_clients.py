"""Other Python clients: the official one's version 8, and OpenSearch's."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from kit.elastic_documents import document_id, documents, numbers_with
from kit.foreign_clients import LOCKS, python_packages
from kit.server import Server

pytestmark = pytest.mark.slow

ITS_TESTS = LOCKS / "test_elasticsearch_py.py"
COUNT = 60


def run(packages: Path, *command: str | Path, given: str = "") -> subprocess.CompletedProcess[str]:
    """Run Python with packages in front of those that are installed."""
    path = os.pathsep.join([str(packages), *sys.path])
    return subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "PYTHONPATH": path},
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )


def test_version_8_passes_the_tests_of_version_9() -> None:
    packages = python_packages("elasticsearch-8")
    imported = run(packages, "-c", "import elasticsearch as e; print(e.__versionstr__, e.__file__)")
    version, where = imported.stdout.split()

    done = run(packages, "-m", "pytest", "-q", "-p", "no:cacheprovider", ITS_TESTS)

    assert version.startswith("8.")
    assert Path(where).is_relative_to(packages)
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout


def test_opensearchs_client_sends_and_finds(server: Server) -> None:
    packages = python_packages("opensearch")
    every = [document_id(number) for number in range(COUNT)]
    sent = list(zip(every, documents(COUNT), strict=True))
    asked = {"url": server.url, "key": server.key("opensearch"), "documents": sent}
    script = LOCKS / "python" / "opensearch_client.py"

    done = run(packages, script, given=json.dumps(asked))

    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["bulk"] == [COUNT, COUNT]
    assert told["scanned"] == told["paged"] == every
    assert told["deleted"] == [document_id(n) for n in numbers_with(COUNT, "document.deleted")]
    assert (told["count"], told["exists"], told["health"]) == (COUNT, [True, False], "green")
    assert "query [fuzzy] is not supported" in told["refused"][0]
    assert told["refused"][1] == "index_not_found_exception"
