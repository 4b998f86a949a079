"""``erase``, ``compact`` and ``prune``: forgetting, without breaking a proof."""

import sys
from datetime import UTC, date, datetime, timedelta
from typing import Annotated

import typer

from tallystick.access.erasing import Erased, erase
from tallystick.access.tenants import every_tenant, tenant_named
from tallystick.cli.administration import Tenant
from tallystick.cli.exit_codes import UsageError
from tallystick.cli.growth import first_since
from tallystick.cli.indexing import INDEX_LINES, index_state
from tallystick.cli.session import CLI, Session
from tallystick.ledger.ledger import Ledger

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("erase")(erase_subject)
    app.command("compact")(compact)
    app.command("prune")(prune)


def erase_subject(
    context: typer.Context,
    subject: Annotated[str, typer.Argument(help="The person's id, as events name it.")],
    tenant: Tenant,
    reason: Annotated[str, typer.Option(help="Why; kept sealed in the record.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Change nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> None:
    """Erase a person: their keys go, every hash, proof and receipt stays valid."""
    session: Session = context.obj
    with session.house() as house:
        ledger = house.ledger
        with ledger.drivers.store.read() as snapshot:
            number = tenant_named(snapshot, tenant).number
        if not dry_run and not yes:
            _ask(session, _carry_out(session, ledger, number, subject, reason, dry_run=True))
        found = _carry_out(session, ledger, number, subject, reason, dry_run=dry_run)
        index = None if dry_run else index_state(session, ledger, number)
    verb = "would be erased" if dry_run else "erased"
    lines = [
        f"{found.entries:,} entries hold values of this person",
        f"{found.mentions:,} further events mention them",
        *(f"recorded in {stream} at entry {at.index:,}" for stream, at in found.places.items()),
        f"{found.ref} {verb}",
        *([] if index is None else [INDEX_LINES[index]]),
    ]
    told: dict[str, object] = {
        "ref": found.ref,
        "entries": found.entries,
        "mentions": found.mentions,
        "erased": not dry_run,
        "index": index,
        "recorded_at": {stream: at.index for stream, at in found.places.items()},
    }
    session.tell(told, lines)


def compact(context: typer.Context) -> None:
    """Write the files anew, so that no overwritten byte is left in them; writers wait."""
    session: Session = context.obj
    with session.house() as house:
        session.note("writing the database anew; writers wait")
        house.ledger.drivers.store.compact()
    session.tell({"compacted": True}, ["compacted"])


def prune(
    context: typer.Context,
    before: Annotated[str, typer.Option(metavar="DATE", help="Such as 2026-01-31, UTC.")],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what it would cover.")] = False,
) -> None:
    """Say how many entries were received before a date; dropping them comes in a later version."""
    session: Session = context.obj
    limit = _midnight(before)
    if not dry_run:
        raise UsageError("prune: this version drops nothing, want --dry-run")
    rows: list[dict[str, object]] = []
    with session.house() as house, house.ledger.drivers.store.read() as snapshot:
        for tenant in every_tenant(snapshot):
            for stream, log in house.ledger.logs.of(snapshot, tenant.number).items():
                size = snapshot.head(log.slot).size
                covered = first_since(snapshot, log, limit)
                at = {"tenant": tenant.name, "stream": stream, "log": log.hex}
                rows.append({**at, "covered": covered, "entries": size})
    session.tell_table("logs", ("tenant", "stream", "log", "covered", "entries"), rows)
    session.note("nothing was changed")


def _carry_out(
    session: Session, ledger: Ledger, tenant: int, subject: str, reason: str, *, dry_run: bool
) -> Erased:
    with session.progress("erase") as told:
        return erase(
            ledger,
            tenant,
            subject,
            reason,
            CLI,
            dry_run=dry_run,
            progress=lambda _step, done, total: told(done, total),
        )


def _ask(session: Session, found: Erased) -> None:
    if session.as_json or not sys.stdin.isatty():
        raise UsageError("erase: nobody to ask, want --yes (or --dry-run to look first)")
    covered = f"{found.entries:,} entries and {found.mentions:,} mentions"
    typer.confirm(f"erase {covered} for good?", abort=True, err=True)


def _midnight(text: str) -> int:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--before {text[:40]!r}: want a date such as 2026-01-31") from None
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return (moment - _EPOCH) // timedelta(microseconds=1)
