"""``tallystick export`` fetches a file, checks it, and goes on with what was broken off."""

import json
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest

from kit.command import Command
from kit.events import reference_event
from kit.server import Server, running_server
from tallystick.cli.export_check import check_whole
from tallystick.errors import VerificationError


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Command, Server, str]]:
    """The command, a server with an engine, and a key of acme, which has thirty events."""
    tally = Command(tmp_path_factory.mktemp("exported"))
    with running_server(data=tally.data, engine=True) as server:
        key = server.key("acme", "ingest", "read", "admin")
        events = [reference_event(number) for number in range(30)]
        assert server.ask("POST", "/v1/events", events, key=key).status == 201
        yield tally, server, key


def test_a_whole_log_is_fetched_and_found_complete(served: tuple[Command, Server, str]) -> None:
    tally, server, key = served
    told = tally.plain(
        *("export", "--stream", "audit", "--out", "all.ndjson"),
        *("--server", server.url, "--key", key),
    )

    body = (tally.folder / "all.ndjson").read_bytes()
    manifest = json.loads((tally.folder / "all.ndjson.manifest.json").read_text("utf-8"))
    assert [json.loads(line)["index"] for line in body.splitlines()] == list(range(30))
    assert manifest["sha256"] == sha256(body).hexdigest()
    assert "30 rows" in told.lines[0]
    assert told.lines[2].startswith("complete: every entry is there")
    assert not list(tally.folder.glob("all.ndjson.part"))
    assert not list(tally.folder.glob("all.ndjson.begun"))


def test_a_filter_makes_it_unverifiable_and_json_is_the_manifest(
    served: tuple[Command, Server, str],
) -> None:
    tally, server, key = served
    over_http = ("--server", server.url, "--key", key)
    wanted = ("export", "targets.id:doc_0000003", "--format", "csv", "--out", "some.csv", "--json")
    told = tally.plain(*wanted, *over_http).json

    assert (told["rows"], told["completeness"], told["format"]) == (1, "unverifiable", "csv")
    assert (tally.folder / "some.csv").read_bytes().count(b"\r\n") == 2


def test_what_was_broken_off_is_not_fetched_twice(served: tuple[Command, Server, str]) -> None:
    tally, server, key = served
    over_http = ("--server", server.url, "--key", key)
    whole = tally.plain("export", "--out", "one.ndjson", "--json", *over_http).json
    body = (tally.folder / "one.ndjson").read_bytes()
    wanted = {"q": "", "stream": "audit,activity", "format": "ndjson"}
    begun = {"export": whole["export"], "wanted": wanted}
    (tally.folder / "two.ndjson.begun").write_text(json.dumps(begun))
    (tally.folder / "two.ndjson.part").write_bytes(body[:1_000])

    again = tally.plain("export", "--out", "two.ndjson", "--json", *over_http).json

    assert again["export"] == whole["export"]
    assert (tally.folder / "two.ndjson").read_bytes() == body
    events = server.ask("GET", "/v1/events?stream=access&limit=1000", key=key).json["events"]
    fetched = [it["metadata"] for it in events if it["action"] == "export.downloaded"]
    ranges = [
        it["from_byte"] for it in fetched if it["export"] == whole["export"] and "to_byte" in it
    ]
    assert ranges == [0, 1_000]


def test_what_was_changed_on_its_way_is_refused_and_dropped(
    served: tuple[Command, Server, str],
) -> None:
    tally, server, key = served
    over_http = ("--server", server.url, "--key", key)
    whole = tally.plain("export", "--out", "good.ndjson", "--json", *over_http).json
    wanted = {"q": "", "stream": "audit,activity", "format": "ndjson"}
    begun = {"export": whole["export"], "wanted": wanted}
    (tally.folder / "bad.ndjson.begun").write_text(json.dumps(begun))
    (tally.folder / "bad.ndjson.part").write_bytes(b"x" * 100)

    told = tally.plain("export", "--out", "bad.ndjson", *over_http, code=1)

    assert "SHA-256" in told.err
    assert not (tally.folder / "bad.ndjson").exists()
    assert not (tally.folder / "bad.ndjson.part").exists()


def test_without_a_file_it_is_no_command(served: tuple[Command, Server, str]) -> None:
    tally, server, key = served
    assert "--out" in tally.plain("export", "--server", server.url, "--key", key, code=2).err


def test_a_search_is_saved_and_asked_by_its_name(served: tuple[Command, Server, str]) -> None:
    tally, server, key = served
    over_http = ("--server", server.url, "--key", key)
    server.wait_for_index(key)
    line = "targets.id:doc_0000003"
    first = tally.plain("search", line, "--save", "number three", "--json", *over_http).json
    again = tally.plain("search", "--saved", "number three", "--json", *over_http).json

    assert [event["index"] for event in again["events"]] == [3]
    assert again["events"] == first["events"]
    assert "unknown" in tally.plain("search", "--saved", "nothing", *over_http, code=1).err


@pytest.fixture(scope="module")
def checked(served: tuple[Command, Server, str]) -> tuple[Path, dict[str, object]]:
    """An export of a whole log, and its manifest."""
    tally, server, key = served
    wanted = ("export", "--stream", "audit", "--out", "checked.ndjson", "--json")
    told = tally.plain(*wanted, "--server", server.url, "--key", key).json
    return tally.folder / "checked.ndjson", dict(told)


@pytest.mark.parametrize(
    "change",
    [
        lambda lines: lines[:-1],
        lambda lines: [*lines[:5], *lines[6:]],
        lambda lines: [*lines[:5], lines[5], *lines[5:]],
        lambda lines: [lines[1], lines[0], *lines[2:]],
        lambda lines: [lines[0].replace('"leaf_hash":"', '"leaf_hash":"00'), *lines[1:]],
        lambda _lines: [],
    ],
)
def test_a_row_too_few_too_many_or_elsewhere_is_found(
    checked: tuple[Path, dict[str, object]], tmp_path: Path, change: object
) -> None:
    whole, manifest = checked
    check_whole(whole, manifest)
    lines = whole.read_text("utf-8").splitlines()
    out = tmp_path / "changed.ndjson"
    out.write_text("".join(f"{line}\n" for line in change(lines)))  # type: ignore[operator]

    with pytest.raises(VerificationError):
        check_whole(out, manifest)
