"""docs/reference/cli.md says what the commands say."""

from kit.cli_reference import PAGE, page


def test_the_reference_is_as_the_commands_are() -> None:
    assert PAGE.read_text("utf-8") == page(), "run PYTHONPATH=tests python -m kit.cli_reference"
