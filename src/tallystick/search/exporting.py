"""Makes exports, a piece at a time; whatever stops it in between, the same bytes come of it.

A piece is sealed, written and on disk before the store says so, in the transaction that moves the
export on. What a crash left of a piece that the store does not know is overwritten. Rows come in
the order of the ledger, up to the sizes that the logs had when the export was asked for, so that
neither new events nor the cut into pieces changes a byte.
"""

from collections.abc import Callable
from hashlib import sha256
from typing import Final, Protocol

import msgspec

from tallystick.errors import NotFoundError, PushbackError, TallystickError
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Snapshot
from tallystick.search import exports
from tallystick.search.erasures import waiting
from tallystick.search.export_key import ExportKey, open_key
from tallystick.search.export_manifest import manifest
from tallystick.search.export_question import ExportQuestion
from tallystick.search.export_rows import MAX_ROWS, Cut, Rows, RowsReader, beginning
from tallystick.search.exports import Export, LogPart, Piece
from tallystick.search.lag import followed
from tallystick.search.ports import Engine, ExportFiles, LimitError
from tallystick.search.scrub import NAMES
from tallystick.search.table import EVENTS, Table

REMEMBERED_US: Final = 7 * 86_400_000_000
"""So long after its end an export is still told to be expired or erased, and then unknown."""
_PAGE: Final = 16
"""Pieces that are read again in one turn."""

Tell = Callable[[Export], None]
"""Records that an export is finished; it is on disk when it returns."""


class Hash(Protocol):
    """A hash that grows."""

    def update(self, data: bytes, /) -> None:
        """Add bytes."""
        ...

    def hexdigest(self) -> str:
        """Return the hash of all bytes so far, in lower-case hex."""
        ...


class Exporter:
    """What makes the exports of a deployment; there is never more than one of it.

    Args:
        ledger: Whose entries.
        engine: Who finds them.
        files: Where the pieces go.
        tell: Told of each export that is finished, before anybody can fetch it.
        rows: Most rows of one piece.
    """

    def __init__(
        self,
        ledger: Ledger,
        engine: Engine,
        files: ExportFiles,
        tell: Tell,
        rows: int = MAX_ROWS,
    ) -> None:
        self._ledger = ledger
        self._store = ledger.drivers.store
        self._engine = engine
        self._table = Table(engine, EVENTS)
        self._files = files
        self._tell = tell
        self._rows = rows
        self._last = ""
        self._cuts: dict[str, Cut] = {}
        self._hashes: dict[str, tuple[int, Hash]] = {}

    def turn(self) -> bool:
        """Make one piece, of the export whose turn it is; say if there was something to do.

        Raises:
            PushbackError: The engine or the disk can't do it just now.
        """
        with self._store.read() as snapshot:
            now = self._ledger.drivers.clock.now()
            known = exports.every(snapshot)
            there = self._files.names()
            states = [_present(exports.as_of_now(snapshot, it, now), there) for it in known]
            due = [it for it in states if it.is_open and self._is_ready(snapshot, it)]
        self._clean_up(known, states, there, now)
        if not due:
            return False
        export = next((it for it in due if it.id > self._last), due[0])
        self._last = export.id
        try:
            self._go_on(export)
        except LimitError as error:
            self._fail(export, str(error))
        except PushbackError:
            raise
        except TallystickError:
            # Its words may be those of whoever asked.
            self._fail(export, "export: it can't be made, want it asked for anew")
        return True

    def _is_ready(self, snapshot: Snapshot, export: Export) -> bool:
        """Whether the index holds all that the export may hold, and hides nothing of it."""
        stands = followed(snapshot)
        if any(stands.get(part.slot, 0) < part.size for part in export.progress.logs):
            return False
        erased = waiting(snapshot, export.tenant)
        if not erased.names:
            return True
        # What is erased is certified late; rows are hidden only until they are built anew.
        is_one_statement = len(erased.names) <= NAMES
        return is_one_statement and not self._table.marked(export.tenant, erased)

    def _go_on(self, export: Export) -> None:
        with self._store.read() as snapshot:
            key = key_of(self._ledger, snapshot, export)
        question = msgspec.json.decode(
            key.open("question", export.question or b""), type=ExportQuestion
        )
        part = export.progress.part
        if part is None:
            self._finish(export, key, question)
            return
        cut = self._cuts.setdefault(export.id, Cut(self._rows, self._rows))
        rows = RowsReader(self._ledger, self._engine, export, question).read(part, cut)
        self._put(export, key, part, rows)

    def _put(self, export: Export, key: ExportKey, part: LogPart, rows: Rows) -> None:
        """Write a piece, and then that it is there."""
        with self._store.read() as snapshot:
            last = exports.last_piece(snapshot, export.id)
        body = rows.body if export.size else beginning(export.format) + rows.body
        moved = _moved(export, part, rows, len(body))
        piece = None
        if body:
            number, place = (last.number + 1, last.place + last.length) if last else (0, 0)
            sealed = key.seal(f"piece {number}", body, self._ledger.drivers.entropy)
            self._files.put(export.id, place, sealed)
            piece = Piece(number, export.size, moved.size, place, len(sealed))
        with self._store.write() as tx:
            exports.move(tx, moved, piece)
        self._hash(export, body)

    def _finish(self, export: Export, key: ExportKey, question: ExportQuestion) -> None:
        if not export.size and beginning(export.format):
            self._put_beginning(export, key)
            return
        hashed = self._sha256(export, key)
        if hashed is None:
            return
        told = manifest(self._ledger.logs.deployment, export, question, hashed)
        sealed = key.seal("manifest", told, self._ledger.drivers.entropy)
        self._tell(export)
        with self._store.write() as tx:
            exports.move(tx, export._replace(state="done", manifest=sealed))
        self._forget(export)

    def _put_beginning(self, export: Export, key: ExportKey) -> None:
        """Write what stands before the first row, of an export that has none."""
        body = beginning(export.format)
        sealed = key.seal("piece 0", body, self._ledger.drivers.entropy)
        self._files.put(export.id, 0, sealed)
        with self._store.write() as tx:
            piece = Piece(0, 0, len(body), 0, len(sealed))
            exports.move(tx, export._replace(size=len(body), state="running"), piece)
        self._hash(export, body)

    def _hash(self, export: Export, body: bytes) -> None:
        """Hash a piece that follows what was hashed."""
        size, hashed = self._hashes.setdefault(export.id, (0, sha256()))
        if size == export.size:
            hashed.update(body)
            self._hashes[export.id] = size + len(body), hashed

    def _sha256(self, export: Export, key: ExportKey) -> str | None:
        """Return the hash of all; of what another process has written, hash some more first.

        Returns:
            Lower-case hex, or None while there is more to be read.
        """
        behind, hashed = self._hashes.setdefault(export.id, (0, sha256()))
        if behind < export.size:
            with self._store.read() as snapshot:
                some = exports.pieces(snapshot, export.id, behind, _PAGE)
            for piece in some:
                hashed.update(read_piece(self._files, key, piece))
                behind = piece.stop
            self._hashes[export.id] = behind, hashed
        return hashed.hexdigest() if behind == export.size else None

    def _forget(self, export: Export) -> None:
        self._cuts.pop(export.id, None)
        self._hashes.pop(export.id, None)

    def _fail(self, export: Export, reason: str) -> None:
        export.progress.reason = reason
        with self._store.write() as tx:
            exports.move(tx, export._replace(state="failed"))
        self._forget(export)

    def _clean_up(
        self, known: list[Export], states: list[Export], there: set[str], now: int
    ) -> None:
        """Destroy the keys of what has ended, and drop its files and those of nobody."""
        for export, state in zip(known, states, strict=True):
            if export.expires_at + REMEMBERED_US <= now:
                with self._store.write() as tx:
                    exports.drop(tx, export)
            elif export.has_key and not (state.is_open or state.state == "done"):
                with self._store.write() as tx:
                    exports.end(tx, export, state.state)
        # One that was asked for since is not known here, and has no file: a file comes last.
        for name in there - {it.id for it in states if it.is_open or it.state == "done"}:
            self._files.drop(name)


def _present(export: Export, there: set[str]) -> Export:
    """Return an export as failed if its file is gone, as in a data folder that was put back."""
    is_lost = (export.is_open or export.state == "done") and export.size and export.id not in there
    return export._replace(state="failed") if is_lost else export


def key_of(ledger: Ledger, snapshot: Snapshot, export: Export) -> ExportKey:
    """Open the key of an export.

    Raises:
        NotFoundError: It is gone.
        VerificationError: As of :func:`~tallystick.search.export_key.open_key`.
    """
    if export.wrapped is None:
        raise NotFoundError("export: its key is gone, want it asked for anew")
    return open_key(ledger, snapshot, export.tenant, export.id, export.generation, export.wrapped)


def read_piece(files: ExportFiles, key: ExportKey, piece: Piece) -> bytes:
    """Read and open a piece.

    Raises:
        NotFoundError: Its file is gone.
        VerificationError: It was changed.
    """
    sealed = files.read(key.id, piece.place, piece.length)
    return key.open(f"piece {piece.number}", sealed)


def _moved(export: Export, part: LogPart, rows: Rows, size: int) -> Export:
    """Return the export as it is behind some rows."""
    passed = rows.stop - part.next
    part.next = rows.stop
    part.rows += len(rows.indexes)
    part.absent += rows.absent
    if rows.indexes:
        part.first = rows.indexes[0] if part.first is None else part.first
        part.last = rows.indexes[-1]
    progress = export.progress
    progress.masked = sorted({*progress.masked, *rows.masked})
    return export._replace(
        state="running",
        passed=export.passed + passed,
        written=export.written + len(rows.indexes),
        size=export.size + size,
    )
