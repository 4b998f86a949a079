"""From an entry to its row in the events table: the columns of ``schema.sql``."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import nan
from typing import Any, Final

import msgspec

from tallystick.errors import MalformedError
from tallystick.events.catalogue import CatalogueEntry
from tallystick.ledger import stored_json
from tallystick.ledger.opening import Opened
from tallystick.ledger.ports import Entry, Log
from tallystick.search.addresses import shortest
from tallystick.search.leaves import Leaf, leaves_below, leaves_of, text_of
from tallystick.search.sealing import sealed_fields
from tallystick.search.words import action_words

EventRow = dict[str, Any]
"""One row by column; a column that is left out takes its default."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_TICK: Final = timedelta(microseconds=1)
_OWN: Final = frozenset(
    {
        *("action", "version", "class", "utc_offset_minutes", "outcome", "severity"),
        *("duration_ms", "message", "external_id", "targets_total"),
    }
)
_PARTS: Final[Mapping[str, Mapping[str, str]]] = {
    part: {name: f"{part}_{name}" for name in names}
    for part, names in (
        ("via", ("door", "key_id")),
        ("reason", ("code", "text")),
        ("actor", ("type", "id", "name", "email", "roles", "authenticated_by", "home_tenant")),
        ("agent", ("id", "model", "version", "run_id", "tool", "protocol", "approval_id")),
        (
            "context",
            (
                *("ip", "user_agent", "session_id", "request_id", "trace_id", "span_id"),
                *("channel", "service", "release", "location"),
            ),
        ),
        ("purpose", ("code", "text", "case_id")),
        ("operation", ("id", "part", "parts")),
        ("source", ("id", "sequence")),
    )
}
"""By object, the columns of its members."""
_LISTS: Final[Mapping[str, tuple[str, ...]]] = {
    "delegation": (
        *("kind", "principal.type", "principal.id", "principal.name"),
        *("reason", "grant_id", "approved_by"),
    ),
    "targets": ("type", "id", "name", "role", "subject.id", "subject.name"),
    "changes": ("path", "op", "before", "after"),
    "links": ("rel", "id"),
}
_STEPS: Final = {
    part: [(f"{part}_{name.replace('.', '_')}", tuple(name.split("."))) for name in names]
    for part, names in _LISTS.items()
}
"""By list, the columns and where in an item their values stand."""


class _Commitments(msgspec.Struct, frozen=True):
    """Of an entry, what is sealed in it."""

    sealed: dict[str, tuple[int, str]] = {}


_read_sealed: Final = msgspec.json.Decoder(_Commitments).decode


def row_of(
    log: Log, entry: Entry, opened: Opened, declared: CatalogueEntry | None, erasures: int
) -> EventRow:
    """Make the row of an entry.

    Args:
        log: The entry's log.
        entry: The entry; it is not pruned.
        opened: What can be read of it.
        declared: What the catalogue says about its action, if it knows it.
        erasures: How many erasures the tenant had when it was opened.

    Raises:
        MalformedError: The entry is not what the ledger writes.
    """
    event = opened.event
    row: EventRow = {
        "tenant": log.tenant,
        "stream": log.stream,
        "slot": log.slot,
        "log": log.hex,
        "index": entry.index,
        "id": entry.event_id,
        "occurred_at": _micros(event.get("occurred_at")),
        "received_at": _micros(event.get("received_at")),
        "subject_refs": [bytes.fromhex(ref) for ref in opened.refs],
        "sealed_fields": sealed_fields(_sealed_paths(entry.leaf), opened),
        "erasures": erasures,
    }
    for name, value in event.items():
        if name in _OWN:
            row[name] = value
        elif name in _PARTS and isinstance(value, dict):
            columns = _PARTS[name]
            row.update([(columns[part], value[part]) for part in value if part in columns])
            if "context_ip" in row:
                row["context_ip"] = shortest(row["context_ip"])
        elif name in _STEPS and isinstance(value, list) and value:
            for column, steps in _STEPS[name]:
                row[column] = [_text_at(item, steps) for item in value]
    row.update(_leaves(event, opened))
    row.update(_about_action(event.get("action"), declared))
    return row


def _text_at(item: object, steps: tuple[str, ...]) -> str:
    for step in steps:
        if not isinstance(item, dict) or step not in item:
            return ""
        item = item[step]
    return item if type(item) is str else text_of(item)


def _leaves(event: Mapping[str, object], opened: Opened) -> Iterator[tuple[str, object]]:
    metadata = event.get("metadata")
    if isinstance(metadata, dict) and metadata:
        hidden = _sealed_names(opened)
        leaves: list[Leaf] = []
        sealed: list[bool] = []
        for name, value in metadata.items():
            if type(value) is str:
                leaves.append(Leaf(name, value, nan))
                sealed.append(name in hidden)
            else:
                below = list(leaves_below(name, value))
                leaves += below
                sealed += [name in hidden] * len(below)
        yield from _by_column("metadata", leaves)
        yield "metadata_sealed", sealed
    targets = event.get("targets")
    if isinstance(targets, list):
        of_targets = [
            leaf
            for target in targets
            if isinstance(target, dict) and isinstance(target.get("metadata"), dict)
            for leaf in leaves_of(target["metadata"])
        ]
        yield from _by_column("targets_metadata", of_targets)


def _by_column(name: str, leaves: Sequence[Leaf]) -> Iterator[tuple[str, object]]:
    if leaves:
        paths, texts, numbers = zip(*leaves, strict=True)
        yield f"{name}_path", list(paths)
        yield f"{name}_text", list(texts)
        yield f"{name}_number", list(numbers)


def _sealed_names(opened: Opened) -> frozenset[str]:
    """Return the names of the metadata that are sealed: they are sealed together, as one value."""
    known = opened.values.get("/metadata")
    members = stored_json.read(known[1]) if known else None
    return frozenset(members) if isinstance(members, dict) else frozenset()


def _about_action(action: object, declared: CatalogueEntry | None) -> Iterator[tuple[str, object]]:
    if not isinstance(action, str):
        return  # of an action that nobody declared, and whose key is gone
    if declared is None:
        yield "action_words", list(_words(action, "none", ()))
        return
    yield "action_words", list(_words(action, declared.crud, declared.synonyms))
    if declared.crud != "none":
        yield "crud", declared.crud


@lru_cache(maxsize=4_096)
def _words(action: str, crud: str, synonyms: tuple[str, ...]) -> tuple[str, ...]:
    return action_words(action, crud, synonyms)


def _micros(text: object) -> int:
    if not isinstance(text, str):
        raise MalformedError("entry: without its times")
    try:
        return (datetime.fromisoformat(text) - _EPOCH) // _TICK
    except (ValueError, TypeError):
        raise MalformedError("entry: a time of another form") from None


def _sealed_paths(leaf: bytes | None) -> Iterable[str]:
    """Read which values are sealed."""
    try:
        return _read_sealed(leaf or b"").sealed
    except msgspec.MsgspecError:
        raise MalformedError("entry: sealed, want [slot, commitment] by path") from None


def _nothing() -> None:
    return None


DEFAULTS: Final[Mapping[str, Callable[[], object]]] = {
    **dict.fromkeys(("version", "duration_ms", "targets_total"), _nothing),
    **dict.fromkeys(("operation_part", "operation_parts", "source_sequence"), _nothing),
    "utc_offset_minutes": int,
    **dict.fromkeys(("action_words", "actor_roles"), list),
    **{column: list for columns in _STEPS.values() for column, _ in columns},
    **{f"metadata_{name}": list for name in ("path", "text", "number", "sealed")},
    **{f"targets_metadata_{name}": list for name in ("path", "text", "number")},
}
"""What stands in a column of a row that has no value for it; an empty text where not named."""
