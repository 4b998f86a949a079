"""Whether the times of receipt in a log can be true: in order, and each within its epoch.

A log's time of receipt never runs backwards (ADR 0011). The epochs bound it from outside: what an
epoch is the first to hold was received before that epoch was made, and not before the last epoch
that did without it.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from tallystick.errors import MalformedError
from tallystick.verify import strict_json
from tallystick.verify.fsck import Finding, Verdict

TOLERANCE_S: Final = 300
"""How far, in seconds, a time of receipt may lie outside its window: clocks are set, and differ
between machines, and a commit takes its time. Within it a wrong time is not found."""

_STAMP: Final = re.compile(rb'"received_at":"([^"]*)"')
_FORM: Final = re.compile(rb"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class Window(NamedTuple):
    """Between which times the entries of one stretch of a log were received.

    Attributes:
        end: The stretch ends before this index, and begins where the one before it ends.
        epoch: The first epoch that holds these entries.
        earliest: Microseconds since 1970-01-01T00:00:00Z; 0 where nothing bounds it.
        latest: Microseconds since 1970-01-01T00:00:00Z.
    """

    end: int
    epoch: int
    earliest: int
    latest: int


class ReceivedCheck:
    """Checks one log; feed it the entries in order of index.

    A stretch of wrong times is one finding, with its first index.

    Args:
        origin: The log.
        windows: Of its entries, in order; without any, only the order of the times is checked.

    Attributes:
        last: The newest time of receipt that was in order, in microseconds.
    """

    def __init__(self, origin: str, windows: Sequence[Window] = ()) -> None:
        self.last = 0
        self._origin = origin
        self._windows = windows
        self._at = 0
        self._stamp: bytes | None = None
        self._told = ""

    def take_up(self, size: int, last: int) -> Iterator[Finding]:
        """Go on behind ``size`` entries that were checked earlier, the last received at ``last``.

        An epoch made since may bound what none bounded then: the last entry stands for all,
        for their times are in order.
        """
        if size and last:
            self._move(size - 1)
            yield from self._bounded(size - 1, last)
            self.last = last

    def feed(self, index: int, leaf: bytes) -> Iterator[Finding]:
        """Check the next entry; those that are pruned are left out."""
        stamps = _STAMP.findall(leaf)
        moved = self._move(index)
        if not moved and stamps == [self._stamp]:
            return
        try:
            stamp = stamps[0] if len(stamps) == 1 else _member(leaf)
            received = _read(stamp)
        except MalformedError as error:
            yield Finding(Verdict.TAMPERED, self._origin, index, f"entry {index:,}: {error}")
            return
        self._stamp = stamp
        found = [*self._bounded(index, received)]
        yield from found
        if received < self.last:
            if not found:
                yield self._wrong(index, received, "earlier", self.last, "as the entry before")
            self.last = received
        elif self._is_bounded(received):
            self.last = received

    def _move(self, index: int) -> bool:
        """Go to the window of an index; tell whether it is another one."""
        before = self._at
        while self._at < len(self._windows) and self._windows[self._at].end <= index:
            self._at += 1
        if self._at != before:
            self._told = ""
        return self._at != before

    def _window(self) -> Window | None:
        return self._windows[self._at] if self._at < len(self._windows) else None

    def _is_bounded(self, received: int) -> bool:
        window = self._window()
        return window is None or window.earliest <= received <= window.latest

    def _bounded(self, index: int, received: int) -> Iterator[Finding]:
        window = self._window()
        if window is None or self._is_bounded(received):
            return
        side = "earlier" if received < window.earliest else "later"
        if side != self._told:
            self._told = side
            bound = window.earliest if side == "earlier" else window.latest
            yield self._wrong(index, received, side, bound, f"by epoch {window.epoch:,}")

    def _wrong(self, index: int, received: int, side: str, bound: int, why: str) -> Finding:
        what = f"entry {index:,}: received {_text(received)}, want none {side} than"
        return Finding(Verdict.TAMPERED, self._origin, index, f"{what} {_text(bound)} {why}")


def _member(leaf: bytes) -> bytes:
    """Read the member of an entry in which other members have its name, further inside."""
    members = strict_json.read(leaf, "entry")
    text = members.get("received_at") if isinstance(members, dict) else None
    if not isinstance(text, str):
        raise MalformedError("received_at: none, want a time")
    return text.encode()


def _read(stamp: bytes) -> int:
    """Read RFC 3339 in UTC with six digits as microseconds since 1970-01-01T00:00:00Z."""
    try:
        moment = datetime.fromisoformat(stamp.decode()) if _FORM.fullmatch(stamp) else None
    except ValueError:
        moment = None
    if moment is None:
        raise MalformedError(f"received_at: {stamp[:40]!r}, want a time in UTC with six digits")
    return (moment - _EPOCH) // _MICROSECOND


def _text(microseconds: int) -> str:
    moment = _EPOCH + timedelta(microseconds=microseconds)
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")
