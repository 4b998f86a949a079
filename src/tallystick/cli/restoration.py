"""Put a backup into a new place, unless that would take the deployment back in time."""

import errno
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tallystick.access import listing
from tallystick.access.erasing import erase_again
from tallystick.cli.backup_file import Steps, require_keys, sync_folder
from tallystick.cli.checking import finding_line, inspect
from tallystick.cli.exit_codes import UnreachableError
from tallystick.cli.scratch import scratch
from tallystick.cli.session import CLI
from tallystick.drivers.sealed import PartsReader, SealedReader
from tallystick.drivers.sealed.keys import OpeningKey
from tallystick.errors import (
    ConflictError,
    NotFoundError,
    PushbackError,
    TallystickError,
    VerificationError,
)
from tallystick.ledger.backup import Manifest, state_of
from tallystick.ledger.ports import Witnesses
from tallystick.ledger.start_up import require_extends, require_signing_key
from tallystick.ledger.super_logs import current_super, read_signed
from tallystick.settings import FILE, Settings
from tallystick.wiring import DATABASE, KEYS, LOCK, House, erasures_beside, open_house

_CURE: Final = (
    "restore a newer backup, or recover to a new super-log"
    " (--no-lock-i-understand makes a copy to read)"
)
_SHOWN: Final = 10

Tell = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Sources:
    """What a restored deployment is made from.

    Attributes:
        backup: The backup's file.
        key: What opens it.
        lock: The lock file, which never goes back; None: there is none any more.
        erasures: The list of erasures, where it does not stand beside the lock file.
        keys: The deployment's key file, where the backup has none or an older one.
        witnesses: Whom to ask how far the deployment had come.
    """

    backup: Path
    key: OpeningKey
    lock: Path | None
    erasures: Path | None = None
    keys: Path | None = None
    witnesses: Witnesses | None = None

    @property
    def listed(self) -> Path | None:
        """Where the list of erasures is to be found."""
        beside = erasures_beside(self.lock) if self.lock else None
        return self.erasures or beside


@dataclass(slots=True)
class Restored:
    """What came of it.

    Attributes:
        manifest: What the backup said about itself.
        entries: Entries that were recomputed.
        erased_again: Names of the list of erasures that the backup did not know of.
        warnings: What could not be known.
    """

    manifest: Manifest
    entries: int = 0
    erased_again: int = 0
    warnings: list[str] = field(default_factory=list)


def restore(sources: Sources, into: Path, steps: Steps) -> Restored:
    """Make a deployment from a backup; it stands in its place only when all is well.

    Args:
        sources: From what.
        into: The new data folder, which must not exist.
        steps: Shows how far it is.

    Raises:
        ConflictError: The place is taken.
        NotFoundError: A file is missing.
        MalformedError: The backup is not of its form.
        VerificationError: It was changed or cut, does not open, is behind the lock file or a
            witness, or its ledger is not intact.
        UnreachableError: None of the witnesses can be asked.
    """
    if os.path.lexists(into):
        raise ConflictError(f"{into}: exists, want a new place")
    if not sources.backup.is_file():
        raise NotFoundError(f"backup {sources.backup}: missing, want it")
    if not into.absolute().parent.is_dir():
        raise NotFoundError(f"{into.absolute().parent}: no folder, want one for the new place")
    with _staged(into.absolute()) as staging:
        restored = _extract(sources, staging, steps)
        _bring_along(sources, staging)
        house = open_house(Settings(data=staging))
        try:
            _require_newest(sources, house, restored)
            _erase_again(sources, house, restored, steps)
            _require_intact(house, restored, steps)
        finally:
            house.close()
        _leave(sources, staging)
    return restored


@contextmanager
def _staged(into: Path) -> Iterator[Path]:
    """Lend a folder that takes the new place when the block ends well, and else is gone."""
    try:
        with scratch(into.parent, into.name) as staging:
            yield staging
            for path in staging.iterdir():
                handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
                try:
                    os.fsync(handle)
                finally:
                    os.close(handle)
            sync_folder(staging)
            staging.rename(into)
            sync_folder(into.parent)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR}:
            raise ConflictError(f"{into}: exists, want a new place") from None
        raise PushbackError(
            f"restore: {error.strerror}, want room and a working disk", retry_after_s=60
        ) from error


def _extract(sources: Sources, staging: Path, steps: Steps) -> Restored:
    done = 0
    with sources.backup.open("rb") as file, steps("open") as told:
        total = sources.backup.stat().st_size

        def more(count: int) -> None:
            nonlocal done
            done += count
            told(done, total)

        parts = PartsReader(SealedReader(file, sources.key), (DATABASE, KEYS))
        return Restored(parts.extract(staging, more))


def _bring_along(sources: Sources, staging: Path) -> None:
    """Lay copies of what is not in the backup beside it: the real ones are not touched."""
    if sources.keys is not None:
        (staging / KEYS).unlink(missing_ok=True)
        _copy(sources.keys, staging / KEYS, "key file")
    elif not (staging / KEYS).exists():
        raise NotFoundError("restore: the backup holds no key file, want --keys FILE")
    if sources.lock is not None:
        _copy(sources.lock, staging / LOCK, "lock file")
    if sources.listed is not None and sources.listed.exists():
        _copy(sources.listed, erasures_beside(staging / LOCK), "erasure list")
    elif sources.erasures is not None:
        raise NotFoundError(f"erasure list {sources.erasures}: missing, want it")


def _copy(source: Path, target: Path, what: str) -> None:
    try:
        data = source.read_bytes()
    except FileNotFoundError:
        raise NotFoundError(f"{what} {source}: missing, want it") from None
    _write(target, data)


def _write(path: Path, data: bytes) -> None:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


def _require_newest(sources: Sources, house: House, restored: Restored) -> None:
    """Refuse a copy that is behind what was signed, or differs from it."""
    ledger = house.ledger
    if sources.lock is None:
        restored.warnings.append(
            "without the lock file nobody can tell whether more was signed than this copy holds:"
            " it opens for reading only, until the lock file is put back or the deployment recovers"
            " to a new super-log"
        )
        ledger.read_only = None  # for the erasures; the next start finds no lock file again
    elif ledger.read_only is not None:
        raise VerificationError(f"{ledger.read_only}; {_CURE}")
    with ledger.drivers.store.read() as snapshot:
        try:
            require_keys(snapshot, ledger.drivers.keeper)
        except VerificationError as error:
            raise VerificationError(
                f"{error}: the epoch key was rotated since, want a backup from after that"
            ) from None
        require_signing_key(snapshot, ledger.logs, ledger.drivers.keeper)
    if sources.witnesses is not None:
        _ask(sources.witnesses, house, restored)


def _ask(witnesses: Witnesses, house: House, restored: Restored) -> None:
    ledger = house.ledger
    with ledger.drivers.store.read() as snapshot:
        current = current_super(snapshot, ledger.logs, ledger.drivers.keeper)
    answers = witnesses.newest(current.origin)
    problems = {answer.name: answer.problem for answer in answers if answer.problem}
    if len(problems) == len(answers):
        told = "; ".join(f"{name}: {problem}" for name, problem in problems.items())
        raise UnreachableError(f"witnesses: none can be asked ({told}), want one at least")
    for name, problem in problems.items():
        restored.warnings.append(f"witness {name} was not asked: {problem}")
    for answer in answers:
        if not answer.newest:
            continue
        with ledger.drivers.store.read() as snapshot:
            try:
                _, signed, slot = read_signed(
                    snapshot, answer.newest, ledger.logs, ledger.drivers.keeper
                )
            except TallystickError as error:
                restored.warnings.append(f"witness {answer.name} shows what is not ours: {error}")
                continue
            try:
                require_extends(snapshot, slot, signed)
            except VerificationError as error:
                raise VerificationError(f"witness {answer.name}: {error}; {_CURE}") from None


def _erase_again(sources: Sources, house: House, restored: Restored, steps: Steps) -> None:
    """Carry out what was erased since the backup was made, before anybody can read it."""
    ledger = house.ledger
    erasures = ledger.drivers.erasures
    if sources.listed is None or not sources.listed.exists() or erasures is None:
        restored.warnings.append(
            "there is no list of erasures: whom this copy brings back, nobody can tell; erase"
            " again whoever was erased since it was made"
        )
        missing: Mapping[int, list[str]] = {}
    else:
        with ledger.drivers.store.read() as snapshot:
            difference = listing.compare(ledger, snapshot, erasures)
            signed = state_of(snapshot, ledger.logs.deployment).super_size
        if difference.only_recorded:
            raise VerificationError(
                f"erasure list: {difference.only_recorded:,} names of the copy's own erasures are"
                " missing, want the whole list of this deployment"
            )
        if sources.lock is not None and difference.erased_after > signed:
            raise VerificationError(
                f"rollback: the copy's super-log has {signed:,} records, the erasure list has seen"
                f" {difference.erased_after:,} published: the lock file went back; {_CURE}"
            )
        missing = difference.only_listed
    with steps("erase") as told:
        erase_again(ledger, missing, CLI, lambda _step, done, total: told(done, total))
    restored.erased_again = sum(map(len, missing.values()))


def _require_intact(house: House, restored: Restored, steps: Steps) -> None:
    with steps("fsck") as told:
        result = inspect(house, told=told)
    restored.entries = result.entries
    if result.findings:
        lines = [finding_line(finding) for finding in result.findings[:_SHOWN]]
        count = len(result.findings)
        raise VerificationError(f"restore: {count:,} findings, want none: {'; '.join(lines)}")


def _leave(sources: Sources, staging: Path) -> None:
    """Take away the copies, and let the settings name the lock file itself."""
    for path in staging.glob(f"{DATABASE}.*"):
        path.unlink()
    lists = erasures_beside(staging / LOCK)
    for path in staging.glob(f"{LOCK}*"):
        if sources.lock is not None or path != lists:
            path.unlink()
    if sources.lock is not None:
        # A string of JSON is one of TOML, too.
        text = json.dumps(str(sources.lock.absolute()))
        _write(staging / FILE, f"lock = {text}\n".encode())
