"""Rows of an export: the events of a stretch of a log that fit, in the order of the ledger."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tallystick.errors import PushbackError
from tallystick.events.canonical import encode
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Snapshot
from tallystick.search import export_csv
from tallystick.search.answer import Found, Searcher
from tallystick.search.erasures import waiting
from tallystick.search.export_question import ExportQuestion, Format
from tallystick.search.exports import Export, LogPart
from tallystick.search.filters import And, Between, Equals, OneOf
from tallystick.search.plan import FOLLOWER, PLANS
from tallystick.search.ports import Asking, LimitError, Limits
from tallystick.search.shown import LedgerShow

MAX_ROWS: Final = 2_000
"""Most rows of one piece."""
MOST_WIDE: Final = 64
"""A stretch in which little fits grows to so many times as many entries as a piece has rows."""
_MUCH: Final = 4 << 20
"""Bytes of a piece from which on the next one gets fewer rows."""
_LIMITS: Final = Limits(seconds=60.0, memory=200 << 20)

JsonEvent = Mapping[str, Any]


@dataclass
class Cut:
    """How much is taken at once; it follows how large the events are, and how few fit.

    Attributes:
        rows: Most rows.
        most: They become no more than that.
        wide: How many times as many entries are looked at.
    """

    rows: int = MAX_ROWS
    most: int = MAX_ROWS
    wide: int = 1

    def narrow(self) -> None:
        """Take half as much.

        Raises:
            LimitError: It is one entry already.
        """
        if self.rows == 1:
            raise LimitError("export: one entry is too large for the engine's limits", "memory")
        self.rows, self.wide = max(1, self.rows // 2), 1

    def follow(self, rows: int, size: int) -> None:
        """Take note of what came."""
        if size > _MUCH:
            self.rows, self.wide = max(1, self.rows // 2), 1
        else:
            self.rows = min(self.most, 2 * self.rows)
            self.wide = min(MOST_WIDE, 2 * self.wide) if rows < self.rows // 4 else 1


@dataclass
class Rows:
    """What came of a stretch.

    Attributes:
        body: The lines.
        stop: The index behind the stretch.
        indexes: Of the entries that have a row.
        absent: How many of the rows stand for entries that are not in the index.
        masked: Fields whose values were left out.
    """

    body: bytes
    stop: int
    indexes: list[int]
    absent: int = 0
    masked: list[str] = field(default_factory=list)


class RowsReader:
    """Reads the rows of one export.

    Args:
        ledger: Whose entries.
        engine: Who finds them.
        export: Which export.
        question: What it asks.
    """

    def __init__(
        self, ledger: Ledger, engine: Asking, export: Export, question: ExportQuestion
    ) -> None:
        self._ledger = ledger
        self._engine = engine
        self._export = export
        self._question = question
        self._write = LINES[export.format]

    def read(self, part: LogPart, cut: Cut) -> Rows:
        """Read the rows of the entries from ``part.next`` on.

        Raises:
            EngineAwayError: The engine is not there, or too busy.
            PushbackError: The index is not as it was; try again.
            LimitError: One entry alone is too much.
        """
        with self._ledger.drivers.store.read() as snapshot:
            found, stop = self._found(snapshot, part, cut)
            if found.after is not None:  # more than the rows that there is room for
                stop = found.events[-1]["index"] + 1
            rows = self._rows(snapshot, part, found, stop)
        cut.follow(len(rows.indexes), len(rows.body))
        return rows

    def _found(self, snapshot: Snapshot, part: LogPart, cut: Cut) -> tuple[Found, int]:
        """Ask for a stretch, and for an ever smaller one while that is too much."""
        while True:
            wide = 1 if self._question.is_everything else cut.wide
            stop = min(part.size, part.next + cut.rows * wide)
            try:
                return self._asked(snapshot, part, stop, cut.rows), stop
            except LimitError:
                cut.narrow()

    def _asked(self, snapshot: Snapshot, part: LogPart, stop: int, limit: int) -> Found:
        export, search = self._export, self._question.search()
        sight = self._question.sight(export.tenant, waiting(snapshot, export.tenant))
        stretch = (
            OneOf("stream", (part.stream,)),
            Equals("log", part.log),
            Between("index", part.next, stop),
        )
        wanted = msgspec.structs.replace(search, filter=And((search.filter, *stretch)), limit=limit)
        show = LedgerShow(self._ledger, sight)
        return Searcher(self._engine, sight, show, limits=_LIMITS).find(wanted)

    def _rows(self, snapshot: Snapshot, part: LogPart, found: Found, stop: int) -> Rows:
        events: dict[int, JsonEvent] = {event["index"]: event for event in found.events}
        if self._question.is_everything:
            missing = [index for index in range(part.next, stop) if index not in events]
            self._check_parked(snapshot, part, missing)
            events |= {index: self._absent(part, index) for index in missing}
        else:
            missing = []
        hashes = _leaf_hashes(snapshot, part, stop, events)
        stream = {"stream": part.stream}
        lines = [
            self._write({**events[index], **stream, "leaf_hash": hashes[index].hex()})
            for index in sorted(events)
        ]
        return Rows(b"".join(lines), stop, sorted(events), len(missing), found.masked)

    def _check_parked(self, snapshot: Snapshot, part: LogPart, missing: list[int]) -> None:
        """Check that what is not in the index was passed by, and is not on its way there."""
        if not missing:
            return
        rows = snapshot.rows(PLANS["parked"], follower=FOLLOWER)
        parked = {index for slot, index, _ in rows if slot == part.slot}
        if not parked.issuperset(missing):
            raise PushbackError("export: the index lacks entries that it has taken over")

    def _absent(self, part: LogPart, index: int) -> JsonEvent:
        place = {"log": part.log, "index": index}
        return {"tenant": self._question.tenant_name, **place, "absent": True}


def _ndjson(event: JsonEvent) -> bytes:
    return encode(event) + b"\n"


LINES: Final = {"ndjson": _ndjson, "csv": export_csv.row}


def beginning(form: Format) -> bytes:
    """Return what stands before the first row."""
    return export_csv.header() if form == "csv" else b""


def _leaf_hashes(
    snapshot: Snapshot, part: LogPart, stop: int, events: Mapping[int, JsonEvent]
) -> dict[int, bytes]:
    if len(events) * MOST_WIDE > stop - part.next:
        hashes = snapshot.leaf_hashes(part.slot, part.next, stop)
        return dict(zip(range(part.next, stop), hashes, strict=True))
    return dict(_one_by_one(snapshot, part.slot, events))


def _one_by_one(
    snapshot: Snapshot, slot: int, indexes: Mapping[int, JsonEvent]
) -> Iterator[tuple[int, bytes]]:
    for index in indexes:
        (hashed,) = snapshot.leaf_hashes(slot, index, index + 1)
        yield index, hashed
