"""Saved searches: a projection of entries in the tenant's audit log, which alone hold the line.

A line may name people. In the entry it is sealed under the entry's own key, so that an erasure of
somebody whom it mentions sweeps it like any other text; the table has nothing that could stay.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tallystick.errors import ConflictError, MalformedError, NotFoundError
from tallystick.ledger.leaf import time_text
from tallystick.ledger.ledger import Ledger
from tallystick.ledger.ports import Log, Place, Row, Snapshot, Transaction, Value
from tallystick.ledger.queries import as_int, as_text, load

MAX_SAVED: Final = 1_000
"""Most saved searches of one tenant."""
SAVED_SEARCHES = load("tallystick.access", "saved_searches.sql")

_ID_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """A question that is kept.

    Attributes:
        tenant: Number of the tenant whose events it is about.
        id: 32 hex digits.
        owner: Id of the key that saved it.
        shared: Whether every key that may search the tenant sees it.
        place: Where the entry stands that says what it is now.
    """

    tenant: int
    id: str
    owner: str
    shared: bool
    place: Place


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks for saved searches.

    Attributes:
        key_id: The credential.
        is_admin: Whether it has scope ``admin``, and so sees and changes those of others.
    """

    key_id: str
    is_admin: bool = False

    def sees(self, saved: SavedSearch) -> bool:
        """Whether it may be told that there is such a saved search."""
        return saved.shared or self.owns(saved)

    def owns(self, saved: SavedSearch) -> bool:
        """Whether it may change it."""
        return self.is_admin or saved.owner == self.key_id


def save(
    ledger: Ledger, tenant: int, viewer: Viewer, question: Mapping[str, object], *, shared: bool
) -> str:
    """Save a question, and record that.

    Args:
        ledger: The ledger.
        tenant: Number of the tenant.
        viewer: Whose it will be.
        question: Its name, line and options, as JSON builtins; checked before.
        shared: Whether others see it.

    Returns:
        Its id.

    Raises:
        ConflictError: The tenant has too many.
    """
    name = ledger.drivers.entropy.draw(_ID_BYTES).hex()
    with ledger.control() as control:
        (count,) = control.tx.rows(SAVED_SEARCHES["count"], tenant=tenant)[0]
        if as_int(count) >= MAX_SAVED:
            raise ConflictError(
                f"saved searches: {MAX_SAVED:,} already, want some of them deleted first"
            )
        log = ledger.logs.stream(control.tx, tenant, "audit")
        facts = {"saved_search": name, "owner": viewer.key_id, "shared": shared}
        event = _event(ledger, "created", {**facts, "search": dict(question)})
        control.record(log, event, viewer.key_id)
    return name


def change(
    ledger: Ledger,
    tenant: int,
    viewer: Viewer,
    name: str,
    question: Mapping[str, object],
    *,
    shared: bool,
) -> None:
    """Change a saved search, and record that.

    Raises:
        NotFoundError: There is none that the viewer may change.
    """
    with ledger.control() as control:
        saved = _owned(control.tx, tenant, viewer, name)
        log = ledger.logs.stream(control.tx, tenant, "audit")
        facts = {"saved_search": name, "owner": saved.owner, "shared": shared}
        event = _event(ledger, "changed", {**facts, "search": dict(question)})
        control.record(log, event, viewer.key_id)


def delete(ledger: Ledger, tenant: int, viewer: Viewer, name: str) -> None:
    """Delete a saved search, and record that; what it was stays in the log.

    Raises:
        NotFoundError: There is none that the viewer may change.
    """
    with ledger.control() as control:
        _owned(control.tx, tenant, viewer, name)
        log = ledger.logs.stream(control.tx, tenant, "audit")
        control.record(log, _event(ledger, "deleted", {"saved_search": name}), viewer.key_id)


def saved_search(snapshot: Snapshot, tenant: int, viewer: Viewer, name: str) -> SavedSearch:
    """Find a saved search.

    Raises:
        NotFoundError: There is none that the viewer may see; which of both it is, is not told.
    """
    rows = snapshot.rows(SAVED_SEARCHES["one"], tenant=tenant, id=name)
    if not rows or not viewer.sees(_saved(rows[0])):
        raise NotFoundError("saved search: unknown here, want the id of one")
    return _saved(rows[0])


def saved_searches(
    snapshot: Snapshot, tenant: int, viewer: Viewer, after: str, limit: int
) -> list[SavedSearch]:
    """Return the saved searches behind an id that the viewer may see, in order of their ids."""
    rows = snapshot.rows(
        SAVED_SEARCHES["every"],
        tenant=tenant,
        after=after,
        owner=viewer.key_id,
        all_of_them=int(viewer.is_admin),
        limit=limit,
    )
    return [_saved(row) for row in rows]


def question_of(
    ledger: Ledger, snapshot: Snapshot, saved: SavedSearch
) -> Mapping[str, object] | None:
    """Read what was saved out of its entry; None if an erasure has taken it.

    Raises:
        VerificationError: The entry is not what was recorded.
    """
    _, _, opened = ledger.reader.open_at(snapshot, saved.place)
    match opened.event:
        case {"metadata": {"search": dict() as question}}:
            return question
        case _:
            return None


def apply_put(tx: Transaction, log: Log, index: int, event: Mapping[str, object]) -> None:
    """Write a ``saved_search.created`` or ``.changed`` entry into the table (a projection)."""
    match event:
        case {
            "metadata": {
                "saved_search": str() as name,
                "owner": str() as owner,
                "shared": bool() as shared,
            }
        }:
            row: dict[str, Value] = {"tenant": log.tenant, "id": name, "owner": owner}
            place: dict[str, Value] = {"slot": log.slot, "idx": index}
            tx.execute(SAVED_SEARCHES["put"], [{**row, "shared": int(shared), **place}])
        case _:
            raise MalformedError("saved_search: not the event that the server writes")


def apply_deleted(tx: Transaction, log: Log, _index: int, event: Mapping[str, object]) -> None:
    """Write a ``saved_search.deleted`` entry into the table (a projection)."""
    match event:
        case {"metadata": {"saved_search": str() as name}}:
            tx.execute(SAVED_SEARCHES["drop"], [{"tenant": log.tenant, "id": name}])
        case _:
            raise MalformedError("saved_search.deleted: not the event that the server writes")


def _owned(snapshot: Snapshot, tenant: int, viewer: Viewer, name: str) -> SavedSearch:
    saved = saved_search(snapshot, tenant, viewer, name)
    if not viewer.owns(saved):
        raise NotFoundError("saved search: unknown here, want the id of one")
    return saved


def _event(ledger: Ledger, verb: str, metadata: dict[str, object]) -> dict[str, object]:
    return {
        "action": f"saved_search.{verb}",
        "occurred_at": time_text(ledger.drivers.clock.now()),
        "actor": {"type": "system"},
        "outcome": "success",
        "metadata": metadata,
    }


def _saved(row: Row) -> SavedSearch:
    tenant, name, owner, shared, slot, index = row
    place = Place(as_int(slot), as_int(index))
    return SavedSearch(as_int(tenant), as_text(name), as_text(owner), bool(as_int(shared)), place)
