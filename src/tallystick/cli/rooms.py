"""Which file has which command, so that a command line loads no other than its own."""

from collections.abc import Sequence
from importlib import import_module
from typing import Final

import typer

ROOMS: Final = {
    "serving": ("serve",),
    "demo": ("demo",),
    "administration": ("tenant", "key"),
    "declaring": ("catalogue",),
    "importing": ("import",),
    "assessing": ("assess",),
    "reading": ("show", "tail", "receipt"),
    "searching": ("search",),
    "exporting": ("export",),
    "checking": ("verify", "pins", "fsck"),
    "erasing": ("erase", "compact", "prune"),
    "backing_up": ("backup", "backup-key", "restore"),
    "keeping": ("doctor", "keys"),
    "indexing": ("rebuild", "reconcile", "parked"),
    "witnessing": ("witness",),
    "monitoring": ("monitor",),
    "mirroring": ("mirror",),
}
"""Files of this folder, in the order of the help, with the commands and groups of each."""


def is_command(word: str) -> bool:
    """Whether a command or a group has this name."""
    return any(word in words for words in ROOMS.values())


def register(app: typer.Typer, asked: Sequence[str] = ()) -> None:
    """Add the commands that a command line needs.

    Args:
        app: Where to.
        asked: The command line from its command on; without a known one, all are added, for
            then the answer is a list of them.
    """
    word = asked[0] if asked else ""
    for room, words in ROOMS.items():
        if word in words or not is_command(word):
            import_module(f"tallystick.cli.{room}").register(app)
