"""``python -m tallystick.verify`` as a function of its arguments."""

import json
from pathlib import Path

import pytest

from kit.plain_receipt import Deployment, plain_pins, written
from tallystick.verify.__main__ import main

GOOD = Deployment().receipt()
BROKEN = {**GOOD, "index": 2}
FILES = {
    "good": written(GOOD),
    "broken": written(BROKEN),
    "torn": written(GOOD)[:-1],
    "pins": plain_pins(),
    "old": plain_pins(max_age_s=1),
    "bad": b"{}",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        pytest.param("good --pins pins", 0, id="verified"),
        pytest.param("good good --pins pins", 0, id="two verified"),
        pytest.param("broken --pins pins", 1, id="tampered"),
        pytest.param("broken", 1, id="tampered, whatever is pinned"),
        pytest.param("", 2, id="no receipt"),
        pytest.param("good --pin", 2, id="an option without value"),
        pytest.param("--help", 0, id="help"),
        pytest.param("torn --pins pins", 3, id="unreadable"),
        pytest.param("absent --pins pins", 3, id="no such file"),
        pytest.param("good --pins absent", 3, id="no such pins"),
        pytest.param("good --pins bad", 3, id="unreadable pins"),
        pytest.param("good", 4, id="nothing pinned"),
        pytest.param("good --pins old", 4, id="too old"),
        pytest.param("good torn broken --pins pins", 1, id="tampered counts first"),
        pytest.param("good torn --pins old", 3, id="then unreadable"),
    ],
)
def test_the_exit_code_says_how_it_went(
    arguments: str, code: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)

    assert main(arguments.split()) == code


def test_facts_go_to_standard_output_and_trouble_to_standard_error(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)

    main(["good", "torn", "--pins", "pins"])

    out, trouble = capsys.readouterr()
    lines = out.splitlines()
    assert (lines[0], lines[-1]) == ("good:", "verified")
    assert trouble.startswith("torn: unreadable: receipt: no JSON at character ")


def test_json_is_one_object_a_receipt(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(folder)

    main(["good", "broken", "torn", "--pins", "pins", "--json"])

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(it["file"], it["verdict"]) for it in told] == [
        ("good", "intact"),
        ("broken", "tampered"),
        ("torn", None),
    ]
    assert told[1]["reason"].startswith("entry, log or slot are not those of epoch 12")
