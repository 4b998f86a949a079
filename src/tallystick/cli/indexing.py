"""``rebuild``, ``reconcile`` and ``parked``: the search index, and what is not in it."""

import json
import time
from typing import Annotated, Final

import typer

from tallystick.access.tenants import every_tenant
from tallystick.cli import exit_codes
from tallystick.cli.exit_codes import UnreachableError, UsageError
from tallystick.cli.progress import Told
from tallystick.cli.session import Session
from tallystick.cli.sole_follower import is_at_work
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Store
from tallystick.search.erasures import waiting
from tallystick.search.errands import Errand, Kind, ask, newest
from tallystick.search.plan import FOLLOWER, parked
from tallystick.wiring import NO_ENGINE

_LOOK_EVERY_S: Final = 0.2
_PATIENCE_S: Final = 30.0
"""So long an errand may lie there before somebody should see to the server."""
_SCRUB_S: Final = 90.0
"""So long an erasure waits until the index has obeyed it, and the engine has removed old files."""
INDEX_LINES: Final = {
    "certified": "nothing of it is left in the search index",
    "waiting": "the search index hides it, and removes it while `tallystick serve` runs",
    "off": "the engine is off: if it was on before, delete its folder",
}
_INDEXES: Final = ("search",)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("rebuild")(rebuild)
    app.command("reconcile")(reconcile)
    app.command("parked")(list_parked)


def rebuild(
    context: typer.Context,
    index: Annotated[str, typer.Argument(metavar="INDEX", help="Which one: search.")],
) -> None:
    """Make an index anew from entry 0; questions go on against the old one meanwhile."""
    session: Session = context.obj
    if index not in _INDEXES:
        raise UsageError(f"rebuild {index[:40]!r}: unknown, want search")
    ended = _carry_out(session, "rebuild")
    told = {"index": index, "entries": ended.done}
    session.tell(told, [f"{ended.done:,} entries are in the new index"])


def reconcile(context: typer.Context) -> None:
    """Compare the search index with the ledger, id by id, and mend it; 1 if it had to be."""
    session: Session = context.obj
    found = json.loads(_carry_out(session, "reconcile").note)
    differs = bool(found["missing"] or found["wrong"] or found["foreign"])
    lines = [
        f"{found['entries']:,} entries compared",
        f"{found['missing']:,} had no row, {found['wrong']:,} a wrong one",
        f"{found['foreign']:,} rows were of no entry",
        *found["findings"],
        "mended: look for who else writes to the engine" if differs else "as the ledger says",
    ]
    session.tell({**found, "mended": differs}, lines)
    raise typer.Exit(exit_codes.NO if differs else exit_codes.OK)


def list_parked(context: typer.Context) -> None:
    """List the entries that the search index passes by, each with the reason."""
    session: Session = context.obj
    with session.house() as house, house.ledger.drivers.store.read() as snapshot:
        names = {tenant.number: tenant.name for tenant in every_tenant(snapshot)}
        rows = []
        for slot, index, reason in parked(snapshot, FOLLOWER):
            log = house.ledger.logs.at(snapshot, slot)
            place = {"tenant": names.get(log.tenant), "stream": log.stream, "log": log.hex}
            rows.append({**place, "index": index, "reason": reason})
    session.tell_table("parked", ("tenant", "stream", "log", "index", "reason"), rows)


def index_state(session: Session, ledger: Ledger, tenant: int) -> str:
    """Wait until the index has obeyed the erasures of a tenant; return a key of INDEX_LINES."""
    if session.settings.engine == NO_ENGINE:
        return "off"
    store = ledger.drivers.store
    deadline = time.monotonic() + _SCRUB_S
    with session.progress("search index") as told:
        most = 0
        while True:
            with store.read() as snapshot:
                left = len(waiting(snapshot, tenant).names)
            if left == 0:
                return "certified"
            if not is_at_work(session.settings.data) or time.monotonic() > deadline:
                return "waiting"
            most = max(most, left)
            told(most - left, most)
            time.sleep(_LOOK_EVERY_S)


def _carry_out(session: Session, kind: Kind) -> Errand:
    """Put an errand down, and wait for its end."""
    if session.settings.engine == NO_ENGINE:
        raise UsageError(f"{kind}: the engine is off, want one")
    if not is_at_work(session.settings.data):
        raise UnreachableError(f"{kind}: no follower at work, want the server to run")
    with session.house() as house, session.progress(kind) as told:
        store = house.ledger.drivers.store
        with store.write() as tx:
            errand = ask(tx, kind)
        return _wait(store, errand, told)


def _wait(store: Store, errand: Errand, told: Told) -> Errand:
    """Tell how far it is until its end.

    Raises:
        UnreachableError: Nobody works on it.
    """
    moved_at = time.monotonic()
    while not errand.has_ended:
        time.sleep(_LOOK_EVERY_S)
        with store.read() as snapshot:
            known = newest(snapshot, errand.kind) or errand
        if known != errand:
            moved_at = time.monotonic()
        errand = known
        told(errand.done, errand.total)
        if time.monotonic() - moved_at > _PATIENCE_S:
            raise UnreachableError(
                f"{errand.kind}: no step in {_PATIENCE_S:.0f} s, want it to move"
            )
    return errand
