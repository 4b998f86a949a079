"""Exports made in this process, by workers that die where a test wants it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from itertools import count
from pathlib import Path

from kit import house as kit
from kit.clocks import SteppingClock
from kit.engine import EngineProcess
from tallystick.access.tenants import Tenant
from tallystick.api.asking import Context
from tallystick.api.wanted_export import WantedExport
from tallystick.drivers.export_files import ExportFolder
from tallystick.search import exports
from tallystick.search.columns import Sight
from tallystick.search.duty import Duty
from tallystick.search.exporting import Exporter, key_of, read_piece
from tallystick.search.exports import Export
from tallystick.wiring import House

EVENTS_SENT = 230
ROWS = 40
_numbers = count(1)


class CrashError(Exception):
    """The process dies here."""


class CrashingFiles(ExportFolder):
    """Files of exports, for processes that die at one place, at every other piece.

    Args:
        folder: The folder.
        point: Where.
        turns: Counts the pieces of all these processes.
    """

    def __init__(self, folder: Path, point: str, turns: Iterator[int]) -> None:
        super().__init__(folder)
        self.point = point
        self.turns = turns

    def put(self, name: str, place: int, piece: bytes) -> None:
        """Put a piece, if the process lives so long."""
        is_due = next(self.turns) % 2 == 1
        if self.point == "before a piece" and is_due:
            raise CrashError
        if self.point == "amid a piece" and is_due:
            super().put(name, place, piece[: len(piece) // 2])
            raise CrashError
        super().put(name, place, piece)
        if self.point == "after a piece" and is_due:
            raise CrashError


@dataclass
class Made:
    """A ledger, its engine, and one who does what the follower's process does."""

    house: House
    clock: SteppingClock
    engine: EngineProcess
    duty: Duty
    turns: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def folder(self) -> Path:
        """Where the exports lie."""
        return self.house.settings.data / "exports"

    def tenant(self) -> Tenant:
        """Make a tenant with events."""
        tenant = kit.new_tenant(self.house, f"tenant-{next(_numbers)}")
        kit.record(self.house, tenant, *(event(number) for number in range(EVENTS_SENT)))
        return tenant

    def follow(self) -> None:
        """Take everything over that there is, and scrub what was erased."""
        while self.duty.turn() or self.duty.turn():
            pass

    def ask(self, tenant: Tenant, **wanted: object) -> str:
        """Ask for an export; return its id."""
        ledger = self.house.ledger
        name = ledger.drivers.entropy.draw(16).hex()
        sight = Sight(tenant.number, tenant.name)
        context = Context(tenant.number, sight, datetime(2026, 11, 24, tzinfo=UTC), 0)
        wish = WantedExport(**{"stream": "audit", **wanted})  # type: ignore[arg-type]
        question = wish.question(ledger, context)
        with ledger.drivers.store.write() as tx:
            exports.add(tx, wish.begin(ledger, tx, name, "0" * 16, tenant.number, question))
        return name

    def exporter(
        self, point: str = "", told: list[str] | None = None, size: int = ROWS
    ) -> Exporter:
        """Start a process that dies at a place."""
        heard = [] if told is None else told

        def tell(export: Export) -> None:
            if point == "before it is told" and not heard:
                heard.append("")
                raise CrashError
            heard.append(export.id)
            if point == "after it is told" and len(heard) == 1:
                raise CrashError

        files = CrashingFiles(self.folder, point, self.turns)
        return Exporter(self.house.ledger, self.engine.driver, files, tell, size)

    def look(self, name: str) -> Export:
        """Return an export as it is now."""
        with self.house.ledger.drivers.store.read() as snapshot:
            export = exports.find(snapshot, name)
            assert export is not None
            return exports.as_of_now(snapshot, export, self.clock.now())

    def fetch(self, name: str) -> bytes:
        """Read an export that is done."""
        export = self.look(name)
        assert export.state == "done", export
        with self.house.ledger.drivers.store.read() as snapshot:
            key = key_of(self.house.ledger, snapshot, export)
            pieces = exports.pieces(snapshot, name, 0, 1_000)
        files = ExportFolder(self.folder)
        body = b"".join(read_piece(files, key, piece) for piece in pieces)
        manifest = json.loads(key.open("manifest", export.manifest or b""))
        assert manifest["sha256"] == sha256(body).hexdigest()
        return body

    def finish(self, *names: str, size: int = ROWS) -> None:
        """Make exports without being disturbed."""
        exporter = self.exporter(size=size)
        while any(self.look(name).is_open for name in names):
            exporter.turn()


def event(number: int, **more: object) -> dict[str, object]:
    """Event ``number``, later ones earlier within a minute."""
    return {
        "action": "document.deleted",
        "occurred_at": f"2026-11-24T10:00:{59 - number % 60:02d}Z",
        "actor": {"type": "user", "id": f"u{number % 5}"},
        "message": f"number {number}",
        **more,
    }
