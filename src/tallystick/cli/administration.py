"""``tenant`` and ``key``: whose logs there are, and who may do what."""

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer

from tallystick.access.keys import SCOPES, Grant, Key, create_key, every_key, revoke_key
from tallystick.access.tenants import create_tenant, every_tenant, tenant_named
from tallystick.cli.exit_codes import UsageError
from tallystick.cli.session import CLI, Session
from tallystick.ledger.leaf import time_text
from tallystick.ledger.ledger import Ledger

_MICROSECONDS: Final = {"m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}

Tenant = Annotated[str, typer.Option("--tenant", help="Name of the tenant.")]
Name = Annotated[str, typer.Argument(help="1 to 63 characters of a-z 0-9 . _ -")]
KeyId = Annotated[str, typer.Argument(help="16 hex digits, as `key list` shows them.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    tenant = typer.Typer(help="Tenants: whose logs there are.", no_args_is_help=True)
    tenant.command("create")(tenant_create)
    tenant.command("list")(tenant_list)
    app.add_typer(tenant, name="tenant")
    key = typer.Typer(help="API keys: shown once, kept as a hash.", no_args_is_help=True)
    key.command("create")(key_create)
    key.command("list")(key_list)
    key.command("revoke")(key_revoke)
    app.add_typer(key, name="key")


def tenant_create(context: typer.Context, name: Name) -> None:
    """Create a tenant with its logs and keys."""
    session: Session = context.obj
    with session.house(create=True) as house:
        made = create_tenant(house.ledger, name, CLI)
        with house.ledger.drivers.store.read() as snapshot:
            logs = house.ledger.logs.of(snapshot, made.number)
    told = {"tenant": made.name, "logs": {stream: log.hex for stream, log in logs.items()}}
    session.tell(told, [f"tenant {made.name} created"])


def tenant_list(context: typer.Context) -> None:
    """List the tenants with the sizes of their logs."""
    session: Session = context.obj
    rows: list[dict[str, object]] = []
    with session.house() as house, house.ledger.drivers.store.read() as snapshot:
        for tenant in every_tenant(snapshot):
            logs = house.ledger.logs.of(snapshot, tenant.number)
            sizes = {stream: snapshot.head(log.slot).size for stream, log in logs.items()}
            rows.append(
                {"tenant": tenant.name, "created_at": time_text(tenant.created_at), **sizes}
            )
    session.tell_table("tenants", ("tenant", "created_at", "audit", "activity", "access"), rows)


def key_create(
    context: typer.Context,
    tenant: Annotated[list[str] | None, typer.Option("--tenant", help="May be repeated.")] = None,
    all_tenants: Annotated[bool, typer.Option("--all-tenants", help="For every tenant.")] = False,
    scope: Annotated[str, typer.Option(help=f"Of {', '.join(SCOPES)}.")] = "ingest",
    label: Annotated[str, typer.Option(help="What people call it.")] = "",
    expires: Annotated[str | None, typer.Option(help="Such as 90d, 12h, 30m.")] = None,
    events_per_minute: Annotated[int | None, typer.Option(min=1, help="Limit.")] = None,
    bytes_per_minute: Annotated[int | None, typer.Option(min=1, help="Limit.")] = None,
    creates_tenants: Annotated[
        bool, typer.Option("--creates-tenants", help="A tenant it names is made on first use.")
    ] = False,
) -> None:
    """Create an API key; it is shown this once."""
    session: Session = context.obj
    if bool(tenant) == all_tenants:
        raise UsageError("key: want either --tenant NAME or --all-tenants")
    scopes = frozenset(filter(None, (word.strip() for word in scope.split(","))))
    if not scopes or scopes - set(SCOPES):
        raise UsageError(f"--scope {scope!r}: want some of {', '.join(SCOPES)}")
    with session.house() as house:
        ledger = house.ledger
        with ledger.drivers.store.read() as snapshot:
            numbers = [tenant_named(snapshot, name).number for name in tenant or ()]
        grant = Grant(
            scopes=scopes,
            tenants=None if all_tenants else tuple(numbers),
            creates_tenants=creates_tenants,
            events_per_minute=events_per_minute,
            bytes_per_minute=bytes_per_minute,
            expires_at=_expiry(ledger, expires),
        )
        key, text = create_key(ledger, grant, label or "unnamed", CLI)
    told = {"key": text, "key_id": key.key_id, "scopes": sorted(grant.scopes)}
    session.note("keep it: it is not shown again")
    session.tell(told, [text])


def key_list(context: typer.Context) -> None:
    """List all keys, without their secrets."""
    session: Session = context.obj
    with session.house() as house, house.ledger.drivers.store.read() as snapshot:
        names = {tenant.number: tenant.name for tenant in every_tenant(snapshot)}
        now = house.ledger.drivers.clock.now()
        rows = [_key_row(key, names, now) for key in every_key(snapshot)]
    session.tell_table("keys", ("key_id", "label", "scopes", "tenants", "state", "expires"), rows)


def key_revoke(context: typer.Context, key_id: KeyId) -> None:
    """Revoke a key at once."""
    session: Session = context.obj
    with session.house() as house:
        revoke_key(house.ledger, key_id, CLI)
    session.tell({"revoked": key_id}, [f"key {key_id} revoked"])


def _expiry(ledger: Ledger, text: str | None) -> int | None:
    if text is None:
        return None
    match = re.fullmatch(r"([0-9]{1,5})([mhd])", text)
    if match is None:
        raise UsageError(f"--expires {text!r}: want a number and m, h or d, such as 90d")
    return ledger.drivers.clock.now() + int(match[1]) * _MICROSECONDS[match[2]]


def _key_row(key: Key, names: dict[int, str], now: int) -> dict[str, object]:
    grant = key.grant
    state = "active"
    if key.revoked_at is not None:
        state = "revoked"
    elif grant.expires_at is not None and grant.expires_at <= now:
        state = "expired"
    tenants = ["all"] if grant.tenants is None else [names[number] for number in grant.tenants]
    expires = None if grant.expires_at is None else _day(grant.expires_at)
    return {
        "key_id": key.key_id,
        "label": key.label,
        "scopes": sorted(grant.scopes),
        "tenants": tenants,
        "state": state,
        "expires": expires,
    }


def _day(microseconds: int) -> str:
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="minutes").replace("+00:00", "Z")
