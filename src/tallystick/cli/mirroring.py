"""``mirror``: a verified copy of a log; and ``fsck`` of such a copy."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import sleep
from typing import Annotated

import typer

from tallystick.cli import exit_codes
from tallystick.cli.exit_codes import UsageError
from tallystick.cli.session import Session
from tallystick.cli.watching import end, read_pins, site_of
from tallystick.errors import (
    ForbiddenError,
    MalformedError,
    NotFoundError,
    VerificationError,
)
from tallystick.tlog.checkpoint import Checkpoint
from tallystick.tlog.note import Note
from tallystick.verify.fsck import Finding, Verdict
from tallystick.verify.pins import Pins
from tallystick.watch.alarm import AlarmError, Kind
from tallystick.watch.believing import deployment_of, require_witnesses
from tallystick.watch.http import NoAnswerError
from tallystick.watch.kept_mirror import Copied, KeptMirror, believed
from tallystick.watch.key_change import KeyChange
from tallystick.watch.mirror import mirrored
from tallystick.watch.mirror_check import MirrorCheck
from tallystick.watch.mirror_folder import CHECKPOINT, MirrorFolder
from tallystick.watch.rules import Rules


def register(app: typer.Typer) -> None:
    """Add the command of this file."""
    app.command("mirror")(mirror)


def mirror(
    context: typer.Context,
    pins: Annotated[Path, typer.Option(help="What to believe: a file of `pins`.")],
    into: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the copy.")],
    log: Annotated[str | None, typer.Option(help="The log: 32 hex digits.")] = None,
    super_log: Annotated[
        bool, typer.Option("--super", help="The super-log, which needs no key.")
    ] = False,
    once: Annotated[bool, typer.Option("--once", help="Copy once, and end.")] = False,
    every: Annotated[int, typer.Option(min=1, help="Seconds between two looks.")] = 60,
) -> None:
    """Keep a verified copy of a log, in the layout of c2sp.org/tlog-tiles.

    Any web server can serve the folder. Nothing is kept that does not verify.
    """
    session: Session = context.obj
    if (log is None) is not super_log:
        raise UsageError("mirror: want one of --super and --log")
    pinned = read_pins(pins)
    site = site_of(session)
    if log is not None:
        Rules(log, pinned)
    folder = MirrorFolder(into)
    with folder.held():
        kept = KeptMirror(site, folder, pinned, log)
        raise end(_copy(session, kept, None if once else every))


def _copy(session: Session, kept: KeptMirror, every: int | None) -> set[Kind]:
    found: set[Kind] = set()
    try:
        while True:
            wrong = _copy_once(session, kept)
            found |= wrong
            if every is None or kept.stopped:
                return wrong
            sleep(every)
    except KeyboardInterrupt:
        if not found:
            raise
        return found


def _copy_once(session: Session, kept: KeptMirror) -> set[Kind]:
    try:
        with session.progress("mirror") as kept.progress:
            for event in kept.look():
                if isinstance(event, KeyChange):
                    session.tell({"event": "keys-changed", **event.members()}, event.lines)
                else:
                    _tell_copied(session, event)
    except AlarmError as error:
        return _tell_wrong(session, error.alarm.kind, error.alarm.what)
    except NoAnswerError as error:
        return _tell_wrong(session, Kind.UNREACHABLE, str(error))
    except (ForbiddenError, MalformedError, NotFoundError, VerificationError) as error:
        return _tell_wrong(session, Kind.UNPROVEN, str(error))
    return set()


def _tell_copied(session: Session, copied: Copied) -> None:
    checkpoint = copied.signed.checkpoint
    members: dict[str, object] = {
        "event": "mirrored",
        "origin": checkpoint.origin,
        "size": checkpoint.size,
        "added": copied.added,
    }
    text = f"{checkpoint.origin}: {checkpoint.size:,} entries, {copied.added:,} of them new"
    if copied.added or copied.is_first or session.as_json:
        session.tell(members, [text])


def _tell_wrong(session: Session, kind: Kind, what: str) -> set[Kind]:
    session.tell({"event": "alarm", "kind": str(kind), "what": what}, [f"ALARM  {kind}  {what}"])
    return {kind}


def check_mirror(
    session: Session,
    path: Path,
    pins_file: Path | None,
    line: Callable[[Finding], str],
) -> typer.Exit:
    """Check a mirror's folder; see :class:`tallystick.watch.mirror_check.MirrorCheck`.

    Args:
        session: Who asks.
        path: The folder.
        pins_file: What to believe; without it the best verdict is *unverifiable*.
        line: Tells a finding in one line.

    Returns:
        What ends the command.
    """
    folder = MirrorFolder(path)
    if not path.is_dir():
        raise NotFoundError(f"{path}: no folder, want that of a mirror")
    pins = None if pins_file is None else believed(folder, read_pins(pins_file))
    with folder.held(), session.progress("fsck") as told:
        data = folder.read(CHECKPOINT)
        if data is None:
            raise NotFoundError(f"{path}: no checkpoint, want that of a mirror")
        check = MirrorCheck(folder, Checkpoint.parse(Note.parse(data).text), told)
        findings = [*_signature_findings(folder, check.checkpoint, pins), *check.run()]
    if check.resumed:
        session.note(f"went on at entry {check.resumed:,}, where a check was stopped")
    verdict = _verdict(findings, pins)
    members: dict[str, object] = {
        "verdict": str(verdict),
        "entries": check.checkpoint.size,
        "findings": [{**it._asdict(), "verdict": str(it.verdict)} for it in findings],
    }
    count = f"{check.checkpoint.size:,} entries recomputed"
    last = "unverifiable (no pinned key)" if verdict is Verdict.UNVERIFIABLE else str(verdict)
    session.tell(members, [*map(line, findings), count, last])
    if verdict is Verdict.UNVERIFIABLE:
        return typer.Exit(exit_codes.UNDECIDED)
    return typer.Exit(exit_codes.OK if verdict is Verdict.INTACT else exit_codes.NO)


def _signature_findings(
    folder: MirrorFolder, checkpoint: Checkpoint, pins: Pins | None
) -> Iterator[Finding]:
    if pins is None:
        return
    try:
        signed = mirrored(folder, pins)
        if signed is not None and deployment_of(checkpoint.origin) is not None:
            require_witnesses(signed, pins)
    except (AlarmError, VerificationError) as error:
        yield Finding(Verdict.TAMPERED, checkpoint.origin, None, str(error))


def _verdict(findings: Sequence[Finding], pins: Pins | None) -> Verdict:
    found = {finding.verdict for finding in findings}
    if Verdict.TAMPERED in found:
        return Verdict.TAMPERED
    if found:
        return Verdict.INCOMPLETE
    return Verdict.INTACT if pins is not None else Verdict.UNVERIFIABLE
