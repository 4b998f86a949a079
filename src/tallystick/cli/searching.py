"""``search``: what people type, asked of the server, which alone reaches the index."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import typer

from tallystick.cli import telling
from tallystick.cli.remote import Remote
from tallystick.cli.session import Session
from tallystick.verify.report import printable

_PAGE: Final = 500
_COLUMNS: Final = ("occurred_at", "action", "outcome", "actor", "targets", "id")


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("search")(search)


def search(
    context: typer.Context,
    line: Annotated[
        str,
        typer.Argument(metavar="LINE", help="Such as 'actor.email:*@acme.com -outcome:success'."),
    ] = "",
    since: Annotated[str | None, typer.Option(help="From here on: -7d, 2026-11-24.")] = None,
    until: Annotated[str | None, typer.Option(help="Before here.")] = None,
    tenant: Annotated[
        str | None, typer.Option("--tenant", help="Whose; needed where several could be meant.")
    ] = None,
    stream: Annotated[str, typer.Option(help="Streams, with commas.")] = "audit,activity",
    sort: Annotated[
        str, typer.Option(help="Fields, with commas; - in front: descending.")
    ] = "-occurred_at",
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, help="How many events at most.")
    ] = 50,
    table: Annotated[bool, typer.Option("--table", help="As a table.")] = False,
) -> None:
    """Search events through the server.

    On standard error stands how many fit, and why if none does.
    """
    session: Session = context.obj
    asked: dict[str, object] = {"q": line, "since": since, "until": until, "tenant": tenant}
    asked |= {"stream": stream, "sort": sort}
    last: Mapping[str, Any] = {}
    events: list[Mapping[str, Any]] = []
    for last in _parts(Remote(session.settings), asked, number):
        events += last["events"]
        if not session.as_json and not table:
            for event in last["events"]:
                session.write(printable(telling.one_line(event)))
    if session.as_json:
        session.tell({**last, "events": events, "shown": len(events)}, [])
    elif table:
        session.tell_table("events", _COLUMNS, [_row(event) for event in events])
    session.note(_summary(last, len(events)))


def _parts(remote: Remote, asked: Mapping[str, object], number: int) -> Iterator[Mapping[str, Any]]:
    after: str | None = None
    while number > 0:
        limit = min(number, _PAGE)
        part: Mapping[str, Any] = remote.get("/v1/search", **asked, limit=limit, after=after).json
        yield part
        number -= limit
        after = part["next"]
        if after is None:
            return


def _row(event: Mapping[str, Any]) -> dict[str, object]:
    actor = event.get("actor", {})
    targets = [f"{it.get('type')} {it.get('id', '?')}" for it in event.get("targets", ())]
    names = (actor.get("name"), actor.get("email"), actor.get("id"), actor.get("type"))
    who = next(filter(None, names), None)
    return {**event, "actor": who, "targets": targets}


def _summary(part: Mapping[str, Any], shown: int) -> str:
    told = [f"{shown:,} of {part['total']:,} events"]
    if why := part.get("why_empty"):
        told.append(why)
    if part["index_lag_ms"]:
        told.append(f"the index is {part['index_lag_ms']:,} ms behind")
    if part["masked"]:
        told.append(f"masked: {', '.join(part['masked'])}")
    return "; ".join(told)
