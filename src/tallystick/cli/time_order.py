"""Whether lines follow each other in time, and where a log is silent."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

_SHOWN: Final = 5


@dataclass(slots=True)
class TimeOrder:
    """The times of a log, file by file.

    Attributes:
        first: Earliest time of all.
        last: Latest time of all.
        silence_s: Longest time within a file in which nothing was written, in seconds.
        silence_at: The line that ended it.
        out_of_order: Lines whose time lies before that of an earlier line of their file.
        places: Where the first of these are.
    """

    first: datetime | None = None
    last: datetime | None = None
    silence_s: float = 0.0
    silence_at: str = ""
    out_of_order: int = 0
    places: list[str] = field(default_factory=list)
    _latest: dict[str, datetime] = field(default_factory=dict)

    def add(self, where: str, moment: datetime | None) -> None:
        """Add one line's time."""
        if moment is None:
            return
        self.first = moment if self.first is None else min(self.first, moment)
        self.last = moment if self.last is None else max(self.last, moment)
        file = where.rpartition(":")[0]
        latest = self._latest.get(file)
        if latest is not None and moment < latest:
            self.out_of_order += 1
            if len(self.places) < _SHOWN:
                self.places.append(where)
            return
        if latest is not None and (moment - latest).total_seconds() > self.silence_s:
            self.silence_s = (moment - latest).total_seconds()
            self.silence_at = where
        self._latest[file] = moment

    def to_builtins(self) -> dict[str, object]:
        """Write it as ``--json`` shows it."""
        return {
            "first": self.first.isoformat() if self.first else None,
            "last": self.last.isoformat() if self.last else None,
            "silence_s": self.silence_s,
            "silence_at": self.silence_at or None,
            "out_of_order": self.out_of_order,
            "places": self.places,
        }

    def to_text(self) -> list[str]:
        """Write it for people, line by line."""
        if self.first is None or self.last is None:
            return ["no time that can be read"]
        lines = [f"from {self.first.isoformat()} to {self.last.isoformat()}"]
        if self.silence_s:
            silence = timedelta(seconds=round(self.silence_s))
            lines.append(f"longest silence {silence}, until {self.silence_at}")
        if self.out_of_order:
            places = ", ".join(self.places)
            lines.append(f"{self.out_of_order:,} lines out of order, first {places}")
        return lines
