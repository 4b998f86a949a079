"""``keys root`` and ``pins refresh``: an offline key that says which online keys to believe."""

import os
import sys
from pathlib import Path
from typing import Annotated, Final

import typer

from tallystick.access import listing
from tallystick.access.erasing import erase_again
from tallystick.access.rooting import pin_root
from tallystick.cli.session import CLI, Session
from tallystick.drivers.keyfile import KeyFile
from tallystick.drivers.rootfile import RootKey
from tallystick.drivers.system import SystemEntropy
from tallystick.errors import MalformedError, NotFoundError
from tallystick.ledger.succession import propose, require_succeeds
from tallystick.tlog.key import VerifierKey
from tallystick.tlog.private_key import SEED_BYTES
from tallystick.verify.refreshing import refresh
from tallystick.verify.statement import Reason, Statement
from tallystick.watch.http import Site
from tallystick.watch.key_change import lines_about, shown_statements
from tallystick.wiring import House

_MOST: Final = 65_536
_ANSWER_S: Final = 20


def group() -> typer.Typer:
    """Return the commands of ``keys root``."""
    root = typer.Typer(help="The offline root key.", no_args_is_help=True)
    root.command("init")(init)
    root.command("pin")(pin)
    root.command("request")(request)
    root.command("sign")(sign)
    return root


def init(
    context: typer.Context,
    deployment: Annotated[str, typer.Option(help="Name of the deployment.")],
    out: Annotated[Path, typer.Option(help="Key file to make, mode 600; keep it offline.")],
) -> None:
    """Make a root key, on a machine that is no server, and print its vkey."""
    session: Session = context.obj
    key = RootKey(deployment, SystemEntropy().draw(SEED_BYTES))
    key.write(out)
    vkey = key.verifier().vkey()
    session.tell({"vkey": vkey, "key_file": str(out)}, [vkey])


def pin(
    context: typer.Context,
    vkey: Annotated[str, typer.Argument(help="What `keys root init` printed.")],
) -> None:
    """Pin the root key in this deployment, once and for all."""
    session: Session = context.obj
    root = VerifierKey.parse(vkey)
    with session.house() as house:
        pin_root(house.ledger, root, CLI)
    session.tell({"root": vkey}, [f"root {root.name} pinned"])


def request(
    context: typer.Context,
    reason: Annotated[Reason, typer.Option(help="Why the key changes.")] = Reason.ROTATION,
) -> None:
    """Draw the next signing key, and print what the root key is to sign."""
    session: Session = context.obj
    with session.house() as house:
        ledger, drivers = house.ledger, house.ledger.drivers
        if not isinstance(drivers.keeper, KeyFile):
            raise NotFoundError("keys: not in a file, want their own service to draw the next")
        drivers.keeper.draw_next(drivers.entropy)
        with drivers.store.read() as snapshot:
            statement = propose(snapshot, ledger.logs, drivers.keeper, house.lock, reason)
    sys.stdout.write(statement.format())


def sign(
    context: typer.Context,
    root_key: Annotated[Path, typer.Option("--root-key", help="The root's key file.")],
) -> None:
    """Sign a request from standard input; do this where the root key is, offline."""
    session: Session = context.obj
    statement = Statement.parse(_text(sys.stdin.buffer.read(_MOST)))
    note = RootKey.read(root_key).sign(statement)
    for line in lines_about(statement):
        session.note(line)
    sys.stdout.write(note.format())


def change_key(session: Session, path: Path) -> None:
    """Begin the super-log that a statement names, under the key that was drawn for it."""
    note = _text(path.read_bytes()[:_MOST])
    with session.house() as house:
        again = _erase_again(session, house, note)
        first = house.publisher.succeed(note)
    origin, size, _ = first.note.split("\n", 2)
    told = {"origin": origin, "size": int(size), "epoch": first.epoch, "erased_again": again}
    lines = [f"erased again, as the list of erasures says: {again:,} names"] if again else []
    lines.append(f"epoch {first.epoch:,} is the first of {origin}; the old key is gone")
    session.tell(told, lines)
    session.note("verifiers need the new key: `tallystick pins`, or `pins refresh` where they are")
    session.note("witnesses need it, too: until they have it, epochs are published uncosigned")


def _erase_again(session: Session, house: House, note: str) -> int:
    """Before a recovery goes on from a store that went back: whom does it bring back?

    Done first, so that a recovery that stops half-way brings nobody back; asking again finds
    nothing left to do.

    Returns:
        How many names of the list the store did not know of.
    """
    ledger = house.ledger
    drivers = ledger.drivers
    with drivers.store.read() as snapshot:
        statement = require_succeeds(snapshot, ledger.logs, drivers.keeper, house.lock, note)
        if statement.reason is not Reason.RECOVERY:
            return 0
        if drivers.erasures is None or not drivers.erasures.exists():
            session.note("no list of erasures: whom this store brings back, nobody can tell")
            return 0
        missing = listing.compare(ledger, snapshot, drivers.erasures).only_listed
    ledger.read_only = None  # it went back, and the root says how it goes on
    with session.progress("erase") as told:
        erase_again(ledger, missing, CLI, lambda _step, done, total: told(done, total))
    return sum(map(len, missing.values()))


def refresh_pins(
    context: typer.Context,
    pins: Annotated[Path, typer.Option(help="The file of pins, with a root; it is replaced.")],
    statement: Annotated[
        list[Path] | None,
        typer.Option(help="A statement from elsewhere than --server; may be repeated, in order."),
    ] = None,
) -> None:
    """Follow the root's statements, as --server shows them, and write the pins anew."""
    session: Session = context.obj
    known = pins.read_bytes()
    if statement:
        notes = [_text(path.read_bytes()[:_MOST]) for path in statement]
    else:
        notes = shown_statements(Site(session.settings.server, timeout_s=_ANSWER_S))
    data, followed = refresh(known, notes)
    if followed:
        draft = pins.with_name(f"{pins.name}.new")
        draft.write_bytes(data)
        os.replace(draft, pins)  # noqa: PTH105
    members = [{"serial": it.serial, "reason": str(it.reason)} for it in followed]
    lines = [line for statement in followed for line in lines_about(statement)]
    session.tell({"followed": members}, lines or ["nothing new: the pins stay as they are"])


def _text(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MalformedError("statement: not UTF-8, want a text") from None
