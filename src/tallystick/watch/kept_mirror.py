"""A mirror that is kept up to date, also across changes of keys.

A super-log is never continued under another key. The copy of one that others follow is therefore
finished and stays, and the next one is copied beside it, into a folder named by its serial number.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from tallystick.errors import VerificationError
from tallystick.tlog.note import verify_note
from tallystick.verify.pins import Pins
from tallystick.verify.refreshing import follow
from tallystick.verify.super_origin import read_super_origin
from tallystick.watch.alarm import AlarmError
from tallystick.watch.believing import (
    SignedCheckpoint,
    every_key,
    read_signed,
    require_witnesses,
)
from tallystick.watch.http import Site
from tallystick.watch.key_change import (
    KeyChange,
    carried,
    changes_since,
    is_lost,
    learn,
    shown_statements,
    super_log_of,
    unrooted,
)
from tallystick.watch.mirror import Copy, Progress, mirrored
from tallystick.watch.mirror_folder import MirrorFolder
from tallystick.watch.mirror_source import TenantSource
from tallystick.watch.rules import Rules
from tallystick.watch.tiles import TiledLog


class Copied(NamedTuple):
    """What one step of a mirror did.

    Attributes:
        signed: The checkpoint that the folder has now.
        added: Number of entries that are new.
        is_first: Whether the folder had none before.
    """

    signed: SignedCheckpoint
    added: int
    is_first: bool


@dataclass(slots=True)
class KeptMirror:
    """The mirror of one log; the caller holds its folder.

    Attributes:
        site: The server.
        folder: The folder.
        pins: What is believed; grows by the root's statements.
        log_hex: The log, or None for the super-log.
        progress: Told of files.
        stopped: Whether only people can go on: keys changed, and no root is pinned.
    """

    site: Site
    folder: MirrorFolder
    pins: Pins
    log_hex: str | None = None
    progress: Progress = lambda _done, _total: None
    stopped: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        self.pins = believed(self.folder, self.pins)

    def look(self) -> Iterator[KeyChange | Copied]:
        """Copy what is new.

        Yields:
            Each change of keys that is followed now, and what was copied.

        Raises:
            AlarmError: What is shown is not to be believed.
            TallystickError: As :meth:`Site.get`.
        """
        shown = TiledLog(self.site, "/v1/super").checkpoint()
        yield from self._learned(shown)
        if self.log_hex is not None:
            source = TenantSource(self.site, Rules(self.log_hex, self.pins))
            yield self._copied(source.log, self.folder, source.newest())
            return
        newest = read_signed(shown, list(self.pins.keys))
        require_witnesses(newest, self.pins)
        yield from self._super_logs(newest)

    def _learned(self, shown: bytes) -> Iterator[KeyChange]:
        try:
            pins, changes = learn(self.site, self.pins, shown)
        except AlarmError:
            self.stopped = self.pins.root is None
            raise
        if not changes:
            return
        newest = read_signed(shown, list(pins.keys))
        require_witnesses(newest, pins)
        for change in changes:
            carried(self.site, change, newest)
        self.folder.keep_statements([*self.folder.statements(), *(it.note for it in changes)])
        self.pins = pins
        yield from changes

    def _super_logs(self, newest: SignedCheckpoint) -> Iterator[Copied]:
        """Finish the copy of the super-log that is here, and go on with those that follow it."""
        folder = self.folder.newest()
        held = mirrored(folder, self.pins, earlier=True)
        for change in self._changes(held, newest):
            old, new = carried(self.site, change, newest)
            if held is None or not is_lost(held.checkpoint, old.checkpoint, change):
                log = super_log_of(self.site, old.checkpoint.origin)
                yield self._copied(log, folder, old)
            folder = self.folder.following(change.statement.serial)
            folder.path.mkdir(exist_ok=True)
            folder.keep_statements(self.folder.statements())
            if new is not newest:
                yield self._copied(super_log_of(self.site, new.checkpoint.origin), folder, new)
            held = new
        yield self._copied(super_log_of(self.site, newest.checkpoint.origin), folder, newest)

    def _changes(self, held: SignedCheckpoint | None, newest: SignedCheckpoint) -> list[KeyChange]:
        """Return the changes between the super-log that is here and the newest."""
        origin = newest.checkpoint.origin
        if held is None or held.checkpoint.origin == origin:
            return []
        if self.pins.root is None:
            self.stopped = True
            raise unrooted(origin)
        keys = [key for key in every_key(self.pins) if key.name == held.checkpoint.origin]
        since = verify_note(held.note, keys)[0]
        last = read_super_origin(origin)[1]
        changes = changes_since(self.pins.root, shown_statements(self.site), since)
        if not any(it.statement.key.name == origin for it in changes):
            raise VerificationError(f"statements: none leads to {origin}, want one")
        return [it for it in changes if it.statement.serial <= last]

    def _copied(self, log: TiledLog, folder: MirrorFolder, new: SignedCheckpoint) -> Copied:
        if folder.path == self.folder.path:
            return self._copied_into(log, folder, new)
        with folder.held():
            return self._copied_into(log, folder, new)

    def _copied_into(self, log: TiledLog, folder: MirrorFolder, new: SignedCheckpoint) -> Copied:
        old = mirrored(folder, self.pins, earlier=True)
        added = Copy(log, folder, new, self.progress).make(old)
        return Copied(new, added, old is None)


def believed(folder: MirrorFolder, pins: Pins) -> Pins:
    """Return the pins with what the statements in a mirror's folder add to them.

    Raises:
        VerificationError: The pinned root did not sign them.
    """
    notes = folder.statements()
    return follow(pins, notes)[0] if notes and pins.root else pins
