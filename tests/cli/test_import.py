"""``import``: everything once, whatever is refused named."""

import gzip
import json
from hashlib import sha256
from pathlib import Path

import pytest

from kit.command import Command
from kit.server import running_server


def event(number: int, **more: object) -> dict[str, object]:
    return {
        "id": f"0199e0aa-1111-7000-8def-{number:012x}",
        "action": "invoice.approved",
        "occurred_at": "2026-11-24T02:45:00Z",
        "actor": {"type": "user", "id": f"user_{number % 3}"},
        **more,
    }


def written(folder: Path, *events: object, name: str = "events.jsonl") -> str:
    text = "".join(json.dumps(one) + "\n" for one in events)
    (folder / name).write_text(text)
    return name


def test_events_are_recorded_once(acme: Command) -> None:
    name = written(acme.folder, *map(event, range(1_203)))

    first = acme("import", "events", name, "--tenant", "acme", "--json").json
    second = acme("import", "events", name, "--tenant", "acme", "--json").json

    assert first == {"recorded": 1_203, "duplicate": 0, "refused": 0}
    assert second == {"recorded": 0, "duplicate": 1_203, "refused": 0}
    assert acme("fsck").lines[-1] == "intact"


def test_events_keep_their_order_and_their_stream(acme: Command) -> None:
    events = [event(n, stream=("activity", "audit")[n % 2]) for n in range(20)]

    acme("import", "events", written(acme.folder, *events), "--tenant", "acme")

    told = acme("tail", "--stream", "activity", "-n", "100", "--json").json["events"]
    assert [one["id"] for one in told] == [one["id"] for one in events[::2]]


@pytest.mark.parametrize("packed", [False, True])
def test_an_array_is_taken_as_well(acme: Command, packed: bool) -> None:
    text = json.dumps([event(1), event(2)]).encode()
    name = "events.json.gz" if packed else "events.json"
    (acme.folder / name).write_bytes(gzip.compress(text) if packed else text)

    told = acme("import", "events", name, "--tenant", "acme")

    assert told.out == "2 recorded, 0 duplicate, 0 refused\n"


def test_what_is_refused_is_named_and_the_rest_is_recorded(acme: Command) -> None:
    bad = [event(n, actor={"type": "ghost"}) for n in range(100, 125)]

    told = acme(
        "import", "events", written(acme.folder, event(1), *bad), "--tenant", "acme", code=1
    )

    refused = [line for line in told.err.splitlines() if line.startswith("refused")]
    assert told.out == "1 recorded, 0 duplicate, 25 refused\n"
    assert len(refused) == 21
    assert "events.jsonl" in refused[0]
    assert "/actor/type" in refused[0]
    assert refused[-1] == "refused  5 more"


def test_another_event_with_the_same_id_is_refused(acme: Command) -> None:
    acme("import", "events", written(acme.folder, event(1)), "--tenant", "acme")
    other = written(acme.folder, event(1, outcome="failure"), name="other.jsonl")

    told = acme("import", "events", other, "--tenant", "acme", code=1)

    assert "another event has this id" in told.err


def test_an_import_through_a_server_says_the_same(tally: Command) -> None:
    with running_server(data=tally.data) as server:
        tally("tenant", "create", "acme")
        key = tally.key("--tenant", "acme", "--scope", "ingest")
        name = written(tally.folder, *map(event, range(700)), event(900, actor={"type": "ghost"}))
        env = {"TALLYSTICK_SERVER": server.url, "TALLYSTICK_KEY": key}

        first = tally.plain("import", "events", name, "--json", code=1, **env)
        second = tally.plain("import", "events", name, "--json", code=1, **env)

    assert first.json == {"recorded": 700, "duplicate": 0, "refused": 1}
    assert second.json == {"recorded": 0, "duplicate": 700, "refused": 1}
    assert "/actor/type" in first.err


def test_a_file_that_is_cut_off_is_told(acme: Command) -> None:
    whole = gzip.compress(json.dumps(event(1)).encode() * 50)
    (acme.folder / "cut.jsonl.gz").write_bytes(whole[:60])

    told = acme("import", "events", "cut.jsonl.gz", "--tenant", "acme", code=None)

    assert told.code in {1, 3}
    assert "cut.jsonl.gz" in told.err


LOG = [
    "2026-01-31 09:30:00 | alice | DELETE | document/17 | " + sha256(b"").hexdigest(),
    "",
    "2026-01-31 09:31:00 | bob | UPDATE | document/18 | " + "a" * 64,
    "2026-01-31 09:32:00 | eve | CREATE | document/19",
]
LOG[3] += f" | {sha256(LOG[3].encode()).hexdigest()}"


def test_the_hashes_of_a_tutorials_log_are_recomputed(acme: Command) -> None:
    (acme.folder / "audit.log").write_text("\n".join(LOG))

    first = acme("import", "log", "audit.log", "--tenant", "acme", "--json", code=1)
    second = acme("import", "log", "audit.log", "--tenant", "acme", "--json", code=1)

    hashes = {"matches": 1, "wrong": 1, "of nothing": 1, "absent": 0}
    assert first.json == {"recorded": 3, "duplicate": 0, "refused": 0, "hashes": hashes}
    assert second.json == {"recorded": 0, "duplicate": 3, "refused": 0, "hashes": hashes}
    assert first.err.splitlines() == [
        "wrong hash  audit.log:3: not the SHA-256 of any form of this line"
    ]
