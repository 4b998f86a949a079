"""Where an auditing witness reads a deployment: its super-log, and what changed in an epoch."""

from typing import Final, Protocol

from tallystick.tlog.tile import MAX_ENTRY_BYTES, TILE_WIDTH, entries_path
from tallystick.verify.super_origin import FIRST_SERIAL
from tallystick.watch.http import Site

_MAX_BUNDLE_BYTES: Final = TILE_WIDTH * (2 + MAX_ENTRY_BYTES)
_MAX_CHANGES_BYTES: Final = 256 << 20
_MAX_NOTE_BYTES: Final = 1_000_000


class LogSource(Protocol):
    """What an audit asks of a deployment; each call returns bytes, true or not."""

    def bundle(self, index: int, width: int, skipped: int = 0) -> bytes:
        """Return an entry bundle of the super-log, also of records not yet published.

        Args:
            index: Of the bundle.
            width: Number of its records.
            skipped: Bytes at its beginning that are known and not wanted.

        Raises:
            TallystickError: It can't be had.
        """
        ...

    def changes(self, epoch: int) -> bytes:
        """Return the answer of ``GET /v1/epochs/{epoch}/changes``; raises as :meth:`bundle`."""
        ...

    def published(self) -> bytes:
        """Return the newest published super-checkpoint; raises as :meth:`bundle`.

        Raises:
            NotFoundError: There is none yet.
        """
        ...

    def before(self) -> "LogSource":
        """Return where the super-log is read that this one follows."""
        ...


class ServerSource:
    """A :class:`LogSource`: a Tallystick server. One thread at a time.

    Args:
        site: The server, with a key that has the scope ``witness``.
        serial: Number of the super-log there.
    """

    def __init__(self, site: Site, serial: int = FIRST_SERIAL) -> None:
        self._site = site
        self._serial = serial
        self._prefix = f"/v1/super/{serial}/"

    def bundle(self, index: int, width: int, skipped: int = 0) -> bytes:
        """See :class:`LogSource`."""
        path = self._prefix + entries_path(index, width)
        return self._site.get(path, limit=_MAX_BUNDLE_BYTES, skipped=skipped)

    def changes(self, epoch: int) -> bytes:
        """See :class:`LogSource`."""
        return self._site.get(f"/v1/epochs/{epoch}/changes", limit=_MAX_CHANGES_BYTES)

    def published(self) -> bytes:
        """See :class:`LogSource`."""
        return self._site.get(f"{self._prefix}checkpoint", limit=_MAX_NOTE_BYTES)

    def before(self) -> "ServerSource":
        """See :class:`LogSource`."""
        return ServerSource(self._site, self._serial - 1)
