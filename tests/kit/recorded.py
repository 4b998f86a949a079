"""Varied events in a deployment, and the same events as the ledger's own reader gives them."""

import json
import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from kit.plain_search import Plain, plain_event
from kit.varied_events import DOORS, Maker
from tallystick.access.erasing import erase
from tallystick.access.tenants import Tenant
from tallystick.events.catalogue import CatalogueEntry
from tallystick.events.packs import standard_catalogue
from tallystick.events.parsing import parse_event, to_builtins
from tallystick.ledger.leaf import Via
from tallystick.ledger.ports import Entry, Log, Snapshot
from tallystick.ledger.reader import read_forward
from tallystick.wiring import House

GROUP = 500
ERASED = ("u-3", "u-17")
STREAMS = ("audit", "activity")
OF_ENTRY = ("subject_refs", "sealed", "v", "skew_ms")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z0-9]+")

CATALOGUE = standard_catalogue()


def record_varied(house: House, tenant: Tenant, maker: Maker, count: int) -> None:
    """Record events through several doors, into both streams."""
    for start in range(0, count, GROUP):
        events = [to_builtins(parse_event(maker.event())) for _ in range(min(GROUP, count - start))]
        number = start // GROUP
        door, key = DOORS[number % len(DOORS)]
        stream = STREAMS[number % 3 == 1]
        house.ledger.record(tenant.number, stream, events, Via(key, door)).result(60)


def erase_some(house: House, tenant: Tenant) -> None:
    """Erase a few of the people."""
    for person in ERASED:
        erase(house.ledger, tenant.number, person, "asked", "cli")


def read_back(house: House, tenant: Tenant, *, unmasked: bool = True) -> list[Plain]:
    """Read all events of a tenant's two streams from the ledger.

    Args:
        house: The deployment.
        tenant: Whose.
        unmasked: Else only what stands in clear in the entries; of a field with several values,
            nothing where one of them is sealed.
    """
    with house.ledger.drivers.store.read() as snapshot:
        logs = house.ledger.logs.of(snapshot, tenant.number)
        return [
            plain_event(event) if unmasked else plain_event(event).without(_sealed_names(entry))
            for stream in STREAMS
            if (log := logs.get(stream)) is not None
            for entry in read_forward(snapshot, log.slot, 0, snapshot.head(log.slot).size)
            for event in (_event(house, snapshot, log, entry, tenant, unmasked=unmasked),)
        ]


def _event(
    house: House, snapshot: Snapshot, log: Log, entry: Entry, tenant: Tenant, *, unmasked: bool
) -> dict[str, Any]:
    assert entry.leaf is not None
    leaf = json.loads(entry.leaf)
    event = house.ledger.reader.open(snapshot, log, entry).event if unmasked else leaf
    told: dict[str, Any] = {name: value for name, value in event.items() if name not in OF_ENTRY}
    for change in told.get("changes", ()):
        for side in {"before", "after"} & change.keys():
            change[side] = _as_text(change[side])
    told |= {
        "id": str(UUID(bytes=entry.event_id)),
        "tenant": tenant.name,
        "stream": log.stream,
        "log": log.hex,
        "index": entry.index,
        "subject_refs": leaf.get("subject_refs", []),
    }
    told.setdefault("utc_offset_minutes", 0)
    if "action" in told:
        declared = CATALOGUE.get(told["action"])
        told["action_words"] = list(dict.fromkeys(_names(told["action"], declared)))
        if declared is not None and declared.crud != "none":
            told["crud"] = declared.crud
    return told


def _sealed_names(entry: Entry) -> set[str]:
    """The fields of which values are sealed; members of metadata are so one by one."""
    sealed = json.loads(entry.leaf or b"{}").get("sealed", {})
    names = {".".join(filter(_is_name, path.split("/")[1:])) for path in sealed}
    return {name for name in names if not name.startswith("metadata")}


def _is_name(step: str) -> bool:
    return not step.isdecimal()


def _as_text(value: object) -> str:
    """What was changed is looked at as a text: a text as it stands, all else as its JSON."""
    if isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), sort_keys=True)


def _names(action: str, declared: CatalogueEntry | None) -> Iterator[str]:
    """An action's own name and its synonyms, whole and in parts; and its verb."""
    for name in (action, *(declared.synonyms if declared else ())):
        yield name.lower()
        yield from (part.lower() for part in _PART.findall(name))
    if declared is not None and declared.crud != "none":
        yield declared.crud
