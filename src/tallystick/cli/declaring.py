"""``catalogue``: what a tenant declares about its actions."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tallystick.access.declarations import catalogue_entry, declare, set_policy
from tallystick.access.tenants import tenant_named
from tallystick.cli import exit_codes
from tallystick.cli.administration import Tenant
from tallystick.cli.exit_codes import UsageError
from tallystick.cli.session import CLI, Session
from tallystick.errors import MalformedError
from tallystick.events.catalogue import CatalogueEntry, entry_builtins, parse_entry

Action = Annotated[str, typer.Argument(help="Such as invoice.deleted.")]
File = Annotated[Path, typer.Argument(help="TOML with [[entries]], or JSON with a list.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    catalogue = typer.Typer(help="What is declared about actions.", no_args_is_help=True)
    catalogue.command("import")(catalogue_import)
    catalogue.command("diff")(catalogue_diff)
    catalogue.command("show")(catalogue_show)
    catalogue.command("policy")(catalogue_policy)
    app.add_typer(catalogue, name="catalogue")


def catalogue_import(context: typer.Context, file: File, tenant: Tenant) -> None:
    """Declare the actions of a TOML or JSON file; what is declared already is left alone."""
    session: Session = context.obj
    entries = _read_entries(file)
    with session.house() as house:
        ledger = house.ledger
        with ledger.drivers.store.read() as snapshot:
            number = tenant_named(snapshot, tenant).number
            catalogue = ledger.catalogues.of(snapshot, number).catalogue
        changed = [entry for entry in entries if catalogue.get(entry.action) != entry]
        for entry in changed:
            declare(ledger, number, entry, CLI)
    told = {"declared": len(changed), "unchanged": len(entries) - len(changed)}
    session.tell(told, [f"{told['declared']} declared, {told['unchanged']} unchanged"])


def catalogue_diff(context: typer.Context, file: File, tenant: Tenant) -> None:
    """Show how a file differs from what is declared; exit 1 if it does."""
    session: Session = context.obj
    entries = _read_entries(file)
    with session.house() as house, house.ledger.drivers.store.read() as snapshot:
        number = tenant_named(snapshot, tenant).number
        catalogue = house.ledger.catalogues.of(snapshot, number).catalogue
    known = {entry.action: catalogue.get(entry.action) for entry in entries}
    added = [action for action, entry in known.items() if entry is None]
    changed = [entry.action for entry in entries if known[entry.action] not in (None, entry)]
    lines = [*(f"+ {action}" for action in added), *(f"~ {action}" for action in changed)]
    session.tell({"added": added, "changed": changed}, lines or ["no difference"])
    raise typer.Exit(exit_codes.NO if lines else exit_codes.OK)


def catalogue_show(context: typer.Context, action: Action, tenant: Tenant) -> None:
    """Show what is declared about an action."""
    session: Session = context.obj
    with session.house() as house, house.ledger.drivers.store.read() as snapshot:
        number = tenant_named(snapshot, tenant).number
        entry = catalogue_entry(house.ledger, snapshot, number, action)
    told = entry_builtins(entry)
    session.tell(told, [f"{name}: {_shown(value)}" for name, value in told.items()])


def catalogue_policy(
    context: typer.Context,
    tenant: Tenant,
    unknown: Annotated[str, typer.Option(help="warn or refuse undeclared actions.")],
) -> None:
    """Say what happens to events of undeclared actions."""
    session: Session = context.obj
    if unknown not in {"warn", "refuse"}:
        raise UsageError(f"--unknown {unknown!r}: want warn or refuse")
    with session.house() as house:
        with house.ledger.drivers.store.read() as snapshot:
            number = tenant_named(snapshot, tenant).number
        set_policy(house.ledger, number, refuse_unknown=unknown == "refuse", key_id=CLI)
    session.tell({"unknown": unknown}, [f"undeclared actions: {unknown}"])


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _read_entries(file: Path) -> list[CatalogueEntry]:
    text = file.read_bytes()
    try:
        raw = msgspec.toml.decode(text) if file.suffix == ".toml" else msgspec.json.decode(text)
    except msgspec.DecodeError as error:
        raise MalformedError(f"{file}: {error}, want TOML or JSON") from None
    rows = raw.get("entries") if isinstance(raw, dict) else raw
    if not isinstance(rows, list):
        raise MalformedError(f"{file}: want a list of entries, in TOML as [[entries]]")
    return [_entry(file, position, row) for position, row in enumerate(rows)]


def _entry(file: Path, position: int, row: object) -> CatalogueEntry:
    try:
        return parse_entry(row)
    except MalformedError as error:
        raise MalformedError(f"{file}: entry {position}: {error}") from None
