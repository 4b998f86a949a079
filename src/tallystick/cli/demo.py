"""``demo``: a deployment with a day of a SaaS product in it, and what to try with it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from threading import Event as Flag
from typing import Annotated

import typer

from tallystick.cli.demo_deployment import Demo, set_up
from tallystick.cli.demo_process import here
from tallystick.cli.demo_server import running
from tallystick.cli.demo_tampering import tamper as tampering
from tallystick.cli.demo_trying import steps
from tallystick.cli.demo_witness import NAME, witnessed
from tallystick.cli.session import Session
from tallystick.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("demo")(demo)


def demo(
    context: typer.Context,
    tamper: Annotated[
        bool,
        typer.Option(
            "--tamper",
            help="Then edit a row, and put everything back, as root would; see who finds it.",
        ),
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Leave as soon as everything is recorded.")
    ] = False,
) -> None:
    """Start a server and a witness, record a day of a SaaS product, say what to try."""
    session: Session = context.obj
    with _folder(session) as own, witnessed(own) as settings:
        with running(settings) as url:
            made = set_up(session, settings, url)
            if not tamper:
                _show(session, made, wait=not once)
        if tamper:
            raise typer.Exit(tampering(session, settings, made))
    session.note("stopped" if session.data_given else "stopped; the folder of the demo is gone")


@contextmanager
def _folder(session: Session) -> Iterator[Settings]:
    if session.data_given:
        yield replace(session.settings, data=session.settings.data.resolve())
        return
    scratch = Path(mkdtemp(prefix="tallystick-demo-"))
    try:
        yield replace(session.settings, data=scratch / "data", database="", lock="")
    finally:
        shutil.rmtree(scratch)


def _members(made: Demo) -> dict[str, object]:
    return {
        "url": made.url,
        "data": str(made.data),
        "admin_key": made.admin_key,
        "tenant": made.tenant,
        "tenant_key": made.tenant_key,
        "event": made.event["id"],
        **made.tally.to_builtins(),
        "witness": NAME,
        "try": [line for step in steps(made) for line in step.lines],
    }


def _lines(made: Demo) -> list[str]:
    return [
        f"{made.tally.recorded + made.tally.duplicate:,} events of a day are recorded",
        "",
        f"address     {made.url}   (the API is described at {made.url}/docs)",
        f"data        {made.data}",
        f"admin key   {made.admin_key}",
        f"tenant key  {made.tenant_key}   ({made.tenant}: ingest, read)",
        f"witness     {NAME}   (cosigns every epoch)",
        "",
        "Try, in another terminal:",
        *_told(made),
        "",
        f"And: {here()} demo --tamper edits a row, and puts everything back, as root would.",
    ]


def _told(made: Demo) -> Iterator[str]:
    for number, step in enumerate(steps(made)):
        yield ""
        yield f"{number}. {step.title}"
        yield from (f"   {line}" for line in step.lines)


def _show(session: Session, made: Demo, *, wait: bool) -> None:
    """Say what to try, and let people try it until Ctrl-C."""
    try:
        session.tell(_members(made), _lines(made))
        if wait:
            session.note("Ctrl-C stops the server")
            Flag().wait()
    except KeyboardInterrupt:
        session.note("")
