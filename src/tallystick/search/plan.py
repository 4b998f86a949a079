"""What the follower of the events table is about to insert, written down before it does.

The engine has no transaction that could hold the cursor, too. So the ranges of entries and the
token of the insert stand in the ledger's store first; after a crash exactly these are inserted
again, under the same token, and the engine takes them once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tallystick.ledger.ports import Snapshot, Transaction
from tallystick.ledger.queries import as_int, as_text, load

FOLLOWER: Final = "search"
"""Names the cursors, the plan and the erasures of the follower that keeps the events table."""

PLANS = load("tallystick.search", "plans.sql")


class Stretch(NamedTuple):
    """The entries ``[start, stop)`` of the log at ``slot``."""

    slot: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Plan:
    """One batch.

    Attributes:
        token: Names the insert to the engine; no two plans have the same.
        stretches: Which entries, one stretch a log.
    """

    token: str
    stretches: tuple[Stretch, ...]

    @property
    def size(self) -> int:
        """How many entries it takes over."""
        return sum(stretch.stop - stretch.start for stretch in self.stretches)

    def half(self, token: str) -> "Plan":
        """Return the plan of the first half of the entries, which has at least one."""
        left = max(1, self.size // 2)
        kept: list[Stretch] = []
        for slot, start, stop in self.stretches:
            if left > 0:
                kept.append(Stretch(slot, start, min(stop, start + left)))
                left -= stop - start
        return Plan(token, tuple(kept))


def shares(
    starts: Mapping[int, int], sizes: Mapping[int, int], slots: Iterable[int], limit: int
) -> list[Stretch]:
    """Choose what to take over next; a log that lags far behind keeps no other one waiting.

    Args:
        starts: By slot, the next entry to take.
        sizes: By slot, how many entries there are.
        slots: The logs that may have grown.
        limit: Most entries altogether.
    """
    waiting = sorted((sizes[slot] - starts[slot], slot) for slot in slots)
    waiting = [(count, slot) for count, slot in waiting if count > 0]
    chosen: list[Stretch] = []
    left = limit
    for position, (count, slot) in enumerate(waiting):
        share = min(count, max(1, left // (len(waiting) - position)), left)
        if share > 0:
            chosen.append(Stretch(slot, starts[slot], starts[slot] + share))
            left -= share
    return chosen


def stored_plan(snapshot: Snapshot, follower: str) -> Plan | None:
    """Return the plan that is not carried out yet, if there is one."""
    rows = snapshot.rows(PLANS["of_follower"], follower=follower)
    if not rows:
        return None
    stretches = [
        Stretch(as_int(slot), as_int(start), as_int(stop)) for slot, start, stop, _ in rows
    ]
    return Plan(as_text(rows[0][3]), tuple(stretches))


def store_plan(tx: Transaction, follower: str, plan: Plan) -> None:
    """Write a plan down, in place of one that can't be carried out."""
    drop_plan(tx, follower)
    tx.execute(
        PLANS["add"],
        [{"follower": follower, "token": plan.token, **it._asdict()} for it in plan.stretches],
    )


def drop_plan(tx: Transaction, follower: str) -> None:
    """Take a plan away, in the transaction that moves the cursors."""
    tx.execute(PLANS["drop"], [{"follower": follower}])


def park(tx: Transaction, follower: str, slot: int, reasons: Mapping[int, str]) -> None:
    """Note entries of a log that are passed by, with the reason of each."""
    tx.execute(
        PLANS["park"],
        [
            {"follower": follower, "slot": slot, "idx": index, "reason": reason}
            for index, reason in reasons.items()
        ],
    )


def parked(snapshot: Snapshot, follower: str) -> Sequence[tuple[int, int, str]]:
    """Return what was passed by: (slot, index, reason)."""
    rows = snapshot.rows(PLANS["parked"], follower=follower)
    return [(as_int(slot), as_int(index), as_text(reason)) for slot, index, reason in rows]
