"""Refusals are events, counted by the minute, so that an attacker can't fill the log.

The first refusal of a group is recorded at once; those that follow it within a minute are one
more entry with their count.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from tallystick.access.tenants import DEPLOYMENT_STREAM
from tallystick.errors import TallystickError
from tallystick.ledger.leaf import Via, time_text
from tallystick.ledger.ledger import LEDGER_DOOR, Ledger
from tallystick.ledger.logs import DEPLOYMENT_TENANT

WINDOW = 60_000_000
"""Microseconds in which the refusals of one group are one entry."""

MAX_GROUPS = 500
"""Groups at a time; what lies beyond is counted together, so that made-up names cost nothing."""

UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Group:
    """What is counted together.

    Attributes:
        tenant: Whose access stream holds the entries; 0 for the deployment's own log.
        key_id: Id of the credential, or ``unknown``.
        kind: The code of the problem that was answered.
        status: The HTTP status that was answered.
    """

    tenant: int
    key_id: str
    kind: str
    status: int


@dataclass(slots=True)
class _Window:
    ends_at: int
    count: int = 0


class Refusals:
    """Counts the refusals of one door.

    Args:
        ledger: Where they are recorded.
        complain: Told why a count could not be recorded; it is kept and tried again.
    """

    def __init__(self, ledger: Ledger, complain: Callable[[str], None]) -> None:
        self._ledger = ledger
        self._complain = complain
        self._windows: dict[Group, _Window] = {}
        self._mutex = Lock()

    def note(self, group: Group) -> None:
        """Count one refusal; record it at once if it is the first of its group."""
        now = self._ledger.drivers.clock.now()
        with self._mutex:
            window = self._windows.get(group)
            if window is None and len(self._windows) >= MAX_GROUPS:
                group = Group(DEPLOYMENT_TENANT, UNKNOWN, "others", group.status)
                window = self._windows.get(group)
            if window is not None:
                window.count += 1
                return
            window = self._windows[group] = _Window(now + WINDOW)
        if not self._record(group, 1, now):
            window.count += 1

    def flush(self, *, everything: bool = False) -> None:
        """Record the counts whose minute is over, or all of them."""
        now = self._ledger.drivers.clock.now()
        due: list[tuple[Group, _Window, int]] = []
        with self._mutex:
            for group, window in list(self._windows.items()):
                if not everything and now < window.ends_at:
                    continue
                if window.count:
                    due.append((group, window, window.count))
                    window.count, window.ends_at = 0, now + WINDOW
                else:
                    del self._windows[group]
        for group, window, count in due:
            if not self._record(group, count, now):
                window.count += count

    def _record(self, group: Group, count: int, now: int) -> bool:
        stream = DEPLOYMENT_STREAM if group.tenant == DEPLOYMENT_TENANT else "access"
        via = Via(group.key_id, LEDGER_DOOR)
        try:
            self._ledger.record(group.tenant, stream, [_event(group, count, now)], via)
        except TallystickError as error:
            self._complain(f"refusals: {count} of {group.kind} not recorded: {error}")
            return False
        return True


def _event(group: Group, count: int, now: int) -> dict[str, object]:
    known = group.key_id != UNKNOWN
    return {
        "action": "access.refused",
        "occurred_at": time_text(now),
        "actor": {"type": "api_key", "id": group.key_id} if known else {"type": "anonymous"},
        "outcome": "denied",
        "reason": {"code": group.kind},
        "metadata": {"refusals": count, "status": group.status},
    }
