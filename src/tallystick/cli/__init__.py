"""The command ``tallystick``, alias ``tly``.

``verify`` runs on the base install, without the libraries of the server: it is for people who
have a receipt and nothing else of ours.
"""

import sys
from importlib.util import find_spec

_USAGE = 2


def main() -> None:
    """Run the command line, and exit with its code."""
    arguments = sys.argv[1:]
    if arguments[:1] == ["verify"] and _is_plain(arguments):
        from tallystick.verify.__main__ import main as verify  # noqa: PLC0415 (base install)

        sys.exit(verify(arguments[1:]))
    if find_spec("typer") is None:
        sys.stderr.write("error: this command needs the server: pip install 'tallystick[server]'\n")
        sys.exit(_USAGE)
    from tallystick.cli.app import run  # noqa: PLC0415 (needs the server's libraries)

    run(arguments)


def _is_plain(arguments: list[str]) -> bool:
    """Whether no deployment is named whose key is to be believed."""
    return not any(name == "--data" or name.startswith("--data=") for name in arguments)
