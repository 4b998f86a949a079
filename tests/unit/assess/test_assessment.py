import gzip
import json
from hashlib import sha256
from pathlib import Path

import pytest

from tallystick.cli.assessment import Assessment, assess, assess_lines
from tallystick.cli.told_fields import Question
from tallystick.errors import MalformedError, NotFoundError

OF_NOTHING = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def assessed(*lines: str) -> Assessment:
    """The assessment of one file's lines."""
    return assess_lines((f"a.log:{i}", line.encode()) for i, line in enumerate(lines, 1))


def line(minute: int, **more: object) -> str:
    """A JSON line that answers every question, with or without more."""
    told = {
        "id": f"e{minute}", "time": f"2026-01-31T09:{minute:02d}:00Z", "user": "ada",
        "action": "delete", "target": "doc", "ip": "192.0.2.7", "status": "ok", "request_id": "r",
    }  # fmt: skip
    return json.dumps({**told, **more})


def test_each_question_is_counted_over_all_lines() -> None:
    found = assessed(line(1), line(2, user=None), line(3, user=None, time="2026-01-31 09:03"))

    assert found.lines == 3
    assert found.answered[Question.WHO] == 1
    assert found.share(Question.WHO) == pytest.approx(1 / 3)
    assert found.answered[Question.WHEN] == 3
    assert found.answered[Question.ZONE] == 2


def test_lines_out_of_order_and_the_longest_silence_are_found() -> None:
    found = assessed(line(1), line(4), line(2), line(3), line(20), line(21))

    assert found.order.out_of_order == 2
    assert found.order.places == ["a.log:3", "a.log:4"]
    assert (found.order.silence_s, found.order.silence_at) == (16 * 60, "a.log:5")


def test_files_are_put_in_order_each_for_itself() -> None:
    found = assess_lines([("a.log:1", line(30).encode()), ("b.log:1", line(1).encode())])

    assert (found.order.out_of_order, found.order.silence_s) == (0, 0)


def test_an_id_that_comes_again_is_a_duplicate() -> None:
    found = assessed(line(1), line(2), line(3, id="e1"), line(4, id="e1"))

    assert (found.identified, found.duplicates) == (4, 2)
    assert found.duplicate_places == ["a.log:3", "a.log:4"]


def with_hash(text: str) -> str:
    """A tutorial's line with its hash behind."""
    return f"{text} hash={sha256(text.encode()).hexdigest()}"


def chained(count: int) -> list[str]:
    """JSON lines, each with the hash of the one before."""
    lines, previous = [], "0" * 64
    for number in range(count):
        told = {"time": f"2026-01-31T09:0{number}:00Z", "action": "x", "prev_hash": previous}
        previous = sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
        lines.append(json.dumps({**told, "hash": previous}))
    return lines


TUTORIAL = "2026-01-31 09:30:00,000 - INFO - user_id=1 action=DELETE resource=doc/17"


@pytest.mark.parametrize(
    ("lines", "kind", "verdicts"),
    [
        ([line(1)], "none", {}),
        ([with_hash(TUTORIAL)], "hash per line", {"matches": 1}),
        ([with_hash(TUTORIAL).replace("DELETE", "UPDATE")], "hash per line", {"wrong": 1}),
        ([f"{TUTORIAL} hash={OF_NOTHING}"], "hash per line", {"of nothing": 1}),
        ([line(1, signature="MEUCIQ")], "hash per line", {}),
        (chained(3), "chain", {"matches": 3}),
        (chained(3)[::2], "chain", {"matches": 1, "wrong": 1}),
    ],
)
def test_the_kind_of_integrity_is_named_and_hashes_are_recomputed(
    lines: list[str], kind: str, verdicts: dict[str, int]
) -> None:
    found = assessed(*lines)

    assert (found.integrity.kind, found.integrity.verdicts) == (kind, verdicts)


def first_words(found: Assessment) -> list[str]:
    """How each piece of advice begins."""
    return [" ".join(one.split()[:3]) for one in found.advice]


def test_a_log_that_answers_everything_is_still_told_that_nothing_would_show_a_change() -> None:
    found = assessed(line(1, ip="gateway"), line(2, ip="gateway"))

    assert first_words(found) == ["nothing would show"]


LEAKED = "hunter2hunter2"


def test_advice_comes_by_weight_secrets_first() -> None:
    found = assessed(
        line(1, user=None, secret=LEAKED),
        line(3, id="e1"),
        line(2, mail="a@b.example"),
    )

    assert first_words(found) == [
        "secrets stand in",
        "nothing would show",
        "1 lines (33%)",
        "personal data stand",
        "1 lines repeat",
        "1 lines are",
    ]


def test_hashes_of_nothing_are_told_before_the_kind_of_integrity() -> None:
    found = assessed(f"{TUTORIAL} hash={OF_NOTHING}")

    assert first_words(found)[:2] == ["1 hashes are", "a hash per"]
    assert "e3b0c442" in found.advice[0]


def test_nothing_to_read_is_told() -> None:
    assert first_words(assessed()) == ["nothing was read:"]


@pytest.mark.parametrize(
    "value",
    ["hunter2hunter2", "ada@mail.example", "203.0.113.77", "4111111111111111", "AKIA" + "Z" * 16],
)
def test_no_value_that_is_found_is_ever_told(value: str) -> None:
    found = assessed(line(1, note=f"password={value}"), line(1, note=value), f"{value} {value}")

    told = json.dumps(found.to_builtins()) + "\n".join(found.to_text())

    assert found.exposures
    assert value not in told


def test_what_cannot_be_read_is_counted_and_told() -> None:
    found = assess_lines([("a.log:1", MalformedError("a.log:1: too long")), ("a.log:2", b"\xff")])

    assert (found.lines, found.unreadable, found.errors) == (1, 1, ["a.log:1: too long"])


def test_the_text_and_the_json_tell_the_same_counts() -> None:
    found = assessed(line(1), line(2, user=None))

    text, told = "\n".join(found.to_text()), found.to_builtins()

    assert json.loads(json.dumps(told)) == told
    assert told["lines"] == 2
    assert "2 lines read (JSON 2), 0 unreadable" in text
    assert "who                        50.0%" in text
    assert all(one in text for one in found.advice)


def test_files_of_every_kind_are_assessed_together_and_progress_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps({"Records": [json.loads(line(1))]}))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(line(2).encode()))
    (tmp_path / "c.log").write_text(f"{TUTORIAL}\nstarted\n")
    told: list[tuple[int, int]] = []

    found = assess([tmp_path], lambda read, total: told.append((read, total)))

    total = sum(file.stat().st_size for file in tmp_path.iterdir())
    assert found.kinds == {"JSON": 2, "text": 2}
    assert told[-1] == (total, total)
    assert told == sorted(told)


def test_a_path_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError):
        assess([tmp_path / "none.log"])
