"""``demo``: a deployment with a day of a SaaS product in it, and what to try with it."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from shlex import quote
from tempfile import mkdtemp
from threading import Event as Flag
from typing import Annotated

import typer

from tallystick.cli.demo_deployment import Demo, set_up
from tallystick.cli.demo_server import here, running
from tallystick.cli.demo_tampering import tamper as tampering
from tallystick.cli.session import Session
from tallystick.settings import Settings


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("demo")(demo)


def demo(
    context: typer.Context,
    tamper: Annotated[
        bool, typer.Option("--tamper", help="Then edit a row as root would, and let fsck find it.")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Leave as soon as everything is recorded.")
    ] = False,
) -> None:
    """Start a server, record a generated day of a SaaS product, say what to try."""
    session: Session = context.obj
    with _folder(session) as settings:
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
        "try": _commands(made),
    }


def _commands(made: Demo) -> list[str]:
    name, at, event = here(), f"--data {quote(str(made.data))}", made.event["id"]
    actor = made.event["actor"]
    person = quote(str(actor["id"])) if isinstance(actor, dict) else ""
    receipt = f"{name} receipt {event} --tenant {made.tenant} {at} > {event}.receipt"
    verify = f"{name} verify {event}.receipt {at}"
    erase = f"{name} erase {person} --tenant {made.tenant} --reason 'asked for it' --yes {at}"
    fsck = f"{name} fsck --disclosures {at}"
    show = f"{name} show {event} --tenant {made.tenant} {at}"
    return [show, f"{receipt} && {verify}", f"{erase} && {fsck}"]


def _lines(made: Demo) -> list[str]:
    show, prove, forget = _commands(made)
    return [
        f"{made.tally.recorded + made.tally.duplicate:,} events of a day are recorded",
        "",
        f"address     {made.url}   (the API is described at {made.url}/docs)",
        f"data        {made.data}",
        f"admin key   {made.admin_key}",
        f"tenant key  {made.tenant_key}   ({made.tenant}: ingest, read)",
        "",
        "Try, in another terminal:",
        "",
        "1. Look at what somebody did",
        f"   {show}",
        "2. Prove it to a stranger",
        f"   {prove}",
        "3. Forget the person, and see that every proof still holds",
        f"   {forget}",
        "",
        f"And: {here()} demo --tamper edits a row as root would.",
    ]


def _show(session: Session, made: Demo, *, wait: bool) -> None:
    """Say what to try, and let people try it until Ctrl-C."""
    try:
        session.tell(_members(made), _lines(made))
        if wait:
            session.note("Ctrl-C stops the server")
            Flag().wait()
    except KeyboardInterrupt:
        session.note("")
