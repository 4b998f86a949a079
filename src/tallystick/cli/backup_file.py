"""Make a backup: a copy of one moment, sealed, in place all at once or not at all."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import BinaryIO, Final

from tallystick.access.tenants import every_tenant
from tallystick.cli.scratch import scratch
from tallystick.drivers.keyfile import KeyFile
from tallystick.drivers.sealed import PartsWriter, SealedWriter
from tallystick.drivers.sealed.keys import SealingKey
from tallystick.drivers.sqlite import SqliteStore
from tallystick.drivers.sqlite.copying import copy_database
from tallystick.errors import ConflictError, NotFoundError, PushbackError, VerificationError
from tallystick.ledger import tenant_keys
from tallystick.ledger.backup import Manifest, State, state_of
from tallystick.ledger.logs import DEPLOYMENT_TENANT
from tallystick.ledger.ports import Entropy, KeyKeeper, Snapshot
from tallystick.wiring import DATABASE, KEYS, House, database_path

SCRATCH: Final = "backup"
_SPARE: Final = 1 << 26
"""Bytes that must stay free beside a running server while a copy stands there."""

Steps = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""Shows a step by its title, and how far it is."""


def make_backup(
    house: House, out: Path, key: SealingKey, steps: Steps, room: Path | None, *, with_keys: bool
) -> Manifest:
    """Back up a deployment while it runs.

    Args:
        house: The deployment.
        out: The new file, mode 0600.
        key: For whom it is sealed.
        steps: Shows how far it is.
        room: Folder for the copy that is then sealed; the database's own where None.
        with_keys: Put the deployment's key file in, too.

    Raises:
        ConflictError: The file exists, or the epoch key was rotated meanwhile.
        PushbackError: There is no room.
    """
    if out.exists():
        raise ConflictError(f"{out}: exists, want a new name")
    source = database_path(house.settings)
    folder = room or source.parent
    _require_room(source, folder)
    try:
        with scratch(folder, SCRATCH) as work:
            copy = work / DATABASE
            with steps("copy") as told:
                os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
                copy_database(source, copy, told)
            if with_keys:
                _copy_keys(house.settings.data / KEYS, copy.with_name(KEYS))
            state = _described(house, copy)
            with steps("seal") as told, new_file(out, house.ledger.drivers.entropy) as file:
                return _seal(house, file, key, copy, state, told)
    except OSError as error:
        raise PushbackError(
            f"backup: {error.strerror}, want room and a working disk", retry_after_s=60
        ) from error


def require_keys(snapshot: Snapshot, keeper: KeyKeeper) -> None:
    """Check that every tenant's keys unwrap.

    Raises:
        VerificationError: One is under an epoch key that is destroyed, or was changed.
    """
    for tenant in (DEPLOYMENT_TENANT, *(it.number for it in every_tenant(snapshot))):
        tenant_keys.open_keys(snapshot, keeper, tenant)


@contextmanager
def new_file(path: Path, entropy: Entropy) -> Iterator[BinaryIO]:
    """Write a file of mode 0600 that is there, durably, when the block ends, or not at all."""
    draft = path.with_name(f".{path.name}.{entropy.draw(6).hex()}.partial")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Make the names in a folder durable."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _require_room(source: Path, folder: Path) -> None:
    unmerged = source.with_name(f"{source.name}-wal")
    size = source.stat().st_size + (unmerged.stat().st_size if unmerged.exists() else 0)
    if not folder.is_dir():
        raise NotFoundError(f"{folder}: no folder, want one for the copy")
    free = shutil.disk_usage(folder).free
    if free < size + _SPARE:
        raise PushbackError(
            f"backup: {free:,} bytes free in {folder}, want {size + _SPARE:,} for the copy;"
            " --scratch names another folder",
            retry_after_s=60,
        )


def _copy_keys(source: Path, target: Path) -> None:
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(source.read_bytes())


def _described(house: House, copy: Path) -> State:
    """Describe the copy itself, and make sure that its keys can be opened."""
    own = copy.with_name(KEYS)
    keeper = KeyFile(own) if own.exists() else house.ledger.drivers.keeper
    store = SqliteStore(copy, read_only=True)
    try:
        with store.read() as snapshot:
            try:
                require_keys(snapshot, keeper)
            except VerificationError as error:
                raise ConflictError(
                    f"backup: {error}; if the epoch key was rotated meanwhile, make it again"
                ) from None
            return state_of(snapshot, house.ledger.logs.deployment)
    finally:
        store.close()


def _seal(
    house: House,
    file: BinaryIO,
    key: SealingKey,
    copy: Path,
    state: State,
    told: Callable[[int, int], None],
) -> Manifest:
    drivers = house.ledger.drivers
    parts = PartsWriter(SealedWriter(file, key, drivers.entropy))
    total, done = copy.stat().st_size, 0

    def more(count: int) -> None:
        nonlocal done
        done += count
        told(done, total)

    for path in (copy, copy.with_name(KEYS)):
        if path.exists():
            with path.open("rb") as part:
                parts.add(path.name, part, more)
    return parts.finish(state, drivers.clock.now())
