"""``demo --tamper``, second part: everything is put back, and only the witness knows better."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from tallystick.access.keys import SCOPES, Grant, create_key
from tallystick.cli.checking import inspect
from tallystick.cli.session import Session
from tallystick.settings import Settings
from tallystick.verify.fsck import Verdict
from tallystick.wiring import KEYS, database_path, lock_path, open_house

_HIDDEN: Final = "demo: root's own, to be forgotten"


class Seen(NamedTuple):
    """What became of a rollback.

    Attributes:
        fsck: What ``fsck`` says of the deployment that was put back, asking nobody.
        witness: Why it may not be written any more, as the witness shows; None where it saw
            nothing.
        warnings: By witness, why it could not tell.
    """

    fsck: Verdict
    witness: str | None
    warnings: Mapping[str, str]

    @property
    def found(self) -> bool:
        """Whether the witness alone found it."""
        return self.fsck is Verdict.INTACT and self.witness is not None


def kept_aside(settings: Settings) -> dict[Path, bytes]:
    """Return the files of a deployment that nobody has open: database, keys, lock file, list."""
    return {path: path.read_bytes() for path in _files(settings)}


def put_back(settings: Settings, kept: Mapping[Path, bytes]) -> None:
    """Put all those files back, lock file and all, so that nothing in the folder tells of it."""
    for path in _files(settings):
        path.unlink()
    for path, data in kept.items():
        path.touch(mode=0o600)
        path.write_bytes(data)


def roll_back(session: Session, settings: Settings, kept: Mapping[Path, bytes]) -> Seen:
    """Make a key as root, let an epoch be cosigned, and put everything back to before.

    Args:
        session: Who acts.
        settings: Where the deployment is, and its witness; no server may have it open.
        kept: Of :func:`kept_aside`.
    """
    house = open_house(settings)
    try:
        create_key(house.ledger, Grant(frozenset(SCOPES), None), _HIDDEN, "root")
        house.publisher.publish()
    finally:
        house.close()
    put_back(settings, kept)
    house = open_house(settings)
    try:
        with session.progress("fsck") as told:
            fsck = inspect(house, told=told).verdict
        warnings = house.ask_witnesses()
        return Seen(fsck, house.ledger.read_only, warnings)
    finally:
        house.close()


def _files(settings: Settings) -> Iterator[Path]:
    for path in (database_path(settings), settings.data / KEYS, lock_path(settings)):
        # With what belongs to it: SQLite's log, the list of erasures.
        yield from sorted(path.parent.glob(f"{path.name}*"))
