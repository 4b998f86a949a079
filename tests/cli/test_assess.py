"""``assess`` changes nothing, needs no deployment, and says what it saw."""

import json

from kit.command import Command

LINES = [
    {
        "time": "2026-01-31T09:30:00Z",
        "user": "ada",
        "action": "login",
        "password": "hunter2hunter2",
    },
    {"time": "2026-01-31T09:31:00Z", "user": "ada@acme.example", "action": "delete", "id": "17"},
    {"time": "2026-01-31T09:32:00Z", "action": "delete", "id": "17"},
]


def test_a_log_is_assessed_without_a_deployment(tally: Command) -> None:
    (tally.folder / "app.jsonl").write_text("".join(json.dumps(line) + "\n" for line in LINES))

    told = tally.plain("assess", "app.jsonl", "--json").json
    text = tally.plain("assess", "app.jsonl").out

    assert (told["lines"], told["unreadable"], told["duplicates"]) == (3, 0, 1)
    assert told["advice"]
    assert "hunter2" not in text + json.dumps(told)
    assert [path.name for path in tally.folder.iterdir()] == ["app.jsonl"]


def test_a_log_that_is_not_there_is_told(tally: Command) -> None:
    assert "none.log: No such file" in tally.plain("assess", "none.log", code=3).err
