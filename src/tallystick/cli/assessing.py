"""``assess``: what somebody's present logs tell, and what they give away."""

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli.assessment import assess
from tallystick.cli.session import Session


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("assess")(assess_logs)


def assess_logs(
    context: typer.Context,
    paths: Annotated[
        list[Path], typer.Argument(metavar="PATH…", help="Files or folders, of any kind of log.")
    ],
) -> None:
    """Report on present logs: who, what and when; secrets in clear; gaps; what to do."""
    session: Session = context.obj
    for path in paths:
        path.stat()
    with session.progress("assess", "bytes") as told:
        found = assess(paths, told)
    session.tell(found.to_builtins(), found.to_text())
