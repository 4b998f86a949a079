"""Which erasures the events table has not obeyed yet, and what is hidden until it has.

A row tells in ``erasures`` how many names the tenant's erasures had when it was built; it holds
nothing of them. So a row is to be hidden from every question if

    erasures < {erasures} AND (hasAny(subject_refs, {refs}) OR id IN {ids})

with the members of :class:`Waiting`, read in a snapshot that is taken when the question is asked.
From the moment in which an erasure is recorded nobody finds what it names. The rows come back,
without the values, when the follower has built them anew.
"""

from typing import NamedTuple

from tallystick.ledger.erased import count_erased
from tallystick.ledger.erasure import REF_BYTES
from tallystick.ledger.ports import Snapshot, Transaction, Value
from tallystick.ledger.queries import as_bytes, as_int, load
from tallystick.search.plan import FOLLOWER

_ERASURES = load("tallystick.search", "erasures.sql")


class Waiting(NamedTuple):
    """What of a tenant is erased, and may still be in the events table.

    Attributes:
        erasures: How many names the tenant's erasures have.
        names: Those that wait, as erasure entries have them.
    """

    erasures: int
    names: tuple[bytes, ...]

    @property
    def refs(self) -> list[bytes]:
        """Subjects, 16 bytes each."""
        return [name for name in self.names if len(name) == REF_BYTES]

    @property
    def ids(self) -> list[bytes]:
        """Events whose own values mention somebody, by id, 16 bytes each."""
        return [name[REF_BYTES:] for name in self.names if len(name) > REF_BYTES]


def waiting(snapshot: Snapshot, tenant: int, follower: str = FOLLOWER) -> Waiting:
    """Say what the events table has not obeyed yet; mostly nothing."""
    rows = snapshot.rows(_ERASURES["waiting"], tenant=tenant, follower=follower)
    return Waiting(count_erased(snapshot, tenant), tuple(as_bytes(ref) for (ref,) in rows))


def tenants_waiting(snapshot: Snapshot, follower: str = FOLLOWER) -> list[int]:
    """Return the tenants that have erasures which the events table has not obeyed yet."""
    rows = snapshot.rows(_ERASURES["tenants"], follower=follower)
    return [as_int(tenant) for (tenant,) in rows]


def certify(
    tx: Transaction, tenant: int, names: tuple[bytes, ...], follower: str = FOLLOWER
) -> None:
    """Record that nothing of what these erasures name is in the events table's files."""
    rows: list[dict[str, Value]] = [
        {"follower": follower, "tenant": tenant, "ref": name} for name in names
    ]
    tx.execute(_ERASURES["certify"], rows)
