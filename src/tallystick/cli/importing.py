"""``import``: events from files, each recorded once however often it is imported."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Final

import typer

from tallystick.api.ingest.cloudtrail import translate
from tallystick.api.ingest.files import FoundText, read_lines, read_records
from tallystick.api.ingest.tutorial_hash import HashVerdict
from tallystick.api.ingest.tutorial_log import Judged, read_tutorial_log
from tallystick.cli import exit_codes
from tallystick.cli.progress import Told
from tallystick.cli.recording import Item, Tally, door_of, record_all
from tallystick.cli.session import Session
from tallystick.errors import MalformedError

_SHOWN: Final = 20

Paths = Annotated[list[Path], typer.Argument(metavar="PATH…", help="Files, or folders of them.")]
Tenant = Annotated[
    str | None, typer.Option("--tenant", help="Whose events they are; a key may say it instead.")
]
Reading = Callable[[Path, Told], Iterator[Item]]
"""Reads a file or folder, and tells how many of its bytes are read."""


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(help="Events from files, each recorded once.", no_args_is_help=True)
    group.command("cloudtrail")(import_cloudtrail)
    group.command("events")(import_events)
    group.command("log")(import_log)
    app.add_typer(group, name="import")


def import_cloudtrail(context: typer.Context, paths: Paths, tenant: Tenant = None) -> None:
    """Import AWS CloudTrail: .json with Records, .jsonl, both also as .gz."""
    session: Session = context.obj
    tally = _record(session, paths, tenant, "cloudtrail", _cloudtrail)
    _tell(session, tally, {})


def import_events(context: typer.Context, paths: Paths, tenant: Tenant = None) -> None:
    """Import events in Tallystick's own form: .json, .jsonl, both also as .gz."""
    session: Session = context.obj
    tally = _record(session, paths, tenant, "events", _events)
    _tell(session, tally, {})


def import_log(context: typer.Context, paths: Paths, tenant: Tenant = None) -> None:
    """Import the audit.log of Python tutorials; each line's own hash is recomputed."""
    session: Session = context.obj
    hashes = _Hashes()
    tally = _record(session, paths, tenant, "log", lambda path, told: _log(path, told, hashes))
    for line in hashes.wrong:
        session.complain(line)
    more = hashes.counts[HashVerdict.WRONG] - len(hashes.wrong)
    if more > 0:
        session.complain(f"wrong hash  {more:,} more")
    _tell(session, tally, hashes.counts)


class _Hashes:
    """What the lines' own hashes are worth."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter(dict.fromkeys(HashVerdict, 0))
        self.wrong: list[str] = []

    def add(self, where: str, judged: Judged) -> None:
        self.counts[judged.verdict] += 1
        if judged.verdict is HashVerdict.WRONG and len(self.wrong) < _SHOWN:
            self.wrong.append(f"wrong hash  {where}: {judged.how}")


def _record(
    session: Session, paths: Sequence[Path], tenant: str | None, name: str, reading: Reading
) -> Tally:
    with (
        door_of(session, tenant, name) as door,
        session.progress(f"import {name}", "bytes") as told,
    ):
        for path in paths:
            path.stat()  # all of them, before the first event is recorded
        return record_all(door, (item for path in paths for item in reading(path, told)))


def _cloudtrail(path: Path, told: Told) -> Iterator[Item]:
    for where, record, done, total in read_records(path):
        told(done, total)
        try:
            yield Item(where, record if isinstance(record, MalformedError) else translate(record))
        except MalformedError as error:
            yield Item(where, error)


def _events(path: Path, told: Told) -> Iterator[Item]:
    for where, record, done, total in read_records(path):
        told(done, total)
        yield Item(where, record)


def _log(path: Path, told: Told, hashes: _Hashes) -> Iterator[Item]:
    def texts() -> Iterator[FoundText]:
        for found in read_lines(path):
            told(found.bytes_read, found.bytes_total)
            yield found

    for file, of_file in groupby(texts(), key=lambda found: found.where.rpartition(":")[0]):
        unreadable: list[Item] = []
        lines = _lines(of_file, unreadable)
        for judged in read_tutorial_log(lines, Path(file).name):
            where = f"{file}:{judged.number}"
            hashes.add(where, judged)
            yield Item(where, judged.event)
        yield from unreadable


def _lines(texts: Iterable[FoundText], unreadable: list[Item]) -> Iterator[bytes]:
    """Give the lines their numbers back: an empty line for each that was left out."""
    number = 0
    for where, text, _, _ in texts:
        if isinstance(text, MalformedError):
            unreadable.append(Item(where, text))
            continue
        told = where.rpartition(":")[2]
        place = int(told) if told.isdecimal() else number + 1
        yield from [b""] * (place - number - 1)
        number = place
        yield text


def _tell(session: Session, tally: Tally, hashes: Mapping[str, int]) -> None:
    for reason in tally.reasons:
        session.complain(f"refused  {reason}")
    if tally.refused > len(tally.reasons):
        session.complain(f"refused  {tally.refused - len(tally.reasons):,} more")
    told = [f"hashes: {', '.join(f'{count:,} {name}' for name, count in hashes.items())}"]
    counts = (
        f"{tally.recorded:,} recorded",
        f"{tally.duplicate:,} duplicate",
        f"{tally.refused:,} refused",
    )
    members = {**tally.to_builtins(), **({"hashes": dict(hashes)} if hashes else {})}
    session.tell(members, [*(told if hashes else []), ", ".join(counts)])
    doubtful = tally.refused or hashes.get(HashVerdict.WRONG)
    raise typer.Exit(exit_codes.NO if doubtful else exit_codes.OK)
