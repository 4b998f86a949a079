"""From a document's ``_id`` to the event's id, the same whenever it comes."""

import re
from collections.abc import Sequence
from typing import Final, Protocol

from tallystick.api.elastic.operation import Operation
from tallystick.api.ingest.foreign_values import free_name
from tallystick.events.identity import UUID_PATTERN
from tallystick.ledger.ledger import Ledger

DOOR: Final = "elastic"
"""The name of this door in ``via``."""

is_uuid: Final = re.compile(UUID_PATTERN).match


class Drafted(Protocol):
    """A document of a tenant, by its position in the request."""

    @property
    def position(self) -> int:
        """Of its operation."""
        ...

    @property
    def tenant(self) -> int:
        """Whose it is."""
        ...


def derived_ids(
    ledger: Ledger, drafts: Sequence[Drafted], operations: Sequence[Operation]
) -> dict[int, str]:
    """Return by position the ids of events whose ``_id`` is no UUID.

    An ``_id`` is one of its index: the same one in another index is another document.
    """
    names: dict[int, dict[int, tuple[str, str]]] = {}
    for draft in drafts:
        operation = operations[draft.position]
        if operation.doc_id is not None and not is_uuid(operation.doc_id):
            by_position = names.setdefault(draft.tenant, {})
            by_position[draft.position] = (operation.index_name, operation.doc_id)
    derived: dict[int, str] = {}
    for tenant, by_position in names.items():
        ids = ledger.external_ids(tenant, DOOR, set(by_position.values()))
        derived |= {position: ids[name] for position, name in by_position.items()}
    return derived


def named(event: dict[str, object], operation: Operation, derived: str | None) -> None:
    """Give an event the id that its ``_id`` leads to; another id of its own goes to metadata."""
    doc_id = operation.doc_id
    if doc_id is None:
        return
    others: dict[str, object] = {}
    if derived is None:
        _put(event, "id", doc_id.lower(), others)
    else:
        _put(event, "id", derived, others)
        _put(event, "external_id", doc_id, others)
    held = event.get("metadata")
    if others and (held is None or isinstance(held, dict)):
        metadata = dict(held or {})
        for name, value in others.items():
            metadata[free_name(name, metadata)] = value
        event["metadata"] = metadata


def _put(event: dict[str, object], name: str, value: str, others: dict[str, object]) -> None:
    told = event.get(name)
    if told is not None and told != value and str(told).lower() != value:
        others[name] = told
    event[name] = value
