"""``doctor`` and ``keys``: what an operator looks after."""

from pathlib import Path
from typing import Annotated

import typer

from tallystick.cli import exit_codes, rooting
from tallystick.cli.examination import Remark, examine
from tallystick.cli.session import Session
from tallystick.drivers.keyfile import KeyFile
from tallystick.errors import NotFoundError
from tallystick.ledger import tenant_keys


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("doctor")(doctor)
    keys = typer.Typer(help="The deployment's own keys.", no_args_is_help=True)
    keys.callback()(_keys)
    keys.command("rotate")(rotate)
    keys.add_typer(rooting.group(), name="root")
    app.add_typer(keys, name="keys")


def doctor(context: typer.Context) -> None:
    """Look at disk, clock, keys and lock file; exit 1 if something needs a hand."""
    session: Session = context.obj
    with session.house() as house:
        remarks = list(examine(house))
    healthy = all(remark.ok for remark in remarks)
    told: dict[str, object] = {
        "healthy": healthy,
        "remarks": [
            {"name": remark.name, "ok": remark.ok, "text": remark.text} for remark in remarks
        ],
    }
    last = "healthy" if healthy else "needs a hand"
    session.tell(told, [*map(_line, remarks), last])
    raise typer.Exit(exit_codes.OK if healthy else exit_codes.NO)


def rotate(
    context: typer.Context,
    statement: Annotated[
        Path | None,
        typer.Option(help="What `keys root sign` wrote: change the signing key instead."),
    ] = None,
) -> None:
    """Draw a new epoch key, wrap all tenant keys under it, and destroy the older ones.

    Copies of the database from before then open nothing that was erased since. With --statement,
    the signing key is changed, and nothing else.
    """
    session: Session = context.obj
    if statement is not None:
        rooting.change_key(session, statement)
        return
    with session.house() as house:
        drivers = house.ledger.drivers
        keeper = drivers.keeper
        if not isinstance(keeper, KeyFile):
            raise NotFoundError("keys: not in a file, want their own service to rotate them")
        with drivers.store.write() as tx:
            # Inside the writer's turn: no tenant can come meanwhile whose keys would be missed.
            keeper.rotate(drivers.entropy, drivers.clock)
            wrapped = tenant_keys.rewrap(tx, keeper)
        keeper.destroy_old()
    line = f"{wrapped:,} tenant keys wrapped anew, the old epoch key destroyed"
    session.tell({"rewrapped": wrapped}, [line])


def _keys() -> None:
    """Look after the deployment's own keys."""


def _line(remark: Remark) -> str:
    return f"{'ok' if remark.ok else 'FAIL':<5} {remark.name:<10} {remark.text}"
