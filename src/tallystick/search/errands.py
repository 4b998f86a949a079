"""Errands: what an operator wants the follower of the events table to do, and how far it is.

One process alone writes to the table. Whoever wants it rebuilt or compared puts an errand down in
the ledger's store; the follower finds it there, also after a crash, and tells how far it is.
"""

from dataclasses import dataclass
from typing import Literal, cast

from tallystick.ledger.ports import Row, Snapshot, Transaction, Value
from tallystick.ledger.queries import as_int, as_text, load
from tallystick.search.plan import FOLLOWER

Kind = Literal["rebuild", "reconcile"]
State = Literal["asked", "running", "exchanging", "done"]

_ERRANDS = load("tallystick.search", "errands.sql")


@dataclass(frozen=True, slots=True)
class Errand:
    """One errand.

    Attributes:
        id: Its number.
        kind: What is wanted.
        state: How far it is.
        note: What it needs to remember; at the end, what came of it.
        done: Entries done.
        total: Entries in all; 0 where that is not known yet.
    """

    id: int
    kind: Kind
    state: State
    note: str = ""
    done: int = 0
    total: int = 0

    @property
    def has_ended(self) -> bool:
        """Whether nothing will come of it any more."""
        return self.state == "done"


def ask(tx: Transaction, kind: Kind) -> Errand:
    """Put an errand down; one of its kind that is under way will do."""
    under_way = newest(tx, kind)
    if under_way is None or under_way.has_ended:
        tx.execute(_ERRANDS["ask"], [{"follower": FOLLOWER, "kind": kind}])
        under_way = newest(tx, kind)
    if under_way is None:
        raise AssertionError("an errand that was put down is there")
    return under_way


def newest(snapshot: Snapshot, kind: Kind) -> Errand | None:
    """Return the last errand of its kind."""
    return _first(snapshot.rows(_ERRANDS["newest"], follower=FOLLOWER, kind=kind))


def next_open(snapshot: Snapshot) -> Errand | None:
    """Return the errand that is to be done next."""
    return _first(snapshot.rows(_ERRANDS["open"], follower=FOLLOWER))


def move(tx: Transaction, errand: Errand) -> None:
    """Write down how far an errand is."""
    row: dict[str, Value] = {"id": errand.id, "state": errand.state, "note": errand.note}
    tx.execute(_ERRANDS["move"], [{**row, "done": errand.done, "total": errand.total}])


def _first(rows: list[Row]) -> Errand | None:
    for id_, kind, state, note, done, total in rows:
        known = cast("Kind", as_text(kind)), cast("State", as_text(state))
        return Errand(as_int(id_), *known, as_text(note), as_int(done), as_int(total))
    return None
