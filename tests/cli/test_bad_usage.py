"""Command lines that are wrong: named, with a hint, and never a traceback."""

import pytest

from kit.command import Command

ID = "0199e0aa-0000-7000-8def-000000000000"


@pytest.mark.parametrize(
    ("line", "code", "why"),
    [
        pytest.param("shwo x", 2, "no such command 'shwo'", id="no such command"),
        pytest.param("tenant", 2, "Usage: tallystick tenant", id="a group alone"),
        pytest.param("show", 2, "missing argument 'ID'", id="no argument"),
        pytest.param(f"show {ID} --wat", 2, "no such option: --wat", id="no such option"),
        pytest.param("tail --number many", 2, "valid integer", id="no number"),
        pytest.param("tail --number -1", 2, "greater than or equal to 0", id="number too small"),
        pytest.param("tail --stream x", 2, "--stream 'x': want one of", id="no such stream"),
        pytest.param("key create", 2, "want either --tenant NAME or --all", id="key for nobody"),
        pytest.param(
            "key create --all-tenants --tenant acme", 2, "want either", id="key for one and all"
        ),
        pytest.param(
            "key create --all-tenants --scope root", 2, "--scope 'root': want some", id="scope"
        ),
        pytest.param(
            "key create --all-tenants --expires soon", 2, "--expires 'soon': want", id="expiry"
        ),
        pytest.param("key create --tenant nobody", 1, "tenant 'nobody': unknown", id="tenant"),
        pytest.param("tenant create A!", 3, "tenant name 'A!': want", id="bad tenant name"),
        pytest.param("prune --before today --dry-run", 2, "want a date", id="no date"),
        pytest.param("tail --server ftp://x", 2, "want http://HOST:PORT", id="no HTTP"),
        pytest.param("tail --server http://127.0.0.1:1", 4, "want an answer", id="no server"),
        pytest.param("verify x --pins y", 3, "y: unreadable", id="no pins file"),
        pytest.param("verify", 2, "required: file", id="nothing to verify"),
        pytest.param("--database mysql://x tenant list", 3, "want sqlite:PATH", id="database"),
        pytest.param("tenant list --data", 2, "--data: no value, want one", id="no value"),
        pytest.param(
            "erase x --tenant acme", 2, "missing option '--reason'", id="erasure without reason"
        ),
        pytest.param("import events none.jsonl --tenant acme", 3, "none.jsonl", id="no file"),
        pytest.param("import events x", 2, "want --tenant NAME", id="import for nobody"),
        pytest.param("catalogue diff none.toml --tenant acme", 3, "none.toml", id="no catalogue"),
    ],
)
def test_is_refused(acme: Command, line: str, code: int, why: str) -> None:
    told = acme.plain(*line.split(), code=code, TALLYSTICK_DATA="data")

    assert told.out == ""
    assert why in told.err


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [
        pytest.param("TALLYSTICK_DOORS", "many", "setting doors: 'many'", id="no number"),
        pytest.param("TALLYSTICK_EPOCH_S", "0", "setting epoch_s: '0'", id="too small"),
    ],
)
def test_a_setting_of_another_form_is_a_usage_error(
    acme: Command, name: str, value: str, why: str
) -> None:
    assert why in acme("tenant", "list", code=2, **{name: value}).err


def test_a_setting_that_is_not_known_is_refused(acme: Command) -> None:
    (acme.data / "tallystick.toml").write_text("dors = 2\n")

    assert "setting 'dors': unknown" in acme("tenant", "list", code=2).err


def test_what_comes_from_outside_cannot_steer_the_terminal(acme: Command) -> None:
    told = acme("show", "\x1b[31mred", code=1)
    other = acme("key", "create", "--tenant", "\x1b[31mred", code=1)

    assert "\x1b" not in told.err + other.err


def test_colour_is_never_written_into_a_pipe(acme: Command) -> None:
    assert "\x1b" not in acme("tenant", "list").out
