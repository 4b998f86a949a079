"""``verify``, ``pins`` and ``fsck``: is everything as it was recorded?"""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from tallystick.access.replay import compare_tables
from tallystick.cli import exit_codes
from tallystick.cli.exit_codes import UsageError
from tallystick.cli.interim import read_interim, write_interim
from tallystick.cli.mirroring import check_mirror
from tallystick.cli.progress import Told
from tallystick.cli.rooting import refresh_pins
from tallystick.cli.session import Session
from tallystick.drivers.sqlite import SqliteStore
from tallystick.ledger.inspection import Inspection, Interim, Result
from tallystick.ledger.start_up import first_missing
from tallystick.ledger.super_logs import (
    current_super,
    pinned_root,
    read_note,
    statements,
    super_logs,
)
from tallystick.verify.__main__ import main as verify_files
from tallystick.verify.fsck import Finding, Verdict
from tallystick.wiring import House


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("verify")(verify)
    group = typer.Typer(
        help="The pins of this deployment; without a command, print them.",
        invoke_without_command=True,
    )
    group.callback()(pins)
    group.command("refresh")(refresh_pins)
    app.add_typer(group, name="pins")
    app.command("fsck")(fsck)


def verify(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="Receipts.")],
    pins: Annotated[
        Path | None, typer.Option("--pins", help="What to believe: a file of `pins`.")
    ] = None,
) -> None:
    """Verify receipts offline; --data DIR believes the deployment in that folder."""
    session: Session = context.obj
    if pins is not None and session.data_given:
        raise UsageError("verify: both --pins and --data, want one of them")
    flags = ["--json"] if session.as_json else []
    names = ["--", *map(str, files)]
    if not session.data_given:
        given = [] if pins is None else ["--pins", str(pins)]
        raise typer.Exit(verify_files([*flags, *given, *names]))
    with session.house() as house:
        text = json.dumps(pins_of(house))
    with TemporaryDirectory(prefix="tallystick-") as folder:
        own = Path(folder) / "pins.json"
        own.write_text(text, "utf-8")
        raise typer.Exit(verify_files([*flags, "--pins", str(own), *names]))


def pins(context: typer.Context) -> None:
    """Print the pins of this deployment, for `verify --pins`; hand them over by another way."""
    if context.invoked_subcommand is not None:
        return
    session: Session = context.obj
    with session.house() as house:
        session.write(json.dumps(pins_of(house), indent=2))


def fsck(
    context: typer.Context,
    disclosures: Annotated[
        bool, typer.Option("--disclosures", help="Open every sealed value, too.")
    ] = False,
    mirror: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Check the copy in this folder, not the deployment."),
    ] = None,
    pins: Annotated[
        Path | None, typer.Option(help="What to believe of a copy: a file of `pins`.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="Write there how far it came; go on there if the file exists."
            " Keep it where the ledger's administrator can't write.",
        ),
    ] = None,
) -> None:
    """Recompute every log and all that follows from it, and name what is not as it must be."""
    session: Session = context.obj
    if mirror is not None:
        raise check_mirror(session, mirror, pins, finding_line)
    if pins is not None:
        raise UsageError("fsck: --pins without --mirror, want both")
    interim = None if resume is None else read_interim(resume)
    if interim is not None:
        session.note(f"goes on after {interim.entries:,} entries, where a check was stopped")
    write_down = partial(write_interim, resume) if resume is not None else lambda _: None
    with session.house() as house, session.progress("fsck") as told:
        result = inspect(
            house, told=told, disclosures=disclosures, interim=interim, write_down=write_down
        )
    if resume is not None:
        resume.unlink(missing_ok=True)
    members: dict[str, object] = {
        "verdict": str(result.verdict),
        "entries": result.entries,
        "opened": result.opened,
        "findings": [_members(finding) for finding in result.findings],
    }
    opened = f", {result.opened:,} values opened" if disclosures else ""
    count = f"{result.entries:,} entries recomputed{opened}"
    session.tell(members, [*map(finding_line, result.findings), count, str(result.verdict)])
    raise typer.Exit(exit_codes.OK if result.verdict is Verdict.INTACT else exit_codes.NO)


def inspect(
    house: House,
    *,
    disclosures: bool = False,
    told: Told = lambda _done, _total: None,
    interim: Interim | None = None,
    write_down: Callable[[Interim], None] = lambda _: None,
) -> Result:
    """Run the whole of ``fsck``: logs, epochs, subjects, tables, and the lock file."""
    ledger = house.ledger
    with TemporaryDirectory(prefix="tallystick-fsck-") as folder:
        scratch = SqliteStore(Path(folder) / "scratch.db")
        try:
            with ledger.drivers.store.read() as snapshot:
                inspection = Inspection(
                    ledger,
                    disclosures=disclosures,
                    progress=told,
                    interim=interim,
                    write_down=write_down,
                )
                result = inspection.run(snapshot)
                if result.readable:
                    result.findings += compare_tables(ledger, snapshot, scratch)
        finally:
            scratch.close()
    if ledger.read_only is not None:
        with ledger.drivers.store.read() as snapshot:
            origin = current_super(snapshot, ledger.logs, ledger.drivers.keeper).origin
        drivers = ledger.drivers
        at = first_missing(drivers.store, ledger.logs, house.lock, drivers.keeper)
        result.findings.append(Finding(Verdict.TAMPERED, origin, at, ledger.read_only))
    return result


def pins_of(house: House) -> dict[str, object]:
    """Return the pins of a deployment: docs/specs/receipt-v1.md has their form."""
    ledger = house.ledger
    with ledger.drivers.store.read() as snapshot:
        known = super_logs(snapshot, ledger.logs, ledger.drivers.keeper)
        said = statements(snapshot)
        root = pinned_root(snapshot, ledger.logs)
    listed: list[object] = []
    for super_log in known:
        after = said.get(super_log.serial + 1)
        frozen = None if after is None else read_note(after).frozen
        vkey = super_log.key.vkey()
        listed.append(vkey if frozen is None else {"vkey": vkey, "max_size": frozen[0]})
    members: dict[str, object] = {"super": listed}
    if root is not None:
        members["root"] = root.vkey()
    return members


def _members(finding: Finding) -> dict[str, object]:
    return {**finding._asdict(), "verdict": str(finding.verdict)}


def finding_line(finding: Finding) -> str:
    """Tell a finding in one line."""
    at = "" if finding.index is None else f"  entry {finding.index:,}"
    return f"{str(finding.verdict).upper():<10}  {finding.origin}{at}: {finding.what}"
