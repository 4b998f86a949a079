"""``show``, ``tail`` and ``receipt``: reading, which is recorded before anything is shown."""

import json
import sys
from collections.abc import Sequence
from time import sleep
from typing import Annotated, Final

import typer

from tallystick.cli import telling
from tallystick.cli.exit_codes import UsageError
from tallystick.cli.session import Session
from tallystick.cli.sources import PAGE, Event, source_of
from tallystick.errors import PushbackError
from tallystick.ledger.logs import STREAMS
from tallystick.verify.report import printable

_LOOK_EVERY_S: Final = 1.0
_WAIT_S: Final = 60

EventId = Annotated[str, typer.Argument(metavar="ID", help="The event's UUID.")]
MaybeTenant = Annotated[
    str | None, typer.Option("--tenant", help="Whose; needed where several could be meant.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("show")(show)
    app.command("tail")(tail)
    app.command("receipt")(receipt)


def show(context: typer.Context, event_id: EventId, tenant: MaybeTenant = None) -> None:
    """Show an event, opened as far as its keys live, with its place in the log."""
    session: Session = context.obj
    with source_of(session) as source:
        event = source.show(event_id, tenant)
    session.tell(event, telling.lines(event))


def tail(
    context: typer.Context,
    tenant: MaybeTenant = None,
    stream: Annotated[str, typer.Option(help=f"One of {', '.join(STREAMS)}.")] = "audit",
    number: Annotated[
        int, typer.Option("--number", "-n", min=0, max=PAGE, help="How many of the last events.")
    ] = 10,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on until Ctrl-C; JSON then is one a line.")
    ] = False,
) -> None:
    """Show the last events of a stream, and those to come."""
    session: Session = context.obj
    if stream not in STREAMS:
        raise UsageError(f"--stream {stream[:40]!r}: want one of {', '.join(STREAMS)}")
    if follow and session.remote and stream == "access":
        raise UsageError("tail: --follow over HTTP would show its own reads, want another stream")
    with source_of(session) as source:
        events = source.last(tenant, stream, number if number or not follow else 1)
        if session.as_json and not follow:
            session.tell({"events": list(events)}, [])
            return
        _write(session, events if number else [])
        last = events[-1] if events else None
        while follow:
            events = source.after(tenant, stream, last)
            _write(session, events)
            last = events[-1] if events else last
            if len(events) < PAGE:
                sleep(_LOOK_EVERY_S)


def receipt(
    context: typer.Context,
    event_id: EventId,
    tenant: MaybeTenant = None,
    wait: Annotated[bool, typer.Option("--wait", help=f"For an epoch, up to {_WAIT_S} s.")] = False,
) -> None:
    """Write an event's receipt to standard output; `tallystick verify` checks it offline."""
    session: Session = context.obj
    with source_of(session) as source:
        issued = source.receipt(event_id, tenant, _WAIT_S if wait else 0)
    if issued is None:
        raise PushbackError(
            "receipt: the event is in no epoch yet, want the next one, which a running server"
            " makes; --wait waits for it"
        )
    sys.stdout.buffer.write(issued)
    sys.stdout.buffer.flush()


def _write(session: Session, events: Sequence[Event]) -> None:
    for event in events:
        if session.as_json:
            session.write(json.dumps(event, ensure_ascii=False))
        else:
            session.write(printable(telling.one_line(event)))
