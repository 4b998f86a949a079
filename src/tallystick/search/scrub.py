"""Erasures in the events table: what was erased leaves its files, and then that is certified.

The rows concerned are built anew, without what was erased; only then the old ones go, which
nobody could find any more since the erasure was recorded. Each step finds out by itself what is
left to do, so it does not matter where it was stopped.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from itertools import groupby, pairwise
from typing import NamedTuple

from tallystick.ledger.ledger import Ledger
from tallystick.search.building import Builder
from tallystick.search.erasures import Waiting, certify, tenants_waiting, waiting
from tallystick.search.plan import FOLLOWER, Stretch
from tallystick.search.table import Table

NAMES = 1_000
"""So many names are scrubbed at once; a statement has room for no more."""
_ROWS = 2_000
"""So many are built anew in one step: what was recorded meanwhile does not wait long."""


class _Leaving(NamedTuple):
    """What was scrubbed, while files that may hold it are still there.

    Attributes:
        tenant: Whose erasures.
        names: What they name.
        parts: By the identity of a table, the files.
    """

    tenant: int
    names: tuple[bytes, ...]
    parts: dict[str, set[str]]


class Scrubber:
    """Lets the events table obey erasures, a few rows at a time.

    It runs between two batches of the follower: no row that was opened before an erasure is
    still on its way to the table then, and rows that come while it is half done obey already.

    Args:
        ledger: Whose erasures.
        follower: In whose name they are certified.
    """

    def __init__(self, ledger: Ledger, follower: str = FOLLOWER) -> None:
        self._ledger = ledger
        self._store = ledger.drivers.store
        self._builder = Builder(ledger)
        self._follower = follower
        self._leaving: list[_Leaving] = []
        self._under_way: Iterator[None] | None = None

    @property
    def is_half_done(self) -> bool:
        """Whether some entries may have two rows just now: one to go, and one that obeys."""
        return self._under_way is not None

    def step(self, tables: Sequence[Table]) -> bool:
        """Do a piece of scrubbing for one tenant, or certify; say if something was done.

        Args:
            tables: Every table that may hold rows; the same ones as long as it is half done.

        Raises:
            EngineAwayError: The engine can't do it just now; begin again later.
        """
        if self._under_way is not None:
            self._go_on(self._under_way)
            return True
        done = self._certify(tables)
        with self._store.read() as snapshot:
            busy = {leaving.tenant for leaving in self._leaving}
            tenants = [it for it in tenants_waiting(snapshot, self._follower) if it not in busy]
            if not tenants:
                return done
            tenant = tenants[0]
            found = waiting(snapshot, tenant, self._follower)
        erased = found._replace(names=found.names[:NAMES])
        self._under_way = self._pieces(tables, tenant, erased)
        self._go_on(self._under_way)
        return True

    def _go_on(self, pieces: Iterator[None]) -> None:
        for _ in pieces:
            return
        self._under_way = None

    def _pieces(self, tables: Sequence[Table], tenant: int, erased: Waiting) -> Iterator[None]:
        for table in tables:
            yield from self._scrub(table, tenant, erased)
        parts = _old_parts(tables)
        self._leaving.append(_Leaving(tenant, erased.names, parts))

    def _scrub(self, table: Table, tenant: int, erased: Waiting) -> Iterator[None]:
        old = table.marked(tenant, erased)
        if not old:
            return
        missing = sorted(old - table.obeyed(tenant, erased))
        for start in range(0, len(missing), _ROWS):
            places = missing[start : start + _ROWS]
            with self._store.read() as snapshot:
                built = self._builder.build(snapshot, _stretches(places))
            if built.rows:
                table.insert(built.rows, _token(table, erased, places))
            yield
        table.drop_marked(tenant, erased)

    def _certify(self, tables: Sequence[Table]) -> bool:
        there = _old_parts(tables) if self._leaving else {}
        gone = [
            leaving
            for leaving in self._leaving
            if not any(names & there.get(table, set()) for table, names in leaving.parts.items())
        ]
        if gone:
            with self._store.write() as tx:
                for leaving in gone:
                    certify(tx, leaving.tenant, leaving.names, self._follower)
            self._leaving = [leaving for leaving in self._leaving if leaving not in gone]
        return bool(gone)


def _old_parts(tables: Sequence[Table]) -> dict[str, set[str]]:
    """Name the files that are to go, by table: an exchange of names does not confuse them."""
    return {table.identity(): table.old_parts() for table in tables}


def _stretches(places: Iterable[tuple[int, int]]) -> list[Stretch]:
    """Join neighbours: places are sorted, and those of one log that follow each other are one."""
    stretches: list[Stretch] = []
    for slot, of_log in groupby(places, key=lambda place: place[0]):
        indexes = [index for _, index in of_log]
        breaks = [n + 1 for n, (left, right) in enumerate(pairwise(indexes)) if right != left + 1]
        for start, stop in pairwise([0, *breaks, len(indexes)]):
            stretches.append(Stretch(slot, indexes[start], indexes[stop - 1] + 1))
    return stretches


def _token(table: Table, erased: Waiting, places: Sequence[tuple[int, int]]) -> str:
    """Name the insert by what it holds: the same once more, after a crash, is taken once."""
    told = f"{table.identity()} {erased.erasures} {places}"
    return f"scrub-{sha256(told.encode()).hexdigest()[:32]}"
