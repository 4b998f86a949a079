"""``serve``: the server."""

from dataclasses import replace
from typing import Annotated

import typer

from tallystick.cli.exit_codes import UsageError
from tallystick.cli.session import Session
from tallystick.errors import MalformedError


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("serve")(serve)


def serve(
    context: typer.Context,
    doors: Annotated[int | None, typer.Option(min=1, help="Door processes.")] = None,
    epoch: Annotated[int | None, typer.Option(min=1, help="Seconds between epochs.")] = None,
    deployment: Annotated[
        str | None, typer.Option(help="Name in every origin; settled at the first start.")
    ] = None,
) -> None:
    """Run the server: doors, and the publisher of epochs. The first start makes a deployment."""
    from tallystick.cli import serve as processes  # noqa: PLC0415 (loads what a server does)

    session: Session = context.obj
    known = session.settings
    settings = replace(
        known,
        doors=doors or known.doors,
        epoch_s=epoch or known.epoch_s,
        deployment=deployment or known.deployment,
    )
    try:
        code = processes.serve(settings, session.write)
    except MalformedError as error:
        raise UsageError(str(error)) from None
    raise typer.Exit(code)
