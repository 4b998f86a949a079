"""The ledger's store in one SQLite file: the embedded default (DESIGN §6)."""

from tallystick.drivers.sqlite.store import SqliteStore

__all__ = ["SqliteStore"]
