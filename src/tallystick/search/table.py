"""The events table, as its follower handles it."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from tallystick.ledger.ports import Log
from tallystick.ledger.queries import load
from tallystick.search.erasures import Waiting
from tallystick.search.ports import MAX_ROWS, Engine, Limits, Question, Row
from tallystick.search.rows_by_column import Rows

EVENTS: Final = "events"
"""The table that is asked."""
NEXT: Final = "events_next"
"""The table that a rebuild fills."""

SCHEMA: Final = load("tallystick.search", "schema.sql")
STATEMENTS: Final = load("tallystick.search", "table.sql")
MOST_PLACES: Final = 1_000_000
_PATIENT: Final = Limits(seconds=600, memory=800 << 20, rows=MOST_PLACES)
_LONG_S: Final = 3_600.0


class Count(NamedTuple):
    """The rows of a log: how many, and the index after the last one."""

    rows: int
    stop: int


class Table:
    """One events table.

    Args:
        engine: Where it lies.
        name: Its name.
    """

    def __init__(self, engine: Engine, name: str) -> None:
        self.name = name
        self._engine = engine

    def create(self) -> None:
        """Make it where it is not there."""
        self._engine.execute(SCHEMA["create_events"], {"table": self.name})

    def exists(self) -> bool:
        """Whether it is there."""
        return bool(self._ask("identity", {}))

    def drop(self) -> None:
        """Take it away, with its files."""
        self._engine.execute(SCHEMA["drop"], {"table": self.name}, _LONG_S)

    def exchange(self, other: "Table") -> None:
        """Give each of two tables the other's name."""
        self._engine.execute(SCHEMA["exchange"], {"table": self.name, "other": other.name})

    def identity(self) -> str:
        """Say which table bears the name, empty for none; the answer moves with an exchange."""
        return "".join(str(identity) for (identity,) in self._ask("identity", {}))

    def insert(self, rows: Rows, token: str) -> None:
        """Add rows, once for each token; see :meth:`tallystick.search.ports.Engine.insert`."""
        for start in range(0, len(rows), MAX_ROWS):
            part = f"{token}-{start}" if start else token
            self._engine.insert(self.name, rows.columns(start, start + MAX_ROWS), part)

    def counts(self) -> Mapping[int, Count]:
        """Count the rows of every log, by slot."""
        return {slot: Count(rows, stop) for slot, rows, stop in self._ask("counts", {})}

    def ids(self, log: Log, start: int, stop: int) -> Sequence[tuple[int, bytes]]:
        """Return (index, event id) of every row of entries ``[start, stop)``, in order."""
        place = {"tenant": log.tenant, "stream": log.stream, "slot": log.slot}
        rows = self._ask("ids", {**place, "start": start, "stop": stop})
        return [(index, bytes(event_id)) for index, event_id in rows]

    def drop_log(self, slot: int) -> None:
        """Take away all rows of a log."""
        self._change("drop_log", {"slot": slot})

    def drop_entries(self, slot: int, indexes: Sequence[int]) -> None:
        """Take away all rows of some entries of a log."""
        self._change("drop_entries", {"slot": slot, "indexes": list(indexes)})

    def marked(self, tenant: int, erased: Waiting) -> set[tuple[int, int]]:
        """Return (slot, index) of the rows that may hold what was erased."""
        return self._places("marked", tenant, erased)

    def obeyed(self, tenant: int, erased: Waiting) -> set[tuple[int, int]]:
        """Return (slot, index) of the rows of the same entries that were built since."""
        return self._places("obeyed", tenant, erased)

    def drop_marked(self, tenant: int, erased: Waiting) -> None:
        """Take away the rows that may hold what was erased."""
        self._change("drop_marked", _bound(tenant, erased))

    def old_parts(self) -> set[str]:
        """Name files, and dropped tables, that no question reads and that are there still."""
        return {str(name) for (name,) in self._ask("old_parts", {})}

    def _places(self, statement: str, tenant: int, erased: Waiting) -> set[tuple[int, int]]:
        bound = {**_bound(tenant, erased), "limit": MOST_PLACES}
        return {(slot, index) for slot, index in self._ask(statement, bound)}

    def _ask(self, name: str, parameters: Mapping[str, object]) -> Sequence[Row]:
        bound = {"table": self.name, **parameters}
        return self._engine.ask(Question(STATEMENTS[name], bound, _PATIENT)).rows

    def _change(self, name: str, parameters: Mapping[str, object]) -> None:
        self._engine.execute(STATEMENTS[name], {"table": self.name, **parameters}, _LONG_S)


def _bound(tenant: int, erased: Waiting) -> dict[str, object]:
    names = {"refs": erased.refs, "ids": erased.ids}
    return {"tenant": tenant, "erasures": erased.erasures, **names}
