"""What was erased: a projection of the ``subject.erased`` entries."""

from collections.abc import Mapping, Sequence

from tallystick.errors import MalformedError
from tallystick.ledger.ports import Log, Snapshot, Transaction, Value
from tallystick.ledger.queries import as_bytes, as_int, load

ERASED = load("tallystick.ledger", "erased.sql")

_KINDS = ("subject", "event")


def erased_refs(snapshot: Snapshot, tenant: int) -> frozenset[str]:
    """Return what erasures of a tenant name, in hex.

    A name is the ref of a subject (32 digits), or the ref of a block followed by the id of one
    of its events (64 digits).
    """
    rows = snapshot.rows(ERASED["refs"], tenant=tenant)
    return frozenset(as_bytes(ref).hex() for (ref,) in rows)


def count_erased(snapshot: Snapshot, tenant: int) -> int:
    """Count the names in the erasures of a tenant; the number never falls."""
    return as_int(snapshot.rows(ERASED["count"], tenant=tenant)[0][0])


def named(event: Mapping[str, object]) -> list[bytes]:
    """Read the names from an erasure entry, whose leaf holds them in clear.

    Raises:
        MalformedError: The entry is not what the server writes.
    """
    targets = event.get("targets")
    if not isinstance(targets, Sequence):
        raise MalformedError("subject.erased: no targets, want what was erased")
    names: list[bytes] = []
    for target in targets:
        match target:
            case {"type": str() as kind, "id": str() as name} if kind in _KINDS:
                names.append(bytes.fromhex(name))
            case _:
                raise MalformedError("subject.erased: not the event that the server writes")
    return names


def apply_erased(tx: Transaction, log: Log, index: int, event: Mapping[str, object]) -> None:
    """Write a ``subject.erased`` entry into the table (a projection)."""
    rows: list[dict[str, Value]] = [
        {"tenant": log.tenant, "ref": name, "slot": log.slot, "idx": index} for name in named(event)
    ]
    tx.execute(ERASED["add"], rows)
