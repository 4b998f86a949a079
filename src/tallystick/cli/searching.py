"""``search``: what people type, asked of the server, which alone reaches the index."""

import json
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Final

import typer

from tallystick.cli import telling
from tallystick.cli.remote import Remote
from tallystick.cli.session import Session
from tallystick.errors import ConflictError, NotFoundError
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
    save: Annotated[
        str | None, typer.Option("--save", metavar="NAME", help="Keep the search by this name.")
    ] = None,
    saved: Annotated[
        str | None, typer.Option("--saved", metavar="NAME", help="Ask what is kept by this name.")
    ] = None,
) -> None:
    """Search events through the server.

    On standard error stands how many fit, and why if none does.
    """
    session: Session = context.obj
    asked: dict[str, object] = {"q": line, "since": since, "until": until, "tenant": tenant}
    asked |= {"stream": stream, "sort": sort}
    remote = Remote(session.settings)
    if saved is not None:
        asked = {"q": line or None, "saved": _saved(remote, saved, tenant), "tenant": tenant}
    if save is not None:
        _save(remote, asked, save)
        session.note(f"saved as {save}")
    last: Mapping[str, Any] = {}
    events: list[Mapping[str, Any]] = []
    for last in _parts(remote, asked, number):
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


def _save(remote: Remote, asked: Mapping[str, object], name: str) -> None:
    wanted = {member: it for member, it in asked.items() if it is not None and member != "tenant"}
    body = json.dumps({**wanted, "name": name}).encode()
    headers = {"Content-Type": "application/json"}
    remote.post("/v1/saved-searches", body, headers, tenant=asked["tenant"])


def _saved(remote: Remote, name: str, tenant: str | None) -> str:
    """Return the id of a saved search by its name, or by its id.

    Raises:
        NotFoundError: None has it.
        ConflictError: Several have it.
    """
    after: str | None = None
    found: list[str] = []
    while True:
        part = remote.get("/v1/saved-searches", tenant=tenant, after=after, limit=_PAGE).json
        kept = part["saved_searches"]
        found += [it["id"] for it in kept if name in {it["id"], it.get("name")}]
        after = part["next"]
        if after is None:
            break
    if not found:
        raise NotFoundError(f"saved search {name[:80]!r}: unknown, want a name of one")
    if len(found) > 1:
        raise ConflictError(f"saved search {name[:80]!r}: {', '.join(found)}, want one of these")
    return found[0]


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
