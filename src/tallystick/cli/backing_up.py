"""``backup``, ``backup-key`` and ``restore``: a copy apart, and the way back from it."""

import os
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Final

import typer

from tallystick.cli.backup_file import make_backup
from tallystick.cli.exit_codes import UsageError
from tallystick.cli.restoration import Restored, Sources, restore
from tallystick.cli.session import Session
from tallystick.drivers.sealed import Passphrase, Recipient, create_key_file, read_key_file
from tallystick.drivers.sealed.keys import OpeningKey, SealingKey
from tallystick.drivers.system import SystemEntropy
from tallystick.drivers.witness_http import HttpWitnesses
from tallystick.errors import MalformedError, NotFoundError
from tallystick.ledger.backup import Manifest
from tallystick.ledger.ports import Witnesses
from tallystick.tlog.checkpoint import parse_foreign
from tallystick.tlog.note import Note
from tallystick.tlog.policy import Policy

PASSPHRASE_VARIABLE: Final = "TALLYSTICK_BACKUP_PASSPHRASE"  # noqa: S105 (the name of a variable)
_SHORTEST: Final = 12
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_WITH_KEYS: Final = (
    "warning: the deployment's key file is in this backup: whoever opens it reads everything, and"
    " whom you erase later comes back from it for ever, also after `keys rotate`: destroy it then"
)
_WITHOUT_KEYS: Final = (
    "keys.json is not in it: keep a copy of that file apart, or nothing opens the backup's values"
)

KeyFileOption = Annotated[
    Path | None, typer.Option("--key-file", help="Key file made by `backup-key`.")
]
PassphraseOption = Annotated[
    Path | None,
    typer.Option(
        "--passphrase-file", help=f"File with the passphrase; else {PASSPHRASE_VARIABLE}."
    ),
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command("backup")(backup)
    app.command("backup-key")(backup_key)
    app.command("restore")(restore_backup)


def backup(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The backup; a new file.")],
    recipient: Annotated[
        str | None, typer.Option(help="For whom: the name that `backup-key` told.")
    ] = None,
    key_file: KeyFileOption = None,
    passphrase_file: PassphraseOption = None,
    with_keys: Annotated[
        bool,
        typer.Option("--with-keys", help="Put keys.json in; it then un-erases people for ever."),
    ] = False,
    scratch: Annotated[
        Path | None, typer.Option(help="Folder for the copy while it is sealed.")
    ] = None,
) -> None:
    """Back the deployment up while it runs: one moment of it, sealed, whole or not at all."""
    session: Session = context.obj
    key = _sealing_key(recipient, key_file, passphrase_file)
    with session.house() as house:
        manifest = make_backup(
            house,
            out,
            key,
            lambda title: session.progress(title, "kibibytes"),
            scratch,
            with_keys=with_keys,
        )
    session.tell(
        {"backup": str(out), "bytes": out.stat().st_size, **_members(manifest)},
        [*_lines(manifest), f"{out}, {out.stat().st_size:,} bytes"],
    )
    session.note(_WITH_KEYS if with_keys else _WITHOUT_KEYS)


def backup_key(
    context: typer.Context,
    out: Annotated[Path, typer.Option(help="The key file; keep it apart from the backups.")],
) -> None:
    """Make a key for backups, and tell its recipient: all that `backup` needs."""
    session: Session = context.obj
    recipient = str(create_key_file(out, SystemEntropy()).recipient)
    session.tell({"key_file": str(out), "recipient": recipient}, [recipient])


def restore_backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")],
    into: Annotated[Path, typer.Option(help="The new data folder; must not exist.")],
    lock: Annotated[
        Path | None, typer.Option(help="The lock file of the deployment, as it stands today.")
    ] = None,
    no_lock: Annotated[
        bool, typer.Option("--no-lock-i-understand", help="There is no lock file any more.")
    ] = False,
    keys: Annotated[
        Path | None, typer.Option(help="The deployment's keys.json, kept apart from the backup.")
    ] = None,
    erasures: Annotated[
        Path | None, typer.Option(help="The list of erasures, if not beside the lock file.")
    ] = None,
    policy: Annotated[
        Path | None, typer.Option(help="Witness policy: how far have they seen us come?")
    ] = None,
    key_file: KeyFileOption = None,
    passphrase_file: PassphraseOption = None,
) -> None:
    """Restore a backup into a new place, unless it would take the deployment back in time."""
    session: Session = context.obj
    if (lock is None) != no_lock:
        raise UsageError(
            "restore: want --lock PATH of today's lock file, or --no-lock-i-understand, not both"
        )
    key = _opening_key(key_file, passphrase_file)
    witnesses = None if policy is None else _witnesses(policy, session.settings.witness_deadline_s)
    sources = Sources(file, key, lock, erasures, keys, witnesses)
    restored = restore(sources, into, session.progress)
    for warning in restored.warnings:
        session.complain(f"warning: {warning}")
    session.tell(_restored_members(restored, into), _restored_lines(restored, into))


def _sealing_key(
    recipient: str | None, key_file: Path | None, passphrase_file: Path | None
) -> SealingKey:
    if sum(way is not None for way in (recipient, key_file, passphrase_file)) > 1:
        raise UsageError("backup: want one of --recipient, --key-file, --passphrase-file")
    if recipient is not None:
        return Recipient.parse(recipient)
    if key_file is not None:
        return read_key_file(key_file).recipient
    passphrase = _passphrase(passphrase_file, confirm=True)
    if len(passphrase) < _SHORTEST:
        raise UsageError(f"passphrase: {len(passphrase)} characters, want {_SHORTEST} at least")
    return Passphrase(passphrase)


def _opening_key(key_file: Path | None, passphrase_file: Path | None) -> OpeningKey:
    if key_file is not None and passphrase_file is not None:
        raise UsageError("restore: want one of --key-file, --passphrase-file")
    if key_file is not None:
        return read_key_file(key_file)
    return Passphrase(_passphrase(passphrase_file, confirm=False))


def _passphrase(path: Path | None, *, confirm: bool) -> str:
    if path is not None:
        try:
            return path.read_text("utf-8").removesuffix("\n")
        except FileNotFoundError:
            raise NotFoundError(f"passphrase file {path}: missing, want it") from None
        except UnicodeDecodeError:
            raise MalformedError(f"passphrase file {path}: want UTF-8") from None
    if PASSPHRASE_VARIABLE in os.environ:
        return os.environ[PASSPHRASE_VARIABLE]
    if not sys.stdin.isatty():
        raise UsageError(
            f"passphrase: nobody to ask, want --key-file, a file or {PASSPHRASE_VARIABLE}"
        )
    told: str = typer.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True)
    return told


def _witnesses(path: Path, deadline_s: float) -> Witnesses:
    try:
        policy = Policy.parse(path.read_bytes())
    except FileNotFoundError:
        raise NotFoundError(f"policy {path}: missing, want it") from None
    if not policy.witnesses:
        raise MalformedError(f"policy {path}: no witnesses, want one to ask")
    return HttpWitnesses({name: it.url for name, it in policy.witnesses.items()}, deadline_s)


def _members(manifest: Manifest) -> dict[str, object]:
    state = manifest.state
    return {
        "deployment": state.deployment,
        "made_at": _moment(manifest.made_at),
        "entries": state.entries,
        "logs": state.logs,
        "super_size": state.super_size,
        "checkpoint": state.checkpoint,
        "parts": [
            {"name": part.name, "bytes": part.size, "sha256": part.sha256}
            for part in manifest.parts
        ],
    }


def _lines(manifest: Manifest) -> list[str]:
    state = manifest.state
    signed = "no super-checkpoint yet"
    if state.checkpoint is not None:
        checkpoint, _ = parse_foreign(Note.parse(state.checkpoint).text)
        signed = f"super-checkpoint of {checkpoint.size:,} records, root {checkpoint.root.hex()}"
    made = f"{state.deployment} at {_moment(manifest.made_at)}"
    return [f"{made}: {state.entries:,} entries in {state.logs:,} logs", signed]


def _restored_members(restored: Restored, into: Path) -> dict[str, object]:
    return {
        "restored": str(into),
        "verdict": "intact",
        "recomputed": restored.entries,
        "erased_again": restored.erased_again,
        "warnings": restored.warnings,
        "backup": _members(restored.manifest),
    }


def _restored_lines(restored: Restored, into: Path) -> list[str]:
    return [
        *_lines(restored.manifest),
        f"{restored.entries:,} entries recomputed: intact",
        f"{restored.erased_again:,} erased names that the backup did not know of, erased again",
        f"restored into {into}",
    ]


def _moment(microseconds: int) -> str:
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
